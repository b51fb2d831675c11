import { TOPICS, wire } from "@leastwise/contracts";
import { LogError, type EventLog } from "@leastwise/eventlog";
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
  type WindowCounts,
} from "@leastwise/windows";
import { setTimeout as delay } from "node:timers/promises";
import type { Restored } from "./checkpoint/checkpoint-keeper.js";
import type { Manifest } from "./checkpoint/chunk.js";
import { ClickstreamFollowing } from "./ingest/clickstream-following.js";
import { IngestThreads, type ThreadOptions } from "./ingest/ingest-threads.js";
import { Ingest, type AddedPartition, type CheckpointOptions } from "./ingest/ingest.js";
import { ordersIn } from "./ingest/order-book.js";
import type { PostedPoison } from "./ingest/thread-messages.js";
import type { FoldEffects } from "./ingest/windows-fold.js";
import { LatestTurn } from "./latest-turn.js";
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
  /** Partitions of the clickstream that are held from the beginning. Default: all. */
  readonly partitions?: readonly number[];
  /**
   * Bytes that the windows of all partitions of the clickstream together may take: each that is held has its share reserved as long as it is, however
   * many are. Default: 32 MiB for each (`BYTES_MAX`).
   */
  readonly bytesMax?: number;
  /** Absent: the clickstream is taken in by this thread. */
  readonly thread?: ThreadOptions;
  /** Checkpoints of a feed without threads; a thread opens its own. Absent: none. */
  readonly checkpoints?: CheckpointOptions;
}

/** How far a partition of the clickstream has been read. */
export interface PartitionProgress {
  readonly partition: number;
  /** First offset that is not in the windows. */
  readonly nextOffset: number;
  /** When the newest record that is in the windows was written to the log; −∞ if there is none. */
  readonly newestMs: number;
}

/** A partition that is held. */
interface Held extends PartitionProgress {
  readonly reader: WindowReader;
  /** What stood on the log when it was taken up: read so far, it is caught up. */
  readonly end: number;
  /** Only while it is live are its windows whole, and read. */
  state: "restoring" | "live" | "leaving";
  nextOffset: number;
  newestMs: number;
  counts: Partial<Readonly<WindowCounts>>;
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

/** Clickstream → windows, which are read here while they are written, wherever that is done. Partitions are taken up and let go meanwhile. */
export class WindowsFeed {
  /** Rejects when the clickstream can no longer be followed; resolves after close. */
  readonly finished: Promise<void>;
  readonly #options: WindowsFeedOptions;
  readonly #partitionCount: number;
  /** By partition; none for one that is not held. */
  readonly #held: (Held | undefined)[];
  /** What partitions counted that were let go. */
  readonly #countedBefore: Partial<WindowCounts> = {};
  readonly #waiters = new Waiters();
  readonly #moves: MoveBook;
  readonly #ingest: Ingest | IngestThreads;
  /** Reads for threads that do not follow the log themselves. */
  readonly #handing: ClickstreamFollowing | undefined;
  readonly #turns = new LatestTurn<readonly number[]>((partitions) => this.#become(partitions));
  #caughtUp: () => void = () => undefined;
  #closed: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #failure: { readonly error: unknown } | undefined;
  #isClosed = false;

