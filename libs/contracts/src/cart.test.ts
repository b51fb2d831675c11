import { describe, expect, it } from "@jest/globals";
import { readCart } from "./cart.js";
import * as wire from "./wire.js";

const EUR = (minor: bigint) => ({ minor, currency: "EUR" });
const line = (fields: wire.DeepPartial<wire.Line> = {}) =>
  wire.Line.fromPartial({ productId: "s", quantity: 2n, unitPrice: EUR(1_000n), ...fields });

describe("readCart", () => {
  it("reads lines, the shop's own discounts and shipping", () => {
    expect(
      readCart({ lines: [line(), line({ discount: EUR(100n) })], shipping: EUR(499n), paymentMethod: "" }, "cart"),
    ).toEqual({
      ok: true,
      value: {
        currency: "EUR",
        lines: [
          { productId: "s", quantity: 2, unitPriceMinor: 1_000, discountMinor: 0 },
          { productId: "s", quantity: 2, unitPriceMinor: 1_000, discountMinor: 100 },
        ],
        shippingMinor: 499,
      },
    });
  });

  it.each<[string, wire.Line[], wire.Money | undefined, string]>([
    ["an empty cart", [], undefined, "empty_cart at cart.lines"],
    ["10,000 lines", Array.from({ length: 10_000 }, () => line()), undefined, "cart_too_large at cart.lines"],
    ["no price", [line({ unitPrice: undefined })], undefined, "price_missing at cart.lines[0].unit_price"],
    [
      "a negative price",
      [line({ unitPrice: EUR(-1n) })],
      undefined,
      "negative_price at cart.lines[0].unit_price.minor",
    ],
    ["no units", [line({ quantity: 0n })], undefined, "quantity_out_of_range at cart.lines[0].quantity"],
    ["too many units", [line({ quantity: 2n ** 31n })], undefined, "quantity_out_of_range at cart.lines[0].quantity"],
    ["no product", [line({ productId: "" })], undefined, "id_missing at cart.lines[0].product_id"],
    [
      "mixed currencies",
      [line(), line({ unitPrice: { minor: 1n, currency: "USD" } })],
      undefined,
      "mixed_currencies at cart.lines[1].unit_price.currency",
    ],
    ["foreign shipping", [line()], { minor: 1n, currency: "USD" }, "mixed_currencies at cart.shipping.currency"],
    ["negative shipping", [line()], EUR(-1n), "negative_amount at cart.shipping.minor"],
    [
      "an unknown currency",
      [line({ unitPrice: { minor: 1n, currency: "eur" } })],
      undefined,
      "unknown_currency at cart.lines[0].unit_price.currency",
    ],
    [
      "a discount above the price",
      [line({ discount: EUR(2_001n) })],
      undefined,
      "discount_above_price at cart.lines[0].discount.minor",
    ],
    [
      "a sum beyond 2^53",
      [line({ quantity: 2_147_483_647n, unitPrice: EUR(2n ** 53n - 1n) })],
      undefined,
      "amount_out_of_range at cart.lines",
    ],
  ])("refuses %s", (_, lines, shipping, expected) => {
    const read = readCart({ lines, shipping, paymentMethod: "" }, "cart");
    expect(read.ok ? "ok" : `${read.error.reason} at ${read.error.field}`).toBe(expected);
  });

  it("knows how it will be paid, where that is said in few words", () => {
    const paid = (paymentMethod: string) => readCart({ lines: [line()], paymentMethod }, "cart");
    expect(paid("sepa")).toMatchObject({ ok: true, value: { paymentMethod: "sepa" } });
    expect(paid("")).toMatchObject({ ok: true, value: expect.not.objectContaining({ paymentMethod: "" }) });
    expect(paid("x".repeat(65))).toMatchObject({ error: { reason: "text_too_long", field: "cart.payment_method" } });
  });

  it("knows whether its prices have tax in them, and refuses a kind of prices that nobody knows", () => {
    const priced = (prices: wire.PriceBasis) => readCart({ lines: [line()], paymentMethod: "", prices }, "cart");
    expect(priced(wire.PriceBasis.PRICE_BASIS_WITHOUT_TAX)).toMatchObject({ value: { prices: "without_tax" } });
    expect(priced(wire.PriceBasis.PRICE_BASIS_UNSPECIFIED)).toMatchObject({
      value: expect.not.objectContaining({ prices: "" }),
    });
    expect(priced(7 as wire.PriceBasis)).toMatchObject({
      error: { reason: "unknown_price_basis", field: "cart.prices" },
    });
  });

  it("states the limit", () => {
    const read = readCart({ lines: Array.from({ length: 10_000 }, () => line()), paymentMethod: "" }, "cart");
    expect(read).toMatchObject({ ok: false, error: { came: "10000", expected: "at most 1000 lines" } });
  });
});
