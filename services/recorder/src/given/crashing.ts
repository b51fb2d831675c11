import type { Commit, LogRecord } from "@leastwise/eventlog";
import type { Millis } from "@leastwise/vocabulary";
import { HeldBytes } from "../held-bytes.js";
import type { PartitionRecorderOptions } from "../partition-recorder.js";

export const TOPIC = "clickstream";

/** The end of a process, at a place where one may end. */
export class Crash extends Error {}

/** When the next act of the recorder ends the process: before it has any effect, or just after. */
export type Fate = "goes on" | "ends before" | "ends after";

/** One partition of a log, a group's commits and a warehouse that counts a token once: all outlive the process. */
export class Surroundings {
  readonly records: readonly LogRecord[];
  /** Offsets that stand in the warehouse, in the order in which they were counted. */
  readonly counted: number[] = [];
  /** The offsets of the block that each token came with. */
  readonly blocks = new Map<string, readonly number[]>();
  begin = 0;
  commit: Commit | undefined;
  /** The commit that the warehouse's rows amount to. */
  commitOfRows: Commit | undefined;
  /** What is held of the log, of this partition and all others. */
  held = new HeldBytes(Number.MAX_SAFE_INTEGER);
  #fates: readonly Fate[] = [];

  /** @param offsets of the records kept; a compacted topic has gaps */
  constructor(offsets: readonly number[]) {
    this.records = offsets.map(recordAt);
  }

  /** What becomes of the next acts. */
  decree(fates: readonly Fate[]): void {
    this.#fates = [...fates];
  }

  options(blockRowsMax: number): PartitionRecorderOptions {
    const log: PartitionRecorderOptions["log"] = {
      incarnation: "i",
      offsets: () => Promise.resolve({ begin: this.begin, end: (this.records.at(-1)?.offset ?? -1) + 1 }),
      committed: () => Promise.resolve(this.commit),
      commit: (_, __, ___, commit) => this.#act(() => (this.commit = commit)),
    };
    const write = async (records: readonly LogRecord[], token: string, _: AbortSignal, epochBefore: number) => {
      const offsets = records.map(({ offset }) => offset);
      await this.#act(() => {
        this.#count(offsets, token);
      });
      this.#expectEpoch(epochBefore, offsets[0] ?? 0);
      return this.#epochBefore((offsets.at(-1) ?? 0) + 1);
    };
    return {
      ...{ log, group: "recorder-clickstream", topic: TOPIC, partition: 0, write, held: this.held },
      ...{ blockRowsMax, blockBytesMax: Number.MAX_SAFE_INTEGER },
      commitOfRows: () => Promise.resolve(this.commitOfRows),
    };
  }

  /** Of the owners that have begun before an offset: each tenth record that is kept is where one begins. */
  #epochBefore(offset: number): number {
    return Math.floor(this.records.filter((record) => record.offset < offset).length / 10);
  }

  #expectEpoch(came: number, from: number): void {
    // What retention took, and what the warehouse's rows alone tell, leaves it unknown.
    if (this.begin > 0 || this.commitOfRows !== undefined || came === this.#epochBefore(from)) return;
    throw new Error(`a block from ${from} came with epoch ${came}, and not ${this.#epochBefore(from)}`);
  }

  #count(offsets: readonly number[], token: string): void {
    const before = this.blocks.get(token);
    if (before === undefined) {
      this.blocks.set(token, offsets);
      this.counted.push(...offsets);
    } else if (before.join() !== offsets.join()) {
      throw new Error(`block ${token} was ${before.join()} and came again as ${offsets.join()}`);
    }
  }

  async #act(effect: () => void): Promise<void> {
    const [fate = "goes on", ...rest] = this.#fates;
    this.#fates = rest;
    await Promise.resolve();
    if (fate === "ends before") throw new Crash(fate);
    effect();
    if (fate === "ends after") throw new Crash(fate);
  }
}

export function recordAt(offset: number): LogRecord {
  return { topic: TOPIC, partition: 0, offset, value: Buffer.alloc(0), timestampMs: (1_000 + offset) as Millis };
}
