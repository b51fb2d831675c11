import { describe, expect, it } from "@jest/globals";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { reaching, StackCourse } from "./stack-course.js";
import { basketMinor, byApplication, costOf, stageOf, type StackCart, type StackOffer } from "./stack-offer.js";

/** 100.00 of goods, of which the shop itself has taken off 10.00, and 5.00 of shipping. */
const CART: StackCart = {
  currency: "EUR" as CurrencyCode,
  lines: [
    { productId: "shoe", quantity: 1, unitPriceMinor: 9_000, discountMinor: 1_000, floorPriceMinor: 0 },
    { productId: "sock", quantity: 2, unitPriceMinor: 1_000, floorPriceMinor: 700 },
  ],
  shippingMinor: 500,
};
const TERMS = { priority: 0, minBasketMinor: 0, partnerShareBp: 0 };
const cartPercent: StackOffer = { ...TERMS, id: "p", kind: "cart_percent", percentBp: 1_000, productIds: [] };
const cartAmount: StackOffer = { ...TERMS, id: "a", kind: "cart_amount", amountMinor: 900, productIds: [] };
const itemPercent: StackOffer = { ...TERMS, id: "i", kind: "item_percent", percentBp: 5_000, productIds: [] };
const itemAmount: StackOffer = { ...TERMS, id: "u", kind: "item_amount", amountMinor: 200, productIds: ["sock"] };
const shipping: StackOffer = { ...TERMS, id: "s", kind: "shipping_off" };
const payment: StackOffer = { ...TERMS, id: "c", kind: "payment_percent", percentBp: 1_000 };
const cashback: StackOffer = {
  ...{ ...TERMS, id: "b", kind: "cashback_tiered" },
  tiers: [
    { minimumMinor: 1_000, cashbackBp: 100 },
    { minimumMinor: 10_500, cashbackBp: 200 },
  ],
};
const credit: StackOffer = { ...TERMS, id: "l", kind: "loyalty_credit", amountMinor: 250 };

/** What an offer gives on the whole cart, what is left of each line, of the shipping, and to pay. */
function after(offer: StackOffer, cart = CART) {
  const course = new StackCourse(cart, "half_even");
  const gain = course.apply(0, reaching(offer, cart));
  return { gain, lines: course.amounts(1), shipping: course.shipping(1), toPay: course.toPay(1) };
}

