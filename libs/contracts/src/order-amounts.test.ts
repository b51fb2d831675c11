import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { currencyOf, orderAmounts } from "./order-amounts.js";
import * as wire from "./wire.js";

const EUR = (minor: number) => ({ minor: BigInt(minor), currency: "EUR" });
const MOST = Number.MAX_SAFE_INTEGER;

const amountsOf = (order: wire.DeepPartial<wire.Order>) => orderAmounts(wire.Order.fromPartial(order), "EUR", "order");
const shoe = { productId: "shoe", quantity: 2n, unitPrice: EUR(500), discount: EUR(100) };

describe("what an order comes to", () => {
  it.each<[string, wire.DeepPartial<wire.Order>, number | undefined, number | undefined]>([
    ["its lines less all discounts", { lines: [shoe], discount: EUR(50) }, 850, 150],
    ["the total that the shop says, before any sum of ours", { lines: [shoe], total: EUR(1) }, 1, 100],
    ["no less than nothing", { lines: [shoe], discount: EUR(9_999) }, 0, 10_099],
    [
      "nobody knows what, if one price is missing",
      { lines: [shoe, { productId: "gift", quantity: 1n }] },
      undefined,
      100,
    ],
    ["nobody knows what, if there is neither line nor total", {}, undefined, 0],
    ["nobody knows what in another currency", { total: { minor: 5n, currency: "USD" } }, undefined, 0],
    [
      "nobody knows what, if a discount is in another currency",
      { lines: [shoe], discount: { minor: 5n, currency: "USD" } },
      undefined,
      undefined,
    ],
    ["the largest amount there is", { lines: [{ ...shoe, quantity: 1n, unitPrice: EUR(MOST) }] }, MOST - 100, 100],
  ])("is %s", (_, order, revenueMinor, discountMinor) => {
    expect(amountsOf(order)).toEqual({ ok: true, value: { revenueMinor, discountMinor } });
  });

  it.each<[string, wire.DeepPartial<wire.Order>]>([
    ["one line", { lines: [{ ...shoe, unitPrice: EUR(MOST) }] }],
    ["the lines together", { lines: [shoe, { ...shoe, quantity: 1n, unitPrice: EUR(MOST) }] }],
    ["the lines, whatever the total", { lines: [{ ...shoe, unitPrice: EUR(MOST) }], total: EUR(1) }],
    ["the lines of which the price is known", { lines: [{ productId: "gift" }, { ...shoe, unitPrice: EUR(MOST) }] }],
    ["the discounts", { lines: [shoe], discount: EUR(MOST) }],
  ])("is refused where no number holds %s", (_, order) => {
    expect(amountsOf(order)).toMatchObject({
      ok: false,
      error: { reason: "amount_out_of_range", field: "order.lines" },
    });
  });

  it("is what exact arithmetic has, or refused (a law)", () => {
    const amount = fc.option(fc.maxSafeNat().map(EUR), { nil: undefined });
    const quantity = fc.integer({ min: 1, max: 2_147_483_647 }).map(BigInt);
    const line = fc.record({
      productId: fc.constant("p"),
      quantity,
      unitPrice: fc.maxSafeNat().map(EUR),
      discount: amount,
    });
    const cheap = fc.record({ productId: fc.constant("p"), quantity, unitPrice: fc.nat(9_999).map(EUR) });
    const orders = fc.record({
      lines: fc.array(fc.oneof(line, cheap), { minLength: 1, maxLength: 4 }),
      discount: amount,
    });
    fc.assert(
      fc.property(orders, (order) => {
        const { lines, discount } = wire.Order.fromPartial(order);
        const gross = lines.reduce((sum, one) => sum + (one.unitPrice?.minor ?? 0n) * one.quantity, 0n);
        const off = lines.reduce((sum, one) => sum + (one.discount?.minor ?? 0n), discount?.minor ?? 0n);
        const read = amountsOf(order);
        expect(read.ok).toBe(gross <= BigInt(MOST) && off <= BigInt(MOST));
        const paid = gross > off ? gross - off : 0n;
        if (read.ok) expect(read.value).toEqual({ revenueMinor: Number(paid), discountMinor: Number(off) });
      }),
    );
  });
});

describe("the currency of an event", () => {
  it.each<[string, wire.DeepPartial<wire.Event>, string]>([
    ["its product's", { product: { unitPrice: EUR(1) } }, "EUR"],
    ["its order's total", { order: { total: EUR(1) } }, "EUR"],
    ["any line's, be it of a discount", { order: { lines: [{}, { discount: EUR(1) }] } }, "EUR"],
    ["the refund's", { goodsReturn: { refund: EUR(1) } }, "EUR"],
    ["none where there is no amount", { order: { lines: [{}] } }, ""],
  ])("is %s", (_, event, currency) => {
    expect(currencyOf(wire.Event.fromPartial(event))).toBe(currency);
  });
});
