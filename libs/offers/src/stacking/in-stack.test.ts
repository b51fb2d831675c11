import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { appraise } from "../appraise.js";
import { goodsMinor, type Cart } from "../cart.js";
import { brokenGuardrail } from "../guardrails/broken-guardrail.js";
import type { Incentive } from "../incentive.js";
import { appraiseInStack, leftByOffers } from "./in-stack.js";
import type { StackOffer } from "./stack-offer.js";

const EUR = "EUR" as CurrencyCode;
const euros = (minor: number) => ({ minor, currency: EUR });
const SEED = { seed: 20_261_129, numRuns: 300 };
const TERMS = { priority: 0, minBasketMinor: 0, partnerShareBp: 0 };

const CART: Cart = {
  currency: EUR,
  lines: [
    { productId: "shoe", quantity: 1, unitPriceMinor: 8_000 },
    { productId: "sock", quantity: 2, unitPriceMinor: 1_000 },
  ],
  shippingMinor: 500,
};
const coupon: StackOffer = { ...TERMS, id: "coupon", kind: "cart_percent", percentBp: 2_000, productIds: [] };
const onSocks: StackOffer = { ...TERMS, id: "socks", kind: "item_amount", amountMinor: 400, productIds: ["sock"] };
const card: StackOffer = { ...TERMS, id: "card", kind: "payment_percent", percentBp: 1_000 };
const tenPercent: Incentive = { kind: "percent_off", percentBp: 1_000 };
const tenOnShoes: Incentive = {
  ...tenPercent,
  scope: { productIds: ["shoe"], categories: [], brands: [] },
};

const anIncentive: fc.Arbitrary<Incentive> = fc.oneof(
  fc.record({ kind: fc.constant("percent_off" as const), percentBp: fc.integer({ min: 1, max: 10_000 }) }),
  fc.record({ kind: fc.constant("amount_off" as const), amount: fc.nat(20_000).map(euros) }),
  fc.record({
    kind: fc.constant("percent_off" as const),
    percentBp: fc.integer({ min: 1, max: 10_000 }),
    scope: fc.constant({ productIds: ["sock"], categories: [], brands: [] }),
  }),
  fc.record({
    kind: fc.constant("payment_discount" as const),
    method: fc.constant("card"),
    percentBp: fc.integer({ min: 1, max: 10_000 }),
  }),
  fc.constant<Incentive>({ kind: "free_shipping" }),
  fc.record({
    kind: fc.constant("tiered_cashback" as const),
    tiers: fc.constant([{ cartMin: euros(0), cashbackBp: 10_000 }]),
  }),
);

const anOffer = (id: string): fc.Arbitrary<StackOffer> => {
  const terms = {
    id: fc.constant(id),
    priority: fc.integer({ min: -2, max: 2 }),
    minBasketMinor: fc.constantFrom(0, 5_000, 50_000),
    partnerShareBp: fc.constantFrom(0, 2_500, 10_000),
  };
  const productIds = fc.constantFrom<string[]>([], ["shoe"], ["sock"], ["none of these"]);
  const percentBp = fc.nat(10_000);
  return fc.oneof(
    fc.record({ ...terms, kind: fc.constant("item_percent" as const), percentBp, productIds }),
    fc.record({ ...terms, kind: fc.constant("item_amount" as const), amountMinor: fc.nat(9_000), productIds }),
    fc.record({ ...terms, kind: fc.constant("cart_percent" as const), percentBp, productIds }),
    fc.record({ ...terms, kind: fc.constant("cart_amount" as const), amountMinor: fc.nat(20_000), productIds }),
    fc.record({ ...terms, kind: fc.constant("shipping_off" as const) }),
    fc.record({ ...terms, kind: fc.constant("payment_percent" as const), percentBp }),
    fc.record({ ...terms, kind: fc.constant("loyalty_credit" as const), amountMinor: fc.nat(2_000) }),
  );
};
const someOffers = fc
  .integer({ min: 0, max: 5 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, n) => anOffer(`o${n}`))));

