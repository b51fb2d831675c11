import { TOPICS } from "@leastwise/contracts";
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
  WindowReader,
  type FeatureSnapshot,
  type SegmentMemory,
  type WindowCounts,
} from "@leastwise/windows";
import type { Restored } from "./checkpoint/checkpoint-keeper.js";
import type { Manifest } from "./checkpoint/chunk.js";
import { claimsOf, STANDBY, type Claim, type Holding, type Role } from "./holding.js";
import { ClickstreamFollowing } from "./ingest/clickstream-following.js";
import { IngestThreads, type ThreadOptions } from "./ingest/ingest-threads.js";
import { Ingest, type AddedPartition, type CheckpointOptions } from "./ingest/ingest.js";
import { ordersIn } from "./ingest/order-book.js";
import type { PostedPoison } from "./ingest/thread-messages.js";
import type { FoldEffects } from "./ingest/windows-fold.js";
import { LatestTurn } from "./latest-turn.js";
import { MoveBook } from "./moves.js";
import { RemovedUnreadAlarm } from "./removed-unread.js";
import { SegmentPool } from "./segment-pool.js";
import { UnreadableStretches } from "./unreadable-stretches.js";
import { Waiters } from "./waiters.js";

export interface WindowsFeedOptions {
  readonly log: EventLog;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** The shop's own currency: amounts in another are left out of the windows, never converted. */
  readonly currency: CurrencyCode;
  /** The subject placed an order: at its own instant, or, where the browser's clock was ahead, when it was received. */
  readonly onOrder: (subject: SubjectId, atMs: Millis) => void;
  /** Partitions of the clickstream that are held from the beginning: see {@link WindowsFeed.hold}. Default: all. */
  readonly partitions?: Holding | readonly number[];
  /**
   * Bytes that the windows of all partitions of the clickstream together may take: each that is held has its share, however many are. Shares are
   * reserved for as many as are held at once, and kept for those that come later. Default: 32 MiB for each (`BYTES_MAX`).
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
  readonly memory: SegmentMemory;
  readonly reader: WindowReader;
  /** What stood on the log when it was taken up: read so far, it is caught up. */
  readonly end: number;
  /** Whether its windows are rebuilt from the oldest record that the log has, whichever that is. */
  isRebuilt: boolean;
  /** Only while it is live are its windows whole, and read. */
  state: "restoring" | "live" | "leaving";
  claim: Claim;
  nextOffset: number;
  newestMs: number;
  counts: Partial<Readonly<WindowCounts>>;
}

/** What is known of a partition before it is taken up. */
type Bounds = Pick<AddedPartition, "partition" | "begin" | "end" | "isWhole">;

/** The windows' name among consumers. */
export const CONSUMER = "scorer-windows";

/** Of one partition: what one array can hold in every version of Node that is supported. */
const SEGMENT_BYTES_MAX = 2 ** 32;

/** How long a checkpoint waits for the states that links sent on, ms. */
const MOVES_WAIT_MS = 60_000;

