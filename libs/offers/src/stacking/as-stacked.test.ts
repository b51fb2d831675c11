import { describe, expect, it } from "@jest/globals";
import type { CurrencyCode } from "@leastwise/vocabulary";
import type { Incentive, Scope } from "../incentive.js";
import { asStacked, atMostHeld, type StackedTerms } from "./as-stacked.js";

const euros = (minor: number) => ({ minor, currency: "EUR" as CurrencyCode });
const scope = (given: Partial<Scope>): Scope => ({ productIds: [], categories: [], brands: [], ...given });
const percentOff = { kind: "percent_off", percentBp: 1_000 } as const;
const amountOff = { kind: "amount_off", amount: euros(500) } as const;
const cartPercent = { kind: "cart_percent", percentBp: 1_000, productIds: [], minBasketMinor: 0 } as const;
const cartAmount = { kind: "cart_amount", amountMinor: 500, productIds: [], minBasketMinor: 0 } as const;
const credit = { kind: "loyalty_credit", amountMinor: 300, minBasketMinor: 0 } as const;

const SAME: readonly (readonly [string, Incentive, StackedTerms])[] = [
  ["a share of the goods", percentOff, cartPercent],
  ["a share up to a maximum", { ...percentOff, maximum: euros(900) }, { ...cartPercent, maximumMinor: 900 }],
  [
    "a share of certain products",
    { ...percentOff, scope: scope({ productIds: ["a"] }) },
    { ...cartPercent, productIds: ["a"] },
  ],
  ["an amount off the goods", amountOff, cartAmount],
  ["an amount from a minimum on", { ...amountOff, cartMin: euros(2_000) }, { ...cartAmount, minBasketMinor: 2_000 }],
  ["what a partner gives", { kind: "partner_exclusive", partnerId: "bank", amount: euros(500) }, cartAmount],
  ["free shipping", { kind: "free_shipping" }, { kind: "shipping_off", minBasketMinor: 0 }],
  [
    "free shipping up to a maximum",
    { kind: "free_shipping", maximum: euros(390) },
    { kind: "shipping_off", minBasketMinor: 0, maximumMinor: 390 },
  ],
  ["a credit", { kind: "loyalty_credit", amount: euros(300) }, credit],
];

const UNLIKE: readonly (readonly [string, Incentive])[] = [
  ["a share of a category", { ...percentOff, scope: scope({ categories: ["shoes"] }) }],
  ["a share of a brand", { ...percentOff, scope: scope({ brands: ["x"] }) }],
  ["a share of the cheapest unit", { ...percentOff, scope: scope({ units: { kind: "cheapest", count: 1 } }) }],
  ["an amount for each unit", { ...amountOff, per: "unit" }],
  ["an amount off certain products", { ...amountOff, scope: scope({ productIds: ["a"] }) }],
  ["a bundle", { kind: "bundle_credit", productIds: ["a", "b"], amount: euros(500) }],
  ["a set", { kind: "buy_x_get_y", buy: 2, get: 1, percentBp: 10_000, setsMax: 1 }],
  ["a gift", { kind: "gift", productId: "g", worth: euros(900), cost: euros(300) }],
  ["a discount for paying so", { kind: "payment_discount", method: "card", percentBp: 1_000 }],
  ["a cashback", { kind: "tiered_cashback", tiers: [{ cartMin: euros(0), cashbackBp: 300 }] }],
];

describe("an incentive of ours as an offer of a stack", () => {
  it.each(SAME)("%s", (_, incentive, terms) => {
    expect(asStacked(incentive)).toEqual(terms);
  });

  it.each(UNLIKE)("is none: %s", (_, incentive) => {
    expect(asStacked(incentive)).toBeUndefined();
  });

  it("has no maximum rather than one that is undefined: a claim is held against it field by field", () => {
    expect(Object.keys(asStacked(percentOff) ?? {})).not.toContain("maximumMinor");
  });

  it("gives at most what is held for it", () => {
    const shipping = { kind: "shipping_off", minBasketMinor: 0 } as const;
    expect(atMostHeld(cartPercent, 400)).toEqual({ ...cartPercent, maximumMinor: 400 });
    expect(atMostHeld({ ...cartPercent, maximumMinor: 300 }, 400)).toEqual({ ...cartPercent, maximumMinor: 300 });
    expect(atMostHeld({ ...shipping, maximumMinor: 500 }, 400)).toEqual({ ...shipping, maximumMinor: 400 });
    expect(atMostHeld(cartAmount, 400)).toEqual({ ...cartAmount, amountMinor: 400 });
    expect(atMostHeld(credit, 400)).toEqual(credit);
  });
});
