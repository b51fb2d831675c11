import { TOPICS } from "@leastwise/contracts";
import type { EventLog, ScanSubscription } from "@leastwise/eventlog";
import type { Decider } from "@leastwise/scorer";
import { setTimeout as afterMs } from "node:timers/promises";
import { decideRequest, SHOPPERS } from "./checkout.js";
import { shapeStream } from "./event-stream.js";
import { withClickstream } from "./fed-log.js";
import { figuresOf, inTurn, inWords, percentile, spreadOf, type Bench, type Figures } from "./harness.js";
import { ingestThread } from "./ingest-thread.js";
import { tapesOf, type RecordTape } from "./record-tape.js";
import { openShop, PARTITIONS } from "./shop.js";

const CALLS_PER_S = 300;
const EVENTS_PER_S = 50_000;
/** How often the source hands over what is due, ms. */
const TICK_MS = 10;
/** Other subjects than those that are asked about. */
const VISITORS = 200_000;
const ROUND_MS = 1_000;
const WARM_UP_MS = 1_000;
const ROUNDS_MIN = 3;

/** One round of calls, with ingest or without. */
interface Round {
  readonly latenciesMs: readonly number[];
  readonly eventsPerSecond: number;
}

/**
 * Decide while the ingest thread takes the clickstream in, against Decide while there is nothing to take in. Timed is the handler alone, from
 * its call to its answer in the server's process, the append to the embedded log (fsync) included; calls come at
 * their times, whether those before are answered or not. The source of the events is in the process, too, and hands them to
 * the feed as the embedded log does, so that what passing them on to the thread costs the one that decides counts.
 */
export const underIngestBench: Bench = {
  name: "under-ingest",
  summary: `p99 of Decide's handler while ${EVENTS_PER_S} events/s are taken in, against p99 while none are`,
  async run({ seconds, say }): Promise<Figures> {
    say(`encoding the events of ${VISITORS} visitors; preparing ${SHOPPERS} shoppers on an embedded log`);
    const source = new Source(tapesOf(shapeStream(VISITORS), PARTITIONS));
    const shop = await openShop({ thread: ingestThread(), feedLog: (log) => source.before(log) });
    try {
      const caller = new Caller(shop.decider);
      const alone = (ms: number) => caller.round(ms, source);
      const underIngest = (ms: number) => source.during(() => caller.round(ms, source));
      await inTurn(
        1,
        () => alone(WARM_UP_MS),
        () => underIngest(WARM_UP_MS),
      );
      const rounds = Math.max(ROUNDS_MIN, Math.floor((seconds * 1_000) / (2 * ROUND_MS)));
      const { a, b } = await inTurn(
        rounds,
        () => alone(ROUND_MS),
        () => underIngest(ROUND_MS),
      );
      return figures(a, b, say);
    } finally {
      await shop.close();
    }
  },
};

function figures(alone: readonly Round[], underIngest: readonly Round[], say: (line: string) => void): Figures {
  const shareOf = (rounds: readonly Round[], share: number): number[] =>
    rounds.map(({ latenciesMs }) => percentile(latenciesMs, share));
  const of = (name: string, rounds: readonly Round[]): Figures => {
    const [p50, p99] = [spreadOf(shareOf(rounds, 0.5)), spreadOf(shareOf(rounds, 0.99))];
    say(`${name.padEnd(12)} p50 ${inWords(p50, 2)} ms, p99 ${inWords(p99, 2)} ms in the handler`);
    return { ...figuresOf(`p50_ms_${name}`, p50), ...figuresOf(`p99_ms_${name}`, p99) };
  };
  const before = shareOf(alone, 0.99);
  const ratio = spreadOf(shareOf(underIngest, 0.99).map((p99, round) => p99 / (before[round] ?? Number.NaN)));
  const all = (rounds: readonly Round[]) =>
    percentile(
      rounds.flatMap(({ latenciesMs }) => latenciesMs),
      0.99,
    );
  const ingested = spreadOf(underIngest.map(({ eventsPerSecond }) => eventsPerSecond));
  const both = { ...of("alone", alone), ...of("under_ingest", underIngest) };
  say(`p99 under ingest is ${inWords(ratio, 2)} of p99 alone, ${alone.length} rounds of ${ROUND_MS / 1_000} s in turn`);
  say(`${CALLS_PER_S} calls/s at their times; ${inWords(ingested)} events/s taken in; log: embedded, fsync`);
  return {
    ...both,
    ...figuresOf("p99_ratio", ratio),
    p99_ratio_of_all_calls: all(underIngest) / all(alone),
    ...figuresOf("events_per_s", ingested),
    calls_per_s: CALLS_PER_S,
    rounds: alone.length,
  };
}

