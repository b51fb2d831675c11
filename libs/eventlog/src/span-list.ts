import type { RecordSpans } from "./port.js";

const CAPACITY_MIN = 1_024;
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

  /** Begins anew, without records. */
  begin(topic: string, partition: number, bytes: Buffer): void {
    this.topic = topic;
    this.partition = partition;
    this.bytes = bytes;
    this.count = 0;
  }

  /** Makes room for so many more. */
  reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.offsets.length) return;
    const capacity = Math.max(needed, 2 * this.offsets.length);
    this.offsets = grown(this.offsets, new Float64Array(capacity));
    this.timestampsMs = grown(this.timestampsMs, new Float64Array(capacity));
    this.valueFrom = grown(this.valueFrom, new Int32Array(capacity));
    this.valueTo = grown(this.valueTo, new Int32Array(capacity));
  }

  /** Lets go of the bytes, so that they need not outlive the reading. */
  release(): void {
    this.bytes = NOTHING;
    this.count = 0;
  }
}

function grown<T extends Float64Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
