import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { CurrencyCode, RoundingMode } from "@leastwise/vocabulary";
import { readFileSync } from "node:fs";
import { bestStack, type StackPlan } from "./best-stack.js";
import { reaching, StackCourse } from "./stack-course.js";
import { basketMinor, byApplication, type StackCart, type StackOffer } from "./stack-offer.js";
import { StackSearch, type StackObjective } from "./stack-search.js";

const EUR = "EUR" as CurrencyCode;
const SEED = { seed: 20_261_129, numRuns: 300 };

interface OracleOffer {
  readonly id: string;
  readonly kind: StackOffer["kind"];
  readonly priority: number;
  readonly group: string | null;
  readonly min_basket_minor: number;
  readonly partner_share_bp: number;
  readonly skus?: readonly string[];
  readonly bp?: number;
  readonly amount_minor?: number;
  readonly max_minor?: number | null;
  readonly tiers?: readonly (readonly [number, number])[];
}

interface OracleSet {
  readonly ids: readonly string[];
  readonly gain: number;
  readonly cost: number;
  readonly steps: readonly (readonly [string, number])[];
  readonly lines: readonly number[];
  readonly to_pay: number;
}

interface OracleInstance {
  readonly cart: readonly { sku: string; unit_price_minor: number; quantity: number; floor_price_minor: number }[];
  readonly offers: readonly OracleOffer[];
  readonly best_for_shopper: OracleSet;
  readonly required_gain_minor: number;
  readonly cheapest_for_merchant_at_required_gain: OracleSet;
}

const oracle = JSON.parse(
  readFileSync(new URL("../../../../tests/oracles/stacking.json", import.meta.url), "utf8"),
) as { readonly instances: readonly OracleInstance[] };

const cartOf = ({ cart }: OracleInstance): StackCart => ({
  currency: EUR,
  shippingMinor: 0,
  lines: cart.map((line) => ({
    productId: line.sku,
    quantity: line.quantity,
    unitPriceMinor: line.unit_price_minor,
    floorPriceMinor: line.floor_price_minor,
  })),
});

const offerOf = (offer: OracleOffer): StackOffer =>
  ({
    kind: offer.kind,
    id: offer.id,
    priority: offer.priority,
    ...(offer.group === null ? {} : { group: offer.group }),
    minBasketMinor: offer.min_basket_minor,
    partnerShareBp: offer.partner_share_bp,
    productIds: offer.skus ?? [],
    percentBp: offer.bp,
    amountMinor: offer.amount_minor,
    ...(offer.max_minor === null || offer.max_minor === undefined ? {} : { maximumMinor: offer.max_minor }),
    tiers: offer.tiers?.map(([minimumMinor, cashbackBp]) => ({ minimumMinor, cashbackBp })),
  }) as StackOffer;

/** Places that are looked at for each of the carts: for the shopper, and for the merchant. */
const LOOKS = [
  [10, 9],
  [3, 3],
  [3, 3],
  [14, 14],
  [19, 25],
  [41, 74],
  [19, 35],
  [3, 3],
  [5, 7],
  [3, 3],
  [15, 21],
  [0, 0],
  [18, 14],
  [15, 47],
  [67, 41],
  [23, 25],
  [29, 30],
  [5, 5],
  [29, 44],
  [3, 3],
  [9, 19],
  [52, 22],
  [5, 5],
  [110, 33],
  [80, 112],
  [5, 7],
  [22, 21],
  [21, 31],
  [5, 7],
  [9, 21],
  [26, 79],
  [10, 6],
  [12, 16],
  [4, 4],
  [9, 13],
  [48, 97],
  [22, 23],
  [5, 7],
  [14, 27],
  [7, 7],
  [12, 15],
  [51, 60],
  [5, 5],
  [85, 91],
  [18, 21],
  [62, 159],
  [32, 41],
  [1, 1],
  [23, 33],
  [12, 19],
  [13, 36],
  [55, 43],
  [10, 13],
  [7, 11],
  [10, 13],
  [13, 25],
  [0, 0],
  [5, 5],
  [12, 12],
  [23, 15],
];