/** Calls the handler at a steady rate, each time for another shopper. */
class Caller {
  readonly #decider: Decider;
  #calls = 0;

  constructor(decider: Decider) {
    this.#decider = decider;
  }

  async round(durationMs: number, source: Source): Promise<Round> {
    const calls: Promise<number>[] = [];
    const ingestedBefore = source.ingested;
    const startedMs = performance.now();
    for (let due = 0; due < (durationMs * CALLS_PER_S) / 1_000; due += 1) {
      const aheadMs = startedMs + (due * 1_000) / CALLS_PER_S - performance.now();
      if (aheadMs > 0) await afterMs(aheadMs);
      calls.push(this.#call());
    }
    const latenciesMs = await Promise.all(calls);
    const tookMs = performance.now() - startedMs;
    return { latenciesMs, eventsPerSecond: ((source.ingested - ingestedBefore) * 1_000) / tookMs };
  }

  async #call(): Promise<number> {
    this.#calls += 1;
    const request = decideRequest(this.#calls % SHOPPERS, `request-${this.#calls}`);
    const calledMs = performance.now();
    const answer = await this.#decider.decide(request, undefined);
    const tookMs = performance.now() - calledMs;
    if (!answer.ok) throw new Error(answer.error.reason);
    if (answer.value.degradedReason !== "") throw new Error(`an answer was degraded: ${answer.value.degradedReason}`);
    return tookMs;
  }
}

/** Events of other subjects at a steady rate, behind those of a log, for its feed. */
class Source {
  /** Events that the feed has taken in. */
  ingested = 0;
  readonly #tapes: readonly RecordTape[];
  readonly #nextOffsets: number[] = [];
  readonly #isTaking = new Set<number>();
  #subscription: ScanSubscription | undefined;
  #error: unknown;

  constructor(tapes: readonly RecordTape[]) {
    this.#tapes = tapes;
  }

  /** The log with this clickstream behind its own, to which nobody may append any more. */
  before(log: EventLog): EventLog {
    return withClickstream(log, {
      scan: async (subscription) => {
        for (const { partition } of this.#tapes) {
          this.#nextOffsets[partition] = (await log.offsets(TOPICS.clickstream, partition)).end;
        }
        this.#subscription = subscription;
        return log.scan(subscription);
      },
    });
  }

  /** Hands events over until the work is done. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    let handed = 0;
    const ticking = setInterval(() => {
      handed += this.#hand(((performance.now() - startedMs) * EVENTS_PER_S) / 1_000 - handed);
    }, TICK_MS);
    try {
      return await work();
    } finally {
      clearInterval(ticking);
      // Those that come next have the machine for themselves again.
      while (this.#isTaking.size > 0) await afterMs(1);
      if (this.#error !== undefined) throw this.#error as Error;
    }
  }

  /** Hands so many over, the same number in each partition; one that is not done with its last waits. How many went. */
  #hand(due: number): number {
    let handed = 0;
    for (const tape of this.#tapes) {
      if (!this.#isTaking.has(tape.partition)) handed += this.#handOn(tape, Math.ceil(due / this.#tapes.length));
    }
    return handed;
  }

  #handOn(tape: RecordTape, count: number): number {
    const { partition } = tape;
    const nowMs = Date.now();
    const spans = tape.spans(this.#nextOffsets[partition] ?? 0, count, () => nowMs);
    this.#nextOffsets[partition] = spans.nextOffset;
    this.#isTaking.add(partition);
    Promise.resolve(this.#subscription?.onSpans(spans))
      .then(() => (this.ingested += spans.count))
      .catch((error: unknown) => (this.#error = error))
      .finally(() => this.#isTaking.delete(partition));
    return spans.count;
  }
}
