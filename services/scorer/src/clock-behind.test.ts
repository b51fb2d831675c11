import { MINUTE_MS, type Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ClockBehind } from "./clock-behind.js";
import { quietTelemetry } from "./given/shop.js";

const NOW = 1_000 * MINUTE_MS;
const NOTHING_YET = Number.NEGATIVE_INFINITY;

let telemetry: ReturnType<typeof quietTelemetry>;
let said: string[];
beforeEach(() => {
  telemetry = quietTelemetry();
  said = [];
});
afterEach(() => {
  telemetry.close();
});

const shown = async () => /^leastwise_clock_behind_log_seconds (\S+)$/m.exec(await telemetry.render())?.[1];

function given(clickstreamMs: number, decisionMs: number) {
  const at = { nowMs: NOW, clickstreamMs, decisionMs, monotonicMs: 0 };
  const clockBehind = new ClockBehind({
    feed: { progress: () => [{ newestMs: NOTHING_YET }, { newestMs: at.clickstreamMs }] },
    ledger: {
      get newestDecisionMs() {
        return at.decisionMs;
      },
    },
    clock: { nowMs: () => at.nowMs as Millis },
    monotonicMs: () => at.monotonicMs,
    metrics: telemetry.metrics,
    logger: { error: (fields, text) => said.push(`${JSON.stringify(fields)} ${text}`) },
  });
  return { at, clockBehind };
}

describe("how far the clock is behind the log", () => {
  it.each([
    ["the newest event", NOW + 90_000, NOW],
    ["the newest decision", NOW - MINUTE_MS, NOW + 90_000],
  ])("is measured against %s", async (_, clickstreamMs, decisionMs) => {
    given(clickstreamMs, decisionMs).clockBehind.measure();
    expect(await shown()).toBe("90");
    expect(said).toEqual([]);
  });

  it.each([
    ["a log that says nothing yet", NOTHING_YET, NOTHING_YET],
    ["a clock that goes right", NOW, NOW - 60 * MINUTE_MS],
  ])("is nothing with %s", async (_, clickstreamMs, decisionMs) => {
    given(clickstreamMs, decisionMs).clockBehind.measure();
    expect(await shown()).toBe("0");
  });

  it("is told beyond five minutes: at once, and then once a minute", () => {
    const { at, clockBehind } = given(NOW + 5 * MINUTE_MS, NOTHING_YET);
    clockBehind.measure();
    expect(said).toEqual([]);
    at.decisionMs = NOW + 60 * MINUTE_MS;
    for (const seconds of [0, 5, 59, 60]) {
      at.monotonicMs = seconds * 1_000;
      clockBehind.measure();
    }
    const line = `${JSON.stringify({
      behind_ms: 60 * MINUTE_MS,
      now: "1970-01-01T16:40:00.000Z",
      newest_record: "1970-01-01T17:40:00.000Z",
    })} this process's clock is behind the log: what it decides is dated before what was decided already`;
    expect(said).toEqual([line, line]);
  });

  it("stays known where what the slow clock dates itself comes after it, until the clock has caught up", async () => {
    const { at, clockBehind } = given(NOW + 60 * MINUTE_MS, NOTHING_YET);
    clockBehind.measure();
    at.clickstreamMs = NOW;
    clockBehind.measure();
    expect(await shown()).toBe("3600");
    at.nowMs = NOW + 60 * MINUTE_MS;
    clockBehind.measure();
    expect(await shown()).toBe("0");
  });
});
