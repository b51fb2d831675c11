import { setImmediate as nextTurn } from "node:timers/promises";
import type { Batch } from "../port.js";
import { startOffset } from "../start-offset.js";
import { type BatchLimits, readRecords } from "./chunk-scan.js";
import type { Partition } from "./partition.js";
import type { Tables } from "./store.js";

/** Reads one partition for one reader: a batch at a time, sleeping while there is nothing until an append wakes it. */
export class Tail {
  readonly partition: Partition;
  readonly #tables: Tables;
  readonly #limits: BatchLimits;
  readonly #onBatch: (batch: Batch) => Promise<void>;
  #stopped = false;
  #stopWaiting: (() => void) | undefined;
  #done: Promise<void> | undefined;

  constructor(tables: Tables, partition: Partition, limits: BatchLimits, onBatch: (batch: Batch) => Promise<void>) {
    this.#tables = tables;
    this.partition = partition;
    this.#limits = limits;
    this.#onBatch = onBatch;
  }

  /** Reads on from the offset, until stopped, be it before this. `onError` hears why it ended otherwise. */
  start(fromOffset: number, onError: (error: unknown) => void): void {
    this.#done = this.#run(fromOffset).catch(onError);
  }

  /** Resolves when the batch in hand is settled. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopWaiting?.();
    await this.#done;
  }

  async #run(fromOffset: number): Promise<void> {
    const { topic, partition, bounds } = this.partition;
    let next = startOffset(topic, partition, fromOffset, bounds);
    while (!this.#stopped) {
      const records = readRecords(this.#tables, this.partition, next, this.#limits);
      const last = records.at(-1);
      if (last === undefined) {
        next = this.partition.bounds.end;
        await this.#appended();
        continue;
      }
      await this.#onBatch({ topic, partition, records, endOffset: this.partition.bounds.end });
      next = last.offset + 1;
      // A reader that catches up lets others have their turn.
      await nextTurn();
    }
  }

  /** Nothing was there and nothing can come in between: appends are published in this thread, between awaits. */
  #appended(): Promise<void> {
    return new Promise((resolve) => {
      const takeBack = this.partition.onAppended(() => {
        this.#stopWaiting = undefined;
        resolve();
      });
      this.#stopWaiting = () => {
        takeBack();
        resolve();
      };
    });
  }
}