describe("an incentive among the offers of a cart", () => {
  it("takes its share of what an offer of the same stage left", () => {
    const stacked = appraiseInStack(tenPercent, { ...CART, offers: [coupon] });
    // 20 % off 100.00, and 10 % of the 80.00 that are left.
    expect(stacked?.appraisal.worthMinor).toBe(800);
    expect(stacked?.left.cart.lines.map(({ discountMinor }) => discountMinor)).toEqual([1_600, 400]);
  });

  it("comes before an offer of a later stage, which then has less to take from", () => {
    const stacked = appraiseInStack(tenOnShoes, { ...CART, offers: [coupon] });
    expect(stacked?.appraisal.worthMinor).toBe(800);
    // The coupon takes 20 % of 92.00, not of 100.00: 14.40 of the shoe's 72.00, 4.00 of the socks' 20.00.
    expect(stacked?.left.cart.lines.map(({ discountMinor }) => discountMinor)).toEqual([1_440, 400]);
  });

  it("is worth nothing where others left nothing in its reach", () => {
    const free: StackOffer = { ...TERMS, id: "free", kind: "item_percent", percentBp: 10_000, productIds: [] };
    expect(appraiseInStack(tenPercent, { ...CART, offers: [free] })).toBeUndefined();
    const noShipping: StackOffer = { ...TERMS, id: "post", kind: "shipping_off" };
    expect(appraiseInStack({ kind: "free_shipping" }, { ...CART, offers: [noShipping] })).toBeUndefined();
  });

  it("has its minimum asked of the goods before any offer", () => {
    const fromHundred: Incentive = { kind: "amount_off", amount: euros(500), cartMin: euros(10_000) };
    expect(appraiseInStack(fromHundred, { ...CART, offers: [coupon] })?.appraisal.worthMinor).toBe(500);
    const fromMore: Incentive = { ...fromHundred, cartMin: euros(10_001) };
    expect(appraiseInStack(fromMore, { ...CART, offers: [onSocks] })).toBeUndefined();
  });

  it("does not see an offer whose minimum the goods do not reach", () => {
    const far = { ...coupon, minBasketMinor: 10_001 };
    expect(appraiseInStack(tenPercent, { ...CART, offers: [far] })?.appraisal.worthMinor).toBe(1_000);
  });

  it("is held against what the others cost beside: payment discounts, less what partners pay", () => {
    // The card takes 10 % of the 105.00 that are left to pay; a bank pays half of it.
    expect(leftByOffers({ ...CART, offers: [card] }).otherOffersCostMinor).toBe(1_050);
    expect(leftByOffers({ ...CART, offers: [{ ...card, partnerShareBp: 5_000 }] }).otherOffersCostMinor).toBe(525);
    // What a partner pays of a coupon comes back to the shop, whose lines are reduced by all of it.
    expect(leftByOffers({ ...CART, offers: [{ ...coupon, partnerShareBp: 5_000 }] }).otherOffersCostMinor).toBe(-1_000);
  });

  it("is told of offers in the shop's rounding", () => {
    const cost = (terms: Partial<StackOffer>, rounding?: "half_up") =>
      leftByOffers({ ...CART, offers: [{ ...card, ...terms } as StackOffer] }, rounding).otherOffersCostMinor;
    // Shares of 105.00: 10.5 and 31.5 minor units.
    expect([cost({ percentBp: 10 }), cost({ percentBp: 30 })]).toEqual([10, 32]);
    expect([cost({ percentBp: 10 }, "half_up"), cost({ percentBp: 30 }, "half_up")]).toEqual([11, 32]);
    // Halves of 5.25 and 3.15: the bank's is rounded, and the shop bears the rest.
    const shared = { partnerShareBp: 5_000 };
    expect([cost({ ...shared, percentBp: 500 }), cost({ ...shared, percentBp: 300 })]).toEqual([263, 157]);
    expect(cost({ ...shared, percentBp: 500 }, "half_up")).toBe(262);
  });

  it("has a gift's minimum asked of the goods before any offer, too", () => {
    const gift = (minor: number): Incentive => ({
      ...{ kind: "gift", productId: "bag", worth: euros(900), cost: euros(300), cartMin: euros(minor) },
    });
    expect(appraiseInStack(gift(10_000), { ...CART, offers: [coupon] })?.appraisal.worthMinor).toBe(900);
    expect(appraiseInStack(gift(10_001), { ...CART, offers: [coupon] })).toBeUndefined();
  });

  it.each([
    ["guardrail_cart_max_discount", { cartMaxDiscountBp: 2_500 }],
    ["guardrail_max_discount", { maxDiscountBp: 2_500 }],
    ["guardrail_floor_price", { floorPriceBp: 7_500 }],
    ["guardrail_margin_floor", { marginFloorBp: 4_500 }],
  ] as const)("passes alone and breaks %s together with the coupon", (broken, limit) => {
    const guardrails = {
      ...{ floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp: -10_000, assumedMarginBp: 6_000 },
      ...limit,
    };
    const rows = [undefined, undefined];
    const at = (cart: Cart) => {
      const { appraisal, left } = appraiseInStack(tenPercent, cart)!;
      return brokenGuardrail({ ...left, rows, appraisal, guardrails });
    };
    expect(at(CART)).toBeUndefined();
    expect(at({ ...CART, offers: [coupon] })).toBe(broken);
  });
});

