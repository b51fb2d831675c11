import { CivilClock, compileBudget, type Hold } from "@leastwise/decision";
import { DAY_MS } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { BudgetBook } from "./budget-book.js";
import { EUR, NOON } from "./given/records.js";

const UTC = new CivilClock("UTC");
const budget = (changes = {}) =>
  compileBudget(
    { budgetId: "b", amount: { minor: 10_000, currency: EUR }, shadowPriceBp: 0, partOf: "", ...changes },
    UTC,
  );
const hold = (minor: number, changes: Partial<Hold> = {}): Hold => ({
  ...{ budgetId: "b", period: "", minor, isPartners: false },
  ...changes,
});
const left = (book: BudgetBook, of = budget(), nowMs: number = NOON) => book.lease(of, nowMs).remainingMinor;

describe("a budget's book", () => {
  it("holds, settles, and gives the rest back", () => {
    const book = new BudgetBook();
    book.hold([hold(3_000)]);
    book.hold([hold(2_000)]);
    expect(left(book)).toBe(5_000);
    book.end([hold(3_000)], 3_000, 1_200);
    expect(left(book)).toBe(6_800);
    book.end([hold(2_000)], 2_000, 0);
    expect(left(book)).toBe(8_800);
  });

  it("gives back to the period that it was taken from", () => {
    const book = new BudgetBook();
    const daily = budget({ period: "day" });
    const ofToday = hold(4_000, { period: "2026-11-23" });
    book.hold([ofToday]);
    expect([left(book, daily), left(book, daily, NOON + DAY_MS)]).toEqual([6_000, 10_000]);
    book.end([ofToday], 4_000, 1_000);
    expect([left(book, daily), left(book, daily, NOON + DAY_MS)]).toEqual([9_000, 10_000]);
  });

  it("keeps to a plan by what is expected to be spent, once enough offers have ended to say so", () => {
    const book = new BudgetBook();
    const paced = budget({ pacing: { startsAtMs: NOON, endsAtMs: NOON + 2 * DAY_MS, plan: [], aheadBp: 0 } });
    const halfMs = NOON + DAY_MS;
    book.hold([hold(4_000)]);
    expect(left(book, paced, halfMs)).toBe(1_000);
    // One in ten is used.
    for (let n = 0; n < 100; n++) {
      book.hold([hold(10)]);
      book.end([hold(10)], 10, n % 10 === 0 ? 10 : 0);
    }
    expect(left(book, paced, halfMs)).toBe(5_000 - 100 - 400);
    expect(left(book, paced, NOON + 2 * DAY_MS)).toBe(10_000 - 100 - 4_000);
  });

  it("settles of the partner's budget and the shop's what it cost, to the minor unit (a law)", () => {
    const law = fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 0, max: 10_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (heldMinor, partnerShareBp, used) => {
        const partners = Math.floor((heldMinor * partnerShareBp) / 10_000);
        const costMinor = Math.floor(heldMinor * used);
        const holds = [
          hold(heldMinor - partners, { budgetId: "shop" }),
          hold(partners, { budgetId: "partner", isPartners: true }),
          hold(heldMinor, { budgetId: "all" }),
        ];
        const book = new BudgetBook();
        book.hold(holds);
        book.end(holds, heldMinor, costMinor);
        const spent = (budgetId: string) =>
          100_000 - left(book, budget({ budgetId, amount: { minor: 100_000, currency: EUR } }));
        expect(spent("shop") + spent("partner")).toBe(costMinor);
        expect(spent("all")).toBe(costMinor);
        expect(spent("partner")).toBeLessThanOrEqual(partners);
        expect(spent("shop")).toBeLessThanOrEqual(heldMinor - partners);
      },
    );
    fc.assert(law, { seed: 20_261_129, numRuns: 500 });
  });
});
