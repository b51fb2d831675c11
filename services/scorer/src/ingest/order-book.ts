import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { subjectIdOf } from "@leastwise/windows";

/** One order: the subject's four words, then its time. */
const UNITS = 3;
const UNIT_BYTES = 8;

/** An order that ends what its subject decided before. */
export interface ToldOrder {
  readonly subject: SubjectId;
  readonly atMs: Millis;
}

/**
 * The orders of a partition that the ledger was told of, off the heap of objects, so that a checkpoint can tell them again: what
 * they ended is no part of the windows. 24 bytes each; like the ledger's own, they are kept for ever.
 */
export class OrderBook {
  #f64 = new Float64Array(UNITS * 64);
  #i32 = new Int32Array(this.#f64.buffer);
  #count = 0;
  /** Orders of records before this offset came out of a checkpoint: reading those records again tells none. */
  #toldBelow = 0;

  get count(): number {
    return this.#count;
  }

  /** Notes an order; false if it was told out of a checkpoint before. */
  note(s0: number, s1: number, s2: number, s3: number, atMs: number, offset: number): boolean {
    if (offset < this.#toldBelow) return false;
    if (this.#count * UNITS === this.#f64.length) this.#grow(2 * this.#f64.length);
    const unit = this.#count * UNITS;
    this.#i32.set([s0, s1, s2, s3], 2 * unit);
    this.#f64[unit + 2] = atMs;
    this.#count += 1;
    return true;
  }

  /** All orders so far, as bytes. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#f64.buffer, 0, this.#count * UNITS * UNIT_BYTES).slice();
  }

  /** Takes over what {@link OrderBook.bytes} gave, as of an offset. */
  restore(bytes: Uint8Array, toldBelow: number): void {
    this.#grow(Math.max(64, bytes.length / (UNITS * UNIT_BYTES)) * UNITS);
    new Uint8Array(this.#f64.buffer).set(bytes);
    this.#count = bytes.length / (UNITS * UNIT_BYTES);
    this.#toldBelow = toldBelow;
  }

  #grow(units: number): void {
    const before = this.#f64.subarray(0, this.#count * UNITS);
    this.#f64 = new Float64Array(units);
    this.#f64.set(before);
    this.#i32 = new Int32Array(this.#f64.buffer);
  }
}

/** The orders of {@link OrderBook.bytes}. */
export function* ordersIn(bytes: Uint8Array): Generator<ToldOrder> {
  const aligned = bytes.slice();
  const f64 = new Float64Array(aligned.buffer);
  const i32 = new Int32Array(aligned.buffer);
  for (let unit = 0; unit + UNITS <= f64.length; unit += UNITS) {
    const subject = subjectIdOf(
      i32[2 * unit] ?? 0,
      i32[2 * unit + 1] ?? 0,
      i32[2 * unit + 2] ?? 0,
      i32[2 * unit + 3] ?? 0,
    );
    yield { subject, atMs: (f64[unit + 2] ?? 0) as Millis };
  }
}
