import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "@leastwise/vocabulary";
import fc from "fast-check";
import { campaign, policy } from "../given/store.js";
import { CivilClock } from "../policy/civil-time.js";
import type { WeeklyHours } from "../policy/policy.js";
import { isInWeek, weekSpans } from "../policy/weekly-hours.js";
import { contradictionsOf } from "./contradictions.js";

/** Around a change of the clocks in Berlin, on 25 October 2026 at 01:00 UTC; Lord Howe has one of half an hour on 4 October, at 15:30 UTC on the day before. */
const BERLIN_MS = Date.UTC(2026, 9, 25, 1);
const LORD_HOWE_MS = Date.UTC(2026, 9, 3, 15, 30);

function neverRuns(timeZone: string, startsAtMs: number, endsAtMs: number, weekly: readonly WeeklyHours[]): boolean {
  const schedule = { startsAtMs, endsAtMs, timeZone, weekly };
  const found = contradictionsOf(policy({ campaigns: [campaign({ schedule })] }));
  return found.some(({ reason, field }) => reason === "campaign_never_runs" && field.endsWith(".weekly"));
}

const minute = fc.integer({ min: 0, max: 1_439 });
const hours = fc
  .record({ days: fc.subarray([1, 2, 3, 4, 5, 6, 7]), fromMinute: minute, lasts: fc.integer({ min: 1, max: 90 }) })
  .map(({ days, fromMinute, lasts }) => ({ days, fromMinute, toMinute: (fromMinute + lasts) % 1_440 }));

describe("a campaign of which the hours do not come in its days", () => {
  it("is refused where no minute of it is one of them, and never else, however the clocks change", () => {
    const seen = { never: 0, some: 0 };
    const zones = fc.constantFrom(["Europe/Berlin", BERLIN_MS], ["Australia/Lord_Howe", LORD_HOWE_MS], ["UTC", 0]);
    const law = fc.property(
      zones as fc.Arbitrary<[string, number]>,
      fc.integer({ min: -7 * DAY_MS, max: DAY_MS }),
      fc.oneof(fc.integer({ min: 1, max: 7 * DAY_MS + HOUR_MS }), fc.integer({ min: 1, max: HOUR_MS })),
      fc.array(hours, { minLength: 1, maxLength: 2 }),
      ([zone, aroundMs], beforeMs, lastsMs, weekly) => {
        const startsAtMs = aroundMs + 30 * DAY_MS * Number(aroundMs === 0) + beforeMs;
        const endsAtMs = startsAtMs + lastsMs;
        const spans = weekly.flatMap(weekSpans);
        const clock = new CivilClock(zone);
        let isNever = true;
        for (let atMs = startsAtMs; atMs < endsAtMs && isNever; atMs += MINUTE_MS - (atMs % MINUTE_MS))
          isNever = !isInWeek(spans, clock.at(atMs));
        seen[isNever ? "never" : "some"] += 1;
        expect(neverRuns(zone, startsAtMs, endsAtMs, weekly)).toBe(isNever);
      },
    );
    fc.assert(law, { numRuns: 300 });
    expect(Math.min(seen.never, seen.some)).toBeGreaterThan(30);
  });
});
