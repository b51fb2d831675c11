import { describe, expect, it } from "@jest/globals";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { worstCostMinor } from "./appraise.js";
import type { Incentive } from "./incentive.js";

const euros = (minor: number) => ({ minor, currency: "EUR" as CurrencyCode });
const percentOff = { kind: "percent_off", percentBp: 1_000 } as const;
const shipping = { kind: "free_shipping" } as const;
const payment = { kind: "payment_discount", method: "card", percentBp: 1_000 } as const;
const amountOff = { kind: "amount_off", amount: euros(500) } as const;

/** What is held for an incentive that costs 2.00 on the cart it was decided for. */
const HELD: readonly (readonly [string, Incentive, number])[] = [
  ["a share: what it costs there", percentOff, 200],
  ["a share with a maximum: that", { ...percentOff, maximum: euros(500) }, 500],
  ["shipping: what it costs there", shipping, 200],
  ["shipping with a maximum: that", { ...shipping, maximum: euros(490) }, 490],
  ["a payment discount: what it costs there", payment, 200],
  ["a payment discount with a maximum: that", { ...payment, maximum: euros(500) }, 500],
  ["an amount: all of it", amountOff, 500],
  ["an amount for each line: what the lines of the cart come to", { ...amountOff, per: "line" }, 200],
  ["a bundle: its amount", { kind: "bundle_credit", productIds: ["a", "b"], amount: euros(500) }, 500],
  ["a credit: its amount", { kind: "loyalty_credit", amount: euros(500) }, 500],
  ["what a partner gives: its amount", { kind: "partner_exclusive", partnerId: "bank", amount: euros(500) }, 500],
  [
    "a cashback: what it costs there",
    { kind: "tiered_cashback", tiers: [{ cartMin: euros(0), cashbackBp: 5_000 }] },
    200,
  ],
  ["a set: what it costs there", { kind: "buy_x_get_y", buy: 2, get: 1, percentBp: 10_000, setsMax: 9 }, 200],
  ["a gift: what it costs", { kind: "gift", productId: "g", worth: euros(900), cost: euros(200) }, 200],
];

describe("what is held for an incentive", () => {
  it.each(HELD)("%s", (_says, incentive, held) => {
    expect(worstCostMinor(incentive, { costMinor: 200 })).toBe(held);
  });

  it.each(HELD)("is never less than what it costs on the cart it was decided for: %s", (_says, incentive) => {
    expect(worstCostMinor(incentive, { costMinor: 1_000 })).toBe(1_000);
  });
});
