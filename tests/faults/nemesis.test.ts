import { describe, expect, it } from "@jest/globals";
import { blows } from "./nemesis.js";
import { FAULTS } from "./faults/index.js";

describe("the blows of a seed", () => {
  const firsts = (seed: string, count: number) => {
    const some = blows(seed, FAULTS);
    return Array.from({ length: count }, () => some.next().value);
  };

  it("are the same again, and others under another seed", () => {
    expect(firsts("1", 40)).toEqual(firsts("1", 40));
    expect(firsts("2", 40)).not.toEqual(firsts("1", 40));
  });

  it("are each kind once before any comes again, and never two of one thing at a time", () => {
    const some = firsts("3", 5 * FAULTS.length);
    expect(new Set(some.slice(0, FAULTS.length).map(({ fault }) => fault)).size).toBe(FAULTS.length);
    const together = some.filter(({ beside }) => beside !== undefined);
    expect(together.length).toBeGreaterThan(0);
    for (const { fault, beside } of together) expect(beside?.fault.takes).not.toBe(fault.takes);
  });
});
