import { DAY_MS, type Millis } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { NOON } from "../given/store.js";
import { EXCHANGE_GRACE_MS, mayAnswer } from "./exchange.js";

describe("when an exchange may be accepted", () => {
  const ENDS = (NOON + 7 * DAY_MS) as Millis;
  const campaign = { startsAtMs: NOON, endsAtMs: ENDS };

  it.each([
    ["before the campaign begins", NOON - 1, false],
    ["when it begins", NOON, true],
    ["when it ends", ENDS, true],
    ["just within a day of its end", ENDS + DAY_MS - 1, true],
    ["a day after its end", ENDS + DAY_MS, false],
  ])("%s: %s is %s", (_, atMs, expected) => {
    expect(mayAnswer(campaign, atMs)).toBe(expected);
  });

  it("always, of a campaign without a schedule", () => {
    const always = { startsAtMs: Number.NEGATIVE_INFINITY, endsAtMs: Number.POSITIVE_INFINITY };
    for (const atMs of [0, NOON]) expect(mayAnswer(always, atMs)).toBe(true);
    expect(EXCHANGE_GRACE_MS).toBe(DAY_MS);
  });
});
