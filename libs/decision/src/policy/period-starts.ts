import { DAY_MS, HOUR_MS, MINUTE_MS } from "@leastwise/vocabulary";
import { periodDays } from "./budget-plan.js";
import type { CivilClock } from "./civil-time.js";
import type { BudgetPeriod } from "./policy.js";

/** Clocks are put forward and back at full quarters of an hour, so that days begin at them, too. */
const QUARTER_MS = 15 * MINUTE_MS;
/** No zone is further from UTC. */
const ZONE_MAX_MS = 15 * HOUR_MS;

interface Span {
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/** When the days, weeks and months of a clock begin. It remembers the newest of each: what it tells is a function of the instant alone. */
export class PeriodStarts {
  readonly #clock: CivilClock;
  readonly #newest = new Map<BudgetPeriod, Span>();

  constructor(clock: CivilClock) {
    this.#clock = clock;
  }

  /** First instant of the period that an instant is in, Unix milliseconds. */
  of(period: BudgetPeriod, nowMs: number): number {
    const known = this.#newest.get(period);
    if (known !== undefined && nowMs >= known.startsAtMs && nowMs < known.endsAtMs) return known.startsAtMs;
    const { first, next } = periodDays(period, this.#clock, nowMs);
    const span = { startsAtMs: this.#startOf(first), endsAtMs: this.#startOf(next) };
    this.#newest.set(period, span);
    return span.startsAtMs;
  }

  /** First quarter of an hour in which the clock shows the day, found between two instants of which it lies behind the one and not behind the other. */
  #startOf(day: number): number {
    let before = (day * DAY_MS - ZONE_MAX_MS) / QUARTER_MS;
    let within = (day * DAY_MS + ZONE_MAX_MS) / QUARTER_MS;
    while (within - before > 1) {
      const middle = Math.floor((before + within) / 2);
      if (this.#clock.at(middle * QUARTER_MS).day < day) before = middle;
      else within = middle;
    }
    return within * QUARTER_MS;
  }
}
