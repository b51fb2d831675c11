import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { doneNote, epochIn, plannedBlock, planNote } from "./planned-block.js";

describe("a planned block", () => {
  it("is what its note says, from where the commit stands", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 100_000 }), (offset, rows) => {
        expect(plannedBlock({ offset, note: planNote(offset + rows) })).toEqual({ from: offset, to: offset + rows });
      }),
    );
  });

  it("is none where nothing was committed, or nothing is under way", () => {
    expect(plannedBlock(undefined)).toBeUndefined();
    expect(plannedBlock({ offset: 7, note: "" })).toBeUndefined();
  });

  it("knows the newest owner's epoch before it, and so does what is left where none is planned", () => {
    expect(plannedBlock({ offset: 7, note: planNote(9, 3) })).toEqual({ from: 7, to: 9 });
    expect(plannedBlock({ offset: 7, note: doneNote(3) })).toBeUndefined();
    expect([planNote(9, 3), doneNote(3), planNote(9), doneNote(0), ""].map((note) => epochIn({ note }))).toEqual([
      3, 3, 0, 0, 0,
    ]);
    expect(epochIn(undefined)).toBe(0);
  });

  it.each(['{"to":7}', '{"to":6.5}', "{}", "null", '"to"', '{"to":"9"}'])(
    "is never %s: a note of ours would not be",
    (note) => {
      expect(() => plannedBlock({ offset: 7, note })).toThrow("the recorder's own note is not a plan");
    },
  );
});
