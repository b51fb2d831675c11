import { DAY_MS } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { NOON } from "./given/records.js";
import { MarginBook } from "./margin-book.js";

const OPTIONS = { seed: 20_261_130, numRuns: 200 };
const NOTHING = { orders: 0, paidMinor: 0, marginMinor: 0 };
const brought = (paidMinor: number, marginMinor: number) => ({ paidMinor, marginMinor });

describe("a book of margins", () => {
  it("sums what a campaign's orders brought in from an instant on, that instant's included", () => {
    const book = new MarginBook();
    book.add("autumn", NOON, brought(1_000, 300));
    book.add("autumn", NOON + 1, brought(500, -100));
    book.add("winter", NOON, brought(7, 7));
    expect(book.since("autumn", NOON)).toEqual({ orders: 2, paidMinor: 1_500, marginMinor: 200 });
    expect(book.since("autumn", NOON + 1)).toEqual({ orders: 1, paidMinor: 500, marginMinor: -100 });
    expect([book.since("autumn", NOON + 2), book.since("summer", 0)]).toEqual([NOTHING, NOTHING]);
  });

  it("is the same in whatever order they come, and however often it was asked in between", () => {
    const orders = fc.array(
      fc.record({
        atMs: fc.integer({ min: NOON - 20 * DAY_MS, max: NOON }),
        paidMinor: fc.nat(10_000),
        marginMinor: fc.integer({ min: -10_000, max: 10_000 }),
        askedFromMs: fc.option(fc.integer({ min: NOON - 20 * DAY_MS, max: NOON }), { nil: undefined }),
      }),
    );
    const law = fc.property(orders, fc.integer({ min: NOON - 20 * DAY_MS, max: NOON }), (given, fromMs) => {
      const book = new MarginBook();
      for (const { atMs, askedFromMs, ...margin } of given) {
        book.add("autumn", atMs, margin);
        if (askedFromMs !== undefined) book.since("autumn", askedFromMs);
      }
      const counted = given.filter(({ atMs }) => atMs >= fromMs);
      expect(book.since("autumn", fromMs)).toEqual({
        orders: counted.length,
        paidMinor: counted.reduce((sum, { paidMinor }) => sum + paidMinor, 0),
        marginMinor: counted.reduce((sum, { marginMinor }) => sum + marginMinor, 0),
      });
    });
    fc.assert(law, OPTIONS);
  });

  it("forgets what no month reaches back to, and nothing that one does", () => {
    const book = new MarginBook();
    const daily = 50;
    for (let day = 0; day < 200; day += 1)
      for (let n = 0; n < daily; n += 1) book.add("autumn", NOON + day * DAY_MS, brought(1, 1));
    const newestMs = NOON + 199 * DAY_MS;
    expect(book.since("autumn", newestMs - 31 * DAY_MS).orders).toBe(32 * daily);
    expect(book.since("autumn", NOON).orders).toBeLessThan(100 * daily);
  });
});