const asOracle = (plan: StackPlan): OracleSet => ({
  ids: plan.applied.map(({ id }) => id),
  gain: plan.gainMinor,
  cost: plan.costMinor,
  steps: plan.applied.map(({ id, gainMinor }) => [id, gainMinor]),
  lines: plan.lineAmountsMinor,
  to_pay: plan.toPayMinor,
});

const inOrder = (set: OracleSet): OracleSet => ({ ...set, ids: set.steps.map(([id]) => id) });

describe("the best stack equals the exhaustive one", () => {
  it.each(oracle.instances.map((instance, index) => ({ index, instance })))("cart $index", ({ instance }) => {
    const offers = instance.offers.map(offerOf);
    const forShopper = bestStack(cartOf(instance), offers, { kind: "shopper_gain" });
    expect(asOracle(forShopper)).toEqual(inOrder(instance.best_for_shopper));
    const gainMinMinor = instance.required_gain_minor;
    const forMerchant = bestStack(cartOf(instance), offers, { kind: "merchant_cost", gainMinMinor });
    expect(asOracle(forMerchant)).toEqual(inOrder(instance.cheapest_for_merchant_at_required_gain));
    expect([forShopper.exact, forMerchant.exact]).toEqual([true, true]);
  });
});

const shopper = { kind: "shopper_gain" } as const;

function looks(cart: StackCart, offers: readonly StackOffer[], objective: StackObjective): number {
  const usable = offers.filter(({ minBasketMinor }) => minBasketMinor <= basketMinor(cart)).sort(byApplication);
  const reached = usable.map((offer) => reaching(offer, cart));
  const search = new StackSearch(new StackCourse(cart, "half_even"), reached, objective, "half_even");
  search.run();
  return search.steps;
}

// The oracle and the laws show when a bound leaves off too much. That it leaves off what it can shows in how much is looked at.
describe("the search for the best stack", () => {
  it("looks at no more than its bounds leave of the carts that the oracle knows", () => {
    const steps = oracle.instances.map((instance) => {
      const [cart, offers] = [cartOf(instance), instance.offers.map(offerOf)];
      const gainMinMinor = instance.required_gain_minor;
      const objectives = [shopper, { kind: "merchant_cost", gainMinMinor } as const];
      return objectives.map((objective) => looks(cart, offers, objective));
    });
    expect(steps).toEqual(LOOKS);
  });
});
const one = (amounts: readonly number[], shippingMinor = 0): StackCart => ({
  currency: EUR,
  shippingMinor,
  lines: amounts.map((unitPriceMinor, i) => ({
    productId: `p${String(i)}`,
    quantity: 1,
    unitPriceMinor,
    floorPriceMinor: 0,
  })),
});
const terms = (id: string) => ({ id, priority: 1, minBasketMinor: 0, partnerShareBp: 0, productIds: [] });

