import { DAY_MS, isTimeZone, MINUTE_MS } from "@leastwise/vocabulary";
import { HISTORY_MAX } from "../state/decision-state.js";
import { validateExchangeKind } from "./consent-exchange.js";
import type { Campaign, FrequencyCap, Objective, Schedule, WeeklyHours } from "./policy.js";
import type { Problems } from "./problems.js";
import { validateApproach } from "./validate-approach.js";
import { validateLadder } from "./validate-incentive.js";
import { overlappingSpans, weekSpans } from "./weekly-hours.js";

/** Names that a campaign may refer to. */
export interface KnownNames {
  readonly segments: ReadonlySet<string>;
  readonly experiments: ReadonlySet<string>;
  readonly budgets: ReadonlySet<string>;
  readonly stackingGroups: ReadonlySet<string>;
  readonly partners: ReadonlySet<string>;
  /** That devices propose. */
  readonly classes: ReadonlySet<string>;
  readonly currency: string;
}

/** Horizon of a campaign that states none. */
export const HORIZON_DEFAULT_MS = 7 * DAY_MS;
/** Share of draws that curation may have, basis points, of all campaigns together. */
const CURATED_MAX_BP = 1_000;
/** Longest life of an offer, and longest horizon. */
const OFFER_TTL_MAX_MS = 90 * DAY_MS;
const CAP_PERIOD_MAX_MS = 366 * DAY_MS;
/** Last instant that a calendar has. */
export const INSTANT_MAX_MS = 8_640_000_000_000_000;
const PRIORITY_MAX = 1_000_000;
const WEEKLY_MAX = 64;

/** Checks one campaign, its references included. */
export function validateCampaign(problems: Problems, field: string, campaign: Campaign, known: KnownNames): void {
  problems.text(`${field}.campaign_id`, campaign.campaignId, 64);
  if (campaign.kind === undefined)
    problems.add("campaign_kind_missing", `${field}.kind`, undefined, "incentive or entitlement");
  validateApproach(problems, field, campaign.approach, known);
  validateExchangeKind(problems, field, campaign);
  validateLadder(problems, `${field}.ladder`, campaign.ladder, known.currency);
  if (campaign.schedule !== undefined) validateSchedule(problems, `${field}.schedule`, campaign.schedule);
  validateReferences(problems, field, campaign, known);
  validateTimes(problems, field, campaign);
  if (campaign.objective !== undefined)
    validateObjective(problems, `${field}.objective`, campaign.objective, known.currency);
  validateExploration(problems, `${field}.exploration`, campaign, known.currency);
  validateCaps(problems, field, campaign.frequencyCaps);
  problems.range(`${field}.priority`, campaign.priority, -PRIORITY_MAX, PRIORITY_MAX);
  if (campaign.marginFloorBp !== undefined)
    problems.range(`${field}.margin_floor_bp`, campaign.marginFloorBp, -10_000, 10_000);
}

/** Checks how often a shopper may get something. */
export function validateCaps(problems: Problems, field: string, caps: readonly FrequencyCap[]): void {
  for (const [index, cap] of caps.entries()) {
    const at = `${field}.frequency_caps[${String(index)}]`;
    problems.range(`${at}.offers_max`, cap.offersMax, 1, HISTORY_MAX);
    problems.range(`${at}.period_ms`, cap.periodMs, MINUTE_MS, CAP_PERIOD_MAX_MS);
  }
}

function validateReferences(problems: Problems, field: string, campaign: Campaign, known: KnownNames): void {
  if (campaign.kind === "incentive")
    problems.reference(`${field}.experiment_id`, campaign.experimentId, known.experiments, "experiment");
  if (campaign.kind === "entitlement" && campaign.experimentId !== "")
    problems.add(
      "entitlement_held_out",
      `${field}.experiment_id`,
      campaign.experimentId,
      "none: what is owed is given in every arm",
    );
  problems.reference(`${field}.budget_id`, campaign.budgetId, known.budgets, "budget");
  if (campaign.stackingGroup !== "")
    problems.reference(`${field}.stacking_group`, campaign.stackingGroup, known.stackingGroups, "stacking_group");
}

function validateTimes(problems: Problems, field: string, campaign: Campaign): void {
  const ttl = campaign.offerTtlMs;
  problems.range(`${field}.offer_ttl_ms`, ttl, MINUTE_MS, OFFER_TTL_MAX_MS);
  const horizon =
    campaign.horizonMs === undefined || campaign.horizonMs === 0 ? HORIZON_DEFAULT_MS : campaign.horizonMs;
  problems.range(`${field}.horizon_ms`, horizon, MINUTE_MS, OFFER_TTL_MAX_MS);
  if (horizon < ttl)
    problems.add(
      "horizon_too_short",
      `${field}.horizon_ms`,
      horizon,
      `at least ${field}.offer_ttl_ms, ${String(ttl)} ms`,
    );
  if (campaign.episodeCoolDownMs !== undefined && campaign.episodeCoolDownMs !== 0)
    problems.range(`${field}.episode_cool_down_ms`, campaign.episodeCoolDownMs, MINUTE_MS, OFFER_TTL_MAX_MS);
}

