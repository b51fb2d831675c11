import { MINUTE_MS } from "@leastwise/vocabulary";

/** What a clock on the wall and a calendar show. */
export interface CivilTime {
  /** Days since the first of January 1970. */
  readonly day: number;
  /** 1 Monday to 7 Sunday. */
  readonly weekday: number;
  /** Minutes since midnight, 0 to 1 439. */
  readonly minute: number;
}

/** Clocks are put forward and back at full quarters of an hour, the world over. */
export const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MINUTES = 1_440;
/** The first of January 1970 was a Thursday. */
const WEEKDAY_OF_DAY_ZERO = 4;

/** The clock on the wall in an IANA time zone. It remembers the newest quarter of an hour: what it shows is a function of the instant alone. */
export class CivilClock {
  /** Undefined for UTC, which is no offset from itself. */
  readonly #format: Intl.DateTimeFormat | undefined;
  #quarter = Number.NaN;
  #offsetMinutes = 0;

  /** @throws RangeError if there is no such time zone. */
  constructor(timeZone: string) {
    const format = new Intl.DateTimeFormat("en", {
      timeZone,
      hourCycle: "h23",
      ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
    });
    this.#format = format.resolvedOptions().timeZone === "UTC" ? undefined : format;
  }

  /** What it shows at an instant, Unix milliseconds. */
  at(atMs: number): CivilTime {
    const minutes = Math.floor(atMs / MINUTE_MS) + this.#offsetAt(atMs);
    const days = Math.floor(minutes / DAY_MINUTES);
    const weekday = ((((days + WEEKDAY_OF_DAY_ZERO - 1) % 7) + 7) % 7) + 1;
    return { day: days, weekday, minute: minutes - days * DAY_MINUTES };
  }

  #offsetAt(atMs: number): number {
    if (this.#format === undefined) return 0;
    const quarter = Math.floor(atMs / QUARTER_MS);
    if (quarter === this.#quarter) return this.#offsetMinutes;
    const startsMs = quarter * QUARTER_MS;
    const shown = Object.fromEntries(
      this.#format.formatToParts(startsMs).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
    this.#offsetMinutes = Math.round((Date.UTC(year, month - 1, day, hour, minute, second) - startsMs) / MINUTE_MS);
    this.#quarter = quarter;
    return this.#offsetMinutes;
  }
}
