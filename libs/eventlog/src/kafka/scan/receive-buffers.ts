const BYTES_MIN = 65_536;
/** Larger ones, for batches that are larger than what is asked for, are let go by the next that is not so large. */
const BYTES_KEPT_MAX = 33_554_432;

/** Two buffers in turn: one that is read from while the other receives. They grow to what comes. */
export class ReceiveBuffers {
  #inUse = Buffer.alloc(0);
  #other = Buffer.alloc(0);

  /** Gives the buffer whose content nobody needs any more. Not to be used before the one before it is full. */
  next(): (bytes: number) => Buffer {
    return (bytes) => {
      const turned = this.#other;
      this.#other = this.#inUse;
      const isFit = turned.length >= bytes && (turned.length <= BYTES_KEPT_MAX || bytes > BYTES_KEPT_MAX);
      this.#inUse = isFit ? turned : Buffer.allocUnsafeSlow(roundedUp(bytes));
      return this.#inUse;
    };
  }
}

/** To a power of two, so that they do not grow often. */
function roundedUp(bytes: number): number {
  return Math.max(BYTES_MIN, 2 ** Math.ceil(Math.log2(bytes)));
}
