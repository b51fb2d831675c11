import type { CivilTime } from "./civil-time.js";
import type { WeeklyHours } from "./policy.js";

const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];

/** A span of the week, in minutes from Monday's midnight; half-open, and beyond the week's end where it goes over into the next. */
export interface WeekSpan {
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** The spans of the week that hours make, one for each of their days. */
export function weekSpans({ days, fromMinute, toMinute }: WeeklyHours): readonly WeekSpan[] {
  const to = toMinute === 0 ? DAY_MINUTES : toMinute;
  const lastsMinutes = to > fromMinute ? to - fromMinute : to + DAY_MINUTES - fromMinute;
  return (days.length === 0 ? EVERY_DAY : days).map((day) => {
    const from = (day - 1) * DAY_MINUTES + fromMinute;
    return { fromMinute: from, toMinute: from + lastsMinutes };
  });
}

/** True if a civil time is in one of the spans. */
export function isInWeek(
  spans: readonly WeekSpan[],
  { weekday, minute }: Pick<CivilTime, "weekday" | "minute">,
): boolean {
  const at = (weekday - 1) * DAY_MINUTES + minute;
  return spans.some(({ fromMinute, toMinute }) => (at >= fromMinute && at < toMinute) || at + WEEK_MINUTES < toMinute);
}

/** True if a part of what begins at a civil time and lasts so long, a week and an hour at the most, is in one of the spans. No clock is put forward or back in it. */
export function meetsWeek(
  spans: readonly WeekSpan[],
  { weekday, minute }: Pick<CivilTime, "weekday" | "minute">,
  lastsMinutes: number,
): boolean {
  const at = (weekday - 1) * DAY_MINUTES + minute;
  return [at - WEEK_MINUTES, at, at + WEEK_MINUTES].some((from) =>
    spans.some(({ fromMinute, toMinute }) => from < toMinute && from + lastsMinutes > fromMinute),
  );
}

/** Two spans that have a minute in common, by their places; undefined if no two do. */
export function overlappingSpans(spans: readonly WeekSpan[]): readonly [number, number] | undefined {
  const inOrder = spans.map((span, place) => ({ ...span, place })).sort((a, b) => a.fromMinute - b.fromMinute);
  const [first] = inOrder;
  for (const [index, span] of inOrder.entries()) {
    const next = inOrder[index + 1];
    const nextFrom = next?.fromMinute ?? (first?.fromMinute ?? 0) + WEEK_MINUTES;
    const other = next ?? first;
    if (other !== undefined && span.toMinute > nextFrom) return [span.place, other.place];
  }
  return undefined;
}
