import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS } from "@leastwise/vocabulary";
import fc from "fast-check";
import { periodDays } from "./budget-plan.js";
import { CivilClock } from "./civil-time.js";
import { PeriodStarts } from "./period-starts.js";

const OPTIONS = { seed: 20_261_130, numRuns: 300 };
const iso = (ms: number) => new Date(ms).toISOString();

describe("the starts of periods", () => {
  it("are midnights of the policy's zone, also where its clocks changed since", () => {
    const starts = new PeriodStarts(new CivilClock("Europe/Berlin"));
    const nowMs = Date.UTC(2026, 9, 30, 12);
    expect(iso(starts.of("day", nowMs))).toBe("2026-10-29T23:00:00.000Z");
    expect(iso(starts.of("week", nowMs))).toBe("2026-10-25T23:00:00.000Z");
    expect(iso(starts.of("month", nowMs))).toBe("2026-09-30T22:00:00.000Z");
  });

  it("are the same whenever they are asked for, and the next ones from their own first instant on", () => {
    const starts = new PeriodStarts(new CivilClock("UTC"));
    const midnight = Date.UTC(2026, 10, 30);
    const asked = [midnight, midnight - 1, midnight + DAY_MS, midnight + DAY_MS - 1];
    expect(asked.map((nowMs) => iso(starts.of("day", nowMs)).slice(0, 10))).toEqual([
      ...["2026-11-30", "2026-11-29"],
      ...["2026-12-01", "2026-11-30"],
    ]);
  });

  it("are where the calendar's day of the period begins, in any zone", () => {
    const zone = fc.constantFrom("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "Asia/Kathmandu");
    const period = fc.constantFrom("day" as const, "week" as const, "month" as const);
    const instant = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2028, 0, 1) });
    const law = fc.property(zone, period, instant, (timeZone, kind, nowMs) => {
      const clock = new CivilClock(timeZone);
      const startsAtMs = new PeriodStarts(clock).of(kind, nowMs);
      const { first } = periodDays(kind, clock, nowMs);
      expect([clock.at(startsAtMs), clock.at(startsAtMs - 1).day]).toEqual([
        expect.objectContaining({ day: first, minute: 0 }),
        first - 1,
      ]);
      expect(startsAtMs).toBeLessThanOrEqual(nowMs);
      expect(nowMs - startsAtMs).toBeLessThan(31 * DAY_MS + 2 * HOUR_MS);
    });
    fc.assert(law, OPTIONS);
  });
});
