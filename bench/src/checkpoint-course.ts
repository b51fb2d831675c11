import type { EventLog, RunningSubscription, ScanSubscription } from "@leastwise/eventlog";
import { openCheckpointFiles, WindowsFeed, type CheckpointStore } from "@leastwise/scorer";
import type { Telemetry } from "@leastwise/telemetry";
import type { CurrencyCode, Millis } from "@leastwise/vocabulary";
import { randomBytes } from "node:crypto";
import { cp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as afterMs } from "node:timers/promises";
import { shapeStream } from "./event-stream.js";
import { withClickstream, type FedClickstream } from "./fed-log.js";
import { tapesOf, type RecordTape } from "./record-tape.js";

/** How often what is due at the steady rate is taken in, ms. */
const TICK_MS = 10;
/** So long that no checkpoint is begun but when it is asked for. */
const NEVER_MS = 1e12;
const BYTES_MAX = 2 ** 30;
const CLOCK = { nowMs: () => Date.now() as Millis };

/** A batch that was taken in, as the keeper of checkpoints hears of it. */
export interface Taken {
  readonly records: number;
  readonly tookMs: number;
}

/** What was taken in, and what was written of a checkpoint, at the same time. */
export interface TakenDuring {
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
}

export interface CourseOptions {
  /** With one partition of the clickstream. */
  readonly log: EventLog;
  readonly telemetry: Telemetry;
  /** Where checkpoints go. */
  readonly directory: string;
  readonly subjects: number;
  /** The steady rate, at which the events' own times go on behind the stream, too. */
  readonly eventsPerSecond: number;
}

/** 32 hex digits that nobody else uses. */
export function newCheckpointId(): string {
  return randomBytes(16).toString("hex");
}

/**
 * A feed with the windows of many subjects, and what is done with it. Whatever is measured begins with {@link restart}: with each event more is
 * known of its subject, and the windows would grow from one measurement to the next.
 */
export class Course {
  readonly #options: CourseOptions;
  readonly #tape: RecordTape;
  readonly #atMs: (offset: number) => number;
  #store: CheckpointStore;
  #clickstream: TapeClickstream;
  #feed: WindowsFeed | undefined;
  #directory: string;
  #restarts = 0;
  #tookMs = 0;
  #chunkBytes = 0;
  #newest = "";

  private constructor(options: CourseOptions) {
    const stream = shapeStream(options.subjects);
    const [tape] = tapesOf(stream, 1);
    if (tape === undefined) throw new Error("a partition has a tape");
    this.#options = options;
    this.#tape = tape;
    this.#atMs = (offset) =>
      stream.timeAt[offset] ?? stream.endMs + ((offset - stream.count) * 1_000) / options.eventsPerSecond;
    this.#directory = this.#filled;
    this.#store = this.#openStore();
    this.#clickstream = this.#clickstreamTo(0);
  }

