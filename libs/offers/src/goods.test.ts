import { describe, expect, it } from "@jest/globals";
import { splitByLargestRemainder, type CurrencyCode } from "@leastwise/vocabulary";
import fc from "fast-check";
import type { Cart } from "./cart.js";
import { Goods, Reach, Split } from "./goods.js";

const amounts = fc.array(
  fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 2 ** 31 })),
  {
    minLength: 1,
    maxLength: 6,
  },
);
const room = fc.oneof(
  fc.integer({ min: -5, max: 40 }),
  fc.integer({ min: 0, max: 2 ** 31 }),
  fc.constant(Number.POSITIVE_INFINITY),
);
const caps = fc.option(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 6, maxLength: 6 }), { nil: undefined });

describe("a split", () => {
  it("is known to be within the lines' rooms, or beyond them, without being made, as when it is", () => {
    fc.assert(
      fc.property(
        amounts,
        caps,
        fc.array(room, { minLength: 6, maxLength: 6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (amountsMinor, capsMinor, roomsMinor, part) => {
          const reach = new Reach(amountsMinor, capsMinor);
          const wish = Math.floor(part * reach.totalMinor);
          const told = new Split(reach, wish).isBeyond(roomsMinor);
          const made = new Split(reach, wish);
          const isBeyond = made.shares.some((share, index) => share !== 0 && share > roomsMinor[index]!);
          expect(told).toBe(isBeyond);
          expect(made.isBeyond(roomsMinor)).toBe(isBeyond);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it("adds up to its total, by largest remainder, and loses what caps stop", () => {
    fc.assert(
      fc.property(amounts, caps, fc.double({ min: 0, max: 1, noNaN: true }), (amountsMinor, capsMinor, part) => {
        const reach = new Reach(amountsMinor, capsMinor);
        const wish = Math.floor(part * reach.totalMinor);
        const split = new Split(reach, wish);
        const uncapped = splitByLargestRemainder(wish, amountsMinor);
        expect(split.shares).toEqual(uncapped.map((share, index) => Math.min(share, capsMinor?.[index] ?? share)));
        expect(split.shares.reduce((sum, share) => sum + share, 0)).toBe(split.totalMinor);
      }),
    );
  });

  it("of more than there is, or of less than nothing, is a bug", () => {
    const reach = new Reach([100], undefined);
    expect(() => new Split(reach, 101)).toThrow("101 cannot be taken off 100");
    expect(() => new Split(reach, -1)).toThrow(RangeError);
  });

  it("of amounts whose products no double holds is made, and says the same", () => {
    const reach = new Reach([2 ** 50, 2 ** 50], undefined);
    expect(new Split(reach, 2 ** 40).isBeyond([2 ** 39, 2 ** 39])).toBe(false);
    expect(new Split(reach, 2 ** 40 + 1).isBeyond([2 ** 39, 2 ** 39])).toBe(true);
  });
});

describe("goods", () => {
  const cart: Cart = {
    currency: "EUR" as CurrencyCode,
    lines: [
      { productId: "a", quantity: 2, unitPriceMinor: 150 },
      { productId: "b", quantity: 1, unitPriceMinor: 400 },
    ],
    shippingMinor: 0,
  };
  const onlyA = { productIds: ["a"], categories: [], brands: [] };

  it("reckon a scope once", () => {
    const goods = new Goods(cart);
    expect(goods.within(onlyA).amountsMinor).toEqual([300, 0]);
    expect(goods.within(onlyA)).toBe(goods.within(onlyA));
    expect(goods.within(undefined)).toBe(goods.whole);
  });

  it("leave out what a cap of 0 takes out of reach", () => {
    const goods = new Goods(cart, undefined, [0, 500]);
    expect(goods.whole.amountsMinor).toEqual([0, 400]);
    expect(goods.within(onlyA).totalMinor).toBe(0);
    expect(goods.untouched.shares).toEqual([0, 0]);
    expect(new Goods(cart, undefined, [-1, 1]).whole.amountsMinor).toEqual([0, 400]);
  });
});
