import { hashKeyFromSalt, keyedHash, type HashKey } from "@leastwise/vocabulary";

/**
 * xoshiro128** 1.1 (Blackman and Vigna, 2018, public domain): 32-bit words alone, so it is quick in JavaScript; period
 * 2^128 − 1. For simulations only: what the product decides by chance is a keyed hash.
 */
export class Xoshiro128 {
  #s0: number;
  #s1: number;
  #s2: number;
  #s3: number;

  /** State of four 32-bit words, not all zero. */
  constructor(s0: number, s1: number, s2: number, s3: number) {
    if ((s0 | s1 | s2 | s3) === 0) throw new RangeError("xoshiro128** does not leave the state of zeros");
    this.#s0 = s0 | 0;
    this.#s1 = s1 | 0;
    this.#s2 = s2 | 0;
    this.#s3 = s3 | 0;
  }

  /** A uniform integer from 0 to 2^32 − 1. */
  nextUint32(): number {
    const product = Math.imul(this.#s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.#s1 << 9;
    this.#s2 ^= this.#s0;
    this.#s3 ^= this.#s1;
    this.#s1 ^= this.#s2;
    this.#s0 ^= this.#s3;
    this.#s2 ^= shifted;
    this.#s3 = (this.#s3 << 11) | (this.#s3 >>> 21);
    return result;
  }

  /** A uniform number in [0, 1): a multiple of 2^-32. */
  nextUnit(): number {
    return this.nextUint32() / 4_294_967_296;
  }
}

/** Streams of chance under one seed: each name has its own, which no other stream's use moves. */
export class RandomStreams {
  readonly #first: HashKey;
  readonly #second: HashKey;

  constructor(seed: string) {
    this.#first = hashKeyFromSalt(`${seed}/first`);
    this.#second = hashKeyFromSalt(`${seed}/second`);
  }

  /** The stream of that name, from its beginning. */
  stream(name: string): Xoshiro128 {
    const first = keyedHash(this.#first, name);
    const second = keyedHash(this.#second, name);
    return new Xoshiro128(first.high, first.low, second.high, second.low | 1);
  }

  /** The one uniform number in [0, 1) that belongs to that name: the same whenever it is asked for. */
  unit(name: string): number {
    return keyedHash(this.#first, name).high / 4_294_967_296;
  }

  /** Sixteen hex digits that belong to that name. */
  hex(name: string): string {
    const { high, low } = keyedHash(this.#second, name);
    return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
  }
}
