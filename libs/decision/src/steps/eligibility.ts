import { Goods, isOtherBasis, withoutLimitedGoods } from "@leastwise/offers";
import { CLASS_OF_INPUT } from "@leastwise/vocabulary";
import { dynamicLineCaps } from "../approaches/dynamic.js";
import { isInWeek } from "../policy/weekly-hours.js";
import { propensityProblem } from "../approaches/propensity.js";
import type { CompiledCampaign, CompiledPolicy } from "../policy/compile.js";
import type { Approach, DynamicApproach } from "../policy/policy.js";
import type { IneligibleReason } from "../reasons.js";
import type { Situation } from "../situation.js";
import type { Permitted } from "./consent.js";
import { bitOf, NO_CLASSES, type ClassBits } from "../class-bits.js";
import { acceptedExchange, exchangeProblem } from "./exchange.js";
import type { Baseline } from "./response.js";
import type { Segments } from "./segments.js";

/** A campaign that applies, with the cart's goods under the caps that its approach and the goods it must not touch set on the lines. */
export interface EligibleCampaign {
  readonly campaign: CompiledCampaign;
  readonly goods: Goods;
}

/** A campaign that does not apply. */
export interface Ineligible {
  readonly campaignId: string;
  readonly reason: IneligibleReason;
}

/** Which campaigns apply to this shopper and cart now. */
export interface Eligibility {
  readonly incentives: readonly EligibleCampaign[];
  readonly entitlements: readonly EligibleCampaign[];
  /** Exchanges of consent that would be entitlements if the shopper accepted them. */
  readonly unaccepted: readonly EligibleCampaign[];
  /** Classes of data of the person that decided on a campaign. */
  readonly classes: ClassBits;
}

/** Asks the schedule and approach of each campaign that could apply, in order of priority. */
export function eligibilityStep(
  situation: Situation,
  permitted: Permitted,
  segments: Segments,
  baseline: Baseline,
): Eligibility {
  const incentives: EligibleCampaign[] = [];
  const entitlements: EligibleCampaign[] = [];
  const unaccepted: EligibleCampaign[] = [];
  let classes = NO_CLASSES;
  const all = goodsUnder(situation, undefined);
  for (const campaign of withHeld(situation, situation.policy.campaignIndex.campaignsFor(segments.holding))) {
    const { approach } = campaign;
    classes |= classesRead(approach, permitted);
    const goods = approach.kind === "dynamic" ? goodsOf(approach, situation) : all;
    const problem = ineligibleBecause(campaign, goods, situation, permitted, segments, baseline);
    if (problem === "exchange_not_accepted") unaccepted.push({ campaign, goods });
    if (problem !== undefined) continue;
    (campaign.kind === "incentive" ? incentives : entitlements).push({ campaign, goods });
  }
  return { incentives, entitlements, unaccepted, classes };
}

/** What could apply, and first the entitlements that the shopper holds an offer of: those are owed whatever has changed since. */
function withHeld(situation: Situation, campaigns: readonly CompiledCampaign[]): readonly CompiledCampaign[] {
  const { policy, decisionState } = situation;
  if (decisionState.open.length === 0 || policy.entitlements.size === 0) return campaigns;
  const held = policy.campaigns.filter(
    (campaign) => isHeldEntitlement(situation, campaign) && !campaigns.includes(campaign),
  );
  return held.length === 0 ? campaigns : [...held, ...campaigns];
}

/** True if the shopper holds an offer of the entitlement that is good for such prices, and knows of it. */
function isHeldEntitlement({ decisionState, cart }: Situation, { kind, campaignId }: CompiledCampaign): boolean {
  return (
    kind === "entitlement" &&
    decisionState.open.some(
      ({ campaignId: id, withheld, offer, prices }) =>
        id === campaignId && !withheld && offer.currency === cart.currency && !isOtherBasis(cart.prices, prices),
    )
  );
}

