import { appraiseInStack, worstCostMinor, type Appraisal, type Incentive } from "@leastwise/offers";
import { canonicalJson } from "../canonical-json.js";
import { budget, leasesOf } from "../guardrails/budget.js";
import { brokenOnCart } from "../guardrails/cart.js";
import { isCapReached } from "../guardrails/frequency-cap.js";
import { marginBreaker } from "../guardrails/margin-breaker.js";
import { isFull } from "../guardrails/open-offers.js";
import { quantity } from "../guardrails/quantity.js";
import { givenMinor, subjectMax } from "../guardrails/subject-max.js";
import type { BlockReason } from "../reasons.js";
import type { Situation } from "../situation.js";
import type { OpenOffer } from "../state/decision-state.js";
import { withoutWithheld } from "../state/state-at.js";
import type { CompiledCampaign } from "../policy/compile.js";
import type { EligibleCampaign } from "./eligibility.js";
import { acceptedExchange, invitedTo } from "./exchange.js";
import { reachesNothingBecause, settingOf } from "./ladder.js";
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

/** A rung of an entitlement that applies, and what keeps it from being given. */
export interface BlockedOwed {
  readonly campaign: CompiledCampaign;
  /** Its place in the ladder, from 1. */
  readonly rung: number;
  readonly incentive: Incentive;
  /** Undefined: it gives nothing on this cart, or nobody asked. */
  readonly appraisal: Appraisal | undefined;
  readonly worstCostMinor: number;
  readonly blockedBy: BlockReason;
}

/** What is owed, and what would be but for something that blocks it. */
export interface OwedOutcome {
  /** Undefined: nothing. */
  readonly owed: Owed | undefined;
  /** Rungs above what is given, of all entitlements that apply, the highest of each first. */
  readonly blocked: readonly BlockedOwed[];
  /** Entitlements that could be given, and are not, since another one is worth as much or more. */
  readonly outweighed: readonly CompiledCampaign[];
}

const NOTHING_OWED: OwedOutcome = { owed: undefined, blocked: [], outweighed: [] };

/**
 * The baseline: of the entitlements that the shopper qualifies for, the one worth most on this cart (by priority on a
 * tie), at the highest of its rungs that the cart reaches and the guardrails admit. One answer carries one offer, so an
 * incentive stands in its place and never below it. It is given in every arm, so what was withheld does not count against it.
 */
export function owedStep(situation: Situation, entitlements: readonly EligibleCampaign[]): OwedOutcome {
  if (entitlements.length === 0) return NOTHING_OWED;
  const given = { ...situation, decisionState: withoutWithheld(situation.decisionState) };
  const blocked: BlockedOwed[] = [];
  const outweighed: CompiledCampaign[] = [];
  let best: Owed | undefined;
  for (const eligible of entitlements) {
    const owed = owedOf(given, eligible, blocked);
    if (owed === undefined) continue;
    const isBest = best === undefined || owed.appraisal.worthMinor > best.appraisal.worthMinor;
    const lesser = isBest ? best : owed;
    if (isBest) best = owed;
    if (lesser !== undefined) outweighed.push(lesser.campaign);
  }
  return { owed: best, blocked, outweighed };
}

/** A rung of an entitlement, or an incentive that was said before; the ladder may have it no more. */
interface OwedRung {
  readonly rung: number | undefined;
  readonly incentive: Incentive;
}

/**
 * What is held already; else the best that the ladder gives, or what the shopper was promised for consent where that is worth more.
 *
 * @param blocked what is blocked is added to it
 */
function owedOf(situation: Situation, eligible: EligibleCampaign, blocked: BlockedOwed[]): Owed | undefined {
  const { campaign } = eligible;
  const open = situation.decisionState.open.find((held) => held.campaignId === campaign.campaignId);
  if (open !== undefined) return bestOf(situation, eligible, [saidBefore(campaign, open.offer)], open, blocked);
  const ofLadder = bestOf(situation, eligible, campaign.ladder.toReversed(), undefined, blocked);
  const invited = acceptedExchange(situation, campaign) && invitedTo(situation, campaign.campaignId);
  if (invited === undefined) return ofLadder;
  const promised = saidBefore(campaign, invited);
  if (promised.rung !== undefined) return ofLadder;
  const ofPromise = bestOf(situation, eligible, [promised], undefined, blocked);
  if (ofLadder === undefined || ofPromise === undefined) return ofLadder ?? ofPromise;
  return ofPromise.appraisal.worthMinor > ofLadder.appraisal.worthMinor ? ofPromise : ofLadder;
}

/** Its place in the ladder is undefined where the ladder has it no more. */
function saidBefore({ ladder }: CompiledCampaign, { incentive }: Pick<OwedRung, "incentive">): OwedRung {
  const said = canonicalJson(incentive);
  return { rung: ladder.find((one) => canonicalJson(one.incentive) === said)?.rung, incentive };
}

/** The first of the rungs that the cart reaches and the guardrails admit. @param blocked those before it are added to it, as far as the ladder has them */
function bestOf(
  situation: Situation,
  { campaign, goods }: EligibleCampaign,
  rungs: readonly OwedRung[],
  open: OpenOffer | undefined,
  blocked: BlockedOwed[],
): Owed | undefined {
  const { cart, policy } = situation;
  const ofAll = campaignBlock(situation, campaign, open);
  for (const { rung, incentive } of rungs) {
    const setting = { ...settingOf(goods, policy.rounding), ceilingMinor: open?.worstCostMinor };
    const stacked = ofAll === undefined ? appraiseInStack(incentive, cart, setting) : undefined;
    const worst = open?.worstCostMinor ?? (stacked === undefined ? 0 : worstCostMinor(incentive, stacked.appraisal));
    const blockedBy =
      ofAll ??
      (stacked === undefined
        ? reachesNothingBecause(situation, campaign, incentive)
        : (brokenOnCart(situation, campaign, stacked.appraisal, stacked.left) ??
          (open === undefined ? issueBlock(situation, campaign, worst) : undefined)));
    if (stacked !== undefined && blockedBy === undefined)
      return { campaign, incentive, appraisal: stacked.appraisal, worstCostMinor: worst, open };
    if (rung !== undefined && blockedBy !== undefined)
      blocked.push({ campaign, rung, incentive, appraisal: stacked?.appraisal, worstCostMinor: worst, blockedBy });
  }
  return undefined;
}

/** What blocks all rungs of an entitlement alike, before the cart's goods are looked at. */
function campaignBlock(
  situation: Situation,
  campaign: CompiledCampaign,
  open: OpenOffer | undefined,
): BlockReason | undefined {
  if (isTakenInCart(situation, campaign)) return "stacking_group";
  if (open !== undefined) return undefined;
  if (isCapReached(situation, campaign)) return "frequency_cap";
  return isFull(situation) ? "open_offers_max" : undefined;
}

function issueBlock(situation: Situation, campaign: CompiledCampaign, worstCostMinor: number): BlockReason | undefined {
  if (situation.stopped) return "kill_switch";
  return (
    marginBreaker(situation, campaign) ??
    quantity(situation, campaign) ??
    subjectMax(situation, givenMinor(situation), worstCostMinor) ??
    budget(campaign, leasesOf(situation, campaign), worstCostMinor)
  );
}
