import { appraiseInStack, worstCostMinor, type Appraisal, type Incentive, type LeftCart } from "@leastwise/offers";
import { mulDiv } from "@leastwise/vocabulary";
import type { CompiledCampaign } from "../policy/compile.js";
import type { BlockReason } from "../reasons.js";
import type { Situation } from "../situation.js";
import type { EligibleCampaign } from "./eligibility.js";

/** A rung of an eligible campaign on this cart. */
export interface LadderRung {
  readonly campaign: CompiledCampaign;
  readonly rung: number;
  readonly incentive: Incentive;
  /** Undefined: it gives nothing on this cart. */
  readonly appraisal: Appraisal | undefined;
  /** The cart as the other offers in it leave it with this one among them. */
  readonly left: LeftCart;
  /** What the shopper would gain now. */
  readonly worthMinor: number;
  /** What it costs in expectation if it is used. */
  readonly expectedCostMinor: number;
  /** Most that it can cost. */
  readonly worstCostMinor: number;
  /** Worth as a share of the goods, basis points. */
  readonly depthBp: number;
  readonly blockedBy: BlockReason | undefined;
}

/** The rungs of all eligible campaigns, together: they compete on this cart, and the best of them all is chosen. */
export function ladderStep(situation: Situation, eligible: readonly EligibleCampaign[]): readonly LadderRung[] {
  const { cart, rows, policy } = situation;
  return eligible.flatMap(({ campaign, lineCapsMinor }) => {
    const setting = { rows, rounding: policy.rounding, lineCapsMinor };
    return campaign.ladder.map(({ rung, incentive }) => {
      const stacked = appraiseInStack(incentive, cart, setting);
      const appraisal = stacked?.appraisal;
      const worthMinor = appraisal?.worthMinor ?? 0;
      return {
        campaign,
        rung,
        incentive,
        appraisal,
        left: stacked?.left ?? situation.left,
        worthMinor,
        expectedCostMinor: appraisal?.expectedCostMinor ?? 0,
        worstCostMinor: appraisal === undefined ? 0 : worstCostMinor(incentive, appraisal),
        depthBp: depthOf(worthMinor, situation.goodsMinor),
        blockedBy: appraisal === undefined ? ("incentive_not_applicable" as const) : undefined,
      };
    });
  });
}

/** The deepest that the record can say: free shipping may be worth any multiple of the goods. */
const DEPTH_MAX_BP = 2 ** 31 - 1;

/** An amount as a share of the goods, basis points, 0 for a cart of no value. */
export function depthOf(amountMinor: number, goodsMinor: number): number {
  if (goodsMinor === 0) return 0;
  return amountMinor / goodsMinor >= DEPTH_MAX_BP / 10_000 ? DEPTH_MAX_BP : mulDiv(amountMinor, 10_000, goodsMinor);
}
