import { describe, expect, it } from "@jest/globals";
import { figuresOf, inTurn, inTurnFor, inWords, spreadOf } from "./harness.js";

describe("the harness", () => {
  it("gives the smallest, middle and largest of an odd and of an even number of samples", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
    expect(() => spreadOf([])).toThrow(RangeError);
  });

  it("names the figures of a spread", () => {
    expect(figuresOf("ratio", { min: 1, median: 2, max: 3 })).toEqual({ ratio: 2, ratio_min: 1, ratio_max: 3 });
  });

  it("runs two things in turn, so that a drifting machine is unfair to neither", async () => {
    const order: string[] = [];
    const note = (name: string) => () => Promise.resolve(order.push(name));
    expect(await inTurn(2, note("a"), note("b"))).toEqual({ a: [1, 3], b: [2, 4] });
    expect(order).toEqual(["a", "b", "a", "b"]);
  });

  it("leaves a first pair out, then fits rounds into the time: 3 at least, 20 at most", async () => {
    let runs = 0;
    const next = () => Promise.resolve(++runs);
    expect(await inTurnFor(1e-9, next, next)).toEqual({ a: [3, 5, 7], b: [4, 6, 8] });
    expect((await inTurnFor(1e6, next, next)).a).toHaveLength(20);
  });

  it("says a spread in words", () => {
    expect(inWords({ min: 0.5, median: 1.25, max: 3 }, 1)).toBe("1.3 (0.5–3.0)");
  });
});
