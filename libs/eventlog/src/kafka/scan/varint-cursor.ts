/** Most bytes of a 64-bit integer, seven bits a byte. */
const VARINT_BYTES_MAX = 10;

/**
 * Reads Kafka's variable-length integers, signed by turns (0, −1, 1, −2, …), lowest seven bits first. It never throws: what
 * leads beyond the end makes it say that it is no longer within, and what it has read since then means nothing.
 */
export class VarintCursor {
  readonly #bytes: Buffer;
  readonly #to: number;
  at: number;
  #isWithin = true;

  constructor(bytes: Buffer, from: number, to: number) {
    this.#bytes = bytes;
    this.at = from;
    this.#to = to;
  }

  get isWithin(): boolean {
    return this.#isWithin && this.at <= this.#to;
  }

  next(): number {
    if (this.at >= this.#to) return this.#leave();
    const byte = this.#bytes[this.at] ?? 0;
    if (byte > 127) return this.#long();
    this.at += 1;
    return (byte >>> 1) ^ -(byte & 1);
  }

  /** Of two bytes and more. With arithmetic, as 64 bits are more than shifts can do. */
  #long(): number {
    const end = Math.min(this.#to, this.at + VARINT_BYTES_MAX);
    let value = 0;
    let scale = 1;
    while (this.at < end) {
      const byte = this.#bytes[this.at++] ?? 0;
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    return this.#leave();
  }

  #leave(): number {
    this.#isWithin = false;
    return 0;
  }
}
