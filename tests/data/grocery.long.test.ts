import { describe, it } from "@jest/globals";
import { realDataIsHere } from "./real-data.js";
import { REPLAY_MAX_MS, replayAll, type Expected } from "./replay-all.js";

// The grocery: half a million purchase lines are 46,063 orders, and Decide is asked before each that has a price.

const GROCERY: Expected = {
  file: "complete-journey",
  events: 46_063,
  subjects: 410,
  duplicates: 0,
  decisionsMin: 40_000,
  counted: { rows: 503_128, line: 503_128, "refused: quantity_zero": 4_275 },
};

const isHere = realDataIsHere("the replay of the grocery's half a million lines");

(isHere ? describe : describe.skip)("the program replays", () => {
  it("the grocery, and every line is accounted for", () => replayAll(GROCERY), REPLAY_MAX_MS);
});
