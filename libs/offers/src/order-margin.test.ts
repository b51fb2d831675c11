import { describe, expect, it } from "@jest/globals";
import type { CurrencyCode } from "@leastwise/vocabulary";
import fc from "fast-check";
import { appraise } from "./appraise.js";
import type { Cart } from "./cart.js";
import { brokenGuardrail } from "./guardrails/broken-guardrail.js";
import type { Incentive } from "./incentive.js";
import { orderMargin, type UsedIncentive } from "./order-margin.js";

const EUR = "EUR" as CurrencyCode;
const CART: Cart = {
  currency: EUR,
  lines: [
    { productId: "coat", quantity: 1, unitPriceMinor: 10_000, discountMinor: 1_000 },
    { productId: "sock", quantity: 2, unitPriceMinor: 500 },
  ],
  shippingMinor: 490,
};
const ROWS = [{ productId: "coat", unitCostMinor: 6_000 }, undefined];

function marginOf(incentive: Incentive, changes: Partial<UsedIncentive> = {}) {
  const appraisal = appraise(incentive, CART, { rows: ROWS });
  if (appraisal === undefined) throw new Error("it gives nothing");
  return orderMargin({
    ...{ cart: CART, rows: ROWS, appraisal, assumedMarginBp: 4_000, merchantShareBp: 10_000 },
    ...changes,
  });
}

describe("what an order brings in", () => {
  it("is what was paid for goods, and of that what is left when they and the incentive are paid for", () => {
    // 9 000 and 1 000 for goods that cost 6 000 and, by the assumed margin, 600.
    expect(marginOf({ kind: "percent_off", percentBp: 1_000 })).toEqual({ paidMinor: 9_000, marginMinor: 2_400 });
  });

  it("bears free shipping, and credit whole, since nobody knows yet what of it is never spent", () => {
    expect(marginOf({ kind: "free_shipping" })).toEqual({ paidMinor: 10_000, marginMinor: 2_910 });
    const credit: Incentive = { kind: "loyalty_credit", amount: { minor: 500, currency: EUR }, breakageBp: 5_000 };
    expect(marginOf(credit)).toEqual({ paidMinor: 10_000, marginMinor: 2_900 });
  });

  it("is without the tax in the prices, which the shop does not keep", () => {
    const priceTax = { defaultBp: 2_000, rounding: "half_even" } as const;
    // 8 100 and 900 paid, of which the tax is a sixth; the sock cost 60 % of 1 000 without its tax.
    const net = { paidMinor: 7_500, marginMinor: 1_000 };
    expect(marginOf({ kind: "percent_off", percentBp: 1_000 }, { priceTax })).toEqual(net);
  });

  it("has back what a partner pays, rounded down", () => {
    const incentive: Incentive = { kind: "amount_off", amount: { minor: 999, currency: EUR } };
    expect(marginOf(incentive, { merchantShareBp: 5_000 })).toEqual({ paidMinor: 9_001, marginMinor: 2_900 });
  });

  it("is below zero where the shop loses, and of nothing where all is given away", () => {
    expect(marginOf({ kind: "percent_off", percentBp: 10_000 })).toEqual({ paidMinor: 0, marginMinor: -6_600 });
  });

  it("is at the margin floor just where the floor's guardrail says so, without partners", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: -10_000, max: 10_000 }),
        (percentBp, marginFloorBp) => {
          const appraisal = appraise({ kind: "percent_off", percentBp }, CART, { rows: ROWS });
          fc.pre(appraisal !== undefined);
          const { paidMinor, marginMinor } = marginOf({ kind: "percent_off", percentBp });
          const guardrails = { floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp, assumedMarginBp: 4_000 };
          const isBelow =
            brokenGuardrail({ cart: CART, rows: ROWS, appraisal, guardrails }) === "guardrail_margin_floor";
          expect(isBelow).toBe(marginMinor * 10_000 < paidMinor * marginFloorBp);
        },
      ),
    );
  });
});
