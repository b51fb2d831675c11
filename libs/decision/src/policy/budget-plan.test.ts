import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DAY_MS, HOUR_MS } from "@leastwise/vocabulary";
import { EUR } from "../given/store.js";
import { compileBudget } from "./budget-plan.js";
import { CivilClock } from "./civil-time.js";
import type { Budget } from "./policy.js";

const OPTIONS = { seed: 20_261_129, numRuns: 300 };
const berlin = new CivilClock("Europe/Berlin");
const budget = (changes: Partial<Budget> = {}) =>
  compileBudget(
    { budgetId: "b", amount: { minor: 10_000, currency: EUR }, shadowPriceBp: 0, partOf: "", ...changes },
    berlin,
  );

describe("a budget", () => {
  it("begins anew by the calendar of the policy's zone", () => {
    // Monday 30 November 2026, 23:30 in Berlin, and half an hour later.
    const beforeMs = Date.UTC(2026, 10, 30, 22, 30);
    const instants = [beforeMs, beforeMs + HOUR_MS / 2];
    const periods = (["day", "week", "month"] as const).map((period) =>
      instants.map((nowMs) => budget({ period }).periodAt(nowMs)),
    );
    expect(periods).toEqual([
      ["2026-11-30", "2026-12-01"],
      ["2026-11-30", "2026-11-30"],
      ["2026-11-01", "2026-12-01"],
    ]);
    expect(budget().periodAt(beforeMs)).toBe("");
  });

  it("may be spent at once where it has no plan", () => {
    expect(budget().plannedMinor(0)).toBe(10_000);
  });

  it("is paced in a straight line over its time, with what may be spent ahead", () => {
    const pacing = { startsAtMs: 0, endsAtMs: 10 * DAY_MS, plan: [], aheadBp: 500 };
    const planned = [-DAY_MS, 0, DAY_MS, 9.5 * DAY_MS, 10 * DAY_MS, 11 * DAY_MS].map((nowMs) =>
      budget({ pacing }).plannedMinor(nowMs),
    );
    expect(planned).toEqual([500, 500, 1_500, 10_000, 10_000, 10_000]);
  });

  it("is paced within each of its periods by its points", () => {
    const plan = [{ elapsedBp: 5_000, spentBp: 2_000 }];
    const noonMs = Date.UTC(2026, 10, 30, 11);
    const planned = [noonMs, noonMs + 6 * HOUR_MS, noonMs + 12 * HOUR_MS].map((nowMs) =>
      budget({ period: "day", pacing: { plan, aheadBp: 0 } }).plannedMinor(nowMs),
    );
    expect(planned).toEqual([2_000, 6_000, 0]);
  });

  it("never has less of its plan to spend as time goes by within a period (a law)", () => {
    const points = fc
      .tuple(
        fc.uniqueArray(fc.integer({ min: 1, max: 9_999 }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 5, maxLength: 5 }),
      )
      .map(([times, shares]) => {
        const spent = shares.toSorted((a, b) => a - b);
        return times.toSorted((a, b) => a - b).map((elapsedBp, i) => ({ elapsedBp, spentBp: spent[i]! }));
      });
    const law = fc.property(points, fc.nat(1_000), fc.nat(1_000), (plan, one, other) => {
      const paced = budget({ pacing: { startsAtMs: 0, endsAtMs: 1_000, plan, aheadBp: 0 } });
      const [earlier, later] = [Math.min(one, other), Math.max(one, other)];
      expect(paced.plannedMinor(earlier)).toBeLessThanOrEqual(paced.plannedMinor(later));
      expect(paced.plannedMinor(1_000)).toBe(10_000);
    });
    fc.assert(law, OPTIONS);
  });

  it("is worth more elsewhere the nearer its plan's limit is, and never less than the policy says (a law)", () => {
    const pacing = { startsAtMs: 0, endsAtMs: 10 * DAY_MS, plan: [], aheadBp: 500 };
    const paced = budget({ pacing, shadowPriceBp: 300 });
    const law = fc.property(fc.nat(10 * DAY_MS), fc.nat(10_000), fc.nat(10_000), (nowMs, spent, more) => {
      const [before, after] = [paced.pricedBp(spent, nowMs), paced.pricedBp(spent + more, nowMs)];
      expect(before).toBeGreaterThanOrEqual(300);
      expect(after).toBeGreaterThanOrEqual(before);
      expect(paced.pricedBp(spent, nowMs + HOUR_MS)).toBeLessThanOrEqual(before);
    });
    fc.assert(law, OPTIONS);
    // Half way: 55 % may be spent. At 45 % and below nothing is added, on the plan a quarter of what is at the limit.
    const half = [0, 4_500, 5_000, 5_500, 9_000].map((spent) => paced.pricedBp(spent, 5 * DAY_MS));
    expect(half).toEqual([300, 300, 10_300, 40_300, 40_300]);
    expect(budget({ shadowPriceBp: 300 }).pricedBp(9_999, 0)).toBe(300);
  });
});