/**
 * Clickstream → windows, which are read here while they are written, wherever that is done. Partitions are taken up and let go meanwhile; each is owned,
 * or kept warm for its owner elsewhere.
 */
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
  readonly #segments: SegmentPool;
  readonly #unreadable: UnreadableStretches;
  readonly #removed: RemovedUnreadAlarm;
  readonly #ingest: Ingest | IngestThreads;
  /** Reads for threads that do not follow the log themselves. */
  readonly #handing: ClickstreamFollowing | undefined;
  readonly #turns = new LatestTurn<ReadonlyMap<number, Claim>>((wanted) => this.#become(wanted));
  /** What is to be held by the latest word. */
  #wanted: ReadonlyMap<number, Claim> = new Map();
  #caughtUp: () => void = () => undefined;
  #closed: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #failure: { readonly error: unknown } | undefined;
  /** The clickstream was seen without its beginning, which never comes back. */
  #isCut = false;
  #isClosed = false;

  private constructor(options: WindowsFeedOptions, partitionCount: number) {
    this.#options = options;
    this.#partitionCount = partitionCount;
    this.#held = Array.from({ length: partitionCount }, () => undefined);
    this.#segments = new SegmentPool(shareOf(options.bytesMax, partitionCount));
    this.#unreadable = new UnreadableStretches({ ...options, consumer: CONSUMER });
    this.#removed = new RemovedUnreadAlarm({ ...options, consumer: CONSUMER });
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
   * keeps them from that; RangeError for partitions that cannot be held, as {@link WindowsFeed.hold} says.
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
   * From now on exactly these partitions are held; a plain list owns them, under the epoch of `CheckpointOptions`. Both kinds are filled, follow the
   * clickstream, tell their orders and are read. Of a standby no checkpoint is written, and what its links move is not sent: that is its owner's.
   *
   * Roles of partitions that are held already change with the call itself, whatever else is under way, and nothing is read again for it: one that is
   * owned from now on sends what its owner before did not get to, and writes checkpoints under its new epoch; of one that is no longer, or that is to
   * be let go, a checkpoint under way is given up. One that an owner of a higher epoch has a checkpoint of is not written here, and it is said.
   *
   * Those that are new are filled as at the beginning, owned ones first and together, then one standby after the other, and are read when it resolves. Of
   * those that are held no longer nothing more is taken in, and their memory is cleared. Those that stay go on. This is done in turn; what a later call
   * overtakes before it has begun is left out, and settles as that one does. One that is overtaken in its turn leaves the standbys that it has not
   * come to to the later one.
   *
   * Rejects, and all stays as it was, with a RangeError for a partition that the clickstream does not have, that is owned and standby at once, or whose
   * epoch is no whole number from 0 on; and, but for the roles, when the log does not say what it has (LogError). Whatever fails after that ends the feed.
   */
  async hold(holding: Holding | readonly number[]): Promise<void> {
    const wanted = claimsOf(holding, this.#partitionCount);
    this.#expectToGoOn();
    this.#wanted = wanted;
    await Promise.all([this.#assumeRoles(), this.#turns.take(wanted)]);
  }

  /** Gives each partition that is held the role that it is to have; one that is to be let go is nobody's until it is. */
  async #assumeRoles(): Promise<void> {
    const changed = this.#holdings().filter(
      ({ partition, claim, state }) => state !== "leaving" && !isSame(claim, this.#claimOf(partition)),
    );
    for (const held of changed) held.claim = this.#claimOf(held.partition);
    // Whoever writes checkpoints hears of it before anything that follows from it.
    const assumed = this.#ingest.assume(changed.map(({ partition, claim }) => [partition, claim]));
    for (const held of changed) this.#noteRole(held);
    await assumed;
  }

  #claimOf(partition: number): Claim {
    return this.#wanted.get(partition) ?? STANDBY;
  }

  #noteRole({ partition, claim, state }: Held): void {
    if (claim.role === "standby") {
      this.#moves.standBy(partition);
      return;
    }
    this.#moves.own(partition);
    // Nobody waits for it: a log that is slow to take them is no reason not to answer.
    if (state === "live") this.#moves.finishEarlier(partition).catch(this.#fail);
  }

  async #become(wanted: ReadonlyMap<number, Claim>): Promise<void> {
    this.#expectToGoOn();
    const gone = this.#holdings().filter(({ partition }) => !wanted.has(partition));
    const added = await this.#boundsOf([...wanted.keys()].filter((partition) => this.#held[partition] === undefined));
    const isOwned = ({ partition }: { readonly partition: number }) => wanted.get(partition)?.role === "owned";
    const owned = added.filter(isOwned);
    try {
      if (gone.length > 0) await this.#letGo(gone);
      if (owned.length > 0) await this.#takeUp(owned);
      for (const standby of added.filter((one) => !isOwned(one))) {
        if (this.#wanted !== wanted) return;
        await this.#takeUp([standby]);
      }
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  async #boundsOf(partitions: readonly number[]) {
    const bounds: Bounds[] = [];
    const isWhole = partitions.length > 0 && (await this.#isWhole());
    for (const partition of partitions) {
      const { begin, end } = await this.#options.log.offsets(TOPICS.clickstream, partition);
      bounds.push({ partition, begin, end, isWhole });
    }
    return bounds;
  }

  /** Whether everybody's first order is on the clickstream still: whose partition became another's, it may have stood in any. */
  async #isWhole(): Promise<boolean> {
    if (this.#isCut) return false;
    this.#isCut = !(await this.#options.log.holdsAll(TOPICS.clickstream));
    return !this.#isCut;
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
    for (const { partition, counts, memory } of gone) {
      this.#held[partition] = undefined;
      this.#segments.giveBack(memory);
      this.#moves.forgetLinksOf(partition);
      for (const name of Object.keys(counts) as (keyof WindowCounts)[]) {
        this.#countedBefore[name] = (this.#countedBefore[name] ?? 0) + (counts[name] ?? 0);
      }
    }
  }

  async #takeUp(bounds: readonly Bounds[]): Promise<void> {
    const added = bounds.map((one) => ({
      ...one,
      memory: this.#segments.take(),
      claim: this.#claimOf(one.partition),
    }));
    const taken = added.map((one) => this.#begin(one));
    const restored = await this.#ingest.restore(added);
    this.#expectToGoOn();
    for (const one of restored) this.#noteRestored(one);
    const caughtUp = new Promise<void>((resolve) => (this.#caughtUp = resolve));
    this.#tellIfCaughtUp();
    await this.#follow();
    await Promise.race([caughtUp, this.finished]);
    this.#expectToGoOn();
    for (const held of taken) held.state = "live";
    await Promise.all(added.map(({ partition }) => this.#moves.finishEarlier(partition)));
  }

  #begin({ partition, memory, begin, end, claim }: AddedPartition): Held {
    const held: Held = {
      ...{ partition, memory, reader: new WindowReader(memory), end, isRebuilt: true, state: "restoring", claim },
      ...{ nextOffset: begin, newestMs: Number.NEGATIVE_INFINITY, counts: {} },
    };
    this.#held[partition] = held;
    this.#noteRole(held);
    return held;
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
      onPoisoned: (batch) => this.#passOver(batch),
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

  /** Whether the subject's windows are here, and whole, in whichever role. */
  holds(subject: SubjectId): boolean {
    return this.#held[this.partitionOf(subject)]?.state === "live";
  }

  /** What a partition is held as, filled already or not; undefined for one that is not held, or about to be let go. */
  roleOf(partition: number): Role | undefined {
    const held = this.#held[partition];
    return held === undefined || held.state === "leaving" ? undefined : held.claim.role;
  }

  /**
   * The subject's features at t; not known, and every feature absent, for one that is not held: see {@link WindowsFeed.holds}.
   *
   * @param into filled and given back; reading need not allocate with one that is filled again and again
   */
  read(subject: SubjectId, atMs: Millis, into: FeatureSnapshot = emptySnapshot()): FeatureSnapshot {
    const held = this.#held[this.partitionOf(subject)];
    if (held?.state !== "live") return { ...emptySnapshot(), atMs };
    held.reader.read(subject, atMs, into);
    return into;
  }

  /** The assignment key that the subject was first seen with; undefined for one never seen, or not held. */
  assignmentKeyOf(subject: SubjectId): AssignmentKey | undefined {
    const held = this.#held[this.partitionOf(subject)];
    if (held?.state !== "live") return undefined;
    return held.reader.assignmentKeyOf(subject) as string | undefined as AssignmentKey | undefined;
  }

  /** First offset of a partition that is not in the windows; undefined for one that is not held. */
  nextOffsetOf(partition: number): number | undefined {
    return this.#held[partition]?.nextOffset;
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

  /** Writes a checkpoint of each partition that is owned now. */
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
      onPoisoned: (batch: PostedPoison) => this.#passOver(batch),
      areMovesDurable: (partition: number, offset: number) => this.#moves.areDurable(partition, offset, MOVES_WAIT_MS),
      onMovesDurable: (partition: number, below: number) => {
        if (this.#held[partition] !== undefined) this.#moves.noteDurable(partition, below);
      },
      reaches: (partition: number, offset: number) => this.#reaches(partition, offset),
    };
  }

  /** False also when the log does not say: what would be too far is rebuilt then. */
  async #reaches(partition: number, offset: number): Promise<boolean> {
    try {
      return (await this.#options.log.offsets(TOPICS.clickstream, partition)).end >= offset;
    } catch (error) {
      if (error instanceof LogError) return false;
      throw error;
    }
  }

  #noteRestored({ partition, offset, subjects, orders, movesDurableBelow, refused, removedFrom }: Restored): void {
    const { logger, metrics } = this.#options.telemetry;
    const held = this.#held[partition];
    if (held !== undefined) {
      held.nextOffset = offset;
      held.isRebuilt = subjects === 0;
    }
    this.#moves.takeUp(partition, offset, movesDurableBelow);
    for (const { subject, atMs } of ordersIn(orders)) this.#options.onOrder(subject, atMs);
    if (removedFrom !== undefined) this.#removed.behindCheckpoint({ partition, from: removedFrom, oldest: offset });
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
    for (const cause of arrived) this.#moves.arrived(cause);
    this.#moves.readTo(partition, nextOffset);
    for (const { subject, atMs } of orders) onOrder(subject, atMs);
    // Nobody is answered from what is only kept warm.
    this.#measure(effects, held.state === "live" && held.claim.role === "owned");
    if (effects.removedFrom !== undefined) this.#noteRemoved(held, effects.removedFrom, nextOffset);
    held.nextOffset = nextOffset;
    held.counts = effects.counts;
    if (effects.newestMs !== undefined) held.newestMs = effects.newestMs;
    this.#waiters.release(partition, nextOffset - 1);
    this.#tellIfCaughtUp();
  }

  /** A rebuild takes what is left: what goes meanwhile is older than anything that it needs. */
  #noteRemoved({ partition, state, isRebuilt }: Held, from: number, oldest: number): void {
    if (state !== "restoring" || !isRebuilt) this.#removed.beforeTakenIn({ partition, from, oldest });
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

  /** Passes over bytes that are no records, once they stand among the dead letters. */
  async #passOver(stretch: PostedPoison): Promise<void> {
    await this.#unreadable.setAside(stretch);
    const { partition, nextOffset } = stretch;
    const held = this.#held[partition];
    if (held !== undefined) held.nextOffset = Math.max(nextOffset, held.nextOffset);
    this.#moves.readTo(partition, nextOffset);
    this.#waiters.release(partition, nextOffset - 1);
    this.#tellIfCaughtUp();
  }
}

function isSame(one: Claim, other: Claim): boolean {
  return one.role === other.role && one.epoch === other.epoch;
}

/** Bytes of memory for one partition. */
function shareOf(bytesMax: number | undefined, partitionCount: number): number {
  const share = bytesMax === undefined ? BYTES_MAX : Math.floor(bytesMax / partitionCount);
  return Math.min(share, SEGMENT_BYTES_MAX);
}
