import type { Millis } from "./brand.js";

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** 2000-01-01: anything earlier is a broken clock or a timestamp in seconds, never a shopper. */
export const EARLIEST_MS = 946_684_800_000 as Millis;

/** 2100-01-01: anything later is a broken clock, or a timestamp in microseconds. */
export const LATEST_MS = 4_102_444_800_000 as Millis;

/** True for a time zone of the IANA database, UTC included; an offset alone is none. */
export function isTimeZone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** Where the time comes from: the wall in production, the log itself in replay, backtest and simulation. */
export interface Clock {
  /** The current time in Unix milliseconds. */
  nowMs(): Millis;
}
