import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { mulDiv, splitByLargestRemainder } from "./rounding.js";

describe("mulDiv", () => {
  it.each([
    { a: 5, b: 1, divisor: 2, halfEven: 2, halfUp: 3 },
    { a: 7, b: 1, divisor: 2, halfEven: 4, halfUp: 4 },
    { a: -5, b: 1, divisor: 2, halfEven: -2, halfUp: -3 },
    { a: 1_250, b: 1_000, divisor: 10_000, halfEven: 125, halfUp: 125 },
    { a: 1_499, b: 5_000, divisor: 10_000, halfEven: 750, halfUp: 750 },
    { a: 0, b: -3, divisor: 7, halfEven: 0, halfUp: 0 },
    {
      a: 9_007_199_254_740_991,
      b: 10_000,
      divisor: 10_000,
      halfEven: 9_007_199_254_740_991,
      halfUp: 9_007_199_254_740_991,
    },
  ])("$a × $b ÷ $divisor", ({ a, b, divisor, halfEven, halfUp }) => {
    expect(mulDiv(a, b, divisor)).toBe(halfEven);
    expect(mulDiv(a, b, divisor, "half_up")).toBe(halfUp);
  });

  it("is exact beyond 2^53: equals the rational rounded once", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 10_000 }), (a, b) => {
        const twice = BigInt(a) * BigInt(b) * 2n - BigInt(mulDiv(a, b, 10_000)) * 20_000n;
        expect(twice >= -10_000n && twice <= 10_000n).toBe(true);
      }),
    );
  });

  it("down and up are the whole numbers around the exact one", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 10_000 }), (a, b) => {
        const [toZero, fromZero] = [BigInt(mulDiv(a, b, 10_000, "down")), BigInt(mulDiv(a, b, 10_000, "up"))];
        const product = BigInt(a) * BigInt(b);
        expect(toZero).toBe(product / 10_000n);
        expect(fromZero).toBe(product / 10_000n + (product % 10_000n === 0n ? 0n : product < 0n ? -1n : 1n));
      }),
    );
  });

  it("is exact for every divisor, around multiples of it and around 2^52 and 2^53, where quotients of doubles may be one off", () => {
    const near = fc
      .tuple(fc.constantFrom(2 ** 31, 2 ** 52, 2 ** 53 - 1_000), fc.integer({ min: -999, max: 999 }))
      .map(([around, by]) => around + by);
    const divisor = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1 }), near);
    const dividend = fc.oneof(near, fc.maxSafeNat());
    fc.assert(
      fc.property(divisor, dividend, fc.nat(), fc.integer({ min: -1, max: 1 }), (by, any, times, beside) => {
        const multiple = (times % Math.max(1, Math.floor(Number.MAX_SAFE_INTEGER / by))) * by + beside;
        for (const a of [any, multiple]) {
          const exact = BigInt(a) / BigInt(by);
          expect(BigInt(mulDiv(a, 1, by, "down"))).toBe(exact);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it("refuses a result that is no safe integer, and a divisor that is not positive", () => {
    expect(() => mulDiv(Number.MAX_SAFE_INTEGER, 2, 1)).toThrow(RangeError);
    expect(() => mulDiv(1, 1, 0)).toThrow(RangeError);
  });
});

describe("splitByLargestRemainder", () => {
  it.each([
    { total: 100, weights: [1, 1, 1], parts: [34, 33, 33] },
    { total: 10, weights: [5_000, 1_000], parts: [8, 2] },
    { total: 2, weights: [0, 0, 0], parts: [1, 1, 0] },
    { total: 7, weights: [0, 5], parts: [0, 7] },
    { total: -100, weights: [1, 1, 1], parts: [-34, -33, -33] },
    { total: 0, weights: [3], parts: [0] },
  ])("$total over $weights is $parts", ({ total, weights, parts }) => {
    expect(splitByLargestRemainder(total, weights)).toEqual(parts);
  });

  it("gives the units left over to the largest remainders, whichever way it looks for them", () => {
    const few = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(10_000), few, fc.integer({ min: 1, max: 60 }), (total, given, times) => {
        const weights = Array.from({ length: times }, () => given).flat();
        const sum = weights.reduce((acc, weight) => acc + weight, 0);
        if (sum === 0) return;
        const floors = weights.map((weight) => Math.floor((total * weight) / sum));
        const left = total - floors.reduce((acc, part) => acc + part, 0);
        const order = weights.map((weight, index) => ({ index, remainder: (total * weight) % sum }));
        const lucky = new Set(
          order
            .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
            .slice(0, left)
            .map(({ index }) => index),
        );
        const parts = floors.map((part, index) => (lucky.has(index) ? part + 1 : part));
        expect(splitByLargestRemainder(total, weights)).toEqual(parts);
        // The same shares, with weights that do not fit into a double's 53 bits any more.
        const heavy = weights.map((weight) => weight * 2 ** 38);
        expect(splitByLargestRemainder(total, heavy)).toEqual(parts);
      }),
    );
  });

  it("adds up exactly, and no part is a whole unit away from its share", () => {
    const weights = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 45 }), weights, (total, given) => {
        const parts = splitByLargestRemainder(total, given);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(total);
        const sum = given.reduce((acc, weight) => acc + BigInt(weight), 0n);
        if (sum === 0n) return;
        parts.forEach((part, index) => {
          const off = BigInt(part) * sum - BigInt(total) * BigInt(given[index]!);
          expect(off > -sum && off < sum).toBe(true);
        });
      }),
    );
  });
});
