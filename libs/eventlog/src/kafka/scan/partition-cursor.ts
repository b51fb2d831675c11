import type { PoisonedBatch } from "../../port.js";

const WAIT_MIN_MS = 100;
const WAIT_MAX_MS = 2_000;
const WAIT_DOUBLINGS_MAX = 5;
const JITTER = 0.2;

/** A stretch that could not be read once. */
export type SuspectStretch = Pick<PoisonedBatch, "firstOffset" | "bytes" | "bytesTotal" | "reason">;

/** Where reading of a partition stands, and how it fares. */
export class PartitionCursor {
  readonly partition: number;
  /** The next offset to hand over: all below are settled. */
  next: number;
  /** What could not be read, until it was read a second time: it may have been damaged on its way only. */
  suspect: SuspectStretch | undefined;
  /** Set while the owner does not know that reading goes on at `next`, as no records led there: the log's end, as far as known. */
  untoldEnd: number | undefined;
  /** Set where what the owner is not told of was removed: its first offset. */
  untoldRemovedFrom: number | undefined;
  /** Since when the broker that is asked now says that nothing stands at an offset, though the log goes on. */
  emptyAt: { readonly offset: number; readonly sinceMs: number } | undefined;
  #failures = 0;
  #failingSinceMs = 0;

  constructor(partition: number, next: number) {
    this.partition = partition;
    this.next = next;
  }

  /** As {@link passTo}, where what stood below the offset was removed before it was read. */
  passOverRemoved(offset: number, endOffset: number): void {
    if (offset > this.next) this.untoldRemovedFrom ??= this.next;
    this.passTo(offset, endOffset);
  }

  /** Reading goes on at the offset, if that is further: nothing is left below it. The owner is to be told. */
  passTo(offset: number, endOffset: number): void {
    if (offset <= this.next) return;
    this.next = offset;
    this.untoldEnd = Math.max(offset, endOffset);
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(nowMs: number): void {
    if (this.#failures === 0) this.#failingSinceMs = nowMs;
    this.#failures += 1;
  }

  failingForMs(nowMs: number): number {
    return this.#failures === 0 ? 0 : nowMs - this.#failingSinceMs;
  }

  /** How long to wait before the next try; `chance` is from 0 to 1. */
  waitMs(chance: number): number {
    const doublings = Math.min(Math.max(0, this.#failures - 1), WAIT_DOUBLINGS_MAX);
    return Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** doublings) * (1 + JITTER * (2 * chance - 1));
  }
}
