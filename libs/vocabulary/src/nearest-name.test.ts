import { describe, expect, it } from "@jest/globals";
import { nearestName } from "./nearest-name.js";

describe("nearestName", () => {
  it.each([
    ["evnet_id", "event_id"],
    ["EventID", "event_id"],
    ["x", undefined],
    ["completely_different", undefined],
    ["a".repeat(65), undefined],
  ])("%s → %s", (name, expected) => {
    expect(nearestName(name, ["event_id", "kind", "user_id"])).toBe(expected);
  });
});
