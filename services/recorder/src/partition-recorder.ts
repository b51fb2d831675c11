import type { EventLog, LogRecord } from "@leastwise/eventlog";
import { plannedBlock, planNote, type PlannedBlock } from "./planned-block.js";

export interface PartitionRecorderOptions {
  /** Of the log only what remembers how far the group is. */
  readonly log: Pick<EventLog, "incarnation" | "offsets" | "commit" | "committed">;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** Most records in a block. */
  readonly blockRowsMax: number;
  /** Writes a block under a token; may be called again with the same block and token. */
  readonly write: (records: readonly LogRecord[], token: string) => Promise<void>;
}

/** Takes one partition to the warehouse, block by block, each counted once whatever crashes between. */
export class PartitionRecorder {
  readonly #options: PartitionRecorderOptions;
  #pending: LogRecord[] = [];
  #unreadCount = 0;
  /** First offset that is not in the warehouse yet. */
  #nextOffset = 0;
  /** A block that was planned, by this run or an earlier one, and that may or may not be in the warehouse. */
  #planned: PlannedBlock | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: PartitionRecorderOptions) {
    this.#options = options;
  }

  /** Where to read on, after looking up what an earlier run planned. */
  async resume(): Promise<number> {
    const { log, group, topic, partition } = this.#options;
    await this.release();
    const commit = await log.committed(group, topic, partition);
    const { begin } = await log.offsets(topic, partition);
    this.#nextOffset = Math.max(commit?.offset ?? 0, begin);
    const planned = plannedBlock(commit);
    // What the log no longer keeps cannot be cut again.
    this.#planned = planned !== undefined && planned.to > begin ? planned : undefined;
    return this.#nextOffset;
  }

  /** Lets go of the partition: what is not in the warehouse yet is its next reader's. Resolves when no block is under way. */
  async release(): Promise<void> {
    this.#pending = [];
    await this.#flushing;
    this.#pending = [];
    this.#unreadCount = 0;
    this.#planned = undefined;
  }

  /**
   * Takes records over; waits while a full block is written, which holds the reader back.
   *
   * @param unreadCount records that stand behind these on the log, as far as the reader knows
   */
  async take(records: readonly LogRecord[], unreadCount = 0): Promise<void> {
    this.#unreadCount = unreadCount;
    for (const record of records) if (record.offset >= this.#nextOffset) this.#pending.push(record);
    while (this.#hasFullBlock()) await this.flush();
  }

  /** Writes what is pending, at most a block. Calls follow one another. */
  async flush(): Promise<void> {
    const flushed = this.#flushing.then(() => this.#writeBlock());
    this.#flushing = flushed.catch(() => undefined);
    await flushed;
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

  async #writeBlock(): Promise<void> {
    const { log, group, topic, partition, write } = this.#options;
    const block = this.#nextBlock();
    const last = block.at(-1);
    if (last === undefined) return;
    const planned = this.#planned ?? { from: this.#nextOffset, to: last.offset + 1 };
    const { from, to } = planned;
    if (this.#planned === undefined) await log.commit(group, topic, partition, { offset: from, note: planNote(to) });
    this.#planned = planned;
    await write(block, `${log.incarnation}/${topic}/${partition}/${from}-${to}`);
    await log.commit(group, topic, partition, { offset: to, note: "" });
    this.#planned = undefined;
    this.#nextOffset = to;
    this.#pending.splice(0, block.length);
  }

  /** A planned block is cut again as it was: all its records, or nothing until the last of them has been read. */
  #nextBlock(): readonly LogRecord[] {
    if (this.#planned === undefined) return this.#pending.slice(0, this.#options.blockRowsMax);
    const { to } = this.#planned;
    return this.#hasReached(to) ? this.#pending.filter(({ offset }) => offset < to) : [];
  }

  #hasFullBlock(): boolean {
    if (this.#planned !== undefined) return this.#hasReached(this.#planned.to);
    return this.#pending.length >= this.#options.blockRowsMax;
  }

  #hasReached(to: number): boolean {
    return (this.#pending.at(-1)?.offset ?? -1) >= to - 1;
  }
}
