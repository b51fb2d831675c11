import { describe, expect, it } from "@jest/globals";
import { Silences } from "./silences.js";

const channel = { address: "b:1" };

describe("a scorer that keeps silent", () => {
  it("is called by one at a time, once three calls in a row and a while brought nothing", () => {
    const silences = new Silences();
    for (const nowMs of [0, 100, 200]) {
      expect(silences.mayCall(channel)).toBe(true);
      silences.late(channel, nowMs);
    }
    expect([silences.mayCall(channel), silences.mayCall(channel)]).toEqual([true, false]);
    silences.late(channel, 300);
    expect([silences.mayCall(channel), silences.mayCall(channel)]).toEqual([true, false]);
    silences.answered(channel);
    expect([silences.mayCall(channel), silences.mayCall(channel)]).toEqual([true, true]);
  });

  it("is none that many hasty callers gave no time at once", () => {
    const silences = new Silences();
    for (let call = 0; call < 50; call++) silences.late(channel, call);
    expect([silences.mayCall(channel), silences.mayCall(channel)]).toEqual([true, true]);
  });

  it("is none that answers in between, and says nothing of the others", () => {
    const silences = new Silences();
    for (const nowMs of [0, 300, 600]) {
      silences.late(channel, nowMs);
      silences.late(channel, nowMs + 100);
      silences.answered(channel);
    }
    expect([silences.mayCall(channel), silences.mayCall(channel)]).toEqual([true, true]);
    for (const nowMs of [0, 300, 600]) silences.late(channel, nowMs);
    silences.mayCall(channel);
    expect(silences.mayCall({ address: "c:1" })).toBe(true);
  });
});
