import {
  decodeClickstreamRecord,
  encodeClickstreamRecord,
  TOPICS,
  windowEventOf,
  type wire,
} from "@leastwise/contracts";
import { RECORD_BYTES_MAX, type EventLog, type LogRecord } from "@leastwise/eventlog";
import { follow, type Following } from "@leastwise/references";
import type { Telemetry } from "@leastwise/telemetry";
import {
  bucketOf,
  isSubjectId,
  partitionOfBucket,
  type AssignmentKey,
  type Clock,
  type CurrencyCode,
  type Millis,
  type SubjectId,
} from "@leastwise/vocabulary";
import { createWindowStore, type FeatureSnapshot, type WindowStore } from "@leastwise/windows";
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

/** Room for a moved state in its record, beside ids, cause and assignment key. */
const MOVED_WINDOWS_BYTES_MAX = RECORD_BYTES_MAX - 4_096;

/** Clickstream → windows: one store a partition, each a fold of its partition's records in their order. */
export class WindowsFeed {
  readonly #options: WindowsFeedOptions;
  readonly #stores: readonly WindowStore[];
  readonly #assignmentKeys = new Map<SubjectId, AssignmentKey>();
  readonly #nextOffsets: number[];
  readonly #newestMs: number[] = [];
  readonly #waiters = new Waiters();
  readonly #moves: MoveBook;
  #following: Following | undefined;
  #isLive = false;

