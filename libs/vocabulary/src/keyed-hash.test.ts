import { describe, expect, it } from "@jest/globals";
import { hashKeyFromSalt, keyedHash, keyedHashBytes, toBigint, uniform32 } from "./keyed-hash.js";

// The reference vectors of the SipHash authors (vectors_sip64 in their repository): key 00 01 … 0f, message
// 00 01 … n−1, for the lengths around a word boundary.
const KEY = { k0: 0x0706050403020100n, k1: 0x0f0e0d0c0b0a0908n };
const VECTORS: readonly (readonly [length: number, hash: bigint])[] = [
  [0, 0x726fdb47dd0e0e31n],
  [1, 0x74f839c593dc67fdn],
  [7, 0xab0200f58b01d137n],
  [8, 0x93f5f5799a932462n],
  [15, 0xa129ca6149be45e5n],
];

describe("keyedHash", () => {
  it.each(VECTORS)("agrees with the authors' vector of %d bytes", (length, hash) => {
    expect(
      toBigint(
        keyedHashBytes(
          KEY,
          Uint8Array.from({ length }, (_, i) => i),
        ),
      ),
    ).toBe(hash);
  });

  it("agrees with ClickHouse: sipHash64Keyed((1, 2), 'abc') and sipHash64('abc')", () => {
    expect(toBigint(keyedHash({ k0: 1n, k1: 2n }, "abc"))).toBe(15085598991770005917n);
    expect(toBigint(keyedHash({ k0: 0n, k1: 0n }, "abc"))).toBe(4596069200710135518n);
  });

  it("hashes text as UTF-8, a lone surrogate as U+FFFD", () => {
    const text = "aé€😀\ud800z";
    expect(keyedHash(KEY, text)).toEqual(keyedHashBytes(KEY, new Uint8Array(Buffer.from(text, "utf8"))));
  });

  it("spreads 100,000 keys evenly over 16 slots (chi-square, 15 degrees of freedom, far below its 1e-6 tail)", () => {
    const key = hashKeyFromSalt("even");
    const slots = new Array<number>(16).fill(0);
    for (let i = 0; i < 100_000; i += 1) slots[uniform32(key, `subject-${String(i)}`) >>> 28]! += 1;
    const chi2 = slots.reduce((sum, n) => sum + (n - 6_250) ** 2 / 6_250, 0);
    expect(chi2).toBeLessThan(59);
  });
});
