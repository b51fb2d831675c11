import { TOPICS, wire } from "@leastwise/contracts";
import { LogError, type EventLog, type RunningSubscription } from "@leastwise/eventlog";
import type { Telemetry } from "@leastwise/telemetry";
import {
  bucketOf,
  partitionOfBucket,
  sayRefusal,
  type AssignmentKey,
  type Clock,
  type CurrencyCode,
  type Millis,
  type SubjectId,
} from "@leastwise/vocabulary";
import {
  BYTES_MAX,
  emptySnapshot,
  reserveSegment,
  WindowReader,
  type FeatureSnapshot,
  type SegmentMemory,
  type WindowCounts,
} from "@leastwise/windows";
import { setTimeout as delay } from "node:timers/promises";
import type { LogBounds, Restored } from "./checkpoint/checkpoint-keeper.js";
import type { Manifest } from "./checkpoint/chunk.js";
import { IngestThreads, type ThreadOptions } from "./ingest/ingest-threads.js";
import { Ingest, type CheckpointOptions } from "./ingest/ingest.js";
import { ordersIn } from "./ingest/order-book.js";
import type { PostedPoison } from "./ingest/thread-messages.js";
import type { FoldEffects } from "./ingest/windows-fold.js";
import { MoveBook } from "./moves.js";
import { Waiters } from "./waiters.js";

export interface WindowsFeedOptions {
  readonly log: EventLog;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** The shop's own currency: amounts in another are left out of the windows, never converted. */
  readonly currency: CurrencyCode;
  /** The subject placed an order: at its own instant, or, where the browser's clock was ahead, when it was received. */
  readonly onOrder: (subject: SubjectId, atMs: Millis) => void;
  /** Bytes that the windows of all partitions together may take. Default: 32 MiB for each. */
  readonly bytesMax?: number;
  /** Absent: the clickstream is taken in by this thread. */
  readonly thread?: ThreadOptions;
  /** Checkpoints of a feed without threads; a thread opens its own. Absent: none. */
  readonly checkpoints?: CheckpointOptions;
}

/** How far a partition of the clickstream has been read. */
export interface PartitionProgress {
  /** First offset that is not in the windows. */
  readonly nextOffset: number;
  /** When the newest record that is in the windows was written to the log; −∞ if there is none. */
  readonly newestMs: number;
}

/** The windows' name among consumers. */
export const CONSUMER = "scorer-windows";

/** Of one partition: what one array can hold in every version of Node that is supported. */
const SEGMENT_BYTES_MAX = 2 ** 32;

/** How often a stretch that cannot be read is tried to be put to the dead letters, and how long it is left alone after the first try, ms. */
const SET_ASIDE_TRIES = 4;
const SET_ASIDE_PAUSE_MS = 50;

/** How long a checkpoint waits for the states that links sent on, ms. */
const MOVES_WAIT_MS = 60_000;

/** Clickstream → windows, which are read here while they are written, wherever that is done. */
export class WindowsFeed {
  readonly #options: WindowsFeedOptions;
  readonly #readers: readonly WindowReader[];
  readonly #nextOffsets: number[];
  readonly #newestMs: number[] = [];
  readonly #counts: Readonly<WindowCounts>[] = [];
  readonly #ends: readonly LogBounds[];
  readonly #waiters = new Waiters();
  readonly #moves: MoveBook;
  readonly #ingest: Ingest | undefined;
  readonly #threads: IngestThreads | undefined;
  #scanning: RunningSubscription | undefined;
  #caughtUp: () => void = () => undefined;
  #isLive = false;

