import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { exponentOf, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import { ACTS_MAX } from "./acts.js";
import type { Cart } from "./cart.js";
import { redeem } from "./commands/redeem.js";
import { refund, type RefundCommand } from "./commands/refund.js";
import { reserve } from "./commands/reserve.js";
import { evolve, ORDERS_MAX } from "./evolve.js";
import {
  after,
  cartOf,
  EUR,
  eventsOf,
  issued,
  lived,
  offerAfter,
  redemption,
  reservation,
  TERMS,
  told,
} from "./given/offer-life.js";
import type { Incentive } from "./incentive.js";
import { minorOfUnits, unitsOfLines } from "./line-units.js";
import { UNKNOWN_OFFER, type OfferState, type OfferTerms, type Refund, type UsedOffer } from "./offer.js";

const LATER = after(5_000_000);

/** Three units for 1.00 EUR each, and one line of 2.00 EUR beside it: a discount of 1.00 EUR lies on them as 60 and 40. */
const CART: Cart = {
  currency: EUR,
  lines: [
    { productId: "cup", quantity: 3, unitPriceMinor: 100 },
    { productId: "pot", quantity: 1, unitPriceMinor: 200 },
  ],
  shippingMinor: 490,
};
const HUNDRED: Incentive = { kind: "amount_off", amount: { minor: 100, currency: EUR } };

/** Nothing is too much. */
const LAX = { floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp: -1_000_000_000, assumedMarginBp: 10_000 };

const used = (changes: Partial<OfferTerms> = {}, cart = CART) =>
  lived(issued({ incentive: HUNDRED, ...changes }), (state) => redeem(redemption({ cart, guardrails: LAX }), state));
const usedWhole = () => used() as UsedOffer;
const back = (changes: Partial<RefundCommand> = {}): RefundCommand => ({
  ...{ nowMs: LATER, orderId: "order-1", lines: [], idempotencyKey: "back" },
  ...changes,
});
const returning = (productId: string, quantity: number, changes: Partial<RefundCommand> = {}) =>
  back({ lines: [{ productId, quantity }], ...changes });

function refunded(command: RefundCommand, state: OfferState): Refund {
  const taken = refund(command, state);
  if (!taken.ok) throw new Error(`${taken.error.reason} ${taken.error.field}`);
  return taken.value.refund;
}

function refusalOf(command: RefundCommand, state: OfferState) {
  const taken = refund(command, state);
  return taken.ok ? "taken" : [taken.error.reason, taken.error.field, taken.error.came];
}

describe("a unit's part", () => {
  it("is fixed at redemption, by largest remainder within the line", () => {
    const cart: Cart = { ...CART, lines: [{ productId: "cup", quantity: 3, unitPriceMinor: 100 }] };
    const state = used({}, cart);
    const units = { line: 0, productId: "cup", quantity: 3, unitMinor: 33, dearerUnits: 1 };
    expect(state).toMatchObject({ redemption: { units: [units] } });
    expect([0, 1, 2, 3].map((quantity) => minorOfUnits(units, quantity))).toEqual([0, 34, 67, 100]);
  });

  it("of credit for later lies on all lines by their amounts; of shipping and gifts on none", () => {
    const ofUnits = (incentive: Incentive) => {
      const state = used({ incentive, heldMinor: 10_000 });
      if (state.status !== "redeemed") throw new Error(state.status);
      return unitsOfLines(state.redemption).map((units) => minorOfUnits(units, units.quantity));
    };
    const amount = { minor: 101, currency: EUR };
    expect(ofUnits({ kind: "loyalty_credit", amount })).toEqual([61, 40]);
    expect(
      ofUnits({ kind: "tiered_cashback", tiers: [{ cartMin: { ...amount, minor: 0 }, cashbackBp: 1_000 }] }),
    ).toEqual([30, 20]);
    expect(ofUnits({ kind: "free_shipping" })).toEqual([0, 0]);
    expect(ofUnits({ kind: "gift", productId: "g", worth: amount, cost: amount })).toEqual([0, 0]);
  });

  it("of a redemption that was recorded without is that of its lines, as it would have been", () => {
    const { discountMinor, costMinor, shares } = usedWhole().redemption;
    const old = { discountMinor, costMinor, shares };
    const state: OfferState = { ...usedWhole(), redemption: old };
    expect(refunded(returning("cup", 2), state)).toMatchObject({ discountMinor: 40, isWhole: false });
    expect(refunded(back(), state)).toMatchObject({ discountMinor: 100, isWhole: true });
  });
});

describe("a refund", () => {
  it("of some units gives back their part, and leaves the offer used", () => {
    expect(refunded(returning("cup", 2), used())).toEqual({
      ...{ discountMinor: 40, costMinor: 40, isWhole: false, givesUseBack: false },
      lines: [{ line: 0, productId: "cup", quantity: 2, discountMinor: 40 }],
    });
    const state = lived(
      issued({ incentive: HUNDRED }),
      (before) => redeem(redemption({ cart: CART }), before),
      (before) => refund(returning("cup", 2), before),
    );
    expect(state).toMatchObject({
      status: "redeemed",
      refunded: { discountMinor: 40, costMinor: 40, quantities: [2, 0] },
    });
    expect(told(redeem(redemption({ orderId: "order-2", idempotencyKey: "k2" }), state))).toBe("offer_redeemed");
  });

  it("names a line, or takes the product's lines in the cart's order", () => {
    const cart: Cart = { ...CART, lines: [CART.lines[1]!, CART.lines[0]!, CART.lines[0]!] };
    const state = used({ heldMinor: 800, incentive: { ...HUNDRED, amount: { minor: 800, currency: EUR } } }, cart);
    expect(refunded(returning("cup", 4), state).lines.map(({ line, quantity }) => [line, quantity])).toEqual([
      [1, 3],
      [2, 1],
    ]);
    const third = back({ lines: [{ line: 2, productId: "cup", quantity: 3 }] });
    expect(refunded(third, state).lines.map(({ line, quantity }) => [line, quantity])).toEqual([[2, 3]]);
  });

  it("of nothing said gives back all that is left", () => {
    expect(refunded(back(), used())).toMatchObject({ discountMinor: 100, costMinor: 100, isWhole: true });
    const state = lived(
      issued({ incentive: HUNDRED }),
      (before) => redeem(redemption({ cart: CART }), before),
      (before) => refund(returning("cup", 1), before),
    );
    expect(refunded(back({ idempotencyKey: "rest" }), state)).toMatchObject({ discountMinor: 80, isWhole: true });
  });

  it("of the last units takes with it what lies on none, at what it cost", () => {
    const gift: Incentive = {
      ...{ kind: "gift", productId: "g", worth: { minor: 900, currency: EUR }, cost: { minor: 300, currency: EUR } },
    };
    const state = lived(
      issued({ incentive: gift }),
      (before) => redeem(redemption({ cart: CART }), before),
      (before) => refund(returning("cup", 3), before),
    );
    expect(state).toMatchObject({ status: "redeemed", refunded: { discountMinor: 0, costMinor: 0 } });
    expect(refunded(returning("pot", 1, { idempotencyKey: "rest" }), state)).toMatchObject({
      ...{ discountMinor: 900, costMinor: 300, isWhole: true },
    });
  });

  it.each([
    [
      "more than was bought",
      { lines: [{ productId: "cup", quantity: 4 }] },
      "refund_over_redeemed lines[0].quantity 4",
    ],
    [
      "more than was bought, in two",
      { lines: Array(2).fill({ productId: "cup", quantity: 2 }) as RefundCommand["lines"] },
      "refund_over_redeemed lines[1].quantity 2",
    ],
    [
      "a negative number",
      { lines: [{ productId: "cup", quantity: -1 }] },
      "quantity_out_of_range lines[0].quantity -1",
    ],
    ["none", { lines: [{ productId: "cup", quantity: 0 }] }, "quantity_out_of_range lines[0].quantity 0"],
    ["half a unit", { lines: [{ productId: "cup", quantity: 0.5 }] }, "quantity_out_of_range lines[0].quantity 0.5"],
    ["another product", { lines: [{ productId: "pan", quantity: 1 }] }, 'unknown_line lines[0].product_id "pan"'],
    ["another line", { lines: [{ line: 1, productId: "cup", quantity: 1 }] }, 'unknown_line lines[0].line "1: cup"'],
    ["another order", { orderId: "order-2" }, 'foreign_order order_id "order-2"'],
  ])("of %s is refused", (_what, changes, expected) => {
    const refused = refusalOf(back(changes), used());
    expect(Array.isArray(refused) ? refused.join(" ") : refused).toBe(expected);
  });

  it("of what was not used is refused", () => {
    const held = lived(issued(), (state) => reserve(reservation(), state));
    for (const state of [offerAfter([issued()]), held]) expect(told(refund(back(), state))).toBe("offer_not_redeemed");
    expect(told(refund(back(), UNKNOWN_OFFER))).toBe("unknown_code");
  });

  it("said again is answered again; with other content it is refused", () => {
    const state = lived(
      issued({ incentive: HUNDRED }),
      (before) => redeem(redemption({ cart: CART }), before),
      (before) => refund(returning("cup", 3), before),
    );
    expect(refund(returning("cup", 3), state)).toMatchObject({
      value: { events: [], replayed: true, refund: { discountMinor: 60 } },
    });
    expect(told(refund(returning("cup", 2), state))).toBe("idempotency_mismatch");
    expect(told(refund(returning("cup", 1, { idempotencyKey: "more" }), state))).toBe("refund_over_redeemed");
  });

  it("finds a place up to a number; the one that leaves nothing always does", () => {
    const cart: Cart = { ...CART, lines: [{ productId: "cup", quantity: 2_000, unitPriceMinor: 100 }] };
    let state = used({}, cart);
    for (let act = 0; act < ACTS_MAX.refunds; act += 1)
      state = eventsOf(refund(returning("cup", 1, { idempotencyKey: `r${String(act)}` }), state)).reduce(evolve, state);
    expect(told(refund(returning("cup", 1, { idempotencyKey: "more" }), state))).toBe("too_many_acts");
    expect(refunded(back({ idempotencyKey: "rest" }), state)).toMatchObject({ isWhole: true });
  });
});

describe("a refund that leaves nothing", () => {
  const cancelled = (nowMs: Millis, changes: Partial<RefundCommand> = {}) =>
    lived(
      issued({ incentive: HUNDRED }),
      (state) => redeem(redemption({ cart: CART }), state),
      (state) => refund(back({ nowMs, ...changes }), state),
    );

  it("gives the use back: the offer is good again while its life lasts, at what was given back", () => {
    const state = cancelled(after(2_000));
    expect(state).toMatchObject({ status: "issued", terms: { heldMinor: 100 }, orders: ["order-1"] });
    const next = redemption({ orderId: "order-2", idempotencyKey: "k2", nowMs: after(3_000) });
    expect(redeem({ ...next, cart: cartOf(90_000) }, state)).toMatchObject({
      value: { redemption: { costMinor: 100 } },
    });
  });

  it("does so unit by unit as well", () => {
    const nowMs = after(2_000);
    const state = lived(
      issued({ incentive: HUNDRED }),
      (before) => redeem(redemption({ cart: CART }), before),
      (before) => refund(returning("pot", 1, { nowMs, idempotencyKey: "a" }), before),
      (before) => refund(returning("cup", 3, { nowMs, idempotencyKey: "b" }), before),
    );
    expect(state.status).toBe("issued");
  });

  it("does not where the shop's setting says so, nor behind the end of the offer's life", () => {
    for (const state of [cancelled(after(2_000), { givesUseBack: false }), cancelled(TERMS.expiresAtMs)]) {
      expect(state).toMatchObject({ status: "refunded", refunded: { discountMinor: 100, quantities: [3, 1] } });
      expect(told(redeem(redemption({ orderId: "order-2", idempotencyKey: "k2" }), state))).toBe("offer_redeemed");
      expect(told(refund(back({ idempotencyKey: "again" }), state))).toBe("offer_refunded");
    }
  });

  it("does not let the same order use the offer again, under whatever key", () => {
    const state = cancelled(after(2_000));
    const again = { idempotencyKey: "k2", nowMs: after(3_000) };
    expect(told(redeem(redemption(again), state))).toBe("order_reused");
    expect(told(reserve(reservation(again), state))).toBe("order_reused");
    expect(told(redeem(redemption({ cart: CART }), state))).toBe("replayed");
    expect(told(refund(back({ idempotencyKey: "again" }), state))).toBe("offer_refunded");
  });

  it("nor does a log that says so let the same order use it", () => {
    const state = cancelled(after(2_000));
    const again = redemption({ idempotencyKey: "k2", nowMs: after(3_000) });
    const [event] = eventsOf(redeem(again, offerAfter([issued()])));
    expect(evolve(state, event!)).toBe(state);
  });

  it("is the last one after so many orders", () => {
    let state = offerAfter([issued({ incentive: HUNDRED })]);
    for (let order = 0; order < ORDERS_MAX; order += 1) {
      expect(state.status).toBe("issued");
      const orderId = `order-${String(order)}`;
      const uses = redemption({ orderId, cart: CART, idempotencyKey: `use ${orderId}` });
      state = eventsOf(redeem(uses, state)).reduce(evolve, state);
      const gives = back({ orderId, nowMs: after(2_000), idempotencyKey: `back ${orderId}` });
      state = eventsOf(refund(gives, state)).reduce(evolve, state);
    }
    expect(state.status).toBe("refunded");
  });
});

describe("laws", () => {
  const line = fc.record({
    productId: fc.constantFrom("a", "b", "c"),
    quantity: fc.integer({ min: 1, max: 7 }),
    unitPriceMinor: fc.integer({ min: 100, max: 9_999 }),
  });
  const incentiveIn = (currency: CurrencyCode) => {
    const money = fc.integer({ min: 1, max: 20_000 }).map((minor) => ({ minor, currency }));
    return fc.oneof(
      fc.integer({ min: 100, max: 10_000 }).map((percentBp): Incentive => ({ kind: "percent_off", percentBp })),
      money.map((amount): Incentive => ({ kind: "amount_off", amount })),
      money.map((amount): Incentive => ({ kind: "loyalty_credit", amount })),
      money.map((worth): Incentive => ({ kind: "gift", productId: "g", worth, cost: { ...worth, minor: 1 } })),
      fc.constant<Incentive>({ kind: "free_shipping" }),
    );
  };

  it.each(["JPY", "EUR", "KWD"] as CurrencyCode[])(
    "any sequence of partial refunds ends at zero to the minor unit, in %s",
    (currency) => {
      expect([0, 2, 3]).toContain(exponentOf(currency));
      const returns = fc.array(fc.tuple(fc.nat({ max: 11 }), fc.integer({ min: 1, max: 3 })), { maxLength: 30 });
      const law = fc.property(
        fc.array(line, { minLength: 1, maxLength: 12 }),
        incentiveIn(currency),
        returns,
        (lines, incentive, asked) => {
          const cart: Cart = { currency, lines, shippingMinor: 490 };
          const terms = { incentive, currency, heldMinor: 1_000_000 };
          let state = lived(issued(terms), (before) => redeem(redemption({ cart, guardrails: LAX }), before));
          if (state.status !== "redeemed") throw new Error(state.status);
          const { discountMinor, costMinor } = state.redemption;
          const sums = { discountMinor: 0, costMinor: 0, quantity: 0 };
          const take = (command: RefundCommand) => {
            const taken = refund(command, state);
            if (!taken.ok) {
              expect(["refund_over_redeemed", "offer_refunded"]).toContain(taken.error.reason);
              return;
            }
            state = taken.value.events.reduce(evolve, state);
            sums.discountMinor += taken.value.refund.discountMinor;
            sums.costMinor += taken.value.refund.costMinor;
            expect(taken.value.refund.discountMinor).toBeGreaterThanOrEqual(0);
            expect(sums.discountMinor).toBeLessThanOrEqual(discountMinor);
          };
          for (const [index, [place, quantity]] of asked.entries()) {
            const { productId } = lines[place % lines.length]!;
            const one = { line: place % lines.length, productId, quantity };
            take(back({ lines: [one], idempotencyKey: `r${String(index)}` }));
          }
          take(back({ idempotencyKey: "rest" }));
          expect(state).toMatchObject({ status: "refunded", refunded: { discountMinor, costMinor } });
          expect(sums).toMatchObject({ discountMinor, costMinor });
        },
      );
      fc.assert(law, { seed: 20_261_130, numRuns: 200 });
    },
  );

  it("a unit's part is the same whatever came back before it, and in whatever order", () => {
    const law = fc.property(
      fc.array(line, { minLength: 2, maxLength: 6 }),
      fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 12 }),
      (lines, places) => {
        const cart: Cart = { currency: EUR, lines, shippingMinor: 0 };
        const byLine = (order: readonly number[]) => {
          let state = used({ incentive: { kind: "percent_off", percentBp: 1_234 }, heldMinor: 1_000_000 }, cart);
          const sums = lines.map(() => 0);
          for (const [index, place] of order.entries()) {
            const at = place % lines.length;
            const one = { line: at, productId: lines[at]!.productId, quantity: 1 };
            const taken = refund(back({ lines: [one], idempotencyKey: `r${String(index)}` }), state);
            if (!taken.ok) continue;
            state = taken.value.events.reduce(evolve, state);
            sums[at] = (sums[at] ?? 0) + taken.value.refund.discountMinor;
          }
          return sums;
        };
        expect(byLine(places.toReversed())).toEqual(byLine(places));
      },
    );
    fc.assert(law, { seed: 20_261_130, numRuns: 200 });
  });
});
