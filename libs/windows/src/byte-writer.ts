/** Writes integers and texts, one after the other, into a buffer that grows by doubling. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** A safe integer, in as few bytes as it needs (zigzag, then groups of seven bits). */
  integer(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
    if (value >= -0x40000000 && value < 0x40000000) {
      this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
      return;
    }
    let rest = value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n;
    while (rest > 0x7fn) {
      this.#byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
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

  /** What was written so far. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
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
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }
}
