import { describe, expect, it } from "@jest/globals";
import { mulDiv, type CurrencyCode, type RoundingMode } from "@leastwise/vocabulary";
import fc from "fast-check";
import { appraise } from "./appraise.js";
import type { Cart } from "./cart.js";
import type { CatalogRow } from "./catalog-row.js";
import { brokenGuardrail } from "./guardrails/broken-guardrail.js";
import type { CartGuardrails } from "./guardrails/cart-guardrails.js";
import { goodsMarginMinor, lineCostMinor } from "./guardrails/margin-floor.js";
import { isOtherBasis, netOfTax, type PriceTax } from "./price-tax.js";

const LIMITS = { floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp: 0, assumedMarginBp: 4_000 };
const currency = (code: string) => code as CurrencyCode;

interface Line {
  readonly net: number;
  readonly quantity: number;
  readonly costMinor: number | undefined;
  readonly rateBp: number | undefined;
}

const line: fc.Arbitrary<Line> = fc.record({
  net: fc.integer({ min: 1, max: 50 }),
  quantity: fc.integer({ min: 1, max: 3 }),
  costMinor: fc.option(fc.integer({ min: 0, max: 400_000 }), { nil: undefined }),
  rateBp: fc.option(fc.constantFrom(0, 700, 1_900, 2_550, 10_000), { nil: undefined }),
});
const lines = fc.array(line, { minLength: 1, maxLength: 4 });
const marginFloorBp = fc.integer({ min: -10_000, max: 10_000 });
const percentBp = fc.constantFrom(500, 1_000, 2_500, 10_000);

/** Net prices are so round that no tax on them, nor a share of them, leaves a rest. */
const ROUND = 100_000_000;

const cartOf = (of: readonly Line[], priceOf: (line: Line) => number): Cart => ({
  ...{ currency: currency("EUR"), shippingMinor: 0 },
  lines: of.map((one, index) => ({ productId: `p${index}`, quantity: one.quantity, unitPriceMinor: priceOf(one) })),
});
const rowsOf = (of: readonly Line[], scale = 1): CatalogRow[] =>
  of.map(({ costMinor, rateBp }, index) => ({
    productId: `p${index}`,
    ...(costMinor === undefined ? {} : { unitCostMinor: costMinor * scale }),
    ...(rateBp === undefined ? {} : { taxBp: rateBp }),
  }));

describe("prices with tax", () => {
  it.each<[string, number, number, RoundingMode, number]>([
    ["yen, which have no decimals", 110, 1_000, "half_even", 100],
    ["cents", 11_900, 1_900, "half_even", 10_000],
    ["fils, of which a dinar has 1 000", 105_000, 500, "half_even", 100_000],
    ["a half to the even neighbour", 3, 10_000, "half_even", 2],
    ["a half up", 1, 10_000, "half_up", 1],
    ["a half of one to none", 1, 10_000, "half_even", 0],
    ["no tax", 333, 0, "half_even", 333],
  ])("are without it: %s", (_name, amount, defaultBp, rounding, net) => {
    expect(netOfTax(amount, { defaultBp, rounding }, undefined)).toBe(net);
    expect(netOfTax(amount, { defaultBp: 777, rounding }, defaultBp)).toBe(net);
  });

  it("are another kind only than prices that are said to be the other", () => {
    const bases = ["with_tax", "without_tax", undefined] as const;
    const others = bases.flatMap((one) =>
      bases.filter((other) => isOtherBasis(one, other)).map((other) => [one, other]),
    );
    expect(others).toEqual([
      ["with_tax", "without_tax"],
      ["without_tax", "with_tax"],
    ]);
  });

  it("cost what the catalog says, which has no tax in it, and else what is left of the margin without tax", () => {
    const shirt = { productId: "p", quantity: 2, unitPriceMinor: 11_900 };
    const tax: PriceTax = { defaultBp: 1_900, rounding: "half_even" };
    expect(lineCostMinor(shirt, { productId: "p", unitCostMinor: 7_000 }, 4_000, tax)).toBe(14_000);
    expect(lineCostMinor(shirt, undefined, 4_000, tax)).toBe(12_000);
    expect(lineCostMinor(shirt, { productId: "p", taxBp: 0 }, 4_000, tax)).toBe(14_280);
  });

  it("at a rate of 0 are as prices without", () => {
    fc.assert(
      fc.property(lines, marginFloorBp, percentBp, (of, floor, percent) => {
        const untaxed = of.map((one) => ({ ...one, rateBp: undefined }));
        const cart = cartOf(untaxed, ({ net }) => net * 4_321);
        const rows = rowsOf(untaxed);
        const appraisal = appraise({ kind: "percent_off", percentBp: percent }, cart);
        if (appraisal === undefined) return;
        const limits: CartGuardrails = { ...LIMITS, marginFloorBp: floor };
        const taxed = { ...limits, priceTax: { defaultBp: 0, rounding: "half_even" as const } };
        const asked = { cart, rows, appraisal };
        expect(brokenGuardrail({ ...asked, guardrails: taxed })).toBe(
          brokenGuardrail({ ...asked, guardrails: limits }),
        );
      }),
    );
  });

  it("have the margin of the same goods at their prices without, whatever each one's rate", () => {
    fc.assert(
      fc.property(lines, marginFloorBp, percentBp, fc.constantFrom(0, 700, 1_900), (of, floor, percent, defaultBp) => {
        const incentive = { kind: "percent_off" as const, percentBp: percent };
        const priceTax: PriceTax = { defaultBp, rounding: "half_even" };
        const rows = rowsOf(of, 10_000);
        const gross = cartOf(of, ({ net, rateBp = defaultBp }) => mulDiv(net * ROUND, 10_000 + rateBp, 10_000));
        const net = cartOf(of, (one) => one.net * ROUND);
        const broken = (cart: Cart, guardrails: CartGuardrails) => {
          const appraisal = appraise(incentive, cart);
          return appraisal && brokenGuardrail({ cart, rows, appraisal, guardrails });
        };
        const guardrails: CartGuardrails = { ...LIMITS, marginFloorBp: floor };
        expect(broken(gross, { ...guardrails, priceTax })).toBe(broken(net, guardrails));
        expect(goodsMarginMinor(gross.lines, rows, 4_000, priceTax)).toBe(goodsMarginMinor(net.lines, rows, 4_000));
      }),
    );
  });
});
