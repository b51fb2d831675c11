import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "@leastwise/vocabulary";
import { Temporal } from "temporal-polyfill";

/** What was expected where a quantity could not be read, in words. */
export type Unread = { readonly expected: string };

/** What a percentage is written like. */
export const PERCENT = /^(-?\d{1,9})(?:\.(\d{1,2}))?\s*%$/;

/** Basis points of a percentage: `12.5%` is 1 250. At most two decimals: there is nothing smaller than a basis point. */
export function readPercent(text: string): number | Unread {
  const [, whole, decimals = ""] = PERCENT.exec(text.trim()) ?? [];
  if (whole === undefined) return { expected: "a percentage with at most two decimals, for example 12.5%" };
  const bp = Math.abs(Number(whole)) * 100 + Number(decimals.padEnd(2, "0"));
  return whole.startsWith("-") && bp !== 0 ? -bp : bp;
}

/** A percentage as {@link readPercent} reads it. */
export function writePercent(bp: number): string {
  const sign = bp < 0 ? "-" : "";
  const decimals = String(Math.abs(bp) % 100)
    .padStart(2, "0")
    .replace(/0+$/, "");
  return `${sign}${Math.trunc(Math.abs(bp) / 100)}${decimals === "" ? "" : `.${decimals}`}%`;
}

const UNITS_MS = { d: DAY_MS, h: HOUR_MS, m: MINUTE_MS, s: SECOND_MS, ms: 1 } as const;
/** What a duration is written like. */
export const DURATION = /^(\d{1,15})\s*(d|h|m|s|ms)$/;

/** Milliseconds of a duration: `7d`, `24h`, `30m`, `90s`, `250ms`. A day is 24 hours. */
export function readDuration(text: string): number | Unread {
  const [, count, unit] = DURATION.exec(text.trim()) ?? [];
  if (count === undefined) return { expected: "a duration such as 7d, 24h, 30m, 90s or 250ms" };
  return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

/** A duration in the largest unit that says it without a rest. */
export function writeDuration(ms: number): string {
  const units = Object.entries(UNITS_MS);
  const [unit, unitMs] = units.find(([, size]) => ms !== 0 && ms % size === 0) ?? ["ms", 1];
  return `${ms / unitMs}${unit}`;
}

/** What a time of day is written like. */
export const CLOCK = /^(\d{2}):(\d{2})$/;

/** Minutes since midnight of a time of day: `18:00` is 1 080. A day ends at `24:00`. */
export function readClock(text: string): number | Unread {
  const [, hours, minutes] = CLOCK.exec(text.trim()) ?? [];
  const read = Number(hours) * 60 + Number(minutes);
  const isTime = Number(minutes) < 60 && read <= DAY_MS / MINUTE_MS;
  return isTime ? read : { expected: "a time of day from 00:00 to 24:00, for example 18:30" };
}

/** A time of day as {@link readClock} reads it. */
export function writeClock(minutes: number): string {
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const CIVIL = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Which end of a span a date stands at: it begins with the day's first instant, and ends with the next day's. */
export type SpanEnd = "starts" | "ends";

/**
 * The instant of a civil time in a zone, Unix milliseconds: `2026-12-24`, `2026-12-24T18:00`, or with an offset of its own. A date is included in the
 * span that it ends. A time that the clocks skip is refused, and so is one that they show twice: nobody can tell which is meant.
 */
export function readInstant(text: string, zone: string, end: SpanEnd): number | Unread {
  const written = text.trim().replace(" ", "T");
  if (INSTANT.test(written)) return parsed(() => Temporal.Instant.from(written).epochMilliseconds) ?? NO_TIME;
  if (DATE.test(written)) return parsed(() => startOfDay(written, zone, end)) ?? NO_TIME;
  if (!CIVIL.test(written)) return NO_TIME;
  const civil = parsed(() => Temporal.PlainDateTime.from(written));
  if (civil === undefined) return NO_TIME;
  return (
    parsed(() => civil.toZonedDateTime(zone, { disambiguation: "reject" }).epochMilliseconds) ?? {
      expected: `a time that the clocks of ${zone} show once: they are put forward or back then`,
    }
  );
}

/** An instant as {@link readInstant} reads it: in the zone's civil time where that is told apart, else in UTC. */
export function writeInstant(ms: number, zone: string): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  const civil = zoned.toPlainDateTime().toString({ smallestUnit: zoned.second === 0 ? "minute" : "second" });
  return ms % SECOND_MS === 0 && readInstant(civil, zone, "starts") === ms
    ? civil
    : Temporal.Instant.fromEpochMilliseconds(ms).toString();
}

const NO_TIME: Unread = { expected: "a date or a time such as 2026-12-24, 2026-12-24T18:00 or 2026-12-24T18:00Z" };

function startOfDay(date: string, zone: string, end: SpanEnd): number {
  const day = Temporal.PlainDate.from(date).add({ days: end === "ends" ? 1 : 0 });
  return day.toZonedDateTime(zone).epochMilliseconds;
}

/** Undefined where the library refuses. */
function parsed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
