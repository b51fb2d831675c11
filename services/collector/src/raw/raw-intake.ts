import { TOPICS } from "@leastwise/contracts";
import {
  LogError,
  type Batch,
  type EventLog,
  type LogRecord,
  type NewRecord,
  type Relay,
  type RunningSubscription,
} from "@leastwise/eventlog";
import { setTimeout as delay } from "node:timers/promises";
import { BATCH_EVENTS_MAX, type Collector, type Relayed } from "../collector.js";
import { readRawRecord } from "./raw-record.js";

/** The group that shares the topic's partitions, and for which is committed how far they were taken in. */
export const RAW_GROUP = "leastwise-raw";

/** The door, as records and metrics name it. */
const SOURCE = "raw";

/** Tries of one step, and the waits between them, ms: about ten minutes, after which somebody has to hear of it. */
const TRIES_MAX = 125;
const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 5_000;

/** A batch that was taken in, by what became of its records. */
export interface RawBatch {
  /** Records whose event stands on the clickstream. */
  readonly taken: number;
  /** Records that are dead letters. */
  readonly setAside: number;
  /** Records that are to come. */
  readonly behind: number;
  readonly tookMs: number;
}

export interface RawIntakeOptions {
  readonly log: EventLog;
  readonly collector: Pick<Collector, "relay">;
  readonly onBatch?: (batch: RawBatch) => void;
  /** The log did not take something, and it is tried again. */
  readonly onRetry?: (error: LogError) => void;
}

/**
 * Takes in what others write to `clickstream.raw`, whatever its key: each record's event is checked, its subject found, and appended to `clickstream`
 * in one with how far the partition was read, so that it stands there once whatever crashes. What cannot be taken is a dead letter.
 *
 * Rejects with a LogError if the topic cannot be read.
 */
export async function startRawIntake(options: RawIntakeOptions): Promise<RunningSubscription> {
  const intake = new RawIntake(options);
  const reading = await options.log.subscribe({
    topic: TOPICS.clickstreamRaw,
    group: RAW_GROUP,
    onAssigned: (partitions) => intake.open(partitions),
    onRevoked: (partitions) => intake.close(partitions),
    from: (partition) => Promise.resolve(intake.next(partition)),
    onBatch: (batch) => intake.take(batch),
  });
  return { finished: reading.finished, stop: () => intake.stop(reading) };
}

class RawIntake {
  readonly #options: RawIntakeOptions;
  readonly #relays = new Map<number, Relay>();
  readonly #ended = new AbortController();

  constructor(options: RawIntakeOptions) {
    this.#options = options;
  }

  async open(partitions: readonly number[]): Promise<void> {
    await Promise.all(partitions.map((partition) => this.#tryOn(() => this.#reopen(partition))));
  }

  async close(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) {
      await this.#relays.get(partition)?.close();
      this.#relays.delete(partition);
    }
  }

  /** Where a partition is read on. */
  next(partition: number): number {
    return this.#relays.get(partition)?.committed?.offset ?? 0;
  }

  async take({ partition, records, endOffset }: Batch): Promise<void> {
    const startedMs = performance.now();
    let setAside = 0;
    for (let at = 0; at < records.length; at += BATCH_EVENTS_MAX) {
      const some = records.slice(at, at + BATCH_EVENTS_MAX);
      let isFirstTry = true;
      let letters = 0;
      await this.#tryOn(async () => {
        // What became of the try before is what the next relay says.
        if (!isFirstTry) await this.#reopen(partition);
        isFirstTry = false;
        // Of a try that was said to fail and had not, the next finds nothing left to do: what it made counts.
        await this.#relay(partition, some, (made) => {
          letters = made.filter(({ topic }) => topic === TOPICS.deadLetters).length;
        });
      });
      setAside += letters;
    }
    const behind = endOffset - 1 - (records.at(-1)?.offset ?? endOffset - 1);
    const taken = records.length - setAside;
    this.#options.onBatch?.({ taken, setAside, behind, tookMs: performance.now() - startedMs });
  }

  async stop(reading: RunningSubscription): Promise<void> {
    this.#ended.abort();
    await reading.stop();
    await this.close([...this.#relays.keys()]);
  }

  async #reopen(partition: number): Promise<void> {
    await this.#relays.get(partition)?.close();
    this.#relays.set(
      partition,
      await this.#options.log.relay({ group: RAW_GROUP, topic: TOPICS.clickstreamRaw, partition }),
    );
  }

  async #relay(
    partition: number,
    records: readonly LogRecord[],
    onMade: (made: readonly NewRecord[]) => void,
  ): Promise<void> {
    const relay = this.#relays.get(partition);
    const nextOffset = (records.at(-1)?.offset ?? -1) + 1;
    if (relay === undefined) throw new Error(`partition ${partition} was not given to this reader`);
    const from = relay.committed?.offset ?? 0;
    const { incarnation } = this.#options.log;
    const left = records.filter(({ offset }) => offset >= from);
    if (left.length === 0) return;
    const relayed = left.map(({ topic, offset, value }): Relayed => {
      return { incoming: readRawRecord(value), cause: `${incarnation}/${topic}/${partition}/${offset}` };
    });
    await this.#options.collector.relay(relayed, SOURCE, (made) => {
      onMade(made);
      return relay.append(made, nextOffset);
    });
  }

  /** Runs something of the log until it succeeds, as long as that may be. */
  async #tryOn(run: () => Promise<void>): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      try {
        await run();
        return;
      } catch (error) {
        if (!(error instanceof LogError) || error.hint !== "retry" || tried === TRIES_MAX) throw error;
        if (this.#ended.signal.aborted) throw error;
        this.#options.onRetry?.(error);
      }
      const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** (tried - 1));
      await delay(pauseMs, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
  }
}
