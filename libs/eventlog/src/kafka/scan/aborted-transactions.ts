import type { RecordBatch } from "./record-batch.js";

/** What is asked of a batch. */
export type TransactionalBatch = Pick<RecordBatch, "isTransactional" | "isAbort" | "producerId" | "lastOffset">;

/** A transaction without effect: its producer, and where its first record stands. It ends at that producer's next abort marker. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** Tells, batch for batch in the order of their offsets, which belong to transactions without effect. */
export class AbortedTransactions {
  readonly #ahead: AbortedTransaction[];
  readonly #open = new Set<bigint>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#ahead = [...aborted].sort((a, b) => b.firstOffset - a.firstOffset);
  }

  /** True if the batch is to be dropped for that reason. */
  holds(batch: TransactionalBatch): boolean {
    if (!batch.isTransactional) return false;
    for (
      let next = this.#ahead.at(-1);
      next !== undefined && next.firstOffset <= batch.lastOffset;
      next = this.#ahead.at(-1)
    ) {
      this.#open.add(next.producerId);
      this.#ahead.pop();
    }
    if (batch.isAbort) this.#open.delete(batch.producerId);
    return this.#open.has(batch.producerId);
  }
}
