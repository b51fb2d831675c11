import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DISTINCT_EXACT_MAX, insertMark, MARKS_KEPT, productMark } from "./distinct.js";
import { DistinctCounter } from "./slab/distinct-counter.js";

const counter = new DistinctCounter();

function countDistinct(lists: readonly (readonly number[])[]): number {
  counter.clear();
  for (const mark of lists.flat()) counter.add(mark, 0);
  counter.count();
  return counter.counts[0]!;
}

/** By the sentence, and nothing of the counter. */
function countedAlone(marks: number[]): number {
  const sorted = marks.sort((a, b) => a - b);
  return sorted.length <= 512 ? sorted.length : Math.floor((511 * 2 ** 53) / sorted[511]!);
}

function marksOf(products: readonly string[]): number[] {
  const marks: number[] = [];
  for (const product of products) insertMark(marks, productMark(product));
  return marks;
}

function products(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `product-${index + from}`);
}

describe("distinct products", () => {
  it("marks a product by the upper 53 bits of ClickHouse's sipHash64: 4596069200710135518 for 'abc'", () => {
    expect(productMark("abc")).toBe(Number(4596069200710135518n >> 11n));
  });

  it.each([0, 1, 2, 511, 512])("counts %d exactly, however often each comes", (count) => {
    const marks = marksOf([...products(count), ...products(count).reverse()]);
    expect(countDistinct([marks])).toBe(count);
    expect(countDistinct([marks, marks, []])).toBe(count);
  });

  it("estimates from 513 on by the 512th smallest mark, as the stated SQL does", () => {
    for (const count of [513, 600, 20_000]) {
      const sorted = products(count)
        .map(productMark)
        .sort((a, b) => a - b);
      const estimate = Math.floor((511 * 2 ** 53) / sorted[511]!);
      expect(countDistinct([marksOf(products(count))])).toBe(estimate);
      expect(Math.abs(estimate / count - 1)).toBeLessThan(4 * 0.0443);
    }
  });

  it("has the stated standard error: 200 sets of 5,000, root mean square error at most 5.5 % and mean near 0", () => {
    const errors = Array.from({ length: 200 }, (_, set) => {
      return countDistinct([marksOf(products(5_000, set * 5_000))]) / 5_000 - 1;
    });
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const rms = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
    expect(Math.abs(mean)).toBeLessThan(0.0125);
    expect(rms).toBeLessThan(0.055);
    expect(rms).toBeGreaterThan(0.033);
  });

  it("counts every window from the shortest one of each mark, exactly and estimated", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(900), fc.nat(4)), { maxLength: 1_500 }), (adds) => {
        counter.clear();
        for (const [number, window] of adds) counter.add(productMark(`product-${number}`), window);
        counter.count();
        const expected = [0, 1, 2, 3, 4].map((window) => {
          const inside = new Set(adds.filter(([, shortest]) => shortest <= window).map(([number]) => number));
          return countedAlone([...inside].map((number) => productMark(`product-${number}`)));
        });
        expect([...counter.counts]).toEqual(expected);
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  it("keeps 513 marks and unites without loss: parts give what the whole gives", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(1_500), { maxLength: 700 }), { maxLength: 5 }), (parts) => {
        const lists = parts.map((part) => marksOf(part.map((number) => `product-${number}`)));
        const whole = marksOf(parts.flat().map((number) => `product-${number}`));
        expect(countDistinct(lists)).toBe(countDistinct([whole]));
        expect(whole.length).toBeLessThanOrEqual(MARKS_KEPT);
        const distinct = new Set(parts.flat()).size;
        if (distinct <= DISTINCT_EXACT_MAX) expect(countDistinct(lists)).toBe(distinct);
      }),
      { seed: 512, numRuns: 60 },
    );
  });
});