describe("the place of an incentive among an offer of each stage", () => {
  // 100.00 of goods: 10 % off each line leave 90.00, the coupon 72.00; of the shipping 4.00 are left, of all of it the card leaves 68.40.
  const each: StackOffer = { ...TERMS, id: "each", kind: "item_percent", percentBp: 1_000, productIds: [] };
  const post: StackOffer = { ...TERMS, id: "post", kind: "shipping_off", maximumMinor: 100 };
  const credit: StackOffer = { ...TERMS, id: "credit", kind: "loyalty_credit", amountMinor: 70 };
  const cart: Cart = { ...CART, offers: [credit, card, post, coupon, each] };
  const both = { productIds: ["shoe", "sock"], categories: [], brands: [] };
  const all = euros(1_000_000);

  const PLACES: readonly (readonly [string, Incentive, number, number])[] = [
    ["a share of certain products", { kind: "percent_off", percentBp: 10_000, scope: both }, 9_000, 0],
    ["a share of the goods", { kind: "percent_off", percentBp: 10_000 }, 7_200, 0],
    ["an amount off certain products", { kind: "amount_off", amount: all, scope: both }, 9_000, 0],
    ["an amount off each line", { kind: "amount_off", amount: all, per: "line" }, 9_000, 0],
    ["an amount off the goods", { kind: "amount_off", amount: all }, 7_200, 0],
    ["a bundle", { kind: "bundle_credit", productIds: ["shoe", "sock"], amount: all }, 9_000, 0],
    ["a set", { kind: "buy_x_get_y", buy: 1, get: 1, percentBp: 10_000, setsMax: 1 }, 900, 0],
    ["what a partner gives", { kind: "partner_exclusive", partnerId: "bank", amount: all }, 7_200, 0],
    ["free shipping", { kind: "free_shipping" }, 400, 400],
    ["a discount for paying so", { kind: "payment_discount", method: "card", percentBp: 10_000 }, 6_840, 0],
    ["a cashback", { kind: "tiered_cashback", tiers: [{ cartMin: euros(0), cashbackBp: 10_000 }] }, 6_840, 0],
    ["a credit", { kind: "loyalty_credit", amount: euros(250) }, 250, 0],
    ["a credit of more than there is to pay", { kind: "loyalty_credit", amount: euros(20_000) }, 20_000, 0],
  ];

  it.each(PLACES)("%s", (_says, incentive, worthMinor, shippingMinor) => {
    expect(appraiseInStack(incentive, cart)?.appraisal).toMatchObject({ worthMinor, shippingMinor });
  });

  it("leaves the offers behind it what it did not take", () => {
    // Without shipping the card's 10 % are of 72.00. The post has given 1.00, and 0.70 are credited.
    const shipping = appraiseInStack({ kind: "free_shipping" }, cart);
    expect(shipping?.left.otherOffersCostMinor).toBe(100 + 720 + 70);
    const paid = appraiseInStack({ kind: "payment_discount", method: "card", percentBp: 10_000 }, cart);
    expect(paid?.left.otherOffersCostMinor).toBe(100 + 760 + 70);
  });

  it("stops at what is held for it, also where less is left to pay", () => {
    const paying: Incentive = { kind: "payment_discount", method: "card", percentBp: 10_000 };
    const worth = (incentive: Incentive, ceilingMinor: number) =>
      appraiseInStack(incentive, cart, { ceilingMinor })?.appraisal.worthMinor;
    expect([worth(paying, 100), worth(paying, 6_839), worth(paying, 7_000)]).toEqual([100, 6_839, 6_840]);
    expect([worth(tenPercent, 100), worth(tenPercent, 7_000)]).toEqual([100, 720]);
  });
});

