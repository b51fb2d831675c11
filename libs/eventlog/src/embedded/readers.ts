import type { Subscription } from "../port.js";
import type { BatchLimits } from "./chunk-scan.js";
import type { Partition } from "./partition.js";
import { Reader } from "./reader.js";
import type { Tables } from "./store.js";
import type { Topic } from "./topics.js";

/** Readers that share a topic's partitions. A broadcast is a group of one. */
class ReaderGroup {
  readonly #partitions: readonly Partition[];
  readonly #readers: Reader[] = [];
  /** Rebalances come one after the other. */
  #balanced: Promise<void> = Promise.resolve();

  constructor(partitions: readonly Partition[]) {
    this.#partitions = partitions;
  }

  join(reader: Reader): Promise<void> {
    this.#readers.push(reader);
    return this.#rebalance();
  }

  /** Resolves when the reader holds nothing any more. */
  leave(reader: Reader): Promise<void> {
    const place = this.#readers.indexOf(reader);
    if (place >= 0) this.#readers.splice(place, 1);
    return this.#rebalance(reader);
  }

  /** First all letting go, then all taking, so that a partition never has two readers. */
  #rebalance(leaving?: Reader): Promise<void> {
    this.#balanced = this.#balanced.then(async () => {
      await leaving?.revoke(leaving.held);
      const readers = [...this.#readers];
      const share = (reader: Reader): Partition[] =>
        this.#partitions.filter(({ partition }) => readers[partition % readers.length] === reader);
      const without = (some: readonly Partition[], others: readonly Partition[]): Partition[] =>
        some.filter((partition) => !others.includes(partition));
      await Promise.all(readers.map((reader) => reader.revoke(without(reader.held, share(reader)))));
      await Promise.all(readers.map((reader) => reader.assign(without(share(reader), reader.held))));
    });
    return this.#balanced;
  }
}

/** All subscriptions of a log. */
export class Readers {
  readonly #tables: Tables;
  readonly #limits: BatchLimits;
  readonly #groups = new Map<string, ReaderGroup>();
  readonly #readers = new Set<Reader>();

  constructor(tables: Tables, limits: BatchLimits) {
    this.#tables = tables;
    this.#limits = limits;
  }

  /** Starts reading; resolves when the reader has its partitions. */
  async subscribe(topic: Topic, subscription: Subscription): Promise<Reader> {
    const group = this.#group(topic, subscription.group);
    const reader = new Reader(this.#tables, subscription, this.#limits, async (leaving) => {
      this.#readers.delete(leaving);
      await group.leave(leaving);
    });
    this.#readers.add(reader);
    await group.join(reader);
    return reader;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.stop()));
  }

  #group(topic: Topic, name: string | undefined): ReaderGroup {
    if (name === undefined) return new ReaderGroup(topic.partitions);
    const key = JSON.stringify([name, topic.spec.name]);
    const existing = this.#groups.get(key) ?? new ReaderGroup(topic.partitions);
    this.#groups.set(key, existing);
    return existing;
  }
}