describe("what promotion engineers expect of a stack", () => {
  it("applies item offers first, then the cart's, then shipping, then payment, then what comes later", () => {
    const plan = bestStack(
      one([10_000], 500),
      [
        { ...terms("e"), kind: "cashback_tiered", tiers: [{ minimumMinor: 0, cashbackBp: 100 }] },
        { ...terms("d"), kind: "payment_percent", percentBp: 500 },
        { ...terms("c"), kind: "shipping_off" },
        { ...terms("b"), kind: "cart_percent", percentBp: 1_000 },
        { ...terms("a"), kind: "item_percent", percentBp: 2_000 },
      ],
      shopper,
    );
    expect(plan.applied.map(({ id, gainMinor }) => [id, gainMinor])).toEqual([
      ["a", 2_000],
      ["b", 800],
      ["c", 500],
      ["d", 360],
      ["e", 68],
    ]);
    expect(plan.toPayMinor).toBe(6_840);
  });

  it("a hundred percent off is exactly zero, and what follows gives nothing", () => {
    const plan = bestStack(
      one([1_999, 1]),
      [
        { ...terms("all"), kind: "cart_percent", percentBp: 10_000 },
        { ...terms("more"), kind: "cart_amount", amountMinor: 500 },
      ],
      shopper,
    );
    expect(plan.lineAmountsMinor).toEqual([0, 0]);
    expect(plan.leftOut).toEqual([{ id: "more", reason: "adds_no_gain" }]);
  });

  it("a 40 % promotion and a 70 % voucher are no free goods: each is of what the other left", () => {
    const plan = bestStack(
      one([10_000]),
      [
        { ...terms("promotion"), kind: "item_percent", percentBp: 4_000 },
        { ...terms("voucher"), kind: "cart_percent", percentBp: 7_000 },
      ],
      shopper,
    );
    expect(plan.toPayMinor).toBe(1_800);
  });

  it("of a group the better is applied, and the other is told which took its place", () => {
    const plan = bestStack(
      one([10_000]),
      [
        { ...terms("small"), kind: "cart_percent", percentBp: 500, group: "coupon" },
        { ...terms("large"), kind: "cart_percent", percentBp: 1_000, group: "coupon" },
        { ...terms("rich"), kind: "cart_amount", amountMinor: 500, minBasketMinor: 10_001 },
      ],
      shopper,
    );
    expect(plan.applied.map(({ id }) => id)).toEqual(["large"]);
    expect(plan.leftOut).toEqual([
      { id: "small", reason: "group_taken", by: "large" },
      { id: "rich", reason: "basket_below_minimum" },
    ]);
  });

  it("for the merchant, what is not needed to reach the gain is left out as costing more", () => {
    const plan = bestStack(
      one([10_000]),
      [
        { ...terms("ours"), kind: "cart_amount", amountMinor: 600 },
        { ...terms("bank"), kind: "payment_percent", percentBp: 1_000, partnerShareBp: 5_000 },
      ],
      { kind: "merchant_cost", gainMinMinor: 500 },
    );
    expect(plan.applied).toEqual([{ id: "bank", gainMinor: 1_000, costMinor: 500, shares: [0] }]);
    expect(plan.leftOut).toEqual([{ id: "ours", reason: "costs_more" }]);
  });

  it("for the merchant, many small gifts of partners may be cheaper than one: each of them rounds", () => {
    const credit = (id: string, amountMinor: number, partnerShareBp: number, priority: number): StackOffer => ({
      ...{ ...terms(id), priority, partnerShareBp },
      ...{ kind: "loyalty_credit", amountMinor },
    });
    const small = Array.from({ length: 8 }, (_, i) => credit(`s${String(i)}`, 10, 9_500, 1));
    const offers = [credit("a", 80, 9_900, 0), ...small, credit("z", 80, 9_501, 1)];
    const plan = bestStack(one([1_000]), offers, { kind: "merchant_cost", gainMinMinor: 80 });
    expect([plan.costMinor, plan.applied.length]).toEqual([0, 8]);
  });

  it("refuses two offers with one id, and more than anybody has", () => {
    const twice: StackOffer = { ...terms("a"), kind: "cart_amount", amountMinor: 1 };
    expect(() => bestStack(one([1]), [twice, twice], shopper)).toThrow(new RangeError("two offers have the same id"));
    const many = Array.from({ length: 65 }, (_, i): StackOffer => ({ ...twice, id: String(i) }));
    expect(() => bestStack(one([1]), many, shopper)).toThrow(new RangeError("65 offers, at most 64"));
  });
});