describe("laws of an incentive in a stack", () => {
  it("what is given never exceeds what there is to pay, and no line goes below zero", () => {
    fc.assert(
      fc.property(anIncentive, someOffers, (incentive, offers) => {
        const cart = { ...CART, offers };
        const stacked = appraiseInStack(incentive, cart);
        const { appraisal, left } = stacked ?? { appraisal: undefined, left: leftByOffers(cart) };
        const now = (appraisal?.goodsMinor ?? 0) + (appraisal?.shippingMinor ?? 0);
        expect(now).toBeLessThanOrEqual(goodsMinor(left.cart) + cart.shippingMinor);
        for (const [index, line] of left.cart.lines.entries())
          expect((line.discountMinor ?? 0) + (appraisal?.shares[index] ?? 0)).toBeLessThanOrEqual(
            line.unitPriceMinor * line.quantity,
          );
      }),
      SEED,
    );
  });

  it("the order in which offers are listed changes nothing", () => {
    const shuffled = someOffers.chain((offers) =>
      fc.tuple(fc.constant(offers), fc.shuffledSubarray(offers, { minLength: offers.length })),
    );
    fc.assert(
      fc.property(anIncentive, shuffled, (incentive, [offers, others]) => {
        const one = appraiseInStack(incentive, { ...CART, offers });
        const other = appraiseInStack(incentive, { ...CART, offers: others });
        expect(other?.appraisal).toEqual(one?.appraisal);
        expect(other?.left.cart.lines).toEqual(one?.left.cart.lines);
        expect(other?.left.otherOffersCostMinor).toBe(one?.left.otherOffersCostMinor);
      }),
      SEED,
    );
  });

  it("an offer that the cart does not reach changes nothing", () => {
    fc.assert(
      fc.property(anIncentive, someOffers, (incentive, offers) => {
        const one = appraiseInStack(incentive, { ...CART, offers });
        const far = { ...coupon, minBasketMinor: goodsMinor(CART) + 1 };
        const more = appraiseInStack(incentive, { ...CART, offers: [...offers, far] });
        expect(more?.appraisal).toEqual(one?.appraisal);
        expect(more?.left.cart.lines.map(({ discountMinor = 0 }) => discountMinor)).toEqual(
          one?.left.cart.lines.map(({ discountMinor = 0 }) => discountMinor),
        );
      }),
      SEED,
    );
  });

  it("without offers it is what it is alone", () => {
    fc.assert(
      fc.property(anIncentive, (incentive) => {
        expect(appraiseInStack(incentive, CART)?.appraisal).toEqual(appraise(incentive, CART));
        expect(appraiseInStack(incentive, { ...CART, offers: [] })?.appraisal).toEqual(appraise(incentive, CART));
      }),
      SEED,
    );
  });
});