/** Why the policy's campaigns that do not apply do not, in order of priority. Those that decisions need not look at are asked, too. */
export function ineligibleCampaigns(
  situation: Situation,
  permitted: Permitted,
  segments: Segments,
  baseline: Baseline,
): readonly Ineligible[] {
  const all = goodsUnder(situation, undefined);
  return situation.policy.campaigns.flatMap((campaign): readonly Ineligible[] => {
    const { approach, campaignId } = campaign;
    const goods = approach.kind === "dynamic" ? goodsOf(approach, situation) : all;
    const reason = ineligibleBecause(campaign, goods, situation, permitted, segments, baseline);
    return reason === undefined ? [] : [{ campaignId, reason }];
  });
}

function goodsOf(approach: DynamicApproach, situation: Situation): Goods {
  return goodsUnder(situation, dynamicLineCaps(approach, situation.cart, situation.rows, situation.nowMs));
}

function goodsUnder({ cart, rows, limits }: Situation, capsMinor: readonly number[] | undefined): Goods {
  return new Goods(cart, rows, withoutLimitedGoods(limits, cart, capsMinor));
}

function ineligibleBecause(
  campaign: CompiledCampaign,
  { lineCapsMinor }: Goods,
  situation: Situation,
  { features, allows, proposedClass }: Permitted,
  segments: Segments,
  baseline: Baseline,
): IneligibleReason | undefined {
  const { nowMs, policy, model } = situation;
  if (isHeldEntitlement(situation, campaign)) return undefined;
  // What was promised is given after the campaign's end, too.
  const accepted = acceptedExchange(situation, campaign);
  if (accepted === undefined && !isRunning(campaign, nowMs)) return "not_running";
  for (const { startsAtMs, endsAtMs } of campaign.excludedBetween)
    if (nowMs >= startsAtMs && nowMs < endsAtMs) return "partner_exclusive";
  const { approach } = campaign;
  switch (approach.kind) {
    case "rules":
    case "partner":
      return segmentProblem(policy, approach.segment, segments);
    case "propensity": {
      if (features === undefined) return "consent_missing";
      const slots = policy.propensitySlots;
      const seen = {
        cartAbandoned: present(features.values[slots.cartAbandoned]),
        sinceCheckoutStartMs: present(features.values[slots.sinceCheckoutStartMs]),
        sincePurchaseMs: present(features.values[slots.sincePurchaseMs]),
        sinceFirstPurchaseMs: present(features.values[slots.sinceFirstPurchaseMs]),
        purchaseDays: present(features.values[slots.purchaseDays]),
      };
      return propensityProblem(approach, seen, baseline.conversion, model.bgnbd);
    }
    case "dynamic":
      return lineCapsMinor?.some((cap) => cap > 0) === true ? undefined : "no_line_qualifies";
    case "on_device":
      if (!allows(CLASS_OF_INPUT.proposed_class)) return "consent_missing";
      return approach.classes.includes(proposedClass) ? undefined : "class_not_proposed";
    case "consent_exchange":
      if (accepted === undefined) return segmentProblem(policy, approach.segment, segments) ?? "exchange_not_accepted";
      return exchangeProblem(situation, campaign, accepted);
  }
}

function segmentProblem(
  { segmentIndex }: CompiledPolicy,
  segment: string,
  { verdicts }: Segments,
): IneligibleReason | undefined {
  const verdict = segmentIndex.verdictOf(segment, verdicts);
  if (verdict === "expression_failed") return "segment_expression_failed";
  return verdict === "holds" ? undefined : "segment_does_not_hold";
}

/** Which data of the person decide on whether the approach applies; segments say so themselves, and so does the chance to buy without us. */
function classesRead(approach: Approach, { personalization, proposedClass }: Permitted): ClassBits {
  if (approach.kind === "on_device" && proposedClass !== "") return bitOf(CLASS_OF_INPUT.proposed_class);
  if (approach.kind !== "propensity" || !personalization) return NO_CLASSES;
  // Whether a begun checkout was left shows in whether it was followed by an order.
  return approach.of === "abandonment" ? bitOf("behaviour") | bitOf("purchase") : bitOf("purchase");
}

/** True within its schedule. */
function isRunning({ startsAtMs, endsAtMs, weekly }: CompiledCampaign, nowMs: number): boolean {
  if (nowMs < startsAtMs || nowMs >= endsAtMs) return false;
  return weekly === undefined || isInWeek(weekly.spans, weekly.clock.at(nowMs));
}

function present(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value;
}
