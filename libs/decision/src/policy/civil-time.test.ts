import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { CivilClock } from "./civil-time.js";
import { isInWeek, overlappingSpans, weekSpans } from "./weekly-hours.js";

const OPTIONS = { seed: 20_261_129, numRuns: 1_000 };
const ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"];
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** What another part of the platform shows. */
function shown(zone: string, atMs: number): string {
  const options = { timeZone: zone, hourCycle: "h23", weekday: "short", hour: "2-digit", minute: "2-digit" } as const;
  return new Date(atMs).toLocaleString("en", options);
}

const saySame = (clock: CivilClock, atMs: number): string => {
  const { weekday, minute } = clock.at(atMs);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${DAYS[weekday - 1] ?? ""} ${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
};

describe("the clock on the wall", () => {
  it.each(ZONES)("shows in %s what the platform's calendar shows, in any order of instants", (zone) => {
    const clock = new CivilClock(zone);
    fc.assert(
      // Clocks of long ago had seconds of their own.
      fc.property(fc.integer({ min: Date.UTC(1975, 0, 1), max: Date.UTC(2037, 11, 31) }), (atMs) => {
        expect(saySame(clock, atMs)).toBe(shown(zone, atMs));
      }),
      OPTIONS,
    );
  });

  it("is put forward and back to the minute", () => {
    const clock = new CivilClock("Europe/Berlin");
    const forwardMs = Date.UTC(2026, 2, 29, 1);
    expect([saySame(clock, forwardMs - 1), saySame(clock, forwardMs)]).toEqual(["Sun 01:59", "Sun 03:00"]);
    const backMs = Date.UTC(2026, 9, 25, 1);
    expect([saySame(clock, backMs - 1), saySame(clock, backMs)]).toEqual(["Sun 02:59", "Sun 02:00"]);
  });

  it("knows no zone that there is not", () => {
    expect(() => new CivilClock("Mars/Olympus")).toThrow(RangeError);
  });
});

describe("hours of the week", () => {
  const at = (weekday: number, hour: number) => ({ weekday, minute: hour * 60 });

  it("go over midnight into the next day, and from Sunday into Monday", () => {
    const late = weekSpans({ days: [5, 7], fromMinute: 22 * 60, toMinute: 2 * 60 });
    const inside = [at(5, 22), at(6, 1), at(7, 23), at(1, 0)];
    const outside = [at(5, 21), at(6, 2), at(6, 22), at(1, 2), at(2, 0)];
    expect(inside.map((time) => isInWeek(late, time))).toEqual(inside.map(() => true));
    expect(outside.map((time) => isInWeek(late, time))).toEqual(outside.map(() => false));
  });

  it("are every day's, and the whole day's, where nothing else is said", () => {
    const always = weekSpans({ days: [], fromMinute: 0, toMinute: 0 });
    for (let weekday = 1; weekday <= 7; weekday++)
      for (const minute of [0, 720, 1_439]) expect(isInWeek(always, { weekday, minute })).toBe(true);
    expect(overlappingSpans(always)).toBeUndefined();
  });

  it("overlap where a minute is in two of them", () => {
    const hours = fc.record({
      days: fc.subarray([1, 3, 7], { minLength: 1 }),
      fromMinute: fc.constantFrom(0, 60, 1_200, 1_439),
      toMinute: fc.constantFrom(0, 60, 120, 1_439),
    });
    fc.assert(
      fc.property(fc.array(hours, { minLength: 1, maxLength: 3 }), (all) => {
        const spans = all.flatMap(weekSpans);
        let isTwice = false;
        for (let minute = 0; minute < 7 * 1_440 && !isTwice; minute++) {
          const time = { weekday: Math.floor(minute / 1_440) + 1, minute: minute % 1_440 };
          isTwice = spans.filter((span) => isInWeek([span], time)).length > 1;
        }
        expect(overlappingSpans(spans) !== undefined).toBe(isTwice);
      }),
      { ...OPTIONS, numRuns: 100 },
    );
  });
});
