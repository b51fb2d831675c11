import {
  goodsMarginMinor,
  lineAmountMinor,
  lineCostMinor,
  netOfTax,
  type Appraisal,
  type Cart,
  type Incentive,
} from "@leastwise/offers";
import { shelfLifeLeftBp } from "../approaches/dynamic.js";
import type { Candidate } from "../decision.js";
import type { RungTerms } from "../exploration-cost.js";
import type { CompiledCampaign } from "../policy/compile.js";
import { PosteriorDraws } from "../model/posterior-draws.js";
import { SALVAGE_AT_END_BP, USE_GIVEN_ORDER_BP } from "../priors.js";
import type { BlockReason } from "../reasons.js";
import type { Situation } from "../situation.js";
import type { Response } from "./custom.js";
import { depthOf, type LadderRung } from "./ladder.js";
import type { Owed } from "./owed.js";
import { evidenceOf, type RungResponse, type RungResponses, type Baseline, type Effect } from "./response.js";
import { teachingOf, type Teaching } from "./teaching.js";

/** A rung with what it would do, and what it is worth to the shop. As of what it gives, there is one for every rung, and what it is worth is shared. */
export class ValuedRung {
  readonly weighed: LadderRung;
  readonly worth: RungWorth;

  constructor(weighed: LadderRung, worth: RungWorth) {
    this.weighed = weighed;
    this.worth = worth;
  }

  get campaign(): CompiledCampaign {
    return this.weighed.campaign;
  }

  get rung(): number {
    return this.weighed.rung;
  }

  get blockedBy(): BlockReason | undefined {
    return this.weighed.blockedBy;
  }

  get incentive(): Incentive {
    return this.weighed.given.incentive;
  }

  get worthMinor(): number {
    return this.weighed.given.worthMinor;
  }

  get worstCostMinor(): number {
    return this.weighed.given.worstCostMinor;
  }

  get depthBp(): number {
    return this.weighed.given.depthBp;
  }

  /** Chance of an order within the horizon. */
  get conversion(): number {
    return this.worth.conversion;
  }

  /** What it costs the shop in expectation over the offer's life, net of a partner's share, minor units, not rounded. */
  get expectedCost(): number {
    return this.worth.expectedCost;
  }

  /** Expected incremental value over rung 0, minor units, not rounded. */
  get value(): number {
    return this.worth.value;
  }

  /** Probability that the value is above 0; of a rung that is blocked nobody asks, and it is 0. */
  get evidence(): number {
    return this.weighed.blockedBy === undefined ? (this.worth.evidence ?? 0) : 0;
  }
}

/** What a rung is worth in campaigns of the same terms. */
export interface RungWorth {
  /** Its place among all that are different. */
  readonly place: number;
  readonly of: CampaignTerms;
  readonly effect: Effect;
  readonly conversion: number;
  /** What the shop keeps of an order with it. */
  readonly keptMinor: number;
  /** What it would keep of one without it. */
  readonly forgoneMinor: number;
  readonly expectedCost: number;
  readonly worstCostMinor: number;
  readonly value: number;
  /** As they stand on the record. */
  readonly recorded: RungTerms & { readonly conversion: number };
  /** Undefined: nobody has asked, as all such rungs so far were blocked. */
  evidence: number | undefined;
}

/**
 * Expected incremental value of each rung over rung 0 within the horizon: margin of the orders it brings, less what it
 * costs on all orders, those that would have come anyway included, less the budget's shadow price on that spend, less
 * what the discount teaches (a prior). All of an offer's cost is counted at the chance of an order within the horizon,
 * which is at least the offer's life. The size of the basket is taken to stay as it is.
 *
 * @param orderWorths what an order counts for instead of its margin, by campaign
 */
export function valueStep(
  situation: Situation,
  { baseline, responses }: Response,
  owed: Owed | undefined,
  rungs: readonly LadderRung[],
  orderWorths: ReadonlyMap<CompiledCampaign, number>,
): readonly ValuedRung[] {
  const worths = new Worths(situation, baseline, owed, orderWorths);
  const draws = new PosteriorDraws(baseline.logit, baseline.logitSd);
  const known: (RungWorth | undefined)[] = [];
  let of: CampaignTerms | undefined;
  return rungs.map((rung) => {
    if (of?.campaign !== rung.campaign) of = worths.termsOf(rung.campaign);
    const { place } = rung.given;
    const before = known[place];
    const worth =
      before !== undefined && isAlike(before.of, of) ? before : worths.worthOf(of, rung, responseTo(rung, responses));
    known[place] = worth;
    if (rung.blockedBy === undefined)
      worth.evidence ??= evidenceOf(draws, worth.effect, worth.keptMinor, worth.forgoneMinor);
    return new ValuedRung(rung, worth);
  });
}

