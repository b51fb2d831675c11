import { LogError, type Commit, type EventLog, type LogRecord } from "@leastwise/eventlog";
import { heldBytesOf, type HeldBytes } from "./held-bytes.js";
import { doneNote, epochIn, plannedBlock, planNote, type PlannedBlock } from "./planned-block.js";

export interface PartitionRecorderOptions {
  /** Of the log only what remembers how far the group is. */
  readonly log: Pick<EventLog, "incarnation" | "offsets" | "commit" | "committed">;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** Most records in a block. */
  readonly blockRowsMax: number;
  /** Most bytes of records in a block, save that one record is always taken. */
  readonly blockBytesMax: number;
  /** What all partitions hold together; when it is full, a block is written before anything further is taken. */
  readonly held: HeldBytes;
  /**
   * Writes a block under a token; may be called again with the same block and token. The signal says that the partition is to be let go:
   * what has not succeeded by then is not tried again. Of owners' epochs, the newest before the block is given, and the newest behind it comes back.
   */
  readonly write: (
    records: readonly LogRecord[],
    token: string,
    letGo: AbortSignal,
    epochBefore: number,
  ) => Promise<number>;
  /** The commit that the warehouse's own rows amount to, asked where the log remembers none; undefined: it has none of them. */
  readonly commitOfRows: () => Promise<Commit | undefined>;
}

/** Takes one partition to the warehouse, block by block, each counted once whatever crashes between. */
export class PartitionRecorder {
  readonly #options: PartitionRecorderOptions;
  #pending: LogRecord[] = [];
  #pendingBytes = 0;
  #unreadCount = 0;
  /** First offset that is not in the warehouse yet. */
  #nextOffset = 0;
  /** Of the partition's owners, the newest one's before that offset; 0: none has begun. */
  #epoch = 0;
  /** A block that was planned, by this run or an earlier one, and that may or may not be in the warehouse. */
  #planned: PlannedBlock | undefined;
  #flushing: Promise<unknown> = Promise.resolve();
  #letGo = new AbortController();

  constructor(options: PartitionRecorderOptions) {
    this.#options = options;
  }

  /** Where to read on, after looking up what an earlier run planned. */
  async resume(): Promise<number> {
    const { log, group, topic, partition, commitOfRows } = this.#options;
    await this.release();
    const commit = (await log.committed(group, topic, partition)) ?? (await commitOfRows());
    const { begin } = await log.offsets(topic, partition);
    this.#nextOffset = Math.max(commit?.offset ?? 0, begin);
    this.#epoch = epochIn(commit);
    const planned = plannedBlock(commit);
    // What the log no longer keeps cannot be cut again.
    this.#planned = planned !== undefined && planned.to > begin ? planned : undefined;
    return this.#nextOffset;
  }

  /**
   * Lets go of the partition: what is not in the warehouse yet is its next reader's. Resolves when no block is under way; from the call on
   * none is begun.
   */
  async release(): Promise<void> {
    this.#letGo.abort();
    this.#drop(this.#pending.length);
    await this.#flushing;
    this.#drop(this.#pending.length);
    this.#unreadCount = 0;
    this.#planned = undefined;
    this.#nextOffset = 0;
    this.#letGo = new AbortController();
  }

