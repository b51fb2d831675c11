import { depthsOf, firstFall, sharesOf } from "../contradictions/ladder-order.js";
import type { ExpressionFields } from "./expression-fields.js";
import { expressionNoticesOf } from "./expression-notices.js";
import type { Campaign, Policy } from "./policy.js";
import { Problems, type PolicyProblem } from "./problems.js";
import { likeness } from "./validate-incentive.js";

/** More of one reason than these are counted. */
const ALIKE_MAX = 10;

/**
 * What is allowed and yet worth knowing: of each reason the first few, and how many more there are, so that none crowds out another.
 *
 * @param features the catalogue's. Absent: expressions are not looked at, as of what stands on the log
 */
export function noticesOf(policy: Policy, features?: ExpressionFields): readonly PolicyProblem[] {
  const counts = new Map<string, number>();
  const told: PolicyProblem[] = [];
  const all = allNoticesOf(policy, features);
  for (const { reason } of all) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const seen = new Map<string, number>();
  for (const notice of all) {
    const place = (seen.get(notice.reason) ?? 0) + 1;
    seen.set(notice.reason, place);
    const more = (counts.get(notice.reason) ?? 0) - place;
    if (place < ALIKE_MAX || (place === ALIKE_MAX && more === 0)) told.push(notice);
    else if (place === ALIKE_MAX)
      told.push({ ...notice, came: `${notice.came}, and the same in ${String(more)} more places` });
  }
  return told;
}

function allNoticesOf(policy: Policy, features: ExpressionFields | undefined): readonly PolicyProblem[] {
  const notices = new Problems(Number.POSITIVE_INFINITY);
  if (features !== undefined)
    for (const [i, { expression }] of policy.segments.entries())
      for (const notice of expressionNoticesOf(expression, features))
        notices.addInText(`segments[${String(i)}].expression`, notice);
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
    fallsSomewhere(notices, at, campaign);
    shareWithoutMaximum(notices, at, campaign);
  }
  experimentsEndFirst(notices, policy);
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

/**
 * A share of the goods is promised, and no more is held than it was worth on the cart that it was issued for; with a maximum that is held. Told once a campaign, of
 * its first rung; not of a markdown, which is of single lines, and not by a share of the cart.
 */
function shareWithoutMaximum(notices: Problems, at: string, { ladder, approach }: Campaign): void {
  if (approach?.kind === "dynamic") return;
  const k = ladder.findIndex(({ incentive }) => incentive?.kind === "percent_off" && incentive.maximum === undefined);
  if (k < 0) return;
  notices.add(
    "maximum_missing",
    `${at}.ladder[${String(k)}].incentive.percent_off.maximum`,
    undefined,
    "a maximum, which is then held: without one a larger cart gets no more than the first, for which it was issued",
  );
}

/** What is more on some carts, or at some age, and less on others. */
function fallsSomewhere(notices: Problems, at: string, { ladder, approach }: Campaign): void {
  for (const [k, { incentive }] of ladder.entries()) {
    const rung = `${at}.ladder[${String(k)}].incentive`;
    if (incentive?.kind === "tiered_cashback") {
      const field = `${rung}.tiered_cashback.tiers`;
      someFall(notices, "tiers_not_ascending", field, "cashback_bp", sharesOf(incentive));
    }
    if (incentive?.kind !== "percent_off" && incentive?.kind !== "payment_discount") continue;
    const { maximum } = incentive;
    const before = ladder
      .slice(0, k)
      .findLastIndex(({ incentive: earlier }) => earlier !== undefined && likeness(earlier) === likeness(incentive));
    const earlier = ladder[before]?.incentive;
    if (maximum === undefined || earlier?.kind !== incentive.kind) continue;
    if ((earlier.maximum?.minor ?? Number.POSITIVE_INFINITY) <= maximum.minor) continue;
    notices.add(
      "ladder_not_ascending",
      `${rung}.${incentive.kind}.maximum.minor`,
      maximum.minor,
      `at least what ${at}.ladder[${String(before)}].incentive.${incentive.kind}.maximum has, ${String(earlier.maximum?.minor ?? "no maximum")}: on large carts the rung is less than that one`,
    );
  }
  if (approach?.kind === "dynamic")
    someFall(notices, "markdown_not_deepening", `${at}.dynamic.markdown`, "depth_max_bp", depthsOf(approach));
}

function someFall(notices: Problems, reason: string, at: string, field: string, numbers: readonly number[]): void {
  const fall = firstFall(numbers);
  if (fall < 0) return;
  const before = `${at}[${String(fall - 1)}].${field}`;
  notices.add(
    reason,
    `${at}[${String(fall)}].${field}`,
    numbers[fall],
    `at least ${String(numbers[fall - 1])} bp, as ${before} has`,
  );
}

/** What is given after an experiment has ended is given unmeasured. Told once an experiment, of the first campaign that goes on. */
function experimentsEndFirst(notices: Problems, { experiments, campaigns }: Policy): void {
  for (const [i, { experimentId, endsAtMs }] of experiments.entries()) {
    if (endsAtMs === undefined) continue;
    const index = campaigns.findIndex(
      (one) => one.experimentId === experimentId && (one.schedule?.endsAtMs ?? Number.POSITIVE_INFINITY) > endsAtMs,
    );
    if (index < 0) continue;
    const until = campaigns[index]?.schedule?.endsAtMs;
    const end = until === undefined ? "which has no end" : String(until);
    notices.add(
      "experiment_ends_first",
      `experiments[${String(i)}].ends_at_ms`,
      endsAtMs,
      `an end not before that of campaigns[${String(index)}], ${end}: what it gives from then on is not measured`,
    );
  }
}