function responseTo(rung: LadderRung, responses: RungResponses): RungResponse {
  const response = responses[rung.given.place];
  if (response === undefined) throw new Error("a rung is valued after what it does is known");
  return response;
}

/** What is the same for all rungs of a campaign, which come one after the other. */
interface CampaignTerms extends CostShares {
  readonly campaign: CompiledCampaign;
  /** What an order brings without us: the shop's margin on the cart, or what the campaign's target makes an order count for. */
  readonly margin: number;
  readonly merchantShareBp: number;
}

/** True if the same incentive is worth the same in both campaigns. */
function isAlike(one: CampaignTerms, other: CampaignTerms): boolean {
  return (
    one === other ||
    (one.margin === other.margin && one.merchantShareBp === other.merchantShareBp && one.heldShare === other.heldShare)
  );
}

/** What rungs are worth on one cart, to one shopper. */
class Worths {
  readonly #situation: Situation;
  readonly #baseline: Baseline;
  readonly #orderWorths: ReadonlyMap<CompiledCampaign, number>;
  readonly #teaching: Teaching;
  /** Cost of what is owed anyway, where there is an order. */
  readonly #owedCharge: number;
  #goodsMargin: number | undefined;
  #count = 0;

  constructor(
    situation: Situation,
    baseline: Baseline,
    owed: Owed | undefined,
    orderWorths: ReadonlyMap<CompiledCampaign, number>,
  ) {
    this.#situation = situation;
    this.#baseline = baseline;
    this.#orderWorths = orderWorths;
    this.#teaching = teachingOf(situation);
    this.#owedCharge = owed === undefined ? 0 : this.#chargeOfOwed(owed);
  }

