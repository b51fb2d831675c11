/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) with 64-bit output: the one keyed hash behind arms, exploration and
 * sketches. It is written out here because the pure rooms may not import Node, and because ClickHouse has the
 * same function, so that a data team recomputes any assignment in SQL:
 * `sipHash64Keyed((salt0, salt1), assignment_key)`.
 */
export interface HashKey {
  readonly k0: bigint;
  readonly k1: bigint;
}

/** A 64-bit hash as two unsigned 32-bit halves, which JavaScript handles without allocating. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** Derives a key from a salt in words, as two hashes under fixed keys, so that policies can name salts. */
export function hashKeyFromSalt(salt: string): HashKey {
  const first = keyedHash({ k0: 0n, k1: 0n }, salt);
  const second = keyedHash({ k0: 1n, k1: 0n }, salt);
  return { k0: toBigint(first), k1: toBigint(second) };
}

/** The hash as an unsigned 64-bit bigint, the form in which ClickHouse prints it. */
export function toBigint({ high, low }: Hash64): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The top 32 bits: a uniform integer from 0 to 2^32 − 1, held against integer weights that sum to 2^32. */
export function uniform32(key: HashKey, text: string): number {
  return keyedHash(key, text).high;
}

/** SipHash-2-4 of the text's UTF-8 bytes. */
export function keyedHash(key: HashKey, text: string): Hash64 {
  return keyedHashBytes(key, utf8(text));
}

/** SipHash-2-4 of the bytes. */
export function keyedHashBytes(key: HashKey, bytes: Uint8Array): Hash64 {
  const state = new SipState(key);
  const wholeWords = bytes.length >>> 3;
  for (let word = 0; word < wholeWords; word += 1) {
    state.absorb(readUint32(bytes, word * 8), readUint32(bytes, word * 8 + 4));
  }
  let low = 0;
  let high = (bytes.length & 0xff) << 24;
  for (let index = wholeWords * 8, shift = 0; index < bytes.length; index += 1, shift += 8) {
    const byte = bytes[index] ?? 0;
    if (shift < 32) low |= byte << shift;
    else high |= byte << (shift - 32);
  }
  state.absorb(low, high);
  return state.finish();
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

/** The four 64-bit words of SipHash, as 32-bit halves. */
class SipState {
  #v0l: number;
  #v0h: number;
  #v1l: number;
  #v1h: number;
  #v2l: number;
  #v2h: number;
  #v3l: number;
  #v3h: number;

  constructor({ k0, k1 }: HashKey) {
    const [k0l, k0h] = halves(k0);
    const [k1l, k1h] = halves(k1);
    this.#v0l = k0l ^ 0x70736575;
    this.#v0h = k0h ^ 0x736f6d65;
    this.#v1l = k1l ^ 0x6e646f6d;
    this.#v1h = k1h ^ 0x646f7261;
    this.#v2l = k0l ^ 0x6e657261;
    this.#v2h = k0h ^ 0x6c796765;
    this.#v3l = k1l ^ 0x79746573;
    this.#v3h = k1h ^ 0x74656462;
  }

  absorb(low: number, high: number): void {
    this.#v3l ^= low;
    this.#v3h ^= high;
    this.#round();
    this.#round();
    this.#v0l ^= low;
    this.#v0h ^= high;
  }

  finish(): Hash64 {
    this.#v2l ^= 0xff;
    this.#round();
    this.#round();
    this.#round();
    this.#round();
    return {
      low: (this.#v0l ^ this.#v1l ^ this.#v2l ^ this.#v3l) >>> 0,
      high: (this.#v0h ^ this.#v1h ^ this.#v2h ^ this.#v3h) >>> 0,
    };
  }

  #round(): void {
    let v0l = this.#v0l,
      v0h = this.#v0h,
      v1l = this.#v1l,
      v1h = this.#v1h;
    let v2l = this.#v2l,
      v2h = this.#v2h,
      v3l = this.#v3l,
      v3h = this.#v3h;
    let sum: number;
    let swap: number;

    sum = (v0l >>> 0) + (v1l >>> 0); // v0 += v1
    v0h = (v0h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0;
    v0l = sum | 0;
    swap = (v1l << 13) | (v1h >>> 19); // v1 <<<= 13
    v1h = (v1h << 13) | (v1l >>> 19);
    v1l = swap;
    v1l ^= v0l;
    v1h ^= v0h;
    swap = v0l; // v0 <<<= 32
    v0l = v0h;
    v0h = swap;

    sum = (v2l >>> 0) + (v3l >>> 0); // v2 += v3
    v2h = (v2h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0;
    v2l = sum | 0;
    swap = (v3l << 16) | (v3h >>> 16); // v3 <<<= 16
    v3h = (v3h << 16) | (v3l >>> 16);
    v3l = swap;
    v3l ^= v2l;
    v3h ^= v2h;

    sum = (v0l >>> 0) + (v3l >>> 0); // v0 += v3
    v0h = (v0h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0;
    v0l = sum | 0;
    swap = (v3l << 21) | (v3h >>> 11); // v3 <<<= 21
    v3h = (v3h << 21) | (v3l >>> 11);
    v3l = swap;
    v3l ^= v0l;
    v3h ^= v0h;

    sum = (v2l >>> 0) + (v1l >>> 0); // v2 += v1
    v2h = (v2h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0;
    v2l = sum | 0;
    swap = (v1l << 17) | (v1h >>> 15); // v1 <<<= 17
    v1h = (v1h << 17) | (v1l >>> 15);
    v1l = swap;
    v1l ^= v2l;
    v1h ^= v2h;
    swap = v2l; // v2 <<<= 32
    v2l = v2h;
    v2h = swap;

    this.#v0l = v0l;
    this.#v0h = v0h;
    this.#v1l = v1l;
    this.#v1h = v1h;
    this.#v2l = v2l;
    this.#v2h = v2h;
    this.#v3l = v3l;
    this.#v3h = v3h;
  }
}

function halves(word: bigint): [low: number, high: number] {
  return [Number(word & 0xffffffffn) | 0, Number((word >> 32n) & 0xffffffffn) | 0];
}

/** UTF-8 without TextEncoder, which is no part of the language. A lone surrogate becomes U+FFFD, as TextEncoder has it. */
function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    let point = text.codePointAt(index) ?? 0;
    if (point > 0xffff) index += 1;
    else if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    if (point < 0x80) {
      bytes[length++] = point;
    } else if (point < 0x800) {
      bytes[length++] = 0xc0 | (point >>> 6);
      bytes[length++] = 0x80 | (point & 0x3f);
    } else if (point < 0x10000) {
      bytes[length++] = 0xe0 | (point >>> 12);
      bytes[length++] = 0x80 | ((point >>> 6) & 0x3f);
      bytes[length++] = 0x80 | (point & 0x3f);
    } else {
      bytes[length++] = 0xf0 | (point >>> 18);
      bytes[length++] = 0x80 | ((point >>> 12) & 0x3f);
      bytes[length++] = 0x80 | ((point >>> 6) & 0x3f);
      bytes[length++] = 0x80 | (point & 0x3f);
    }
  }
  return bytes.subarray(0, length);
}
