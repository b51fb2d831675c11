import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { appraise, worstCostMinor } from "./appraise.js";
import { goodsMinor, lineAmountMinor, type Cart } from "./cart.js";
import { brokenGuardrail } from "./guardrails/broken-guardrail.js";
import type { CartGuardrails } from "./guardrails/cart-guardrails.js";
import { withoutExcludedGoods } from "./guardrails/excluded-goods.js";
import type { Incentive, Scope } from "./incentive.js";

const EUR = "EUR" as CurrencyCode;
const eur = (minor: number) => ({ minor, currency: EUR });
const OPTIONS = { seed: 20_261_123, numRuns: 500 };

const cart = (amounts: readonly number[], shippingMinor = 0): Cart => ({
  currency: EUR,
  lines: amounts.map((unitPriceMinor, i) => ({ productId: `p${String(i)}`, quantity: 1, unitPriceMinor })),
  shippingMinor,
});

/** Lines of 3 × 1.00, 1 × 4.00 and 2 × 2.00. */
const units: Cart = {
  currency: EUR,
  lines: [
    { productId: "a", quantity: 3, unitPriceMinor: 100 },
    { productId: "b", quantity: 1, unitPriceMinor: 400 },
    { productId: "c", quantity: 2, unitPriceMinor: 200 },
  ],
  shippingMinor: 0,
};
const scope = (given: Partial<Scope>): Scope => ({ productIds: [], categories: [], brands: [], ...given });
const some = (kind: "cheapest" | "dearest", count: number) => scope({ units: { kind, count } });

type Case = readonly [string, Incentive, Cart, number | undefined, readonly number[]];

const half = { kind: "percent_off", percentBp: 5_000 } as const;
const SCOPED: readonly Case[] = [
  ["a scope reaches its products alone", { ...half, scope: scope({ productIds: ["b"] }) }, units, 200, [0, 200, 0]],
  ["the cheapest four units are of two lines", { ...half, scope: some("cheapest", 4) }, units, 250, [150, 0, 100]],
  ["the dearest two units are of two lines", { ...half, scope: some("dearest", 2) }, units, 300, [0, 200, 100]],
  [
    "of units that cost the same the earlier line's is the cheapest",
    { ...half, scope: some("cheapest", 1) },
    cart([100, 100, 100]),
    50,
    [50, 0, 0],
  ],
  ["and the dearest", { ...half, scope: some("dearest", 1) }, cart([100, 100, 100]), 50, [50, 0, 0]],
  ["more units than there are are all of them", { ...half, scope: some("dearest", 99) }, units, 550, [150, 200, 200]],
  [
    "the cheapest of a product's units",
    { ...half, scope: scope({ productIds: ["a", "c"], units: { kind: "cheapest", count: 1 } }) },
    units,
    50,
    [50, 0, 0],
  ],
  ["a scope that nothing is in is nothing", { ...half, scope: scope({ brands: ["x"] }) }, units, undefined, []],
  [
    "an amount for each line, never more than it costs",
    { kind: "amount_off", amount: eur(350), per: "line" },
    units,
    1_000,
    [300, 350, 350],
  ],
  [
    "an amount for each unit, never more than it costs",
    { kind: "amount_off", amount: eur(150), per: "unit" },
    units,
    750,
    [300, 150, 300],
  ],
  [
    "a minimum is asked of the goods in scope",
    { kind: "amount_off", amount: eur(50), cartMin: eur(401), scope: scope({ productIds: ["b"] }) },
    units,
    undefined,
    [],
  ],
];

const buy2get1 = { kind: "buy_x_get_y", buy: 2, get: 1, percentBp: 10_000, setsMax: 1 } as const;
const SETS: readonly Case[] = [
  ["buy two, get the cheapest free", buy2get1, units, 100, [100, 0, 0]],
  ["as many sets as the cart holds", { ...buy2get1, setsMax: 9 }, units, 200, [200, 0, 0]],
  ["a set that is not whole is nothing", { ...buy2get1, buy: 6 }, units, undefined, []],
  [
    "units bought of one product reduce another",
    { ...buy2get1, percentBp: 5_000, buyScope: scope({ productIds: ["a"] }), getScope: scope({ productIds: ["c"] }) },
    units,
    100,
    [0, 0, 100],
  ],
  [
    "what must be bought is not reduced, though it is cheapest",
    { ...buy2get1, buy: 3, buyScope: scope({ productIds: ["a"] }), getScope: scope({}) },
    units,
    200,
    [0, 0, 200],
  ],
];

