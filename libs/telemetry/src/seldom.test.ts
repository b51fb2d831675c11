import { describe, expect, it } from "@jest/globals";
import { Seldom } from "./seldom.js";

describe("lines that come seldom", () => {
  it("come at once, then once in their time with how many were left out, each kind by itself", () => {
    let nowMs = 0;
    const seldom = new Seldom(1_000, () => nowMs);
    const lines: string[] = [];
    const fail = (kind: string) => {
      seldom.say(kind, (leftOut) => lines.push(`${nowMs} ${kind} ${leftOut}`));
    };
    fail("decisions");
    for (nowMs = 1; nowMs < 1_000; nowMs += 1) fail("decisions");
    fail("offers");
    fail("decisions");
    nowMs = 5_000;
    fail("decisions");
    expect(lines).toEqual(["0 decisions 0", "1000 offers 0", "1000 decisions 999", "5000 decisions 0"]);
  });
});