  private constructor(options: WindowsFeedOptions, partitionCount: number) {
    this.#options = options;
    this.#partitionCount = partitionCount;
    this.#held = Array.from({ length: partitionCount }, () => undefined);
    this.finished = new Promise((resolve, reject) => {
      this.#closed = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined);
    this.#moves = new MoveBook(options.log, options.clock, partitionCount, ({ code }) => {
      options.telemetry.metrics.logAppendFailures.with({ topic: TOPICS.clickstream, code }).add();
      options.telemetry.logger.error(
        { code },
        "a state that a login moves did not get onto the log: it is sent again with a later one, or at the next start",
      );
    });
    for (const partition of this.#held.keys()) this.#moves.letGo(partition);
    const { log, currency, thread, checkpoints } = options;
    const what = { currency, incarnation: this.incarnation };
    if (thread === undefined) this.#ingest = new Ingest({ ...what, checkpoints }, this.#listener());
    else this.#ingest = IngestThreads.start({ ...what, partitions: partitionCount }, thread, this.#listener());
    this.#handing = thread?.followsItself === false ? this.#handTo(this.#ingest, log) : undefined;
    for (const part of [this.#ingest, this.#handing]) part?.finished.catch(this.#fail);
  }

  /**
   * Fills the windows, from checkpoints and the clickstream kept, resolves when all of it is in them, and goes on as it comes. Rejects with what
   * keeps them from that; RangeError for a partition that the clickstream does not have.
   */
  static async open(options: WindowsFeedOptions): Promise<WindowsFeed> {
    const count = await options.log.partitions(TOPICS.clickstream);
    const feed = new WindowsFeed(options, count);
    try {
      await feed.hold(options.partitions ?? [...feed.#held.keys()]);
    } catch (error) {
      await feed.close();
      throw error;
    }
    return feed;
  }

  /**
   * From now on exactly these partitions are held. Those that are new are filled as at the beginning, and are read when it resolves. Of those that are
   * held no longer nothing more is taken in, a checkpoint under way is given up, and their memory goes. Those that stay go on.
   *
   * Calls are in turn; what a later call overtakes before it has begun is left out, and settles as that one does. Rejects, and all stays as it
   * was, with a RangeError for a partition that the clickstream does not have, and when the log does not say what it has (LogError). Whatever
   * fails after that ends the feed.
   */
  async hold(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) {
      if (Number.isInteger(partition) && partition >= 0 && partition < this.#partitionCount) continue;
      throw new RangeError(`partitions: expected 0 to ${this.#partitionCount - 1}, got ${partition}`);
    }
    await this.#turns.take([...new Set(partitions)]);
  }

  async #become(wanted: readonly number[]): Promise<void> {
    this.#expectToGoOn();
    const gone = this.#holdings().filter(({ partition }) => !wanted.includes(partition));
    const added = await this.#boundsOf(wanted.filter((partition) => this.#held[partition] === undefined));
    try {
      if (gone.length > 0) await this.#letGo(gone);
      if (added.length > 0) await this.#takeUp(added);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  async #boundsOf(partitions: readonly number[]) {
    const bounds: Omit<AddedPartition, "memory">[] = [];
    for (const partition of partitions) {
      const { begin, end } = await this.#options.log.offsets(TOPICS.clickstream, partition);
      bounds.push({ partition, begin, end });
    }
    return bounds;
  }

  async #letGo(gone: readonly Held[]): Promise<void> {
    const partitions = gone.map(({ partition }) => partition);
    for (const held of gone) {
      held.state = "leaving";
      this.#moves.letGo(held.partition);
      this.#waiters.giveUp(held.partition);
    }
    await this.#handing?.follow(this.#places());
    await this.#ingest.release(partitions);
    for (const { partition, counts } of gone) {
      this.#held[partition] = undefined;
      this.#moves.forgetLinksOf(partition);
      for (const name of Object.keys(counts) as (keyof WindowCounts)[]) {
        this.#countedBefore[name] = (this.#countedBefore[name] ?? 0) + (counts[name] ?? 0);
      }
    }
  }

  async #takeUp(bounds: readonly Omit<AddedPartition, "memory">[]): Promise<void> {
    const added = bounds.map((one) => ({ ...one, memory: reserveSegment(this.#shareBytes) }));
    for (const { partition, memory, begin: nextOffset, end } of added) {
      const reader = new WindowReader(memory);
      const newestMs = Number.NEGATIVE_INFINITY;
      this.#held[partition] = { partition, reader, end, state: "restoring", nextOffset, newestMs, counts: {} };
    }
    const restored = await this.#ingest.restore(added);
    this.#expectToGoOn();
    for (const one of restored) this.#noteRestored(one);
    const caughtUp = new Promise<void>((resolve) => (this.#caughtUp = resolve));
    this.#tellIfCaughtUp();
    await this.#follow();
    await Promise.race([caughtUp, this.finished]);
    this.#expectToGoOn();
    for (const held of this.#holdings()) held.state = "live";
    await this.#moves.finishEarlier(new Set(added.map(({ partition }) => partition)));
  }

  /** Of memory for one partition. */
  get #shareBytes(): number {
    const { bytesMax } = this.#options;
    const share = bytesMax === undefined ? BYTES_MAX : Math.floor(bytesMax / this.#partitionCount);
    return Math.min(share, SEGMENT_BYTES_MAX);
  }

  async #follow(): Promise<void> {
    const take = (effects: FoldEffects): void => {
      this.#take(effects);
    };
    if (this.#handing !== undefined) await this.#handing.follow(this.#places());
    else if (this.#ingest instanceof Ingest) await this.#ingest.follow(this.#options.log, take);
    else await this.#ingest.follow(take);
  }

  #handTo(threads: Ingest | IngestThreads, log: EventLog): ClickstreamFollowing | undefined {
    if (threads instanceof Ingest) return undefined;
    return new ClickstreamFollowing(log, {
      onSpans: (spans) =>
        threads.take(spans, (effects) => {
          this.#take(effects);
        }),
      onPoisoned: (batch) => this.#setAside(batch),
    });
  }

  /** Where each partition goes on that does not leave. */
  #places(): ReadonlyMap<number, number> {
    const staying = this.#holdings().filter(({ state }) => state !== "leaving");
    return new Map(staying.map(({ partition, nextOffset }) => [partition, nextOffset]));
  }

  readonly #fail = (error: unknown): void => {
    if (this.#isClosed) return;
    this.#failure ??= { error };
    this.#reject(error);
  };

  #expectToGoOn(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#isClosed) throw new Error("the feed is closed");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiters.releaseAll();
    this.#moves.stop();
    await this.#handing?.stop();
    await this.#ingest.stop();
    this.#closed();
  }

  /** Of the log that the windows are a fold of. */
  get incarnation(): string {
    return this.#options.log.incarnation;
  }

  /** Where the subject's windows are, here or elsewhere. */
  partitionOf(subject: SubjectId): number {
    return partitionOfBucket(bucketOf(subject), this.#partitionCount);
  }

  /** Whether the subject's windows are here, and whole. */
  holds(subject: SubjectId): boolean {
    return this.#held[this.partitionOf(subject)]?.state === "live";
  }

  /** The subject's features at t; not known, and every feature absent, for one that is not held: see {@link WindowsFeed.holds}. */
  read(subject: SubjectId, atMs: Millis): FeatureSnapshot {
    const snapshot = emptySnapshot();
    const held = this.#held[this.partitionOf(subject)];
    if (held?.state === "live") held.reader.read(subject, atMs, snapshot);
    else snapshot.atMs = atMs;
    return snapshot;
  }

  /** The assignment key that the subject was first seen with; undefined for one never seen, or not held. */
  assignmentKeyOf(subject: SubjectId): AssignmentKey | undefined {
    const held = this.#held[this.partitionOf(subject)];
    if (held?.state !== "live") return undefined;
    return held.reader.assignmentKeyOf(subject) as string | undefined as AssignmentKey | undefined;
  }

  /** Whether the windows have seen an offset of a partition. */
  hasSeen(partition: number, offset: number): boolean {
    return (this.#held[partition]?.nextOffset ?? 0) > offset;
  }

  /** Resolves when the windows have seen the offset, or after the time: then false; at once for a partition that is not held. */
  waitFor(partition: number, offset: number, waitMs: number): Promise<boolean> {
    const held = this.#held[partition];
    if (held === undefined || held.state === "leaving") return Promise.resolve(false);
    if (this.hasSeen(partition, offset)) return Promise.resolve(true);
    return this.#waiters.wait(partition, offset, waitMs);
  }

  /** How far each partition that is held has been read, rising. */
  progress(): readonly PartitionProgress[] {
    return this.#holdings().map(({ partition, nextOffset, newestMs }) => ({ partition, nextOffset, newestMs }));
  }

  /** What the windows of all partitions together have counted so far, those among them that were let go. */
  counted(name: keyof WindowCounts): number {
    return this.#holdings().reduce((sum, { counts }) => sum + (counts[name] ?? 0), this.#countedBefore[name] ?? 0);
  }

  /** Resolves when no state is on its way to the subject from a login that the windows have seen, or after the time: then false; at once if it is not held. */
  async waitForMoves(subject: SubjectId, waitMs: number): Promise<boolean> {
    return this.holds(subject) && (await this.#moves.untilArrived(subject, waitMs)) && this.holds(subject);
  }

  get subjectCount(): number {
    return this.#holdings().reduce((count, { reader }) => count + reader.subjectCount, 0);
  }

  /** Bytes of memory that the windows take. */
  get bytesInUse(): number {
    return this.#holdings().reduce((bytes, { reader }) => bytes + reader.bytesInUse, 0);
  }

  #holdings(): readonly Held[] {
    return this.#held.filter((held) => held !== undefined);
  }

  /** Writes a checkpoint of each partition that is held now. */
  async checkpoint(): Promise<void> {
    await this.#ingest.checkpoint();
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
    const held = this.#held[partition];
    if (held !== undefined) held.nextOffset = offset;
    this.#moves.takeUp(partition, offset);
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
    const held = this.#held[partition];
    if (held === undefined) throw new RangeError(`partition ${partition} is not held`);
    for (const { to, cause, value, hasState } of sent) {
      const isNeeded = () => hasState || this.assignmentKeyOf(to) === undefined;
      this.#moves.send({ to, cause, value, isNeeded }, held.state === "live");
    }
    if (arrived.length > 0) this.#noteArrived(arrived);
    for (const { subject, atMs } of orders) onOrder(subject, atMs);
    this.#measure(effects, held.state === "live");
    held.nextOffset = nextOffset;
    held.counts = effects.counts;
    if (effects.newestMs !== undefined) held.newestMs = effects.newestMs;
    this.#waiters.release(partition, nextOffset - 1);
    this.#tellIfCaughtUp();
  }

  #noteArrived(causes: readonly string[]): void {
    const isLive = this.#holdings().every(({ state }) => state !== "restoring");
    for (const cause of causes) this.#moves.arrived(cause, isLive);
  }

  #measure(effects: FoldEffects, isLive: boolean): void {
    const { partition, records, unreadable, verdicts, tookMs, oldestReceivedMs } = effects;
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
    if (!isLive || oldestReceivedMs === undefined) return;
    metrics.freshness.with({}).observe(Math.max(0, this.#options.clock.nowMs() - oldestReceivedMs) / 1_000);
  }

  #tellIfCaughtUp(): void {
    const isBehind = (held: Held | undefined) => held?.state === "restoring" && held.nextOffset < held.end;
    if (!this.#held.some(isBehind)) this.#caughtUp();
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
    const held = this.#held[partition];
    if (held !== undefined) held.nextOffset = Math.max(nextOffset, held.nextOffset);
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
}
