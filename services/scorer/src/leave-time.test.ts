import { describe, expect, it } from "@jest/globals";
import { earlyMs } from "./leave-time.js";

describe("how early an answer leaves", () => {
  it.each([
    [20, 5, 5],
    [50, 5, 5],
    [100, 5, 10],
    [1_000, 5, 25],
    [60_000, 5, 25],
    [60_000, 40, 40],
    [-1, 5, 5],
  ])("of %i ms, with a margin of %i ms, is %i ms", (givenMs, marginMs, early) => {
    expect(earlyMs(givenMs, marginMs)).toBe(early);
  });
});
