import { describe, expect, it } from "@jest/globals";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { bestStack } from "./best-stack.js";
import { reaching, StackCourse } from "./stack-course.js";
import { byApplication, type StackCart, type StackOffer } from "./stack-offer.js";
import { EXACT_OFFERS_MAX, STACK_OFFERS_MAX, StackSearch } from "./stack-search.js";

const CART: StackCart = {
  currency: "EUR" as CurrencyCode,
  lines: [{ productId: "shoe", quantity: 1, unitPriceMinor: 10_000, floorPriceMinor: 0 }],
  shippingMinor: 0,
};
const shopper = { kind: "shopper_gain" } as const;
const atLeast = (gainMinMinor: number) => ({ kind: "merchant_cost", gainMinMinor }) as const;
const credit = (id: string, amountMinor: number, partnerShareBp = 0, more: { group?: string } = {}): StackOffer => ({
  ...{ kind: "loyalty_credit", id, amountMinor, partnerShareBp, priority: 0, minBasketMinor: 0 },
  ...more,
});
/** Of 1.00, 1.01, 1.02 and so on. */
const credits = (count: number) =>
  Array.from({ length: count }, (_, n) => credit(`c${String(n).padStart(2, "0")}`, 100 + n));
const idsOf = (offers: readonly StackOffer[], objective: typeof shopper | ReturnType<typeof atLeast>) =>
  bestStack(CART, offers, objective).applied.map(({ id }) => id);

describe("the best set of offers", () => {
  it("is everything that can be had, where less than what is asked for can be: the cheapest of it", () => {
    const offers = [credit("a", 100, 0, { group: "g" }), credit("b", 100, 5_000, { group: "g" }), credit("c", 50)];
    expect(idsOf(offers, atLeast(1_000))).toEqual(["b", "c"]);
  });

  it("may reach exactly what is asked for", () => {
    const offers = [credit("a", 100), credit("b", 50), credit("c", 49)];
    expect(idsOf(offers, atLeast(50))).toEqual(["b"]);
    expect(idsOf(offers, atLeast(51))).toEqual(["b", "c"]);
    expect(idsOf(offers, atLeast(0))).toEqual([]);
  });

  it("of equal cost gives the shopper more, and of equal gain costs the merchant less", () => {
    const free = [credit("a", 100, 10_000), credit("b", 70, 10_000)];
    expect(idsOf(free, atLeast(60))).toEqual(["a", "b"]);
    const rivals = [credit("a", 100, 0, { group: "g" }), credit("b", 100, 100, { group: "g" })];
    expect(idsOf(rivals, shopper)).toEqual(["b"]);
  });

  it("is the smaller, and then the one with the smaller ids, of those that are equally good", () => {
    const one = [credit("z", 100, 0, { group: "g" }), credit("a", 100, 0, { group: "g" })];
    expect(idsOf(one, shopper)).toEqual(["a"]);
    expect(idsOf([credit("a", 60), credit("b", 40), credit("c", 100)], atLeast(100))).toEqual(["c"]);
    expect(idsOf([...one, credit("nothing", 0)], shopper)).toEqual(["a"]);
  });

  it("says of what is left out what it would do in its place, not behind the others", () => {
    // All of 100.00 brings 20.00 back; a euro less to pay brings nothing back.
    const cashback: StackOffer = {
      ...{ kind: "cashback_tiered", id: "back", priority: 0, minBasketMinor: 0, partnerShareBp: 0 },
      tiers: [{ minimumMinor: 10_000, cashbackBp: 2_000 }],
    };
    const euro: StackOffer = {
      ...{ kind: "item_amount", id: "euro", priority: 0, minBasketMinor: 0, partnerShareBp: 0 },
      ...{ productIds: [], amountMinor: 100 },
    };
    const { applied, leftOut } = bestStack(CART, [cashback, euro], shopper);
    expect([applied.map(({ id }) => id), leftOut]).toEqual([["back"], [{ id: "euro", reason: "adds_no_gain" }]]);
  });

  it("does not say of an offer whose minimum is just reached that it is not", () => {
    const offers = [
      credit("a", 5, 0, { group: "g" }),
      { ...credit("b", 4, 0, { group: "g" }), minBasketMinor: 10_000 },
    ];
    expect(bestStack(CART, offers, shopper).leftOut).toEqual([{ id: "b", reason: "group_taken", by: "a" }]);
  });

  it("takes an offer whose minimum the goods just reach", () => {
    const offers = [10_000, 10_001].map((minBasketMinor) => ({ ...credit(String(minBasketMinor), 5), minBasketMinor }));
    expect(idsOf(offers, shopper)).toEqual(["10000"]);
  });
});