const OTHERS: readonly Case[] = [
  [
    "a gift takes nothing off",
    { kind: "gift", productId: "g", worth: eur(900), cost: eur(300) },
    units,
    900,
    [0, 0, 0],
  ],
  [
    "a gift below its minimum is nothing",
    { kind: "gift", productId: "g", worth: eur(900), cost: eur(300), cartMin: eur(1_101) },
    units,
    undefined,
    [],
  ],
  [
    "a discount for paying so is promised while nobody says how",
    { kind: "payment_discount", method: "sepa", percentBp: 1_000 },
    units,
    110,
    [30, 40, 40],
  ],
  [
    "a discount for paying so is nothing for paying otherwise",
    { kind: "payment_discount", method: "sepa", percentBp: 1_000 },
    { ...units, paymentMethod: "card" },
    undefined,
    [],
  ],
  [
    "a discount for paying so is given for paying so",
    { kind: "payment_discount", method: "sepa", percentBp: 1_000 },
    { ...units, paymentMethod: "sepa" },
    110,
    [30, 40, 40],
  ],
  [
    "a gift at its minimum is given",
    { kind: "gift", productId: "g", worth: eur(900), cost: eur(300), cartMin: eur(1_100) },
    units,
    900,
    [0, 0, 0],
  ],
  [
    "a gift of no worth is nothing",
    { kind: "gift", productId: "g", worth: eur(0), cost: eur(0) },
    units,
    undefined,
    [],
  ],
  ["a credit of nothing is nothing", { kind: "loyalty_credit", amount: eur(0) }, units, undefined, []],
];

