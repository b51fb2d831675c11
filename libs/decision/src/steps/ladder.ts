import {
  appraise,
  appraiseInStack,
  Goods,
  worstCostMinor,
  type Appraisal,
  type AppraisalSetting,
  type Incentive,
  type LeftCart,
} from "@leastwise/offers";
import { mulDiv, type RoundingMode } from "@leastwise/vocabulary";
import type { CompiledCampaign } from "../policy/compile.js";
import type { BlockReason } from "../reasons.js";
import type { Situation } from "../situation.js";
import type { EligibleCampaign } from "./eligibility.js";

/** What an incentive gives on some goods of the cart, of whichever campaign it is a rung. */
interface Given {
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
  /** Its place among all that is given on the cart. */
  readonly place: number;
  /** Why it gives nothing; undefined: it gives something. */
  readonly nothingBecause: BlockReason | undefined;
}

/** A rung of an eligible campaign on this cart. There is one for every rung of every decision: what it gives stands apart, and is shared. */
export class LadderRung {
  readonly campaign: CompiledCampaign;
  readonly rung: number;
  readonly given: Given;
  /** Set once, by the first step that blocks it. */
  blockedBy: BlockReason | undefined;

  constructor(campaign: CompiledCampaign, rung: number, given: Given) {
    this.campaign = campaign;
    this.rung = rung;
    this.given = given;
    this.blockedBy = given.nothingBecause;
  }

  get incentive(): Incentive {
    return this.given.incentive;
  }

  /** Undefined: it gives nothing on this cart. */
  get appraisal(): Appraisal | undefined {
    return this.given.appraisal;
  }

  get left(): LeftCart {
    return this.given.left;
  }

  get worthMinor(): number {
    return this.given.worthMinor;
  }

  get expectedCostMinor(): number {
    return this.given.expectedCostMinor;
  }

  get worstCostMinor(): number {
    return this.given.worstCostMinor;
  }

  get depthBp(): number {
    return this.given.depthBp;
  }
}

/** The rungs of all eligible campaigns, together: they compete on this cart, and the best of them all is chosen. */
export function ladderStep(situation: Situation, eligible: readonly EligibleCampaign[]): readonly LadderRung[] {
  const appraiser = new Appraiser(situation);
  const rungs: LadderRung[] = [];
  for (const { campaign, goods } of eligible)
    for (const { rung, given } of appraiser.givenBy(campaign, goods)) rungs.push(new LadderRung(campaign, rung, given));
  return rungs;
}

/** A rung of a ladder, of whichever campaign, with what it gives. */
interface GivenRung {
  readonly rung: number;
  readonly given: Given;
}

/** What was appraised on some goods so far. */
interface Known {
  readonly byLadder: Map<CompiledCampaign["ladder"], readonly GivenRung[]>;
  readonly byIncentive: Map<Incentive, Given>;
}

/** Campaigns share goods, but those that cap lines, and many have the same ladder or the same incentives: of each is reckoned once what it gives. */
class Appraiser {
  readonly #situation: Situation;
  /** Without other offers in the cart it is left as it is by every incentive. */
  readonly #isAlone: boolean;
  readonly #known = new Map<Goods, Known>();
  #count = 0;

  constructor(situation: Situation) {
    const { offers } = situation.cart;
    this.#situation = situation;
    this.#isAlone = offers === undefined || offers.length === 0;
  }

  /** What the rungs of a campaign give. */
  givenBy(campaign: CompiledCampaign, goods: Goods): readonly GivenRung[] {
    const { byLadder, byIncentive } = this.#knownOn(goods);
    const known = byLadder.get(campaign.ladder);
    if (known !== undefined) return known;
    const rungs = campaign.ladder.map(({ rung, incentive }): GivenRung => {
      const given = byIncentive.get(incentive) ?? this.#appraise(campaign, incentive, goods);
      byIncentive.set(incentive, given);
      return { rung, given };
    });
    byLadder.set(campaign.ladder, rungs);
    return rungs;
  }

  #knownOn(goods: Goods): Known {
    const known = this.#known.get(goods);
    if (known !== undefined) return known;
    const none: Known = { byLadder: new Map(), byIncentive: new Map() };
    this.#known.set(goods, none);
    return none;
  }

  #appraise(campaign: CompiledCampaign, incentive: Incentive, goods: Goods): Given {
    const { cart, policy, left, goodsMinor } = this.#situation;
    const setting = settingOf(goods, policy.rounding);
    const stacked = this.#isAlone ? undefined : appraiseInStack(incentive, cart, setting);
    const appraisal = this.#isAlone ? appraise(incentive, cart, setting) : stacked?.appraisal;
    const worthMinor = appraisal?.worthMinor ?? 0;
    const given = {
      incentive,
      appraisal,
      left: stacked?.left ?? left,
      worthMinor,
      expectedCostMinor: appraisal?.expectedCostMinor ?? 0,
      worstCostMinor: appraisal === undefined ? 0 : worstCostMinor(incentive, appraisal),
      depthBp: depthOf(worthMinor, goodsMinor),
      place: this.#count,
      nothingBecause: appraisal === undefined ? reachesNothingBecause(this.#situation, campaign, incentive) : undefined,
    };
    this.#count += 1;
    return given;
  }
}

/**
 * Why an incentive gives nothing on the cart: because guardrails exclude the goods that it would be for, or whatever they exclude. By earlier rules the two were
 * not told apart.
 */
export function reachesNothingBecause(
  { cart, rows, policy, earlierRules }: Situation,
  { approach, guardrails: { goodsLimits } }: CompiledCampaign,
  incentive: Incentive,
): BlockReason {
  if (
    earlierRules !== undefined ||
    approach.kind === "dynamic" ||
    !(goodsLimits?.some(({ excluded }) => excluded) ?? false)
  )
    return "incentive_not_applicable";
  const setting = settingOf(new Goods(cart, rows, undefined), policy.rounding);
  return appraiseInStack(incentive, cart, setting) === undefined
    ? "incentive_not_applicable"
    : "guardrail_excluded_goods";
}

/** How incentives are appraised on goods of the cart. */
export function settingOf(goods: Goods, rounding: RoundingMode): AppraisalSetting {
  return { rows: goods.rows, lineCapsMinor: goods.lineCapsMinor, rounding, goods };
}

/** The deepest that the record can say: free shipping may be worth any multiple of the goods. */
const DEPTH_MAX_BP = 2 ** 31 - 1;

/** An amount as a share of the goods, basis points, 0 for a cart of no value. */
export function depthOf(amountMinor: number, goodsMinor: number): number {
  if (goodsMinor === 0) return 0;
  return amountMinor / goodsMinor >= DEPTH_MAX_BP / 10_000 ? DEPTH_MAX_BP : mulDiv(amountMinor, 10_000, goodsMinor);
}
