import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { appraise, worstCostMinor } from "./appraise.js";
import { goodsMinor, lineAmountMinor, type Cart } from "./cart.js";
import { floorPrice } from "./guardrails/floor-price.js";
import { marginFloor } from "./guardrails/margin-floor.js";
import { maxDiscount } from "./guardrails/max-discount.js";
import type { Incentive } from "./incentive.js";

const EUR = "EUR" as CurrencyCode;
const eur = (minor: number) => ({ minor, currency: EUR });
const OPTIONS = { seed: 20_261_123, numRuns: 500 };

const cart = (amounts: readonly number[], shippingMinor = 0): Cart => ({
  currency: EUR,
  lines: amounts.map((unitPriceMinor, i) => ({ productId: `p${String(i)}`, quantity: 1, unitPriceMinor })),
  shippingMinor,
});

const CASES: readonly (readonly [string, Incentive, Cart, number | undefined, readonly number[]])[] = [
  ["10 % of 105 rounds half to even", { kind: "percent_off", percentBp: 1_000 }, cart([105]), 10, [10]],
  ["10 % of 115 rounds half to even", { kind: "percent_off", percentBp: 1_000 }, cart([115]), 12, [12]],
  [
    "a percentage is split by largest remainder",
    { kind: "percent_off", percentBp: 1_000 },
    cart([333, 333, 334]),
    100,
    [33, 33, 34],
  ],
  [
    "a percentage stops at its maximum",
    { kind: "percent_off", percentBp: 5_000, maximum: eur(100) },
    cart([1_000, 3_000]),
    100,
    [25, 75],
  ],
  ["all off is exactly all", { kind: "percent_off", percentBp: 10_000 }, cart([333, 1]), 334, [333, 1]],
  [
    "an amount is never more than the goods",
    { kind: "amount_off", amount: eur(500) },
    cart([100, 200]),
    300,
    [100, 200],
  ],
  [
    "an amount below its minimum is nothing",
    { kind: "amount_off", amount: eur(50), cartMin: eur(301) },
    cart([100, 200]),
    undefined,
    [],
  ],
  [
    "an amount at its minimum is given",
    { kind: "amount_off", amount: eur(50), cartMin: eur(300) },
    cart([100, 200]),
    50,
    [17, 33],
  ],
  ["shipping is given", { kind: "free_shipping" }, cart([100], 490), 490, [0]],
  ["shipping stops at its maximum", { kind: "free_shipping", maximum: eur(300) }, cart([100], 490), 300, [0]],
  ["no shipping is nothing", { kind: "free_shipping" }, cart([100]), undefined, []],
  [
    "a bundle reaches its products alone",
    { kind: "bundle_credit", productIds: ["p0", "p2"], amount: eur(100) },
    cart([300, 999, 100]),
    100,
    [75, 0, 25],
  ],
  [
    "an incomplete bundle is nothing",
    { kind: "bundle_credit", productIds: ["p0", "p9"], amount: eur(100) },
    cart([300]),
    undefined,
    [],
  ],
  ["a credit takes nothing off now", { kind: "loyalty_credit", amount: eur(250) }, cart([100]), 250, [0]],
  [
    "cashback pays the highest tier reached",
    {
      kind: "tiered_cashback",
      tiers: [
        { cartMin: eur(0), cashbackBp: 100 },
        { cartMin: eur(5_000), cashbackBp: 250 },
      ],
    },
    cart([5_000]),
    125,
    [0],
  ],
  [
    "cashback below its tiers is nothing",
    { kind: "tiered_cashback", tiers: [{ cartMin: eur(1_000), cashbackBp: 100 }] },
    cart([999]),
    undefined,
    [],
  ],
  [
    "a partner's amount is off the goods",
    { kind: "partner_exclusive", partnerId: "p", amount: eur(90) },
    cart([100, 200]),
    90,
    [30, 60],
  ],
  ["goods of no value get nothing", { kind: "percent_off", percentBp: 10_000 }, cart([0]), undefined, []],
];