const stackCarts: fc.Arbitrary<StackCart> = fc.record({
  currency: fc.constant(EUR),
  shippingMinor: fc.nat(900),
  lines: fc.array(
    fc.record({
      productId: fc.constantFrom("p0", "p1", "p2", "p3"),
      quantity: fc.integer({ min: 1, max: 4 }),
      unitPriceMinor: fc.nat(9_999),
      floorPriceMinor: fc.oneof(fc.constant(0), fc.nat(12_000)),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

const shared = {
  priority: fc.integer({ min: 0, max: 2 }),
  group: fc.constantFrom(undefined, undefined, "coupon", "bank"),
  minBasketMinor: fc.constantFrom(0, 0, 5_000),
  partnerShareBp: fc.constantFrom(0, 2_500, 9_500, 9_901, 10_000),
};
const reach = { productIds: fc.constantFrom([], ["p0"], ["p1", "p2"]) };
const bp = fc.integer({ min: 1, max: 10_000 });
const maximumMinor = fc.constantFrom(undefined, 300, 2_000);
const amountMinor = fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 12 }));
const anyOffer = fc.oneof(
  fc.record({ ...shared, ...reach, kind: fc.constant("item_percent"), percentBp: bp }),
  fc.record({ ...shared, ...reach, kind: fc.constant("item_amount"), amountMinor }),
  fc.record({ ...shared, ...reach, kind: fc.constant("cart_percent"), percentBp: bp, maximumMinor }),
  fc.record({ ...shared, ...reach, kind: fc.constant("cart_amount"), amountMinor }),
  fc.record({ ...shared, kind: fc.constant("shipping_off"), maximumMinor }),
  fc.record({ ...shared, kind: fc.constant("payment_percent"), percentBp: bp, maximumMinor }),
  fc.record({
    ...shared,
    kind: fc.constant("cashback_tiered"),
    tiers: fc.constantFrom(
      [{ minimumMinor: 0, cashbackBp: 300 }],
      [
        { minimumMinor: 2_000, cashbackBp: 500 },
        { minimumMinor: 9_000, cashbackBp: 100 },
      ],
    ),
  }),
  fc.record({ ...shared, kind: fc.constant("loyalty_credit"), amountMinor }),
);

/** Offers with ids of their own; what a record left undefined is left out. */
const stackOffers = (maxLength: number, minLength = 1): fc.Arbitrary<readonly StackOffer[]> =>
  fc.array(anyOffer, { minLength, maxLength }).map((offers) =>
    offers.map(
      (offer, i) =>
        ({
          id: `o${String(i)}`,
          ...Object.fromEntries(Object.entries(offer).filter(([, value]) => value !== undefined)),
        }) as StackOffer,
    ),
  );

/** Every admissible set, without any leaving off. */
const allSets = (cart: StackCart, offers: readonly StackOffer[], rounding: RoundingMode) => {
  const basket = cart.lines.reduce((sum, line) => sum + line.unitPriceMinor * line.quantity, 0);
  const usable = offers.filter((offer) => offer.minBasketMinor <= basket).sort(byApplication);
  const reaching = usable.map((offer) => ({
    offer,
    reach: [...cart.lines.keys()].filter(
      (place) =>
        !("productIds" in offer) ||
        offer.productIds.length === 0 ||
        offer.productIds.includes(cart.lines[place]!.productId),
    ),
  }));
  const search = new StackSearch(new StackCourse(cart, rounding), reaching, shopper, rounding);
  return Array.from({ length: 2 ** usable.length }, (_, bits) =>
    search.setOf([...usable.keys()].filter((place) => (bits >> place) % 2 === 1)),
  ).flatMap((set) =>
    set === undefined
      ? []
      : [
          {
            ...set,
            ids: set.places
              .map((place) => usable[place]!.id)
              .sort()
              .join(),
          },
        ],
  );
};

describe("laws of the best stack", () => {
  it.each<RoundingMode>(["half_even", "half_up", "down", "up"])("leaves no better set off, rounding %s", (rounding) => {
    fc.assert(
      fc.property(stackCarts, stackOffers(9), fc.nat(10_000), (cart, offers, part) => {
        const sets = allSets(cart, offers, rounding);
        const tie = (a: (typeof sets)[number], b: (typeof sets)[number]) =>
          a.places.length - b.places.length || (a.ids < b.ids ? -1 : 1);
        const [best] = sets.toSorted((a, b) => b.gain - a.gain || a.cost - b.cost || tie(a, b));
        const plan = bestStack(cart, offers, shopper, rounding);
        const idsOf = ({ applied }: StackPlan) =>
          applied
            .map(({ id }) => id)
            .sort()
            .join();
        expect([plan.gainMinor, plan.costMinor, idsOf(plan)]).toEqual([best!.gain, best!.cost, best!.ids]);
        const gainMinMinor = Math.ceil((best!.gain * part) / 10_000);
        const [cheapest] = sets
          .filter(({ gain }) => gain >= gainMinMinor)
          .sort((a, b) => a.cost - b.cost || b.gain - a.gain || tie(a, b));
        const cheap = bestStack(cart, offers, { kind: "merchant_cost", gainMinMinor }, rounding);
        expect([cheap.costMinor, cheap.gainMinor, idsOf(cheap)]).toEqual([
          cheapest!.cost,
          cheapest!.gain,
          cheapest!.ids,
        ]);
      }),
      SEED,
    );
  });

  it("adds up: lines, shares, what is paid and what is given", () => {
    fc.assert(
      fc.property(stackCarts, stackOffers(10), (cart, offers) => {
        const plan = bestStack(cart, offers, shopper);
        const offGoods = plan.applied.reduce((sum, { shares }) => sum + shares.reduce((a, b) => a + b, 0), 0);
        const goods = cart.lines.reduce((sum, line) => sum + line.unitPriceMinor * line.quantity, 0);
        expect(plan.lineAmountsMinor.reduce((a, b) => a + b, 0)).toBe(goods - offGoods);
        expect(plan.applied.reduce((sum, { gainMinor }) => sum + gainMinor, 0)).toBe(plan.gainMinor);
        expect(plan.toPayMinor).toBeGreaterThanOrEqual(0);
        expect(plan.costMinor).toBeLessThanOrEqual(plan.gainMinor);
        expect(plan.applied.length + plan.leftOut.length).toBe(offers.length);
        plan.lineAmountsMinor.forEach((amount, i) => {
          const { unitPriceMinor, floorPriceMinor, quantity } = cart.lines[i]!;
          expect(amount).toBeGreaterThanOrEqual(Math.min(unitPriceMinor, floorPriceMinor) * quantity);
        });
      }),
      SEED,
    );
  });

  it("the order in which offers are given changes nothing", () => {
    fc.assert(
      fc.property(stackCarts, stackOffers(8), (cart, offers) => {
        const plan = bestStack(cart, offers, shopper);
        const reversed = bestStack(cart, offers.toReversed(), shopper);
        expect(reversed).toEqual({ ...plan, leftOut: plan.leftOut.toReversed() });
      }),
      SEED,
    );
  });

  it("one offer more never makes it worse for the shopper, nor dearer for the merchant at the same gain", () => {
    fc.assert(
      fc.property(stackCarts, stackOffers(8), fc.nat(5_000), (cart, offers, gainMinMinor) => {
        const fewer = offers.slice(1);
        const [all, less] = [bestStack(cart, offers, shopper), bestStack(cart, fewer, shopper)];
        expect(all.gainMinor).toBeGreaterThanOrEqual(less.gainMinor);
        const objective = { kind: "merchant_cost", gainMinMinor: Math.min(gainMinMinor, less.gainMinor) } as const;
        expect(bestStack(cart, offers, objective).costMinor).toBeLessThanOrEqual(
          bestStack(cart, fewer, objective).costMinor,
        );
      }),
      SEED,
    );
  });

  it("an offer of any other group, that nobody reaches, changes nothing", () => {
    fc.assert(
      fc.property(stackCarts, stackOffers(8), (cart, offers) => {
        const out: StackOffer = { ...terms("out"), kind: "cart_percent", percentBp: 9_999, minBasketMinor: 2 ** 40 };
        const plan = bestStack(cart, offers, shopper);
        const leftOut = [...plan.leftOut, { id: "out", reason: "basket_below_minimum" }];
        expect(bestStack(cart, [...offers, out], shopper)).toEqual({ ...plan, leftOut });
      }),
      SEED,
    );
  });

  it("with more offers than it can weigh, it ends, and gives at least what any of them gives alone", () => {
    let brokenOff = 0;
    fc.assert(
      fc.property(stackCarts, stackOffers(40, 24), (cart, offers) => {
        const plan = bestStack(cart, offers, shopper);
        if (!plan.exact) brokenOff += 1;
        for (const offer of offers)
          expect(plan.gainMinor).toBeGreaterThanOrEqual(bestStack(cart, [offer], shopper).gainMinor);
      }),
      { ...SEED, numRuns: 30 },
    );
    expect(brokenOff).toBeGreaterThan(0);
  });
});