  /**
   * Takes records over; waits while a block is written, if one is full or too much is held, which holds the reader back.
   *
   * @param unreadCount records that stand behind these on the log, as far as the reader knows
   */
  async take(records: readonly LogRecord[], unreadCount = 0): Promise<void> {
    const { held } = this.#options;
    this.#unreadCount = unreadCount;
    for (const record of records) if (record.offset >= this.#nextOffset) this.#hold(record);
    while ((this.#hasFullBlock() || held.isFull) && (await this.#flush()));
  }

  /** Writes what is pending, at most a block. Calls follow one another. */
  async flush(): Promise<void> {
    await this.#flush();
  }

  /** True if all records before the offset are known to be in the warehouse. */
  isRecordedTo(offset: number): boolean {
    return this.#planned === undefined && this.#nextOffset >= offset;
  }

  /** Records read and not yet in the warehouse. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Records that stand on the log behind what was read, as far as the reader knows. */
  get unreadCount(): number {
    return this.#unreadCount;
  }

  /** When the oldest record that is not in the warehouse yet was written to the log; undefined if there is none. */
  get oldestPendingMs(): number | undefined {
    return this.#pending[0]?.timestampMs;
  }

  /** True if a block was written; false if there is none to write, or the partition is no longer ours to write. */
  async #flush(): Promise<boolean> {
    const flushed = this.#flushing.then(() => this.#writeUnlessRevoked());
    this.#flushing = flushed.catch(() => undefined);
    return await flushed;
  }

  /**
   * A group that takes the partition away refuses its commits, before or after it says so. That is no failure: the note of the block under
   * way stands, so that the next owner cuts the same one. If it does not take the partition away, the block is tried again.
   */
  async #writeUnlessRevoked(): Promise<boolean> {
    const { signal } = this.#letGo;
    try {
      return await this.#writeBlock(signal);
    } catch (error) {
      const isRevoked = error instanceof LogError && error.code === "partition_revoked";
      if (isRevoked || signal.aborted) return false;
      throw error;
    }
  }

  async #writeBlock(letGo: AbortSignal): Promise<boolean> {
    const { log, group, topic, partition, write } = this.#options;
    this.#dropLostPlan();
    const block = this.#nextBlock();
    const last = block.at(-1);
    if (last === undefined) return false;
    const planned = this.#planned ?? { from: this.#nextOffset, to: last.offset + 1 };
    const { from, to } = planned;
    if (this.#planned === undefined)
      await log.commit(group, topic, partition, { offset: from, note: planNote(to, this.#epoch) });
    this.#planned = planned;
    const token = `${log.incarnation}/${topic}/${partition}/${from}-${to}`;
    const epoch = await write(block, token, letGo, this.#epoch);
    await log.commit(group, topic, partition, { offset: to, note: doneNote(epoch) });
    this.#epoch = epoch;
    this.#planned = undefined;
    this.#nextOffset = to;
    this.#drop(block.length);
    return true;
  }

  #hold(record: LogRecord): void {
    const bytes = heldBytesOf(record);
    this.#pending.push(record);
    this.#pendingBytes += bytes;
    this.#options.held.add(bytes);
  }

  #drop(count: number): void {
    const bytes = this.#pending.splice(0, count).reduce((sum, record) => sum + heldBytesOf(record), 0);
    this.#pendingBytes -= bytes;
    this.#options.held.add(-bytes);
  }

  /** Retention may take all of a planned block before any of it was read: then there is nothing of it to cut. */
  #dropLostPlan(): void {
    const first = this.#pending[0];
    if (this.#planned !== undefined && first !== undefined && first.offset >= this.#planned.to)
      this.#planned = undefined;
  }

  /** A planned block is cut again as it was: all its records, or nothing until the last of them has been read. */
  #nextBlock(): readonly LogRecord[] {
    if (this.#planned === undefined) return this.#pending.slice(0, this.#rowsThatFit());
    const { to } = this.#planned;
    return this.#hasReached(to) ? this.#pending.filter(({ offset }) => offset < to) : [];
  }

  #rowsThatFit(): number {
    const { blockRowsMax, blockBytesMax } = this.#options;
    let bytes = 0;
    const tooMuch = this.#pending.findIndex((record, index) => {
      bytes += heldBytesOf(record);
      return index >= blockRowsMax || (index > 0 && bytes > blockBytesMax);
    });
    return tooMuch < 0 ? this.#pending.length : tooMuch;
  }

  #hasFullBlock(): boolean {
    if (this.#planned !== undefined) return this.#hasReached(this.#planned.to);
    const { blockRowsMax, blockBytesMax } = this.#options;
    return this.#pending.length >= blockRowsMax || this.#pendingBytes >= blockBytesMax;
  }

  #hasReached(to: number): boolean {
    return (this.#pending.at(-1)?.offset ?? -1) >= to - 1;
  }
}
