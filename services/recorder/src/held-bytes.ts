import type { LogRecord } from "@leastwise/eventlog";

/** What a record in memory takes beside its bytes, roughly: the object, its key's text, its buffer's head. */
const RECORD_OVERHEAD_BYTES = 256;

/** Bytes that a record takes in memory, by the log alone: the same wherever it is cut. */
export function heldBytesOf({ value, key = "" }: LogRecord): number {
  return value.length + key.length + RECORD_OVERHEAD_BYTES;
}

/** How much all partitions together hold of what was read and is not in the warehouse. */
export class HeldBytes {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True if nothing further should be read before something is written. */
  get isFull(): boolean {
    return this.#bytes >= this.#bytesMax;
  }
}
