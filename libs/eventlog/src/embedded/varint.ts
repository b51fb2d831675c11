/**
 * Variable-length integers of seven bits a byte, lowest first (LEB128), for 0 to 2^53 - 1. Written with arithmetic where
 * a value leaves the 31 bits that JavaScript's shifts can do.
 */
export function writeVarint(into: Buffer, at: number, value: number): number {
  let rest = value;
  let position = at;
  while (rest > 0x7fffffff) {
    into[position++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    into[position++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  into[position++] = rest;
  return position;
}

/** Most bytes that one variable-length integer takes. */
export const VARINT_BYTES_MAX = 8;

/** Reads one integer after another from a buffer. Throws a RangeError when the bytes end in the middle of one. */
export class VarintReader {
  readonly #bytes: Buffer;
  position: number;

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  next(): number {
    let byte = this.#byte();
    let value = byte & 127;
    let scale = 128;
    while (byte > 127) {
      byte = this.#byte();
      value += (byte & 127) * scale;
      scale *= 128;
    }
    return value;
  }

  #byte(): number {
    const byte = this.#bytes[this.position++];
    if (byte === undefined) throw new RangeError("a number goes on beyond the end of its bytes");
    return byte;
  }
}
