import type { PartitionMap, PartitionOwner } from "../partition-map.js";

/** A map that changes when a test says so. */
export class GivenMap implements PartitionMap {
  ownAddress = "127.0.0.1:1";
  version = 0;
  readonly partitionCount: number;
  readonly #owners = new Map<number, PartitionOwner>();
  readonly #listeners = new Set<() => void>();

  constructor(partitionCount: number) {
    this.partitionCount = partitionCount;
  }

  /** Those who hear of changes. */
  get listenerCount(): number {
    return this.#listeners.size;
  }

  ownerOf(partition: number): PartitionOwner | undefined {
    return this.#owners.get(partition);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Says who answers for each partition, the first for partition 0; undefined: nobody. One change. */
  assign(addresses: readonly (string | undefined)[]): void {
    this.#owners.clear();
    this.version += 1;
    for (const [partition, address] of addresses.entries()) {
      if (address !== undefined) this.#owners.set(partition, { address, epoch: this.version });
    }
    for (const listener of [...this.#listeners]) listener();
  }
}
