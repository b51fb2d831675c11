import type { Subscription } from "../port.js";
import { type BatchLimits, readRecords } from "./chunk-scan.js";
import type { Partition } from "./partition.js";
import type { Tables } from "./store.js";
import type { TailReading } from "./tail.js";

/** Reads one partition for one subscription, a batch at a time. */
export class BatchReading implements TailReading {
  readonly #tables: Tables;
  readonly #partition: Partition;
  readonly #limits: BatchLimits;
  readonly #subscription: Subscription;

  constructor(tables: Tables, partition: Partition, limits: BatchLimits, subscription: Subscription) {
    this.#tables = tables;
    this.#partition = partition;
    this.#limits = limits;
    this.#subscription = subscription;
  }

  async readOn(next: number): Promise<number> {
    const { topic, partition, bounds } = this.#partition;
    const records = readRecords(this.#tables, this.#partition, next, this.#limits);
    const last = records.at(-1);
    if (last !== undefined) {
      await this.#subscription.onBatch({ topic, partition, records, endOffset: bounds.end });
      return last.offset + 1;
    }
    await this.#tellGap(bounds.end);
    return bounds.end;
  }

  async passOverRemoved(_: number, next: number): Promise<void> {
    await this.#tellGap(next);
  }

  async #tellGap(next: number): Promise<void> {
    await this.#subscription.onGap?.(this.#partition.partition, next);
  }
}