function validateObjective(problems: Problems, field: string, objective: Objective, currency: string): void {
  if (objective.toleranceBp !== undefined) problems.range(`${field}.tolerance_bp`, objective.toleranceBp, 0, 10_000);
  if (objective.evidenceBp !== undefined) problems.range(`${field}.evidence_bp`, objective.evidenceBp, 0, 10_000);
  const { goal } = objective;
  if (goal?.kind !== "target_conversion") return;
  problems.range(`${field}.target_conversion.conversion_bp`, goal.conversionBp, 1, 10_000);
  problems.money(`${field}.target_conversion.cost_per_order_max`, goal.costPerOrderMax, currency, 1);
}

function validateExploration(
  problems: Problems,
  field: string,
  { exploration, kind }: Campaign,
  currency: string,
): void {
  if (exploration === undefined) return;
  const { floorBp, coldStartDecisionsPerRung, budget, curatedBp = 0 } = exploration;
  if (floorBp !== undefined) problems.range(`${field}.floor_bp`, floorBp, 0, 2_000);
  if (coldStartDecisionsPerRung !== undefined)
    problems.range(`${field}.cold_start_decisions_per_rung`, coldStartDecisionsPerRung, 0, 2_147_483_647);
  if (budget !== undefined) problems.money(`${field}.budget`, budget, currency, 0);
  problems.range(`${field}.curated_bp`, curatedBp, 0, CURATED_MAX_BP);
  if (curatedBp > 0 && kind === "entitlement")
    problems.add("curated_entitlement", `${field}.curated_bp`, curatedBp, "0: what is owed is not drawn");
  else if (curatedBp > 0 && (budget?.minor ?? 0) === 0)
    problems.add(
      "curation_without_budget",
      `${field}.curated_bp`,
      curatedBp,
      `0, or ${field}.budget that bears what it costs`,
    );
}

/** Together they leave most answers to what is worth most. */
export function validateCuration(problems: Problems, campaigns: readonly Campaign[]): void {
  const sum = campaigns.reduce((total, { exploration }) => total + Math.max(0, exploration?.curatedBp ?? 0), 0);
  if (sum > CURATED_MAX_BP)
    problems.add(
      "curated_too_much",
      "campaigns",
      `curated_bp of ${String(sum)} together`,
      `at most ${String(CURATED_MAX_BP)}`,
    );
}

/** Checks a half-open span of time and its zone. */
function validateSchedule(problems: Problems, field: string, schedule: Schedule): void {
  validateSpan(problems, field, schedule.startsAtMs, schedule.endsAtMs);
  if (schedule.timeZone !== "") validateTimeZone(problems, `${field}.time_zone`, schedule.timeZone);
  validateWeekly(problems, `${field}.weekly`, schedule.weekly);
}

/** Checks a time zone. */
export function validateTimeZone(problems: Problems, field: string, timeZone: string): void {
  if (!isTimeZone(timeZone))
    problems.add("unknown_time_zone", field, timeZone, "an IANA time zone, for example Europe/Berlin");
}

/** Checks hours of the week: in range, and none over another. */
function validateWeekly(problems: Problems, field: string, weekly: readonly WeeklyHours[]): void {
  if (weekly.length > WEEKLY_MAX) problems.add("too_many_hours", field, weekly.length, `at most ${String(WEEKLY_MAX)}`);
  for (const [index, { days, fromMinute, toMinute }] of weekly.entries()) {
    const at = `${field}[${String(index)}]`;
    problems.range(`${at}.from_minute`, fromMinute, 0, 1_439);
    problems.range(`${at}.to_minute`, toMinute, 0, 1_440);
    if (days.includes(0)) problems.add("weekday_missing", `${at}.days`, days.indexOf(0), "a day of the week");
    if (new Set(days).size < days.length) problems.add("weekday_repeated", `${at}.days`, days.join(), "no day twice");
  }
  const spans = weekly.flatMap((hours, index) => weekSpans(hours).map((span) => ({ ...span, index })));
  const overlap = overlappingSpans(spans);
  if (overlap === undefined) return;
  const [one, other] = overlap.map((place) => spans[place]?.index ?? 0);
  problems.add(
    "hours_overlap",
    `${field}[${String(other)}]`,
    `hours over those of ${field}[${String(one)}]`,
    "hours that no others overlap",
  );
}

/** Checks the two ends of a half-open span of time. */
export function validateSpan(
  problems: Problems,
  field: string,
  from: number | undefined,
  to: number | undefined,
): void {
  if (from !== undefined) problems.range(`${field}.starts_at_ms`, from, 0, INSTANT_MAX_MS);
  if (to !== undefined) problems.range(`${field}.ends_at_ms`, to, 0, INSTANT_MAX_MS);
  if (from !== undefined && to !== undefined && to <= from)
    problems.add(
      "ends_before_start",
      `${field}.ends_at_ms`,
      to,
      `an instant after ${field}.starts_at_ms, ${String(from)}`,
    );
}
