/** Writes integers and texts, one after the other, into a buffer that grows by doubling. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** A safe integer, in as few bytes as it needs (zigzag, then groups of seven bits). */
  integer(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
    const isNegative = value < 0;
    let rest = isNegative ? -1 - value : value;
    let group = ((rest % 64) << 1) | (isNegative ? 1 : 0);
    rest = Math.floor(rest / 64);
    while (rest > 0) {
      this.#byte(group | 0x80);
      group = rest % 128;
      rest = Math.floor(rest / 128);
    }
    this.#byte(group);
  }

  /** A text as its UTF-16 code units, so that any string at all comes back the same. One byte for each of ASCII. */
  text(value: string): void {
    this.#varint(value.length);
    for (let index = 0; index < value.length; index += 1) this.#varint(value.charCodeAt(index));
  }

  /** An integer or a text that may be missing: a flag first. */
  optional<T>(value: T | undefined, write: (present: T) => void): void {
    this.#byte(value === undefined ? 0 : 1);
    if (value !== undefined) write(value);
  }

  /** Bytes that were written elsewhere. */
  bytesOf(u8: Uint8Array, from: number, to: number): void {
    while (this.#length + to - from > this.#bytes.length) this.#grow();
    this.#bytes.set(u8.subarray(from, to), this.#length);
    this.#length += to - from;
  }

  /** What was written so far. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** The same without a copy, good until something is written. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins anew, in the same buffer. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow();
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
