import { appraiseInStack, worstCostMinor, type Appraisal, type Incentive } from "@leastwise/offers";
import { budget, leasesOf } from "../guardrails/budget.js";
import { brokenOnCart } from "../guardrails/cart.js";
import { isCapReached } from "../guardrails/frequency-cap.js";
import { marginBreaker } from "../guardrails/margin-breaker.js";
import { isFull } from "../guardrails/open-offers.js";
import { quantity } from "../guardrails/quantity.js";
import { givenMinor, subjectMax } from "../guardrails/subject-max.js";
import type { Situation } from "../situation.js";
import type { OpenOffer } from "../state/decision-state.js";
import { withoutWithheld } from "../state/state-at.js";
import type { CompiledCampaign } from "../policy/compile.js";
import type { EligibleCampaign } from "./eligibility.js";
import { settingOf } from "./ladder.js";
import { isTakenInCart } from "./stack.js";

/** What the shopper gets in every arm: rung 0. */
export interface Owed {
  readonly campaign: CompiledCampaign;
  readonly incentive: Incentive;
  readonly appraisal: Appraisal;
  readonly worstCostMinor: number;
  /** The offer of it that the shopper holds already; undefined: it is to be issued. */
  readonly open: OpenOffer | undefined;
}

/**
 * The baseline: of the entitlements that the shopper qualifies for, the one worth most on this cart (by priority on a
 * tie), at the highest of its rungs that the cart reaches and the guardrails admit. One answer carries one offer, so an
 * incentive stands in its place and never below it. It is given in every arm, so what was withheld does not count against it.
 */
export function owedStep(situation: Situation, entitlements: readonly EligibleCampaign[]): Owed | undefined {
  if (entitlements.length === 0) return undefined;
  const given = { ...situation, decisionState: withoutWithheld(situation.decisionState) };
  let best: Owed | undefined;
  for (const eligible of entitlements) {
    const owed = owedOf(given, eligible);
    if (owed !== undefined && (best === undefined || owed.appraisal.worthMinor > best.appraisal.worthMinor))
      best = owed;
  }
  return best;
}

function owedOf(situation: Situation, { campaign, goods }: EligibleCampaign): Owed | undefined {
  const { cart, policy } = situation;
  if (isTakenInCart(situation, campaign)) return undefined;
  const open = situation.decisionState.open.find((held) => held.campaignId === campaign.campaignId);
  if (open === undefined && (isCapReached(situation, campaign) || isFull(situation))) return undefined;
  const incentives = open === undefined ? campaign.ladder.map((rung) => rung.incentive) : [open.offer.incentive];
  for (const incentive of incentives.toReversed()) {
    const setting = { ...settingOf(goods, policy.rounding), ceilingMinor: open?.worstCostMinor };
    const stacked = appraiseInStack(incentive, cart, setting);
    if (stacked === undefined) continue;
    const { appraisal, left } = stacked;
    if (brokenOnCart(situation, campaign, appraisal, left) !== undefined) continue;
    const worst = open?.worstCostMinor ?? worstCostMinor(incentive, appraisal);
    if (open === undefined && !mayIssue(situation, campaign, worst)) continue;
    return { campaign, incentive, appraisal, worstCostMinor: worst, open };
  }
  return undefined;
}

function mayIssue(situation: Situation, campaign: CompiledCampaign, worstCostMinor: number): boolean {
  if (situation.stopped) return false;
  if ((marginBreaker(situation, campaign) ?? quantity(situation, campaign)) !== undefined) return false;
  if (subjectMax(situation, givenMinor(situation), worstCostMinor) !== undefined) return false;
  return budget(campaign, leasesOf(situation, campaign), worstCostMinor) === undefined;
}
