import { describe, expect, it } from "@jest/globals";
import { exponential, normal, weighted, wholeNumber } from "./draws.js";
import { RandomStreams, Xoshiro128 } from "./xoshiro128.js";

describe("Xoshiro128", () => {
  it("agrees with the authors' xoshiro128starstar.c 1.1 from the state 1, 2, 3, 4", () => {
    const random = new Xoshiro128(1, 2, 3, 4);
    expect(Array.from({ length: 10 }, () => random.nextUint32())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it("refuses the one state that it would never leave", () => {
    expect(() => new Xoshiro128(0, 0, 0, 0)).toThrow(RangeError);
  });
});

describe("RandomStreams", () => {
  it("gives a name the same stream again, another name or seed another one", () => {
    const draw = (seed: string, name: string) => new RandomStreams(seed).stream(name).nextUint32();
    expect(draw("a", "x")).toBe(draw("a", "x"));
    expect(draw("a", "x")).not.toBe(draw("a", "y"));
    expect(draw("a", "x")).not.toBe(draw("b", "x"));
  });

  it("spreads the uniforms of names evenly (chi-square of 16 slots, far below its 1e-6 tail)", () => {
    const streams = new RandomStreams("even");
    const slots = new Array<number>(16).fill(0);
    for (let i = 0; i < 32_000; i += 1) slots[Math.floor(streams.unit(`name-${i}`) * 16)]! += 1;
    expect(slots.reduce((sum, n) => sum + (n - 2_000) ** 2 / 2_000, 0)).toBeLessThan(59);
  });
});

describe("draws", () => {
  const mean = (draw: () => number) => Array.from({ length: 40_000 }, draw).reduce((a, b) => a + b, 0) / 40_000;

  it("have the moments that they are named for, within five standard errors", () => {
    const random = new RandomStreams("moments").stream("draws");
    expect(Math.abs(mean(() => normal(random)))).toBeLessThan(5 / 200);
    expect(Math.abs(mean(() => normal(random) ** 2) - 1)).toBeLessThan((5 * Math.SQRT2) / 200);
    expect(Math.abs(mean(() => exponential(random, 3)) - 3)).toBeLessThan(15 / 200);
    expect(Math.abs(mean(() => wholeNumber(random, 1, 6)) - 3.5)).toBeLessThan((5 * 1.71) / 200);
  });

  it("never choose what has no weight", () => {
    const random = new RandomStreams("weights").stream("draws");
    const chosen = new Set(
      Array.from({ length: 1_000 }, () =>
        weighted(random, [
          ["a", 1],
          ["never", 0],
          ["b", 3],
        ]),
      ),
    );
    expect([...chosen].sort()).toEqual(["a", "b"]);
  });
});
