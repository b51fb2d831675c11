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

/** The first 16 bytes of a secret as a key. */
export function hashKeyFromBytes(secret: Uint8Array): HashKey {
  const view = new DataView(secret.buffer, secret.byteOffset, secret.byteLength);
  return { k0: view.getBigUint64(0, true), k1: view.getBigUint64(8, true) };
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
  if (words.length < text.length + WORDS_OF_END) words = new Int32Array(text.length * 2);
  if (packAscii(text)) return sipHash(halvesOf(key), words, text.length);
  const length = writeUtf8(text);
  return keyedHashRange(key, scratch, 0, length);
}

/** SipHash-2-4 of the bytes. */
export function keyedHashBytes(key: HashKey, bytes: Uint8Array): Hash64 {
  return keyedHashRange(key, bytes, 0, bytes.length);
}

/** SipHash-2-4 of the bytes from one place up to another. */
export function keyedHashRange(key: HashKey, bytes: Uint8Array, from: number, to: number): Hash64 {
  const length = to - from;
  if (words.length < length + WORDS_OF_END) words = new Int32Array(length * 2);
  packBytes(bytes, from, length);
  return sipHash(halvesOf(key), words, length);
}

/** A key as four 32-bit words: k0 low, k0 high, k1 low, k1 high. */
type KeyHalves = readonly [k0l: number, k0h: number, k1l: number, k1h: number];

const HALVES = new WeakMap<HashKey, KeyHalves>();
let lastKey: HashKey | undefined;
let lastHalves: KeyHalves = [0, 0, 0, 0];

/** Big integers are slow, and keys few: each is taken apart once. */
function halvesOf(key: HashKey): KeyHalves {
  if (key === lastKey) return lastHalves;
  const halves = HALVES.get(key) ?? [...halvesOfWord(key.k0), ...halvesOfWord(key.k1)];
  HALVES.set(key, halves);
  lastKey = key;
  lastHalves = halves;
  return halves;
}

function halvesOfWord(word: bigint): [low: number, high: number] {
  return [Number(word & 0xffffffffn) | 0, Number((word >> 32n) & 0xffffffffn) | 0];
}

/**
 * The whole of SipHash in one function: its four 64-bit words stay in local variables, as 32-bit halves, which is several times as fast as
 * anything that keeps them in an object. What each line does is the authors' line in 64 bits beside it.
 *
 * @param packed what is hashed, four bytes a word, zeros behind its end
 * @param length of it, in bytes
 */
