/** The bytes are not what a {@link ByteReader} was told to expect. Caught where the state is decoded, never seen outside. */
export class MalformedBytes extends Error {
  override readonly name = "MalformedBytes";
}

/** Longer texts come character by character: arguments of a call are not endless. */
const ASCII_AT_ONCE_MAX = 512;

/** Of the last of the eight groups of seven bits that a safe integer needs at most. */
const SCALE_MAX = 64 * 128 ** 6;

/** Reads what `ByteWriter` wrote, in the same order. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** A safe integer. */
  integer(): number {
    const first = this.#byte();
    // The sign is the lowest bit of the zigzag, whose 54 bits no number holds; the magnitude without it fits.
    let magnitude = (first & 0x7f) >> 1;
    let scale = 64;
    for (let byte = first; byte >= 0x80; scale *= 128) {
      if (scale > SCALE_MAX) throw new MalformedBytes("an integer is longer than a safe one");
      byte = this.#byte();
      magnitude += (byte & 0x7f) * scale;
    }
    const value = (first & 1) === 1 ? -magnitude - 1 : magnitude;
    if (!Number.isSafeInteger(value)) throw new MalformedBytes("an integer is out of the safe range");
    return value;
  }

  /** A length: as many items of at least one byte each must still follow. */
  count(): number {
    const value = this.integer();
    if (value < 0 || value > this.#bytes.length - this.#at)
      throw new MalformedBytes(`a length of ${value} is too long`);
    return value;
  }

  /** A list, each item read in turn. */
  list<T>(read: () => T): T[] {
    return Array.from({ length: this.count() }, read);
  }

  text(): string {
    const length = this.#varint();
    if (length > this.#bytes.length - this.#at) throw new MalformedBytes(`a text of ${length} is too long`);
    const ascii = this.#asciiText(length);
    if (ascii !== undefined) return ascii;
    let text = "";
    for (let index = 0; index < length; index += 1) text += String.fromCharCode(this.#varint());
    return text;
  }

  /** A text of nothing but ASCII, which nearly all are, in one step; else nothing is read. */
  #asciiText(length: number): string | undefined {
    if (length > ASCII_AT_ONCE_MAX) return undefined;
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    for (let index = 0; index < length; index += 1) if ((bytes[index] ?? 0x80) > 0x7f) return undefined;
    this.#at += length;
    return String.fromCharCode.apply(null, bytes as unknown as number[]);
  }

  optional<T>(read: () => T): T | undefined {
    return this.#byte() === 0 ? undefined : read();
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
      if (shift > 21) throw new MalformedBytes("a number is longer than 32 bits");
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new MalformedBytes("the bytes end too early");
    this.#at += 1;
    return byte;
  }
}