  private constructor(options: WindowsFeedOptions, partitionCount: number) {
    this.#options = options;
    this.#stores = Array.from({ length: partitionCount }, () => createWindowStore({}));
    this.#nextOffsets = this.#stores.map(() => 0);
    this.#moves = new MoveBook(options.log, options.clock, partitionCount, ({ code }) => {
      options.telemetry.metrics.logAppendFailures.with({ topic: TOPICS.clickstream, code }).add();
      options.telemetry.logger.error(
        { code },
        "a state that a login moves did not get onto the log: it is sent again with a later one, or at the next start",
      );
    });
  }

  /** Reads the clickstream kept, resolves when all of it is in the windows, and goes on as it comes. */
  static async open(options: WindowsFeedOptions): Promise<WindowsFeed> {
    const feed = new WindowsFeed(options, await options.log.partitions(TOPICS.clickstream));
    const { metrics } = options.telemetry;
    feed.#following = await follow(
      options.log,
      TOPICS.clickstream,
      (record) => {
        feed.#take(record);
      },
      (durationMs) => {
        metrics.consumerBatchDuration
          .with({ consumer: CONSUMER, topic: TOPICS.clickstream })
          .observe(durationMs / 1_000);
      },
    );
    feed.#isLive = true;
    await feed.#moves.finishEarlier();
    return feed;
  }

  /** Rejects when the clickstream can no longer be followed; resolves after close. */
  get finished(): Promise<void> {
    return this.#following?.finished ?? Promise.resolve();
  }

  async close(): Promise<void> {
    this.#waiters.releaseAll();
    await this.#following?.stop();
  }

  /** Of the log that the windows are a fold of. */
  get incarnation(): string {
    return this.#options.log.incarnation;
  }

  /** Where the subject's windows are. */
  partitionOf(subject: SubjectId): number {
    return partitionOfBucket(bucketOf(subject), this.#stores.length);
  }

  /** The subject's features at t. */
  read(subject: SubjectId, atMs: Millis): FeatureSnapshot {
    return this.#store(this.partitionOf(subject)).read(subject, atMs);
  }

  /** The assignment key that the subject was first seen with; undefined for one never seen. */
  assignmentKeyOf(subject: SubjectId): AssignmentKey | undefined {
    return this.#assignmentKeys.get(subject);
  }

  /** Whether the windows have seen an offset of a partition. */
  hasSeen(partition: number, offset: number): boolean {
    return (this.#nextOffsets[partition] ?? 0) > offset;
  }

  /** Resolves when the windows have seen the offset, or after the time: then false; at once for a partition that there is not. */
  waitFor(partition: number, offset: number, waitMs: number): Promise<boolean> {
    if (partition >= this.#stores.length) return Promise.resolve(false);
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

  /** Event ids that were forgotten within 24 hours, as their subject sent too many. */
  get dedupOverflow(): number {
    return this.#stores.reduce((sum, { counts }) => sum + counts.dedupOverflow, 0);
  }

  /** Resolves when no state is on its way to the subject from a login that the windows have seen, or after the time: then false. */
  waitForMoves(subject: SubjectId, waitMs: number): Promise<boolean> {
    return this.#moves.untilArrived(subject, waitMs);
  }

  get subjectCount(): number {
    return this.#stores.reduce((count, store) => count + store.subjectCount, 0);
  }

  #take(record: LogRecord): void {
    const { partition, offset } = record;
    const { metrics, logger } = this.#options.telemetry;
    const body = decodeClickstreamRecord(record.value);
    if (body.ok) {
      this.#apply(body.value, record);
    } else {
      logger.warn({ partition, offset, reason: body.error.reason }, "a clickstream record could not be read");
    }
    const outcome = body.ok ? "ok" : "dead_letter";
    metrics.consumerRecords.with({ consumer: CONSUMER, topic: TOPICS.clickstream, outcome }).add();
    this.#nextOffsets[partition] = offset + 1;
    this.#newestMs[partition] = record.timestampMs;
    this.#waiters.release(partition, offset);
  }

  #apply(body: NonNullable<wire.ClickstreamRecord["body"]>, record: LogRecord): void {
    switch (body.$case) {
      case "event":
        this.#applyEvent(body.value, record);
        return;
      case "link":
        this.#applyLink(body.value, record);
        return;
      case "stateMoved":
        this.#applyMove(body.value, record.partition);
        return;
    }
  }

  #applyEvent(recorded: wire.ClickstreamEvent, { partition, offset }: LogRecord): void {
    const { subject } = recorded;
    if (!isSubjectId(subject)) return;
    this.#seen(subject, recorded.assignmentKey);
    const event = windowEventOf(recorded, this.#options.currency);
    if (event === undefined) return;
    const { verdict } = this.#store(partition).apply(subject, event, offset);
    this.#options.telemetry.metrics.windowVerdicts.with({ verdict }).add();
    // One that is ahead of its time leaves no trace here either: with its clock mended, the same order may come again.
    if (event.kind === "purchase" && (verdict === "applied" || verdict === "late")) {
      this.#options.onOrder(subject, Math.min(event.atMs, event.receivedAtMs) as Millis);
    }
    if (this.#isLive) this.#showFreshness(event.receivedAtMs);
  }

  /**
   * The anonymous subject's state goes to the known one, once; here it ends, so that a shared device does not hand it to the next. The
   * assignment key goes the same way, also without a state: which key was first is told by the order in the subject's own partition.
   */
  #applyLink(link: wire.SubjectLink, { partition, offset }: LogRecord): void {
    const { anonymousSubject: from, knownSubject: to, assignmentKey } = link;
    if (!isSubjectId(from) || !isSubjectId(to)) return;
    const store = this.#store(partition);
    const windows = store.exportSubject(from, MOVED_WINDOWS_BYTES_MAX);
    store.forget(from);
    const cause = `${this.#options.log.incarnation}/${TOPICS.clickstream}/${partition}/${offset}`;
    const moved = { fromSubject: from, toSubject: to, cause, windows: Buffer.from(windows ?? []), assignmentKey };
    const value = encodeClickstreamRecord({ $case: "stateMoved", value: moved });
    const isNeeded = () => windows !== undefined || !this.#assignmentKeys.has(to);
    this.#moves.send({ to, cause, value, isNeeded }, this.#isLive);
  }

  #applyMove(move: wire.StateMoved, partition: number): void {
    const { toSubject, assignmentKey, cause, windows } = move;
    if (!isSubjectId(toSubject)) return;
    this.#seen(toSubject, assignmentKey);
    this.#moves.arrived(cause, this.#isLive);
    if (windows.length === 0) return;
    const merged = this.#store(partition).mergeSubject(toSubject, windows, cause);
    if (!merged.ok)
      this.#options.telemetry.logger.error({ cause, reason: merged.error.reason }, "a moved state could not be read");
  }

  /** The first key that a subject is seen with in its own partition stays, whatever later records say. */
  #seen(subject: SubjectId, assignmentKey: string): void {
    if (!this.#assignmentKeys.has(subject)) this.#assignmentKeys.set(subject, assignmentKey as AssignmentKey);
  }

  #showFreshness(receivedAtMs: Millis): void {
    const { metrics } = this.#options.telemetry;
    const ageSeconds = Math.max(0, this.#options.clock.nowMs() - receivedAtMs) / 1_000;
    metrics.freshness.with({}).observe(ageSeconds);
  }

  #store(partition: number): WindowStore {
    const store = this.#stores[partition];
    if (store === undefined) throw new RangeError(`no partition ${partition}`);
    return store;
  }
}