  termsOf(campaign: CompiledCampaign): CampaignTerms {
    const { merchantShareBp } = campaign;
    const { merchantShare, heldShare } = costShares(this.#situation, campaign);
    const margin = this.#orderWorths.get(campaign) ?? this.#marginOf(campaign);
    return { campaign, margin, merchantShareBp, merchantShare, heldShare };
  }

  worthOf(of: CampaignTerms, { given }: LadderRung, { effect, conversion }: RungResponse): RungWorth {
    const taught = this.#teaching(given.depthBp);
    const charge = chargeOf(this.#situation, of, given.appraisal, given.left.cart, taught);
    const keptMinor = of.margin - charge;
    // A rung is never below what is owed; a dearer budget behind the entitlement must not make it a bargain.
    const forgoneMinor = of.margin - Math.min(this.#owedCharge, charge);
    const expectedCost = (conversion * usedMinor(given.expectedCostMinor) * of.merchantShareBp) / 10_000;
    // In any draw its sign depends on the ratio of the two chances alone, rising with it where something is kept.
    const value = conversion * keptMinor - this.#baseline.conversion * forgoneMinor;
    const place = this.#count;
    this.#count += 1;
    return {
      place,
      of,
      effect,
      conversion,
      keptMinor,
      forgoneMinor,
      expectedCost,
      worstCostMinor: given.worstCostMinor,
      value,
      recorded: {
        expectedCostMinor: Math.round(expectedCost),
        valueMinor: recorded(value),
        conversion: recorded(conversion),
      },
      evidence: undefined,
    };
  }

  #chargeOfOwed({ campaign, appraisal }: Owed): number {
    const { goodsMinor, left } = this.#situation;
    const shares = costShares(this.#situation, campaign);
    const taught = this.#teaching(depthOf(appraisal.worthMinor, goodsMinor));
    return chargeOf(this.#situation, shares, appraisal, left.cart, taught);
  }

  #marginOf(campaign: CompiledCampaign): number {
    this.#goodsMargin ??= goodsMarginOf(this.#situation);
    return marginOf(this.#situation, campaign, this.#goodsMargin);
  }
}

/** Terms of a rung as the record has them. */
export function recordedTerms({ expectedCost, value }: Pick<ValuedRung, "expectedCost" | "value">): RungTerms {
  return { expectedCostMinor: Math.round(expectedCost), valueMinor: recorded(value) };
}

/** To nine decimals: more would be noise of the last bits. */
export function recorded(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

/** What rung 0 gives and costs: what is owed anyway. */
export function owedTerms(
  { conversion }: Baseline,
  owed: Owed | undefined,
): Pick<Candidate, "faceValueMinor" | "expectedCostMinor" | "worstCostMinor"> {
  const faceValueMinor = owed?.appraisal.worthMinor ?? 0;
  return {
    faceValueMinor,
    expectedCostMinor: Math.round(conversion * usedMinor(owed?.appraisal.expectedCostMinor ?? 0)),
    worstCostMinor: owed?.worstCostMinor ?? 0,
  };
}

/**
 * What an incentive takes of what the shop keeps, in expectation if it is used: of prices with tax in them, the tax on what is taken off is not paid
 * either. What it gives beside the goods counts whole.
 *
 * @param cart without it
 */
function keptCost({ rows, policy }: Situation, appraisal: Appraisal | undefined, { lines }: Cart): number {
  const { priceTax } = policy.guardrails.cart;
  if (appraisal === undefined) return 0;
  if (priceTax === undefined || appraisal.goodsMinor === 0) return appraisal.expectedCostMinor;
  return lines.reduce((sum, line, index) => {
    const [amount, share, rateBp] = [lineAmountMinor(line), appraisal.shares[index] ?? 0, rows[index]?.taxBp];
    return sum - share + netOfTax(amount, priceTax, rateBp) - netOfTax(amount - share, priceTax, rateBp);
  }, appraisal.expectedCostMinor);
}

function usedMinor(costMinor: number): number {
  return (costMinor * USE_GIVEN_ORDER_BP) / 10_000;
}

/**
 * What an incentive costs where there is an order: the shop's share of it, what it teaches, whoever pays, and what the shop's money would be worth
 * elsewhere. The last is reckoned on all that its budgets hold, the tax on it, too.
 *
 * @param cart without it
 * @param taught what it teaches, as a share of it
 */
function chargeOf(
  situation: Situation,
  { merchantShare, heldShare }: CostShares,
  appraisal: Appraisal | undefined,
  cart: Cart,
  taught: number,
): number {
  const kept = usedMinor(keptCost(situation, appraisal, cart));
  return kept * (merchantShare + taught) + usedMinor(appraisal?.expectedCostMinor ?? 0) * heldShare;
}

/** How much is charged to an incentive of a campaign, before what it teaches. */
interface CostShares {
  /** Of what the shop no longer keeps. */
  readonly merchantShare: number;
  /** Of what its budgets hold. */
  readonly heldShare: number;
}

function costShares({ budgets }: Situation, { draws, merchantShareBp }: CompiledCampaign): CostShares {
  let shadowPriceBp = 0;
  for (const { budget, by } of draws)
    if (by !== "partner" && Object.hasOwn(budgets, budget.budgetId))
      shadowPriceBp += budgets[budget.budgetId]?.shadowPriceBp ?? 0;
  const merchantShare = merchantShareBp / 10_000;
  return { merchantShare, heldShare: (merchantShare * shadowPriceBp) / 10_000 };
}

/** The shop's margin on the cart, what other offers of the cart cost taken off. */
function goodsMarginOf({ left, rows, policy }: Situation): number {
  const { assumedMarginBp, priceTax } = policy.guardrails.cart;
  const { cart, otherOffersCostMinor = 0 } = left;
  return goodsMarginMinor(cart.lines, rows, assumedMarginBp, priceTax) - otherOffersCostMinor;
}

/**
 * The margin at opportunity cost: goods that perish within a dynamic campaign's shelf life cost what they could still bring.
 *
 * @param margin see {@link goodsMarginOf}
 */
function marginOf({ left, rows, policy, nowMs }: Situation, { approach }: CompiledCampaign, margin: number): number {
  if (approach.kind !== "dynamic") return margin;
  const { assumedMarginBp, priceTax } = policy.guardrails.cart;
  return left.cart.lines.reduce((sum, line, index) => {
    const lostBp = 10_000 - Math.max(SALVAGE_AT_END_BP, shelfLifeLeftBp(approach, rows[index], nowMs));
    return lostBp === 0 ? sum : sum + (lineCostMinor(line, rows[index], assumedMarginBp, priceTax) * lostBp) / 10_000;
  }, margin);
}
