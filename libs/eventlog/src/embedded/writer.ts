import { GroupCommit } from "../group-commit.js";
import { boundsChange, type Partition } from "./partition.js";
import type { Change, Store } from "./store.js";

/** Bounds of partitions as they will be when the transaction in the making is durable. */
export class PendingBounds {
  readonly #pending = new Map<Partition, Partition["bounds"]>();

  of(partition: Partition): Partition["bounds"] {
    return this.#pending.get(partition) ?? partition.bounds;
  }

  set(partition: Partition, bounds: Partition["bounds"]): void {
    this.#pending.set(partition, bounds);
  }

  changes(store: Store): Change[] {
    return [...this.#pending].map(([partition, bounds]) => boundsChange(store.tables, partition, bounds));
  }

  /** The transaction is durable: readers may see it. */
  publish(): void {
    for (const [partition, bounds] of this.#pending) {
      const grew = bounds.end > partition.bounds.end;
      partition.bounds = bounds;
      if (grew) partition.wake();
    }
  }
}

/** Works out a write's changes when its transaction is made. */
export type Write = (bounds: PendingBounds) => readonly Change[];

const LIMITS = { groupBytesMax: 16_777_216, waitingBytesMax: 268_435_456 };

/** The only one that changes the store: writes that come while a transaction is under way share the next one. */
export class Writer {
  readonly #store: Store;
  readonly #group: GroupCommit<Write>;

  constructor(store: Store) {
    this.#store = store;
    this.#group = new GroupCommit(LIMITS, (writes) => this.#commit(writes));
  }

  /** Resolves when the write is durable. `bytes` is about what it takes. Throws what {@link Store.commit} throws. */
  submit(write: Write, bytes: number): Promise<void> {
    return this.#group.submit(write, bytes);
  }

  idle(): Promise<void> {
    return this.#group.idle();
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    const bounds = new PendingBounds();
    const changes = writes.flatMap((write) => write(bounds));
    await this.#store.commit([...changes, ...bounds.changes(this.#store)]);
    bounds.publish();
  }
}