  /** With all events of the stream in the windows, and in a checkpoint. */
  static async open(options: CourseOptions): Promise<Course> {
    const course = new Course(options);
    course.#feed = await course.#openFeed(course.#clickstream);
    await course.takeRecords(course.#tape.count, course.recordsOf(2 ** 20));
    await course.#opened.checkpoint();
    return course;
  }

  /** Goes back to the windows with the stream's events and no others. */
  async restart(): Promise<void> {
    await this.close();
    if (this.#directory !== this.#filled) await rm(this.#directory, { recursive: true });
    this.#restarts += 1;
    this.#directory = join(this.#options.directory, `restart-${this.#restarts}`);
    await cp(this.#filled, this.#directory, { recursive: true });
    this.#store = this.#openStore();
    this.#clickstream = this.#clickstreamTo(this.#tape.count);
    this.#feed = await this.#openFeed(this.#clickstream);
  }

  async close(): Promise<void> {
    const [duplicate, evicted] = [this.#opened.counted("duplicate"), this.#opened.counted("evicted")];
    await this.#opened.close();
    if (duplicate + evicted > 0) throw new Error(`${duplicate} events came twice, ${evicted} subjects had no room`);
  }

  get #filled(): string {
    return join(this.#options.directory, "filled");
  }

  /** Bytes of a record's value, in the mean. */
  get recordBytes(): number {
    return this.#tape.meanBytes;
  }

  /** How many records have so many bytes. */
  recordsOf(bytes: number): number {
    return Math.floor(bytes / this.#tape.meanBytes);
  }

  /** Writes a checkpoint. Its bytes on the disk, and its subjects. */
  async checkpoint(): Promise<{ readonly bytes: number; readonly subjects: number }> {
    await this.#opened.checkpoint();
    const { id, subjects } = await this.#written();
    const { size } = await stat(join(this.#directory, "0", `${id}.chunks`));
    return { bytes: size, subjects };
  }

  /** Takes so many records in, at full speed. Records a second. */
  async takeRecords(records: number, batchRecords: number): Promise<number> {
    const startedMs = performance.now();
    for (let left = records; left > 0;) {
      left -= this.#clickstream.hand(Math.min(left, batchRecords));
      await nextTurn();
    }
    return (records * 1_000) / (performance.now() - startedMs);
  }

  /** Takes records in for so long, at full speed. Records a second. */
  async takeFor(durationMs: number, batchRecords: number): Promise<number> {
    const startedMs = performance.now();
    let records = 0;
    while (performance.now() - startedMs < durationMs) {
      records += this.#clickstream.hand(batchRecords);
      await nextTurn();
    }
    return (records * 1_000) / (performance.now() - startedMs);
  }

  /** Takes records in for so long, at full speed, while a checkpoint is written, or until it is. */
  async takeDuringCheckpoint(durationMs: number, batchRecords: number): Promise<TakenDuring> {
    const startedMs = performance.now();
    const writtenBefore = this.#chunkBytes;
    let records = 0;
    const checkpoint = { isWritten: false };
    const writing = this.#opened.checkpoint().then(() => (checkpoint.isWritten = true));
    while (!checkpoint.isWritten && performance.now() - startedMs < durationMs) {
      records += this.#clickstream.hand(batchRecords);
      await nextTurn();
    }
    const tookMs = performance.now() - startedMs;
    const bytes = this.#chunkBytes - writtenBefore;
    await writing;
    await this.#written();
    return { recordsPerSecond: (records * 1_000) / tookMs, bytesPerSecond: (bytes * 1_000) / tookMs };
  }

  /** Takes records in for so long, at full speed. The batches. */
  async takeNoting(durationMs: number, batchRecords: number): Promise<readonly Taken[]> {
    const batches: Taken[] = [];
    const startedMs = performance.now();
    while (performance.now() - startedMs < durationMs) {
      batches.push(this.#handNoting(batchRecords));
      await nextTurn();
    }
    return batches;
  }

  /** Takes records in for so long, at the steady rate. The batches. */
  async takeSteadily(durationMs: number): Promise<readonly Taken[]> {
    const batches: Taken[] = [];
    const startedMs = performance.now();
    let taken = 0;
    for (let passedMs = 0; passedMs < durationMs; passedMs = performance.now() - startedMs) {
      const due = Math.floor((passedMs * this.#options.eventsPerSecond) / 1_000) - taken;
      if (due > 0) {
        const batch = this.#handNoting(due);
        batches.push(batch);
        taken += batch.records;
      }
      await afterMs(TICK_MS);
    }
    return batches;
  }

  /** Opens another feed from the newest checkpoint, and has it read what came since: so many. Records a second, of the tail alone. */
  async restoreAndReadTail(records: number, batchRecords: number): Promise<number> {
    const clickstream = this.#clickstreamTo(this.#clickstream.end, batchRecords);
    const feed = await this.#openFeed(clickstream);
    const known = [feed.subjectCount, this.#opened.subjectCount];
    await feed.close();
    if (known[0] !== known[1]) throw new Error(`${String(known[0])} subjects came back of ${String(known[1])}`);
    if (clickstream.tailRecords !== records) throw new Error(`the tail had ${clickstream.tailRecords} records`);
    return clickstream.tailRecordsPerSecond;
  }

  #handNoting(records: number): Taken {
    const handed = this.#clickstream.hand(records);
    return { records: handed, tookMs: this.#tookMs };
  }

  async #written() {
    const manifest = await this.#store.newest(0);
    if (!manifest.ok || manifest.value === undefined || manifest.value.id === this.#newest) {
      throw new Error("the checkpoint was not written");
    }
    this.#newest = manifest.value.id;
    return manifest.value;
  }

  get #opened(): WindowsFeed {
    if (this.#feed === undefined) throw new Error("the feed is opened first");
    return this.#feed;
  }

  #clickstreamTo(end: number, batchRecords = 1): TapeClickstream {
    return new TapeClickstream(this.#tape, this.#atMs, end, batchRecords);
  }

  #openFeed(clickstream: TapeClickstream): Promise<WindowsFeed> {
    const { log, telemetry } = this.#options;
    const currency = "USD" as CurrencyCode;
    return WindowsFeed.open({
      ...{ log: withClickstream(log, clickstream), telemetry: this.#noting(telemetry), clock: CLOCK, currency },
      bytesMax: BYTES_MAX,
      onOrder: () => undefined,
      checkpoints: { store: this.#store, epoch: 1, objectiveMs: NEVER_MS, newId: newCheckpointId },
    });
  }

  /** Files of the directory, whose chunks' bytes are counted as they are written. */
  #openStore(): CheckpointStore {
    const files = openCheckpointFiles(this.#directory);
    return {
      newest: (partition) => files.newest(partition),
      read: (manifest, onPayload) => files.read(manifest, onPayload),
      begin: async (identity) => {
        const writing = await files.begin(identity);
        const chunk = async (payload: Uint8Array) => {
          await writing.chunk(payload);
          this.#chunkBytes += payload.length;
        };
        return { chunk, finish: (manifest) => writing.finish(manifest), abandon: () => writing.abandon() };
      },
    };
  }

  /** The telemetry, whose durations of batches are noted: they are what the keeper of checkpoints is told. */
  #noting(telemetry: Telemetry): Telemetry {
    const observe = (seconds: number) => (this.#tookMs = 1_000 * seconds);
    const consumerBatchDuration = { with: () => ({ observe }), clear: () => undefined };
    return { ...telemetry, metrics: { ...telemetry.metrics, consumerBatchDuration } };
  }
}

/** A clickstream of one partition that stands on a tape. */
class TapeClickstream implements FedClickstream {
  /** Offset that the next record gets. */
  end: number;
  /** How much of what stood there was read when it was scanned, and how fast. */
  tailRecords = 0;
  tailRecordsPerSecond = 0;
  readonly #tape: RecordTape;
  readonly #atMs: (offset: number) => number;
  readonly #batchRecords: number;
  #subscription: ScanSubscription | undefined;

  constructor(tape: RecordTape, atMs: (offset: number) => number, end: number, batchRecords: number) {
    this.#tape = tape;
    this.#atMs = atMs;
    this.end = end;
    this.#batchRecords = batchRecords;
  }

  offsets(): { readonly begin: number; readonly end: number } {
    return { begin: 0, end: this.end };
  }

  async scan(subscription: ScanSubscription): Promise<RunningSubscription> {
    this.#subscription = subscription;
    const reading = this.#readTail(await subscription.from(0));
    let stopped: () => void = () => undefined;
    const untilStopped = new Promise<void>((resolve) => (stopped = resolve));
    const stop = () => {
      stopped();
      return Promise.resolve();
    };
    return { stop, finished: reading.then(() => untilStopped) };
  }

  /** Hands the next records over, at most so many. How many there were. */
  hand(countMax: number): number {
    const count = this.#handFrom(this.end, countMax);
    this.end += count;
    return count;
  }

  async #readTail(from: number): Promise<void> {
    const { end } = this;
    await nextTurn();
    const startedMs = performance.now();
    for (let next = from; next < end;) {
      next += this.#handFrom(next, Math.min(this.#batchRecords, end - next));
      // Noted before whoever waits for the end goes on.
      this.tailRecords = next - from;
      this.tailRecordsPerSecond = (this.tailRecords * 1_000) / (performance.now() - startedMs);
      await nextTurn();
    }
  }

  /** A feed without a thread has taken the records in when this returns. */
  #handFrom(offset: number, countMax: number): number {
    const spans = this.#tape.spans(offset, countMax, this.#atMs);
    void this.#subscription?.onSpans(spans);
    return spans.count;
  }
}
