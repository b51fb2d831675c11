import { expect, it } from "@jest/globals";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { appraise } from "../appraise.js";
import type { Cart } from "../cart.js";
import { brokenGuardrail } from "./broken-guardrail.js";
import { goodsMarginMinor } from "./margin-floor.js";

const cartOf = (unitPriceMinor: number): Cart => ({
  currency: "EUR" as CurrencyCode,
  lines: [
    { productId: "shoe", quantity: 1, unitPriceMinor, discountMinor: 1_000 },
    { productId: "sock", quantity: 2, unitPriceMinor: 500 },
  ],
  shippingMinor: 0,
});

it("the margin of the goods is what they bring, less what they cost, known or assumed", () => {
  const { lines } = cartOf(8_000);
  // 70.00 paid for shoes that cost 65.00, and 10.00 for socks of which a quarter is assumed to be kept.
  expect(goodsMarginMinor(lines, [{ productId: "shoe", unitCostMinor: 6_500 }, undefined], 2_500)).toBe(500 + 250);
  expect(goodsMarginMinor(lines, [{ productId: "shoe", unitCostMinor: 9_000 }, undefined], 2_500)).toBe(-2_000 + 250);
});

it("what other offers of the cart cost the shop comes off its margin", () => {
  const cart = cartOf(8_000);
  // Of 80.00 the shop keeps 20.00. We take off 8.00, and a tenth of the 72.00 left has to stay: 4.80 may go to other offers.
  const broken = (otherOffersCostMinor: number) =>
    brokenGuardrail({
      ...{ cart, otherOffersCostMinor },
      rows: [
        { productId: "shoe", unitCostMinor: 6_000 },
        { productId: "sock", unitCostMinor: 0 },
      ],
      appraisal: appraise({ kind: "percent_off", percentBp: 1_000 }, cart)!,
      guardrails: { floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp: 1_000, assumedMarginBp: 0 },
    });
  expect([0, 480, 481].map(broken)).toEqual([undefined, undefined, "guardrail_margin_floor"]);
});

it("a margin floor is exact for carts that no product of numbers would be", () => {
  // Of what is paid 33.33 % are to be kept: one minor unit of that times ten thousand is missing, in a sum of nineteen digits.
  const paid = 900_719_925_479_997;
  const kept = Number((BigInt(paid) * 3_333n - 1n) / 10_000n);
  // The shop has taken off 10.00, and the socks cost as much as we take off.
  const cart = cartOf(paid + 1_000);
  const broken = (unitCostMinor: number) =>
    brokenGuardrail({
      cart,
      rows: [
        { productId: "shoe", unitCostMinor },
        { productId: "sock", unitCostMinor: 0 },
      ],
      appraisal: appraise({ kind: "amount_off", amount: { minor: 1_000, currency: cart.currency } }, cart)!,
      guardrails: { floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp: 3_333, assumedMarginBp: 0 },
    });
  expect([broken(paid - kept - 1), broken(paid - kept)]).toEqual([undefined, "guardrail_margin_floor"]);
});
