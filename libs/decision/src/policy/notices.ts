import type { Campaign, Policy } from "./policy.js";
import { Problems, type PolicyProblem } from "./problems.js";

/** What is allowed and yet worth knowing. */
export function noticesOf(policy: Policy): readonly PolicyProblem[] {
  const notices = new Problems();
  for (const [index, campaign] of policy.campaigns.entries()) {
    const at = `campaigns[${String(index)}]`;
    if (campaign.kind === "incentive" && (campaign.exploration?.budget?.minor ?? 0) === 0)
      notices.add(
        "learning_off",
        `${at}.exploration.budget`,
        campaign.exploration?.budget?.minor,
        "a budget, to learn from",
      );
    breakerBelowFloor(notices, at, campaign, policy);
    unlistedPartners(notices, at, campaign, policy);
  }
  return notices.found;
}

/**
 * No order of an offer of this version keeps less than the margin floor, so that a lower bound of the realised margin at or below it trips only by orders of an
 * earlier version in the same period, if one had a lower floor.
 */
function breakerBelowFloor(notices: Problems, at: string, campaign: Campaign, { guardrails }: Policy): void {
  const { breaker, marginFloorBp: own } = campaign;
  const floorBp = own ?? guardrails?.marginFloorBp;
  if (breaker?.marginMinBp === undefined || floorBp === undefined || breaker.marginMinBp > floorBp) return;
  if (hasUpperBound(campaign)) return;
  notices.add(
    "breaker_below_floor",
    `${at}.breaker.margin_min_bp`,
    breaker.marginMinBp,
    `more than ${own === undefined ? "guardrails" : at}.margin_floor_bp, ${String(floorBp)} bp, below which no order under this version is, or a margin_max_bp`,
  );
}

/** Nothing keeps more than all that was paid, unless a partner pays for it. */
function hasUpperBound({ breaker, approach }: Campaign): boolean {
  const { marginMaxBp } = breaker ?? {};
  return marginMaxBp !== undefined && (marginMaxBp < 10_000 || approach?.kind === "partner");
}

/** A partner whose campaigns, budget and shares the policy does not know may still give something to its own customers. */
function unlistedPartners(notices: Problems, at: string, { ladder }: Campaign, { partners }: Policy): void {
  const known = new Set(partners.map(({ partnerId }) => partnerId));
  for (const [k, { incentive }] of ladder.entries())
    if (incentive?.kind === "partner_exclusive")
      notices.reference(
        `${at}.ladder[${String(k)}].incentive.partner_exclusive.partner_id`,
        incentive.partnerId,
        known,
        "partner",
      );
}
