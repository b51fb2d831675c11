import { describe, expect, it } from "@jest/globals";
import { holdsAll, type Growth } from "./growth-record.js";

const grown = (isWhole?: boolean): Growth => ({
  ...{ stage: "finished", from: 2, to: 3 },
  topics: {
    events: { begins: [0, 0], ends: [7, 9], copiesFrom: [7, 9], ...(isWhole === undefined ? {} : { isWhole }) },
  },
});

describe("whether a topic has every record still", () => {
  it("is so of one that never grew until its first records go", () => {
    expect(holdsAll("events", [0, 0], undefined)).toBe(true);
    expect(holdsAll("events", [0, 1], undefined)).toBe(false);
    expect(holdsAll("others", [0, 0], grown(true))).toBe(true);
    expect(holdsAll("others", [4, 0], grown(true))).toBe(false);
  });

  it("is so of one that grew whole, until its first copies go", () => {
    expect(holdsAll("events", [7, 9, 0], grown(true))).toBe(true);
    expect(holdsAll("events", [7, 10, 0], grown(true))).toBe(false);
    expect(holdsAll("events", [7, 9, 1], grown(true))).toBe(false);
  });

  it("is not known of one that lacked records when it grew, or that an earlier version let grow", () => {
    expect(holdsAll("events", [7, 9, 0], grown(false))).toBe(false);
    expect(holdsAll("events", [7, 9, 0], grown())).toBe(false);
  });
});