  private constructor(options: WindowsFeedOptions, bounds: readonly LogBounds[]) {
    this.#options = options;
    this.#ends = bounds;
    const share = options.bytesMax === undefined ? BYTES_MAX : Math.floor(options.bytesMax / bounds.length);
    const bytesMax = Math.min(share, SEGMENT_BYTES_MAX);
    const memories = bounds.map(() => reserveSegment(bytesMax));
    this.#readers = memories.map((memory) => new WindowReader(memory));
    this.#nextOffsets = bounds.map(({ begin }) => begin);
    this.#moves = new MoveBook(options.log, options.clock, bounds.length, ({ code }) => {
      options.telemetry.metrics.logAppendFailures.with({ topic: TOPICS.clickstream, code }).add();
      options.telemetry.logger.error(
        { code },
        "a state that a login moves did not get onto the log: it is sent again with a later one, or at the next start",
      );
    });
    if (options.thread === undefined) this.#ingest = this.#ingestHere(memories);
    else {
      const { currency, thread } = options;
      const windows = { memories, currency, incarnation: this.incarnation };
      this.#threads = IngestThreads.start(windows, thread, this.#listener());
    }
  }

  /** Fills the windows, from checkpoints and the clickstream kept, resolves when all of it is in them, and goes on as it comes. */
  static async open(options: WindowsFeedOptions): Promise<WindowsFeed> {
    const { log } = options;
    const bounds: LogBounds[] = [];
    for (let partition = 0; partition < (await log.partitions(TOPICS.clickstream)); partition += 1) {
      bounds.push(await log.offsets(TOPICS.clickstream, partition));
    }
    const feed = new WindowsFeed(options, bounds);
    try {
      await feed.#begin();
    } catch (error) {
      await feed.close();
      throw error;
    }
    return feed;
  }

  async #begin(): Promise<void> {
    const restored = await (this.#threads ?? this.#ingest)?.restore(this.#ends);
    for (const one of restored ?? []) this.#noteRestored(one);
    const caughtUp = new Promise<void>((resolve) => (this.#caughtUp = resolve));
    this.#tellIfCaughtUp();
    await this.#follow();
    await Promise.race([caughtUp, this.finished]);
    this.#isLive = true;
    await this.#moves.finishEarlier();
  }

  async #follow(): Promise<void> {
    const from = [...this.#nextOffsets];
    const { log, thread } = this.#options;
    if (this.#threads !== undefined && thread?.followsItself === true) {
      await this.#threads.follow(from, (effects) => {
        this.#take(effects);
      });
      return;
    }
    if (this.#ingest !== undefined) {
      this.#scanning = await this.#ingest.follow(log, from, (effects) => {
        this.#take(effects);
      });
      return;
    }
    this.#scanning = await log.scan({
      topic: TOPICS.clickstream,
      from: (partition) => Promise.resolve(from[partition] ?? 0),
      onSpans: (spans) =>
        this.#threads?.take(spans, (effects) => {
          this.#take(effects);
        }),
      onPoisoned: (batch) => this.#setAside(batch),
    });
  }

  /** Rejects when the clickstream can no longer be followed; resolves after close. */
  get finished(): Promise<void> {
    const scanning = this.#scanning?.finished ?? Promise.resolve();
    if (this.#threads === undefined) return scanning;
    return this.#scanning === undefined ? this.#threads.finished : Promise.race([scanning, this.#threads.finished]);
  }

  async close(): Promise<void> {
    this.#waiters.releaseAll();
    this.#moves.stop();
    await this.#scanning?.stop();
    await this.#ingest?.stop();
    await this.#threads?.stop();
  }

  /** Of the log that the windows are a fold of. */
  get incarnation(): string {
    return this.#options.log.incarnation;
  }

  /** Where the subject's windows are. */
  partitionOf(subject: SubjectId): number {
    return partitionOfBucket(bucketOf(subject), this.#readers.length);
  }

  /** The subject's features at t. */
  read(subject: SubjectId, atMs: Millis): FeatureSnapshot {
    const snapshot = emptySnapshot();
    this.#reader(subject).read(subject, atMs, snapshot);
    return snapshot;
  }

  /** The assignment key that the subject was first seen with; undefined for one never seen. */
  assignmentKeyOf(subject: SubjectId): AssignmentKey | undefined {
    return this.#reader(subject).assignmentKeyOf(subject) as string | undefined as AssignmentKey | undefined;
  }

  /** Whether the windows have seen an offset of a partition. */
  hasSeen(partition: number, offset: number): boolean {
    return (this.#nextOffsets[partition] ?? 0) > offset;
  }

  /** Resolves when the windows have seen the offset, or after the time: then false; at once for a partition that there is not. */
  waitFor(partition: number, offset: number, waitMs: number): Promise<boolean> {
    if (partition >= this.#readers.length) return Promise.resolve(false);
    if (this.hasSeen(partition, offset)) return Promise.resolve(true);
    return this.#waiters.wait(partition, offset, waitMs);
  }

  /** How far each partition has been read, by partition. */
  progress(): readonly PartitionProgress[] {
    return this.#nextOffsets.map((nextOffset, partition) => ({
      nextOffset,
      newestMs: this.#newestMs[partition] ?? Number.NEGATIVE_INFINITY,
    }));
  }

  /** What the windows of all partitions together have counted so far. */
  counted(name: keyof WindowCounts): number {
    return this.#counts.reduce((sum, counts) => sum + counts[name], 0);
  }

  /** Resolves when no state is on its way to the subject from a login that the windows have seen, or after the time: then false. */
  waitForMoves(subject: SubjectId, waitMs: number): Promise<boolean> {
    return this.#moves.untilArrived(subject, waitMs);
  }

  get subjectCount(): number {
    return this.#readers.reduce((count, reader) => count + reader.subjectCount, 0);
  }

  /** Bytes of memory that the windows take. */
  get bytesInUse(): number {
    return this.#readers.reduce((bytes, reader) => bytes + reader.bytesInUse, 0);
  }

  /** Writes a checkpoint of each partition now. */
  async checkpoint(): Promise<void> {
    await (this.#threads ?? this.#ingest)?.checkpoint();
  }

  #ingestHere(memories: readonly SegmentMemory[]): Ingest {
    const { currency, checkpoints } = this.#options;
    return new Ingest({ memories, currency, incarnation: this.incarnation, checkpoints }, this.#listener());
  }

  #listener() {
    const { logger, metrics } = this.#options.telemetry;
    return {
      onCheckpoint: ({ partition, subjects, bytes, offset }: Manifest, tookMs: number) => {
        metrics.checkpoints.with({ outcome: "ok" }).add();
        logger.info({ partition, subjects, bytes, offset, took_ms: Math.round(tookMs) }, "a checkpoint was written");
      },
      onCheckpointFailed: (partition: number, message: string) => {
        metrics.checkpoints.with({ outcome: "failed" }).add();
        logger.error({ partition, message }, "a checkpoint could not be written: a restart reads more of the log");
      },
      onPoisoned: (batch: PostedPoison) => this.#setAside(batch),
      areMovesDurable: (partition: number, offset: number) => this.#moves.areDurable(partition, offset, MOVES_WAIT_MS),
    };
  }

  #noteRestored({ partition, offset, subjects, orders, refused }: Restored): void {
    const { logger, metrics } = this.#options.telemetry;
    this.#nextOffsets[partition] = offset;
    for (const { subject, atMs } of ordersIn(orders)) this.#options.onOrder(subject, atMs);
    if (refused !== undefined) {
      metrics.checkpoints.with({ outcome: "refused" }).add();
      logger.warn(
        { partition, problem: sayRefusal(refused) },
        "no checkpoint can be used: the log rebuilds the windows",
      );
    } else if (subjects > 0) logger.info({ partition, subjects, offset }, "windows come from a checkpoint");
  }

  #take(effects: FoldEffects): void {
    const { partition, nextOffset, orders, sent, arrived } = effects;
    const { onOrder } = this.#options;
    for (const { to, cause, value, hasState } of sent) {
      const isNeeded = () => hasState || this.assignmentKeyOf(to) === undefined;
      this.#moves.send({ to, cause, value, isNeeded }, this.#isLive);
    }
    for (const cause of arrived) this.#moves.arrived(cause, this.#isLive);
    for (const { subject, atMs } of orders) onOrder(subject, atMs);
    this.#measure(effects);
    this.#nextOffsets[partition] = nextOffset;
    this.#counts[partition] = effects.counts;
    if (effects.newestMs !== undefined) this.#newestMs[partition] = effects.newestMs;
    this.#waiters.release(partition, nextOffset - 1);
    this.#tellIfCaughtUp();
  }

  #measure({ partition, records, unreadable, verdicts, tookMs, oldestReceivedMs }: FoldEffects): void {
    const { metrics, logger } = this.#options.telemetry;
    const labels = { consumer: CONSUMER, topic: TOPICS.clickstream };
    metrics.consumerBatchDuration.with(labels).observe(tookMs / 1_000);
    for (const { offset, reason } of unreadable) {
      logger.warn({ partition, offset, reason }, "a clickstream record could not be read");
    }
    metrics.consumerRecords.with({ ...labels, outcome: "ok" }).add(records - unreadable.length);
    if (unreadable.length > 0)
      metrics.consumerRecords.with({ ...labels, outcome: "dead_letter" }).add(unreadable.length);
    for (const [verdict, count] of Object.entries(verdicts)) metrics.windowVerdicts.with({ verdict }).add(count);
    if (!this.#isLive || oldestReceivedMs === undefined) return;
    metrics.freshness.with({}).observe(Math.max(0, this.#options.clock.nowMs() - oldestReceivedMs) / 1_000);
  }

  #tellIfCaughtUp(): void {
    if (this.#ends.every(({ end }, partition) => (this.#nextOffsets[partition] ?? 0) >= end)) this.#caughtUp();
  }

  /**
   * Puts bytes that are no records to the dead letters, and passes over them once they stand there; those that this meets at its start were put
   * there when they were met first. Rejects with a LogError when they cannot be put there: that ends the feed, and with it the process, before
   * anything behind them is taken in. No checkpoint is beyond them then, so that the next start meets them again, and nothing is lost.
   */
  async #setAside({ partition, firstOffset, nextOffset, reason, bytes }: PostedPoison): Promise<void> {
    const { clock, telemetry } = this.#options;
    const labels = { consumer: CONSUMER, topic: TOPICS.clickstream, outcome: "dead_letter" };
    telemetry.metrics.consumerRecords.with(labels).add(Math.max(1, nextOffset - firstOffset));
    telemetry.logger.error(
      { partition, firstOffset, nextOffset, reason },
      "a stretch of the clickstream cannot be read",
    );
    const letter = wire.DeadLetter.encode({
      ...{
        reason,
        field: `offsets ${firstOffset} to ${nextOffset - 1}`,
        expected: "record batches that agree with their checksums",
      },
      ...{
        source: `${TOPICS.clickstream}/${partition}`,
        receivedAtMs: BigInt(clock.nowMs()),
        payload: Buffer.from(bytes),
      },
      cause: `${this.incarnation}/${TOPICS.clickstream}/${partition}/${firstOffset}`,
    }).finish();
    await this.#appendDeadLetter(letter);
    this.#nextOffsets[partition] = Math.max(nextOffset, this.#nextOffsets[partition] ?? 0);
    this.#waiters.release(partition, nextOffset - 1);
    this.#tellIfCaughtUp();
  }

  /** Tries a few times what may pass, besides the tries that the log makes by itself. */
  async #appendDeadLetter(value: Uint8Array): Promise<void> {
    const { log, clock, telemetry } = this.#options;
    for (let tried = 1; ; tried += 1) {
      try {
        await log.append([{ topic: TOPICS.deadLetters, partition: 0, value, timestampMs: clock.nowMs() }]);
        return;
      } catch (error) {
        if (!(error instanceof LogError)) throw error;
        telemetry.metrics.logAppendFailures.with({ topic: TOPICS.deadLetters, code: error.code }).add();
        if (error.hint !== "retry" || tried === SET_ASIDE_TRIES) throw error;
      }
      await delay(SET_ASIDE_PAUSE_MS * 2 ** (tried - 1));
    }
  }

  #reader(subject: SubjectId): WindowReader {
    const reader = this.#readers[this.partitionOf(subject)];
    if (reader === undefined) throw new RangeError(`no partition for ${subject}`);
    return reader;
  }
}