// What was looked at stands beside what came out: a bound that leaves off less than it can shows there and nowhere else.
const SHOPPERS = [
  { exact: true, gainMinor: 8_213, costMinor: 5_159, steps: 23 },
  { exact: true, gainMinor: 8_526, costMinor: 5_373, steps: 25 },
  { exact: true, gainMinor: 8_866, costMinor: 5_713, steps: 27 },
];
const MERCHANTS = [
  { exact: true, gainMinor: 3_971, costMinor: 1_300, steps: 320 },
  { exact: true, gainMinor: 7_881, costMinor: 2_787, steps: 2_696 },
  { exact: false, gainMinor: 12_610, costMinor: 4_439, steps: 8_206 },
];
const TIERED = [
  { exact: true, gainMinor: 2_839, costMinor: 2_839, steps: 217 },
  { exact: true, gainMinor: 4_967, costMinor: 4_967, steps: 2_007 },
  { exact: true, gainMinor: 8_821, costMinor: 8_821, steps: 6_531 },
  { exact: false, gainMinor: 13_512, costMinor: 13_512, steps: 8_225 },
];

describe("a search among more offers than are weighed in all sets", () => {
  it("is exact up to twelve, whatever they are", () => {
    const objective = atLeast(640);
    const plan = bestStack(CART, credits(EXACT_OFFERS_MAX), objective);
    expect([plan.exact, plan.costMinor]).toEqual([true, 640]);
  });

  it("is exact beyond, too, where it comes to an end", () => {
    const plan = bestStack(CART, credits(STACK_OFFERS_MAX), shopper);
    expect([plan.exact, plan.applied.length]).toEqual([true, STACK_OFFERS_MAX]);
  });

  it("is broken off, says so, and gives what was asked for all the same", () => {
    const offers = credits(STACK_OFFERS_MAX).map((offer, n) => ({ ...offer, partnerShareBp: 100 * (n % 50) }));
    const plan = bestStack(CART, offers, atLeast(3_333));
    expect(plan.exact).toBe(false);
    expect(plan.gainMinor).toBeGreaterThanOrEqual(3_333);
    expect(plan.costMinor).toBeLessThan(3_333);
  });

  /** Offers that differ in all that counts: amounts from 0.40, partners' shares, every third in one of four groups. */
  const mixed = (count: number, seed: number): StackOffer[] =>
    Array.from({ length: count }, (_, n) => {
      const chance = (n * 7_919 + seed * 104_729) % 997;
      const group = n % 3 === 0 ? { group: `g${String(n % 4)}` } : {};
      return credit(`m${String(n).padStart(2, "0")}`, 40 + chance, (chance % 4) * 2_500, group);
    });
  /** Cashback of which each wants more of the goods left than the one before, beside percentages off the goods. */
  const tiered = (count: number): StackOffer[] =>
    Array.from({ length: count }, (_, n) => {
      const own = { id: `t${String(n).padStart(2, "0")}`, priority: n % 5, minBasketMinor: 0, partnerShareBp: 0 };
      return n % 2 === 0
        ? { ...own, kind: "item_percent", productIds: [], percentBp: 100 + 37 * n }
        : { ...own, kind: "cashback_tiered", tiers: [{ minimumMinor: 9_900 - 250 * n, cashbackBp: 150 + 29 * n }] };
    });
  const told = (offers: readonly StackOffer[], objective: typeof shopper | ReturnType<typeof atLeast>) => {
    const reached = offers.toSorted(byApplication).map((offer) => reaching(offer, CART));
    const search = new StackSearch(new StackCourse(CART, "half_even"), reached, objective, "half_even");
    const { gain, cost } = search.run();
    return { exact: search.isExact, gainMinor: gain, costMinor: cost, steps: search.steps };
  };

  it("begins with what helps most, one offer after the other, where there are more than twelve", () => {
    expect([12, 13, 14].map((count) => told(mixed(count, 1), shopper))).toEqual(SHOPPERS);
  });

  it("looks at no more than it may, and gives at the end what adding one more offer cannot better", () => {
    const searches = [20, 40, 64].map((count) => told(mixed(count, 2), atLeast(197 * count)));
    expect(searches).toEqual(MERCHANTS);
    expect([13, 20, 30, 64].map((count) => told(tiered(count), shopper))).toEqual(TIERED);
  });

  it("asks for a place that is there: anything else is a bug", () => {
    const search = new StackSearch(new StackCourse(CART, "half_even"), [], shopper, "half_even");
    expect(() => search.setOf([3])).toThrow("no offer stands at 3");
  });
});