describe("an offer on a cart", () => {
  it("on the whole of it is split over the lines, at most down to their floors, and what those stop is lost", () => {
    expect(after(cartPercent)).toEqual({ gain: 1_000, lines: [7_200, 1_800], shipping: 500, toPay: 9_500 });
    const half: StackOffer = { ...cartPercent, percentBp: 5_000 };
    expect(after(half)).toEqual({ gain: 4_600, lines: [4_000, 1_400], shipping: 500, toPay: 5_900 });
    expect(after(cartAmount)).toEqual({ gain: 900, lines: [7_280, 1_820], shipping: 500, toPay: 9_600 });
    expect(after({ ...cartAmount, productIds: ["shoe"] })).toMatchObject({ gain: 900, lines: [7_100, 2_000] });
    expect(after({ ...cartAmount, productIds: ["shoe"], amountMinor: 8_001 })).toMatchObject({ gain: 8_000 });
    expect(after({ ...cartAmount, productIds: ["none of these"] })).toMatchObject({ gain: 0, lines: [8_000, 2_000] });
  });

  it("on items is off each unit or each line in reach", () => {
    expect(after(itemPercent)).toEqual({ gain: 4_600, lines: [4_000, 1_400], shipping: 500, toPay: 5_900 });
    expect(after(itemAmount)).toEqual({ gain: 400, lines: [8_000, 1_600], shipping: 500, toPay: 10_100 });
  });

  it("on the shipping takes what is left of it, or its maximum", () => {
    expect(after(shipping)).toEqual({ gain: 500, lines: [8_000, 2_000], shipping: 0, toPay: 10_000 });
    expect(after({ ...shipping, maximumMinor: 490 })).toMatchObject({ gain: 490, shipping: 10, toPay: 10_010 });
    expect(after({ ...shipping, maximumMinor: 501 })).toMatchObject({ gain: 500, shipping: 0 });
  });

  it("of a means of payment is a share of what is left to pay, shipping included, and touches no line", () => {
    expect(after(payment)).toEqual({ gain: 1_050, lines: [8_000, 2_000], shipping: 500, toPay: 9_450 });
    expect(after({ ...payment, maximumMinor: 1_000 })).toMatchObject({ gain: 1_000, toPay: 9_500 });
  });

  it("for later is by the highest tier that what is left to pay just reaches, and leaves all of it to pay", () => {
    expect(after(cashback)).toEqual({ gain: 210, lines: [8_000, 2_000], shipping: 500, toPay: 10_500 });
    expect(after(cashback, { ...CART, shippingMinor: 400 })).toMatchObject({ gain: 104, toPay: 10_400 });
    const small = { ...CART, lines: CART.lines.slice(1), shippingMinor: 0 };
    expect(after({ ...cashback, tiers: [{ minimumMinor: 2_001, cashbackBp: 100 }] }, small).gain).toBe(0);
    expect(after(credit)).toEqual({ gain: 250, lines: [8_000, 2_000], shipping: 500, toPay: 10_500 });
  });

  it("leaves the cart before it as it was, for another to be tried there", () => {
    const course = new StackCourse(CART, "half_even");
    course.apply(0, reaching(cartPercent, CART));
    course.apply(1, reaching(shipping, CART));
    expect(course.apply(0, reaching(itemAmount, CART))).toBe(400);
    expect([course.amounts(0), course.amounts(1)]).toEqual([
      [8_000, 2_000],
      [8_000, 1_600],
    ]);
  });

  it("that was reckoned elsewhere takes what it says, and the next sees what is left", () => {
    const course = new StackCourse(CART, "half_even");
    course.take(0, [100, 50], 400);
    expect([course.amounts(1), course.shipping(1), course.toPay(1)]).toEqual([[7_900, 1_950], 100, 9_950]);
    expect(course.apply(1, reaching(payment, CART))).toBe(995);
    expect(course.amounts(0)).toEqual([8_000, 2_000]);
  });

  it("is applied to a cart that is there: anything else is a bug", () => {
    expect(() => new StackCourse(CART, "half_even").amounts(1)).toThrow("no offer was applied at depth 0");
  });
});

describe("offers of a stack", () => {
  it("count what the shop itself took off, and no line below nothing", () => {
    expect(basketMinor(CART)).toBe(10_000);
    const [shoe] = CART.lines;
    expect(basketMinor({ ...CART, lines: [{ ...shoe!, discountMinor: 9_001 }] })).toBe(0);
  });

  it("are applied by stage, then by priority, then by id", () => {
    const late: StackOffer = { ...itemPercent, id: "a", priority: 1 };
    const offers = [credit, cashback, payment, shipping, cartPercent, cartAmount, late, itemAmount, itemPercent];
    expect(
      offers
        .toSorted(byApplication)
        .map(({ id }) => id)
        .join(""),
    ).toBe("iuaapscbl");
    expect(offers.map(stageOf)).toEqual([
      ...["later", "later", "payment", "shipping", "cart", "cart", "item", "item", "item"],
    ]);
    expect(byApplication(payment, payment)).toBe(0);
  });

  it("cost the merchant all but the partner's share, which is rounded", () => {
    const costs = [0, 2_500, 10_000].map((partnerShareBp) => costOf({ ...credit, partnerShareBp }, 250, "half_even"));
    expect(costs).toEqual([250, 188, 0]);
    expect(costOf({ ...credit, partnerShareBp: 2_500 }, 250, "half_up")).toBe(187);
  });
});
