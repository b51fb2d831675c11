import { DAY_MS, HOUR_MS, MINUTE_MS } from "@leastwise/vocabulary";
import { CivilClock, QUARTER_MS } from "../policy/civil-time.js";
import type { Budget, Campaign, Policy } from "../policy/policy.js";
import type { Problems } from "../policy/problems.js";
import { meetsWeek, weekSpans, type WeekSpan } from "../policy/weekly-hours.js";

/** A half-open span of time; without an end it is open there. */
interface Span {
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/** Refuses campaigns of which something else in the policy keeps that they ever give anything: other partners, their own hours, a plan, a curve. */
export function validateCampaignsRun(problems: Problems, policy: Policy): void {
  for (const [i, campaign] of policy.campaigns.entries()) {
    if (problems.isFull) return;
    const at = `campaigns[${String(i)}]`;
    const runs = spanOf(campaign.schedule);
    shutOut(problems, at, campaign, runs, policy);
    outsideHours(problems, at, campaign, runs, policy.timeZone);
    beforeMoney(problems, at, campaign, runs, policy);
    besideExperiment(problems, at, campaign, runs, policy);
    markedDownByNothing(problems, at, campaign);
  }
}

function spanOf(span: Partial<Span> | undefined): Span {
  const { startsAtMs = Number.NEGATIVE_INFINITY, endsAtMs = Number.POSITIVE_INFINITY } = span ?? {};
  return { startsAtMs, endsAtMs };
}

/** All of its time is other partners' alone. */
function shutOut(problems: Problems, at: string, campaign: Campaign, runs: Span, { partners }: Policy): void {
  const { approach, stackingGroup } = campaign;
  if (stackingGroup === "") return;
  const own = approach?.kind === "partner" ? approach.partnerId : undefined;
  const windows = partners
    .flatMap(({ partnerId, exclusive }, i) =>
      exclusive.map((window, k) => ({
        ...spanOf(window),
        at: `partners[${String(i)}].exclusive[${String(k)}]`,
        isOfOther: partnerId !== own && window.stackingGroup === stackingGroup,
      })),
    )
    .filter(
      ({ isOfOther, startsAtMs, endsAtMs }) => isOfOther && startsAtMs < runs.endsAtMs && endsAtMs > runs.startsAtMs,
    )
    .sort((a, b) => a.startsAtMs - b.startsAtMs);
  let coveredToMs = runs.startsAtMs;
  for (const { startsAtMs, endsAtMs } of windows)
    if (startsAtMs <= coveredToMs) coveredToMs = Math.max(coveredToMs, endsAtMs);
  if (windows.length === 0 || coveredToMs < runs.endsAtMs) return;
  problems.add(
    "campaign_never_runs",
    `${at}.stacking_group`,
    stackingGroup,
    `a group, or a schedule, that ${windows.map((window) => window.at).join(" and ")} leave some time of`,
  );
}

/** Its hours of the week are none of those between its beginning and its end. */
function outsideHours(problems: Problems, at: string, { schedule }: Campaign, runs: Span, timeZone: string): void {
  if (schedule === undefined || schedule.weekly.length === 0) return;
  // In a week and an hour every hour of the week comes, however the clocks change.
  if (runs.endsAtMs - runs.startsAtMs >= 7 * DAY_MS + HOUR_MS) return;
  const clock = new CivilClock([schedule.timeZone, timeZone, "UTC"].find((zone) => zone !== "") ?? "UTC");
  const spans = schedule.weekly.flatMap(weekSpans);
  if (comesWithin(spans, clock, runs)) return;
  problems.add(
    "campaign_never_runs",
    `${at}.schedule.weekly`,
    "none of its hours",
    `hours between ${at}.schedule.starts_at_ms and ${at}.schedule.ends_at_ms`,
  );
}

/** Whether some of the hours come within a span. Where clocks are put forward or back in it, its halves are looked at. */
function comesWithin(spans: readonly WeekSpan[], clock: CivilClock, { startsAtMs, endsAtMs }: Span): boolean {
  const first = Math.floor(startsAtMs / QUARTER_MS);
  const last = Math.floor((endsAtMs - 1) / QUARTER_MS);
  if (first === last || offsetMinutes(clock, startsAtMs) === offsetMinutes(clock, endsAtMs - 1)) {
    const lastsMinutes = Math.ceil(endsAtMs / MINUTE_MS) - Math.floor(startsAtMs / MINUTE_MS);
    return meetsWeek(spans, clock.at(startsAtMs), lastsMinutes);
  }
  const middleMs = Math.ceil((first + last) / 2) * QUARTER_MS;
  return (
    comesWithin(spans, clock, { startsAtMs, endsAtMs: middleMs }) ||
    comesWithin(spans, clock, { startsAtMs: middleMs, endsAtMs })
  );
}

/** How far the clock is from UTC. */
function offsetMinutes(clock: CivilClock, atMs: number): number {
  const { day, minute } = clock.at(atMs);
  return day * (DAY_MS / MINUTE_MS) + minute - Math.floor(atMs / MINUTE_MS);
}

/** A budget that it draws on has nothing to spend before the campaign ends. */
function beforeMoney(
  problems: Problems,
  at: string,
  campaign: Campaign,
  runs: Span,
  { budgets, partners }: Policy,
): void {
  const partnerId = campaign.approach?.kind === "partner" ? campaign.approach.partnerId : undefined;
  const partner = partners.find((one) => one.partnerId === partnerId);
  const drawn = new Set([...drawnOn(budgets, campaign.budgetId), ...drawnOn(budgets, partner?.budgetId ?? "")]);
  for (const budget of drawn) {
    const { pacing } = budget;
    if (pacing?.startsAtMs === undefined || pacing.aheadBp > 0 || pacing.startsAtMs < runs.endsAtMs) continue;
    const field = `budgets[${String(budgets.indexOf(budget))}].pacing.starts_at_ms`;
    problems.add(
      "campaign_never_runs",
      `${at}.schedule.ends_at_ms`,
      runs.endsAtMs,
      `an end after ${String(pacing.startsAtMs)}: before ${field} its budget has nothing to spend`,
    );
  }
}

function drawnOn(budgets: readonly Budget[], budgetId: string): readonly Budget[] {
  const budget = budgets.find((one) => one.budgetId === budgetId);
  return budget === undefined ? [] : [budget, ...drawnOn(budgets, budget.partOf)];
}

/** Nobody is enrolled before its experiment begins or after it has ended, so nobody is held out, and it cannot be measured. */
function besideExperiment(
  problems: Problems,
  at: string,
  campaign: Campaign,
  runs: Span,
  { experiments }: Policy,
): void {
  const index = experiments.findIndex(({ experimentId }) => experimentId === campaign.experimentId);
  const { startsAtMs, endsAtMs } = experiments[index] ?? {};
  if (startsAtMs !== undefined && startsAtMs >= runs.endsAtMs)
    problems.add(
      "campaign_never_measured",
      `${at}.schedule.ends_at_ms`,
      runs.endsAtMs,
      `an end after ${String(startsAtMs)}: experiments[${String(index)}].starts_at_ms enrols nobody before`,
    );
  if (endsAtMs !== undefined && endsAtMs <= runs.startsAtMs)
    problems.add(
      "campaign_never_measured",
      `${at}.schedule.starts_at_ms`,
      runs.startsAtMs,
      `a start before ${String(endsAtMs)}: experiments[${String(index)}].ends_at_ms enrols nobody from then on`,
    );
}

/** A curve that allows nothing at any of its points. */
function markedDownByNothing(problems: Problems, at: string, { approach }: Campaign): void {
  if (approach?.kind !== "dynamic" || approach.markdown.length === 0) return;
  if (approach.markdown.some(({ depthMaxBp }) => depthMaxBp > 0)) return;
  problems.add(
    "campaign_never_runs",
    `${at}.dynamic.markdown[0].depth_max_bp`,
    0,
    `more than 0 bp, here or at another point: else nothing of ${at}.ladder is ever given`,
  );
}