const carts = fc.record({
  currency: fc.constant(EUR),
  lines: fc.array(
    fc.record({
      productId: fc.constantFrom("a", "b", "c"),
      quantity: fc.integer({ min: 1, max: 1_000 }),
      unitPriceMinor: fc.integer({ min: 0, max: 1_000_000 }),
      discountMinor: fc.integer({ min: 0, max: 2_000 }),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  shippingMinor: fc.integer({ min: 0, max: 5_000 }),
});

const incentives: fc.Arbitrary<Incentive> = fc.oneof(
  fc.record({ kind: fc.constant("percent_off" as const), percentBp: fc.integer({ min: 1, max: 10_000 }) }),
  fc.record({ kind: fc.constant("amount_off" as const), amount: fc.integer({ min: 1, max: 1_000_000 }).map(eur) }),
  fc.record({
    kind: fc.constant("bundle_credit" as const),
    productIds: fc.constant(["a", "b"]),
    amount: fc.integer({ min: 1, max: 9_999 }).map(eur),
  }),
  fc.record({ kind: fc.constant("free_shipping" as const) }),
  fc.record({ kind: fc.constant("loyalty_credit" as const), amount: fc.integer({ min: 1, max: 9_999 }).map(eur) }),
);

describe("what an incentive is worth", () => {
  it.each(CASES)("%s", (_says, incentive, on, worth, shares) => {
    const appraisal = appraise(incentive, on);
    expect(appraisal?.worthMinor).toBe(worth);
    expect(appraisal?.shares ?? []).toEqual(shares);
  });

  it("shares add up, no line goes below zero, caps and ceiling hold, the worst case covers it", () => {
    const caps = fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(
        carts,
        incentives,
        caps,
        fc.integer({ min: 1, max: 100_000 }),
        (on, incentive, lineCapsMinor, ceilingMinor) => {
          for (const bounds of [{}, { lineCapsMinor }, { ceilingMinor }]) {
            const appraisal = appraise(incentive, on, bounds);
            if (appraisal === undefined) continue;
            const { shares, goodsMinor: goods, shippingMinor, laterMinor, worthMinor } = appraisal;
            expect(shares.reduce((sum, share) => sum + share, 0)).toBe(goods);
            expect(goods + shippingMinor + laterMinor).toBe(worthMinor);
            expect(worthMinor).toBeGreaterThan(0);
            expect(worstCostMinor(incentive, worthMinor)).toBeGreaterThanOrEqual(worthMinor);
            for (const [i, share] of shares.entries()) {
              expect(share).toBeGreaterThanOrEqual(0);
              expect(share).toBeLessThanOrEqual(lineAmountMinor(on.lines[i]!));
              if ("lineCapsMinor" in bounds) expect(share).toBeLessThanOrEqual(lineCapsMinor[i]!);
            }
            if ("ceilingMinor" in bounds) expect(worthMinor).toBeLessThanOrEqual(ceilingMinor);
          }
        },
      ),
      OPTIONS,
    );
  });

  it("doubling: a cart of twice the units has twice the percentage, but for rounding", () => {
    fc.assert(
      fc.property(carts, fc.integer({ min: 1, max: 10_000 }), (on, percentBp) => {
        const twice = {
          ...on,
          lines: on.lines.map((line) => ({
            ...line,
            quantity: line.quantity * 2,
            discountMinor: line.discountMinor * 2,
          })),
        };
        const once = appraise({ kind: "percent_off", percentBp }, on)?.worthMinor ?? 0;
        const doubled = appraise({ kind: "percent_off", percentBp }, twice)?.worthMinor ?? 0;
        expect(Math.abs(doubled - 2 * once)).toBeLessThanOrEqual(1);
        expect(goodsMinor(twice)).toBe(2 * goodsMinor(on));
      }),
      OPTIONS,
    );
  });
});

describe("the cart's guardrails", () => {
  const NONE = { floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp: -10_000, assumedMarginBp: 0 };
  const guarded = (percentBp: number, guardrails: Partial<typeof NONE>, row = {}) => {
    const on = cart([1_000]);
    const appraisal = appraise({ kind: "percent_off", percentBp }, on)!;
    return { cart: on, rows: [{ productId: "p0", ...row }], appraisal, guardrails: { ...NONE, ...guardrails } };
  };

  it.each([
    ["at the policy's floor", guarded(2_000, { floorPriceBp: 8_000 }), undefined],
    ["below the policy's floor", guarded(2_010, { floorPriceBp: 8_000 }), "guardrail_floor_price"],
    ["at the catalog's floor", guarded(2_000, {}, { floorPriceMinor: 800 }), undefined],
    ["below the catalog's floor", guarded(2_000, {}, { floorPriceMinor: 801 }), "guardrail_floor_price"],
    ["at the maximum", guarded(2_000, { maxDiscountBp: 2_000 }), undefined],
    ["above the maximum", guarded(2_010, { maxDiscountBp: 2_000 }), "guardrail_max_discount"],
    ["above the catalog's maximum", guarded(2_000, {}, { maxDiscountBp: 1_999 - 10 }), "guardrail_max_discount"],
    ["where none is allowed", guarded(100, { maxDiscountBp: 0 }), "guardrail_max_discount"],
    ["at the margin floor", guarded(2_000, { marginFloorBp: 2_500 }, { unitCostMinor: 600 }), undefined],
    [
      "below the margin floor",
      guarded(2_000, { marginFloorBp: 2_501 }, { unitCostMinor: 600 }),
      "guardrail_margin_floor",
    ],
    ["with an unknown cost and no assumed margin", guarded(100, { marginFloorBp: 0 }), "guardrail_margin_floor"],
    [
      "with an unknown cost and an assumed margin",
      guarded(2_000, { marginFloorBp: 0, assumedMarginBp: 2_000 }),
      undefined,
    ],
  ])("%s", (_where, given, broken) => {
    expect(floorPrice(given) ?? maxDiscount(given) ?? marginFloor(given)).toBe(broken);
  });
});
