import { describe, expect, it } from "@jest/globals";
import { ToldTime } from "./told-time.js";

const NOON = Date.UTC(2026, 10, 23, 12);

describe("a time as a shopper is told it", () => {
  it.each([
    ["UTC", NOON, "23 Nov 2026, 12:00 UTC", "23.11.2026, 12:00 UTC"],
    ["Europe/Berlin", NOON, "23 Nov 2026, 13:00 CET", "23.11.2026, 13:00 MEZ"],
    ["Europe/Berlin", Date.UTC(2026, 6, 1, 22, 5), "2 Jul 2026, 00:05 CEST", "02.07.2026, 00:05 MESZ"],
    ["America/New_York", NOON, "23 Nov 2026, 07:00 EST", "23.11.2026, 07:00 GMT-5"],
    ["Asia/Kolkata", NOON, "23 Nov 2026, 17:30 GMT+5:30", "23.11.2026, 17:30 GMT+5:30"],
  ])("is that of %s, with the zone's name", (timeZone, atMs, english, german) => {
    const told = new ToldTime(timeZone);
    expect([told.say(atMs, "en"), told.say(atMs, "de")]).toEqual([english, german]);
  });

  it("changes its zone's name with the clocks, back and forth", () => {
    const told = new ToldTime("Europe/Berlin");
    const backAtMs = Date.UTC(2026, 9, 25, 1);
    expect([-1, 0, -1].map((afterMs) => told.say(backAtMs + afterMs, "en"))).toEqual([
      "25 Oct 2026, 02:59 CEST",
      "25 Oct 2026, 02:00 CET",
      "25 Oct 2026, 02:59 CEST",
    ]);
  });
});
