import type { RecordSpans } from "./port.js";

const CAPACITY_MIN = 1_024;
/** More than a fetch brings, unless one packed batch has more: what that took is let go. */
const CAPACITY_KEPT_MAX = 1_048_576;
const NOTHING: Buffer = Buffer.alloc(0);

/** Places of records, in arrays that grow and are used again. */
export class SpanList implements RecordSpans {
  topic = "";
  partition = 0;
  count = 0;
  bytes: Buffer = NOTHING;
  offsets = new Float64Array(CAPACITY_MIN);
  timestampsMs = new Float64Array(CAPACITY_MIN);
  valueFrom = new Int32Array(CAPACITY_MIN);
  valueTo = new Int32Array(CAPACITY_MIN);
  endOffset = 0;
  nextOffset = 0;
  removedFrom: number | undefined = undefined;

  /** Begins anew, without records. */
  begin(topic: string, partition: number, bytes: Buffer): void {
    this.topic = topic;
    this.partition = partition;
    this.bytes = bytes;
    this.count = 0;
    this.removedFrom = undefined;
    if (this.offsets.length > CAPACITY_KEPT_MAX) this.#allocate(CAPACITY_MIN, 0);
  }

  /** Makes room for so many more. */
  reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.offsets.length) return;
    this.#allocate(Math.max(needed, 2 * this.offsets.length), this.count);
  }

  /** Lets go of the bytes, so that they need not outlive the reading. */
  release(): void {
    this.bytes = NOTHING;
    this.count = 0;
  }

  /** New arrays, with so many of the first places of the old ones. */
  #allocate(capacity: number, kept: number): void {
    this.offsets = copied(this.offsets, new Float64Array(capacity), kept);
    this.timestampsMs = copied(this.timestampsMs, new Float64Array(capacity), kept);
    this.valueFrom = copied(this.valueFrom, new Int32Array(capacity), kept);
    this.valueTo = copied(this.valueTo, new Int32Array(capacity), kept);
  }
}

function copied<T extends Float64Array | Int32Array>(from: T, into: T, count: number): T {
  into.set(from.subarray(0, count));
  return into;
}