const CASES: readonly Case[] = [
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
  [
    "an incomplete bundle is nothing among other goods either",
    { kind: "bundle_credit", productIds: ["p0", "p9"], amount: eur(100) },
    cart([300, 200]),
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
  ...[...SCOPED, ...SETS, ...OTHERS],
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
  fc.record({
    kind: fc.constant("loyalty_credit" as const),
    amount: fc.integer({ min: 1, max: 9_999 }).map(eur),
    breakageBp: fc.integer({ min: 0, max: 9_999 }),
  }),
  fc.record({
    kind: fc.constant("percent_off" as const),
    percentBp: fc.integer({ min: 1, max: 10_000 }),
    scope: fc
      .tuple(
        fc.subarray(["a", "b"]),
        fc.constantFrom("cheapest" as const, "dearest" as const),
        fc.integer({ min: 1, max: 50 }),
      )
      .map(([productIds, kind, count]) => scope({ productIds, units: { kind, count } })),
  }),
  fc.record({
    kind: fc.constant("amount_off" as const),
    amount: fc.integer({ min: 1, max: 100_000 }).map(eur),
    per: fc.constantFrom("line" as const, "unit" as const),
  }),
  fc.record({
    kind: fc.constant("buy_x_get_y" as const),
    buy: fc.integer({ min: 1, max: 9 }),
    get: fc.integer({ min: 1, max: 9 }),
    percentBp: fc.integer({ min: 1, max: 10_000 }),
    setsMax: fc.integer({ min: 1, max: 9 }),
    buyScope: fc.subarray(["a", "b"]).map((productIds) => scope({ productIds })),
    getScope: fc.subarray(["b", "c"]).map((productIds) => scope({ productIds })),
  }),
  fc
    .tuple(fc.integer({ min: 1, max: 9_999 }), fc.integer({ min: 0, max: 9_999 }))
    .map(([worth, cost]) => ({ kind: "gift" as const, productId: "g", worth: eur(worth), cost: eur(cost) })),
  fc.record({
    kind: fc.constant("payment_discount" as const),
    method: fc.constant("sepa"),
    percentBp: fc.integer({ min: 1, max: 10_000 }),
  }),
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
            const giftMinor = incentive.kind === "gift" ? incentive.worth.minor : 0;
            expect(goods + shippingMinor + laterMinor + giftMinor).toBe(worthMinor);
            expect(worthMinor).toBeGreaterThan(0);
            const { costMinor, expectedCostMinor } = appraisal;
            expect(worstCostMinor(incentive, appraisal)).toBeGreaterThanOrEqual(costMinor);
            expect(expectedCostMinor).toBeLessThanOrEqual(costMinor);
            expect(incentive.kind === "gift" ? incentive.cost.minor : worthMinor).toBe(costMinor);
            for (const [i, share] of shares.entries()) {
              expect(share).toBeGreaterThanOrEqual(0);
              expect(share).toBeLessThanOrEqual(lineAmountMinor(on.lines[i]!));
              if ("lineCapsMinor" in bounds) expect(share).toBeLessThanOrEqual(lineCapsMinor[i]!);
            }
            if ("ceilingMinor" in bounds) expect(costMinor).toBeLessThanOrEqual(ceilingMinor);
          }
        },
      ),
      OPTIONS,
    );
  });

  it("gives a gift where it costs no more than is held, and what is paid at once after no time", () => {
    const gift = { kind: "gift", productId: "g", worth: eur(900), cost: eur(300) } as const;
    expect(appraise(gift, units, { ceilingMinor: 299 })).toBeUndefined();
    expect(appraise(gift, units, { ceilingMinor: 300 })).toMatchObject({ costMinor: 300, expectedCostMinor: 300 });
    const credit = { kind: "loyalty_credit", amount: eur(250) } as const;
    expect(appraise(credit, units)).toMatchObject({ expectedCostMinor: 250, paidAfterMs: 0 });
  });

  it("rounds a half up where the policy says so", () => {
    const tenth = { kind: "percent_off", percentBp: 1_000 } as const;
    expect(appraise(tenth, cart([105]))?.worthMinor).toBe(10);
    expect(appraise(tenth, cart([105]), { rounding: "half_up" })?.worthMinor).toBe(11);
  });

  it("what is never spent lessens the expected cost, and not the worst", () => {
    const credit = { kind: "loyalty_credit", amount: eur(999), breakageBp: 1_500, paidAfterMs: 86_400_000 } as const;
    expect(appraise(credit, cart([100]))).toMatchObject({
      ...{ worthMinor: 999, goodsMinor: 0, shippingMinor: 0, laterMinor: 999 },
      ...{ costMinor: 999, expectedCostMinor: 850, paidAfterMs: 86_400_000, shares: [0] },
    });
  });

  it("finds categories and brands in the catalog, and reckons without what a cap of 0 takes out", () => {
    const rows = [{ productId: "a", category: "fruit" }, { productId: "b", brand: "Acme" }, undefined];
    const of = (given: Partial<Scope>, lineCapsMinor?: readonly number[]) =>
      appraise({ ...half, scope: scope(given) }, units, { rows, lineCapsMinor })?.shares;
    expect(of({ categories: ["fruit"] })).toEqual([150, 0, 0]);
    expect(of({ brands: ["Acme"], categories: ["fruit"] })).toEqual([150, 200, 0]);
    expect(of({ brands: ["Acme"], categories: ["fruit"] }, [300, 0, 400])).toEqual([150, 0, 0]);
    expect(of({ units: { kind: "dearest", count: 2 } }, [300, 0, 400])).toEqual([0, 0, 200]);
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
  const limit = { productIds: [], categories: [], brands: [], excluded: false };
  const guarded = (percentBp: number, guardrails: Partial<CartGuardrails>, row = {}) => {
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
      "at the floor of its goods",
      guarded(2_000, { goodsLimits: [{ ...limit, productIds: ["p0"], floorPriceBp: 8_000 }] }),
      undefined,
    ],
    [
      "below the floor of its goods",
      guarded(2_010, { goodsLimits: [{ ...limit, productIds: ["p0"], floorPriceBp: 8_000 }] }),
      "guardrail_floor_price",
    ],
    [
      "above the maximum of its category",
      guarded(1_010, { goodsLimits: [{ ...limit, categories: ["tea"], maxDiscountBp: 1_000 }] }, { category: "tea" }),
      "guardrail_max_discount",
    ],
    [
      "above the maximum of another category",
      guarded(1_010, { goodsLimits: [{ ...limit, categories: ["tea"], maxDiscountBp: 1_000 }] }, { category: "oil" }),
      undefined,
    ],
    [
      "of a brand whose prices nobody may advertise below",
      guarded(100, { goodsLimits: [{ ...limit, brands: ["Acme"], excluded: true }] }, { brand: "Acme" }),
      "guardrail_excluded_goods",
    ],
    ["at the cart's maximum", guarded(2_000, { cartMaxDiscountBp: 2_000 }), undefined],
    ["above the cart's maximum", guarded(2_010, { cartMaxDiscountBp: 2_000 }), "guardrail_cart_max_discount"],
    ["at the most that an incentive may be worth", guarded(2_000, { incentiveMaxMinor: 200 }), undefined],
    ["above that", guarded(2_000, { incentiveMaxMinor: 199 }), "guardrail_incentive_max"],
    [
      "with an unknown cost and an assumed margin",
      guarded(2_000, { marginFloorBp: 0, assumedMarginBp: 2_000 }),
      undefined,
    ],
  ])("%s", (_where, given, broken) => {
    expect(brokenGuardrail(given)).toBe(broken);
  });

  it("round in the shopper's favour: a maximum up, a floor down", () => {
    const on = cart([105]);
    const broken = (minor: number, guardrails: Partial<CartGuardrails>) => {
      const appraisal = appraise({ kind: "amount_off", amount: eur(minor) }, on)!;
      return brokenGuardrail({ cart: on, rows: [undefined], appraisal, guardrails: { ...NONE, ...guardrails } });
    };
    const limits = [{ floorPriceBp: 9_000 }, { maxDiscountBp: 1_000 }, { cartMaxDiscountBp: 1_000 }];
    expect(limits.map((guardrails) => broken(11, guardrails))).toEqual([undefined, undefined, undefined]);
    expect(limits.map((guardrails) => broken(12, guardrails))).toEqual([
      ...["guardrail_floor_price", "guardrail_max_discount", "guardrail_cart_max_discount"],
    ]);
  });

  it("count what the shop itself has taken off", () => {
    const [line] = cart([1_000]).lines;
    const on = { ...cart([]), lines: [{ ...line!, discountMinor: 100 }] };
    const broken = (minor: number, guardrails: Partial<CartGuardrails>) => {
      const appraisal = appraise({ kind: "amount_off", amount: eur(minor) }, on)!;
      return brokenGuardrail({ cart: on, rows: [undefined], appraisal, guardrails: { ...NONE, ...guardrails } });
    };
    const limits = [{ floorPriceBp: 8_000 }, { maxDiscountBp: 2_000 }, { cartMaxDiscountBp: 2_000 }];
    expect(limits.map((guardrails) => broken(100, guardrails))).toEqual([undefined, undefined, undefined]);
    expect(limits.map((guardrails) => broken(101, guardrails))).toEqual([
      ...["guardrail_floor_price", "guardrail_max_discount", "guardrail_cart_max_discount"],
    ]);
  });

  it("takes excluded goods out of reach, and leaves caps alone where there are none", () => {
    const caps = [70, 80];
    const rows = [{ productId: "p0", brand: "Acme" }, undefined];
    const excluding = { ...NONE, goodsLimits: [{ ...limit, brands: ["Acme"], excluded: true }] };
    expect(withoutExcludedGoods(NONE, cart([100, 200]), rows, caps)).toBe(caps);
    expect(withoutExcludedGoods(excluding, cart([100, 200]), [undefined, undefined], caps)).toBe(caps);
    expect(withoutExcludedGoods(excluding, cart([100, 200]), rows, caps)).toEqual([0, 80]);
    expect(withoutExcludedGoods(excluding, cart([100, 200]), rows, undefined)).toEqual([0, 200]);
  });
});
