import { Seldom, type Telemetry } from "@leastwise/telemetry";
import { MINUTE_MS, type Clock } from "@leastwise/vocabulary";
import type { PartitionProgress } from "./windows-feed.js";

/** What is compared, and who is told. */
export interface ClockBehindOptions {
  /** The newest records of the clickstream that are here. */
  readonly feed: { progress(): readonly Pick<PartitionProgress, "newestMs">[] };
  /** When the newest decision that is here was written, Unix milliseconds UTC; -Infinity: there is none. */
  readonly ledger: { readonly newestDecisionMs: number };
  readonly clock: Clock;
  readonly metrics: Telemetry["metrics"];
  readonly logger: { error(fields: Readonly<Record<string, unknown>>, text: string): void };
  /** A clock that never goes back, ms. Absent: the process's. */
  readonly monotonicMs?: () => number;
}

/** Farther than this is told in the log, too, ms: the clocks of machines that keep time differ by less. */
const TOLD_BEYOND_MS = 5 * MINUTE_MS;

/**
 * Shows how far this process's clock is behind the newest record that it has read. Nothing breaks by it: what was issued stays so. But what is decided is dated before what
 * was decided already, and offers, caps and budgets last longer than was meant.
 */
export class ClockBehind {
  readonly #options: ClockBehindOptions;
  readonly #seldom: Seldom;
  /** Of all that was seen: a collector on the same slow clock dates the newest records before older ones. */
  #newestMs = Number.NEGATIVE_INFINITY;

  constructor(options: ClockBehindOptions) {
    this.#options = options;
    this.#seldom = new Seldom(MINUTE_MS, options.monotonicMs);
  }

  /** Measures once. */
  measure(): void {
    const { feed, ledger, clock, metrics, logger } = this.#options;
    for (const { newestMs } of feed.progress()) this.#newestMs = Math.max(this.#newestMs, newestMs);
    this.#newestMs = Math.max(this.#newestMs, ledger.newestDecisionMs);
    const nowMs = clock.nowMs();
    const behindMs = Math.max(0, this.#newestMs - nowMs);
    metrics.clockBehindLog.with({}).set(behindMs / 1_000);
    if (behindMs <= TOLD_BEYOND_MS) return;
    this.#seldom.say("clock_behind", () => {
      const times = { now: new Date(nowMs).toISOString(), newest_record: new Date(this.#newestMs).toISOString() };
      const said = "this process's clock is behind the log: what it decides is dated before what was decided already";
      logger.error({ behind_ms: behindMs, ...times }, said);
    });
  }
}