function sipHash([k0l, k0h, k1l, k1h]: KeyHalves, packed: Int32Array, length: number): Hash64 {
  let v0l = k0l ^ 0x70736575;
  let v0h = k0h ^ 0x736f6d65;
  let v1l = k1l ^ 0x6e646f6d;
  let v1h = k1h ^ 0x646f7261;
  let v2l = k0l ^ 0x6e657261;
  let v2h = k0h ^ 0x6c796765;
  let v3l = k1l ^ 0x79746573;
  let v3h = k1h ^ 0x74656462;
  const last = (length >>> 3) << 1;
  packed[last + 1] = (packed[last + 1] ?? 0) | (length << 24);
  for (let at = 0; at <= last + 2; at += 2) {
    const isFinish = at > last;
    const low = isFinish ? 0 : (packed[at] ?? 0);
    const high = isFinish ? 0 : (packed[at + 1] ?? 0);
    if (isFinish) v2l ^= 0xff;
    v3l ^= low;
    v3h ^= high;
    for (let round = isFinish ? 4 : 2; round > 0; round -= 1) {
      let sum = (v0l + v1l) | 0; // v0 += v1; what is carried is reckoned by bits, as a branch on it would go either way half of the time
      v0h = (v0h + v1h + (((v0l & v1l) | ((v0l | v1l) & ~sum)) >>> 31)) | 0;
      v0l = sum;
      let swap = (v1l << 13) | (v1h >>> 19); // v1 <<<= 13, v1 ^= v0
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
      v1l = swap ^ v0l;
      sum = (v2l + v3l) | 0; // v2 += v3
      v2h = (v2h + v3h + (((v2l & v3l) | ((v2l | v3l) & ~sum)) >>> 31)) | 0;
      v2l = sum;
      swap = (v3l << 16) | (v3h >>> 16); // v3 <<<= 16, v3 ^= v2
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
      v3l = swap ^ v2l;
      swap = v0l; // v0 <<<= 32, then v0 += v3
      sum = (v0h + v3l) | 0;
      v0h = (swap + v3h + (((v0h & v3l) | ((v0h | v3l) & ~sum)) >>> 31)) | 0;
      v0l = sum;
      swap = (v3l << 21) | (v3h >>> 11); // v3 <<<= 21, v3 ^= v0
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
      v3l = swap ^ v0l;
      sum = (v2l + v1l) | 0; // v2 += v1
      const sumHigh = (v2h + v1h + (((v2l & v1l) | ((v2l | v1l) & ~sum)) >>> 31)) | 0;
      swap = (v1l << 17) | (v1h >>> 15); // v1 <<<= 17, v1 ^= v2
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ sumHigh;
      v1l = swap ^ sum;
      v2h = sum; // v2 <<<= 32
      v2l = sumHigh;
    }
    v0l ^= low;
    v0h ^= high;
  }
  return { low: (v0l ^ v1l ^ v2l ^ v3l) >>> 0, high: (v0h ^ v1h ^ v2h ^ v3h) >>> 0 };
}

/** Behind what is hashed stand its length and up to seven zeros. */
const WORDS_OF_END = 4;

/** What is hashed, four bytes a word, the first the lowest. Ids are hashed at every decision, and a buffer for each would be garbage at once. */
let words = new Int32Array(1_024);
/** Where text beyond ASCII stands as UTF-8 meanwhile. */
let scratch = new Uint8Array(4_096);

/** Packs a text, if all of it is ASCII: of such text each unit is a byte. */
function packAscii(text: string): boolean {
  const packed = words;
  const { length } = text;
  let seen = 0;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    const [a, b] = [text.charCodeAt(at), text.charCodeAt(at + 1)];
    const [c, d] = [text.charCodeAt(at + 2), text.charCodeAt(at + 3)];
    seen |= a | b | c | d;
    packed[at >>> 2] = a | (b << 8) | (c << 16) | (d << 24);
  }
  let rest = 0;
  for (let shift = 0; at + (shift >>> 3) < length; shift += 8) {
    const unit = text.charCodeAt(at + (shift >>> 3));
    seen |= unit;
    rest |= unit << shift;
  }
  endWith(rest, at >>> 2);
  return seen < 0x80;
}

function packBytes(bytes: Uint8Array, from: number, length: number): void {
  const packed = words;
  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) {
    const place = from + at;
    packed[at >>> 2] =
      (bytes[place] ?? 0) |
      ((bytes[place + 1] ?? 0) << 8) |
      ((bytes[place + 2] ?? 0) << 16) |
      ((bytes[place + 3] ?? 0) << 24);
  }
  let rest = 0;
  for (let at = whole; at < length; at += 1) rest |= (bytes[from + at] ?? 0) << ((at - whole) * 8);
  endWith(rest, whole >>> 2);
}

/** The last bytes, which are fewer than a word, and the zeros up to the end of the last pair of words. */
function endWith(rest: number, place: number): void {
  words[place] = rest;
  words[place + 1] = 0;
}

/**
 * Writes UTF-8 without TextEncoder, which is no part of the language. A lone surrogate becomes U+FFFD, as TextEncoder has it.
 *
 * @returns how many bytes
 */
function writeUtf8(text: string): number {
  if (scratch.length < text.length * 3) scratch = new Uint8Array(text.length * 3);
  const bytes = scratch;
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
  return length;
}
