import { describe, expect, it } from "@jest/globals";
import { differences } from "./differences.js";

describe("what two trees have differently", () => {
  it("is nothing of equal ones", () => {
    expect(differences({ a: [1, { b: "x" }] }, { a: [1, { b: "x" }] })).toEqual([]);
  });

  it("is named leaf by leaf, with what is missing on a side", () => {
    const recorded = { reason: "granted", candidates: [{ weight: "1" }, { weight: "2" }], offer: { code: "A" } };
    const made = { reason: "granted", candidates: [{ weight: "1" }, { weight: "3" }, { weight: "4" }] };
    expect(differences(recorded, made)).toEqual([
      { field: "candidates[1].weight", recorded: "2", made: "3" },
      { field: "candidates[2]", recorded: undefined, made: { weight: "4" } },
      { field: "offer", recorded: { code: "A" }, made: undefined },
    ]);
  });

  it("tells null and 0 from what is not there", () => {
    expect(differences({ a: null, b: 0 }, {})).toHaveLength(2);
    expect(differences({ a: null }, { a: null })).toEqual([]);
  });
});
