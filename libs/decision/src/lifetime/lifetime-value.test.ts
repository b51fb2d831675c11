import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { BGNBD_PRIOR, type BgNbd, type Orders } from "../approaches/bgnbd.js";
import { expectedOrders } from "./expected-orders.js";
import { lifetimeValueMinor } from "./lifetime-value.js";
import { expectedSpendMinor, type GammaGamma } from "./order-value.js";

const WEEK_MS = 7 * 86_400_000;

interface Customer {
  readonly frequency: number;
  readonly recency: number;
  readonly T: number;
  readonly monetary_value: number;
  readonly expected_purchases: Readonly<Record<string, number>>;
  readonly expected_monetary: number;
  readonly clv_12m_1pct?: number;
}

interface Reference {
  readonly sets: Readonly<
    Record<string, { readonly bgnbd: BgNbd; readonly gamma_gamma: GammaGamma; readonly customers: readonly Customer[] }>
  >;
}

const REFERENCE = JSON.parse(
  readFileSync(new URL("../../../../tests/oracles/ltv/lifetime.json", import.meta.url), "utf8"),
) as Reference;

const ordersOf = ({ frequency, recency, T }: Customer): Orders => ({
  ...{ repeats: frequency, recencyMs: recency * WEEK_MS, ageMs: T * WEEK_MS },
});

function expectNear(came: number, expected: number): void {
  expect(Math.abs(came - expected)).toBeLessThanOrEqual(1e-8 * Math.abs(expected));
}

describe.each(Object.entries(REFERENCE.sets))("what is expected of a shopper, by %s", (_, set) => {
  it("are as many orders as lifetimes and the plain formula say", () => {
    expect(set.customers.length).toBeGreaterThan(20);
    for (const customer of set.customers)
      for (const [weeks, expected] of Object.entries(customer.expected_purchases))
        expectNear(expectedOrders(set.bgnbd, ordersOf(customer), Number(weeks) * WEEK_MS), expected);
  });

  it("is as much spent on a day with an order", () => {
    for (const { frequency, monetary_value, expected_monetary } of set.customers)
      expectNear(expectedSpendMinor(set.gamma_gamma, frequency, monetary_value), expected_monetary);
  });

  it("is as much within a year", () => {
    const valued = set.customers.filter(({ clv_12m_1pct }) => clv_12m_1pct !== undefined);
    expect(valued.length).toBeGreaterThan(20);
    for (const customer of valued) {
      const spend = expectedSpendMinor(set.gamma_gamma, customer.frequency, customer.monetary_value);
      expectNear(lifetimeValueMinor(set.bgnbd, ordersOf(customer), spend), customer.clv_12m_1pct!);
    }
  });
});

describe("orders to come", () => {
  const shape = fc.oneof(
    fc.double({ min: 0.01, max: 100, noNaN: true }),
    fc.constantFrom(0.01, 0.25, 0.4, 0.5, 0.6, 0.75, 1, 2, 100),
  );
  const alpha = fc.oneof(fc.double({ min: 0.01, max: 10_000, noNaN: true }), fc.constantFrom(0.01, 1, 10_000));
  const params = fc.record({ r: shape, alpha, a: shape, b: shape });
  const orders: fc.Arbitrary<Orders> = fc
    .record({ repeats: fc.nat(300), recencyMs: fc.nat(200 * WEEK_MS), silenceMs: fc.nat(200 * WEEK_MS) })
    .map(({ silenceMs, ...known }) => ({ ...known, ageMs: known.recencyMs + silenceMs }));

  it("are none at once, never fewer later, and a finite number (a law)", () => {
    fc.assert(
      fc.property(params, orders, fc.nat(300 * WEEK_MS), fc.nat(100 * WEEK_MS), (model, known, aheadMs, moreMs) => {
        const soon = expectedOrders(model, known, aheadMs);
        const later = expectedOrders(model, known, aheadMs + moreMs);
        expect(expectedOrders(model, known, 0)).toBeCloseTo(0, 9);
        expect(soon).toBeGreaterThanOrEqual(0);
        expect(soon).toBeLessThanOrEqual(
          ((model.r + known.repeats) / (model.alpha + known.ageMs / WEEK_MS)) * (aheadMs / WEEK_MS) * (1 + 1e-12),
        );
        expect(later).toBeGreaterThanOrEqual(soon * (1 - 1e-6) - 1e-9);
      }),
      { seed: 20_261_130, numRuns: 300 },
    );
  });

  it("do not jump where the formula divides by zero", () => {
    const known = { repeats: 3, recencyMs: 20 * WEEK_MS, ageMs: 30 * WEEK_MS };
    const [below, at, above] = [1 - 1e-5, 1, 1 + 1e-5].map((a) =>
      expectedOrders({ ...BGNBD_PRIOR, a }, known, 52 * WEEK_MS),
    );
    expect(below).toBeGreaterThan(at!);
    expect(at).toBeGreaterThan(above!);
    expect(below! - above!).toBeLessThan(1e-3);
    const once = { repeats: 0, recencyMs: 0, ageMs: 10 * WEEK_MS };
    const [less, equal, more] = [0.6 - 1e-5, 0.6, 0.6 + 1e-5].map((b) =>
      expectedOrders({ r: 0.243, alpha: 4.414, a: 0.4, b }, once, 52 * WEEK_MS),
    );
    expect(equal).toBeGreaterThan(less!);
    expect(more).toBeGreaterThan(equal!);
    expect(more! - less!).toBeLessThan(1e-3);
  });

  it("are fewer of who has been silent for longer", () => {
    const silent = (weeks: number) =>
      expectedOrders(BGNBD_PRIOR, { repeats: 5, recencyMs: 20 * WEEK_MS, ageMs: weeks * WEEK_MS }, 52 * WEEK_MS);
    expect(silent(30)).toBeLessThan(silent(22));
  });
});
