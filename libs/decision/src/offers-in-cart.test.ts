import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Cart, StackOffer } from "@leastwise/offers";
import type { Millis } from "@leastwise/vocabulary";
import { decide } from "./decide.js";
import type { Decided } from "./decision.js";
import { cartDigest } from "./digests.js";
import { campaign, CART, compiled, guardrails, input, NOON, percentOff, sureModel } from "./given/store.js";
import type { DecisionInput } from "./input.js";
import type { Campaign, Policy } from "./policy/policy.js";

const COUPON: StackOffer = {
  id: "coupon",
  kind: "cart_percent",
  percentBp: 2_000,
  productIds: [],
  priority: 0,
  minBasketMinor: 0,
  partnerShareBp: 0,
};
const CARD: StackOffer = {
  id: "card",
  kind: "payment_percent",
  percentBp: 500,
  priority: 0,
  minBasketMinor: 0,
  partnerShareBp: 0,
};
const WITH_COUPON: Cart = { ...CART, offers: [COUPON] };

const giving = (changes: Partial<Campaign> = {}, more: Partial<Policy> = {}) =>
  compiled({
    campaigns: [campaign({ exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 }, ...changes })],
    ...more,
  });

function decided(changes: Partial<DecisionInput>): Decided {
  const outcome = decide(input({ model: sureModel(3), policy: giving(), ...changes }));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome;
}

const blocks = ({ decision }: Decided) => decision.candidates.slice(1).map(({ blockedBy }) => blockedBy);
const worths = ({ decision }: Decided) => decision.candidates.slice(1).map(({ faceValueMinor }) => faceValueMinor);

describe("a decision about a cart with other offers", () => {
  it("reckons each rung from what the coupon left", () => {
    expect(worths(decided({}))).toEqual([500, 1_000, 1_500]);
    expect(worths(decided({ cart: WITH_COUPON }))).toEqual([400, 800, 1_200]);
  });

  it("blocks the rungs that together with the coupon go beyond the largest discount", () => {
    // 30 % at the most: 20 % and 5 % or 10 % of the rest fit, 15 % of the rest does not.
    expect(blocks(decided({ cart: WITH_COUPON }))).toEqual(["", "", "guardrail_max_discount"]);
    const tight = giving({}, { guardrails: guardrails({ cartMaxDiscountBp: 2_600 }) });
    const third = { ...COUPON, percentBp: 2_200 };
    expect(blocks(decided({ policy: tight, cart: { ...CART, offers: [third] } }))).toEqual([
      "",
      "guardrail_cart_max_discount",
      "guardrail_max_discount",
    ]);
  });

  it("holds what a payment discount costs against the margin floor, less the partner's share", () => {
    // Goods of 100.00 that cost 36.00: ten per cent leaves 54 of 90, 60 %. The card takes 4.75 of that: 54.7 %.
    const policy = giving({}, { guardrails: guardrails({ marginFloorBp: 5_500 }) });
    expect(blocks(decided({ policy }))).toEqual(["", "", ""]);
    const at = (offer: StackOffer) => blocks(decided({ policy, cart: { ...CART, offers: [offer] } }));
    expect(at(CARD)).toEqual(["", "guardrail_margin_floor", "guardrail_margin_floor"]);
    expect(at({ ...CARD, partnerShareBp: 10_000 })).toEqual(["", "", ""]);
  });

  it("gives nothing of a stacking group of which an offer is in the cart, and owes nothing of it either", () => {
    const grouped = { ...COUPON, group: "one-at-a-time" };
    const policy = giving({ stackingGroup: "one-at-a-time" });
    const incentive = decided({ policy, cart: { ...CART, offers: [grouped] } });
    expect(incentive.decision).toMatchObject({ reason: "no_admissible_rung", chosen: 0 });
    expect(new Set(blocks(incentive))).toEqual(new Set(["stacking_group"]));
    const owing = giving({
      kind: "entitlement",
      experimentId: "",
      stackingGroup: "one-at-a-time",
      ladder: [{ incentive: percentOff(500) }],
    });
    expect(decided({ policy: owing }).decision.offer).toBeDefined();
    expect(decided({ policy: owing, cart: { ...CART, offers: [grouped] } }).decision.offer).toBeUndefined();
  });

  it("does not show an outstanding offer beside one of its group, and does again without it", () => {
    const policy = giving({ stackingGroup: "one-at-a-time" });
    const first = decided({ policy });
    const later = (cart: Cart, atMs: number) =>
      decided({ policy, cart, decisionState: first.nextState, nowMs: (NOON + atMs) as Millis }).decision;
    const grouped = { ...CART, offers: [{ ...COUPON, group: "one-at-a-time" }] };
    expect(later(grouped, 60_000).offer).toBeUndefined();
    const without = { ...CART, shippingMinor: 0 };
    expect(later(without, 60_000)).toMatchObject({ reason: "offer_outstanding", offer: first.decision.offer });
  });

  it("is another one than about the cart without them: an answer does not stand for it", () => {
    expect(cartDigest(WITH_COUPON)).not.toBe(cartDigest(CART));
    expect(cartDigest({ ...CART, claims: [{ id: "ours", code: "M7Q0" }] })).not.toBe(cartDigest(CART));
    expect(cartDigest({ ...CART, offers: [] })).toBe(cartDigest(CART));
    expect(cartDigest({ ...CART, offers: [COUPON, CARD] })).toBe(cartDigest({ ...CART, offers: [CARD, COUPON] }));
  });
});

describe("laws", () => {
  const someOffers = fc.uniqueArray(
    fc.record({
      id: fc.constantFrom("a", "b", "c", "d"),
      kind: fc.constant("cart_percent" as const),
      percentBp: fc.nat(10_000),
      productIds: fc.constantFrom<string[]>([], ["sock"]),
      priority: fc.integer({ min: -1, max: 1 }),
      minBasketMinor: fc.constantFrom(0, 20_000),
      partnerShareBp: fc.constantFrom(0, 5_000),
    }),
    { selector: ({ id }) => id },
  );
  const candidatesOf = (offers: readonly StackOffer[]) => decided({ cart: { ...CART, offers } }).decision.candidates;

  it("the order in which the cart lists its offers changes nothing", () => {
    fc.assert(
      fc.property(someOffers, (offers) => {
        expect(candidatesOf(offers.toReversed())).toEqual(candidatesOf(offers));
      }),
      { seed: 20_261_129, numRuns: 100 },
    );
  });

  it("no admissible rung takes off, together with the others, more than the largest discount", () => {
    fc.assert(
      fc.property(someOffers, (offers) => {
        const kept = offers.filter(({ minBasketMinor }) => minBasketMinor <= 10_000);
        const left = kept
          .filter(({ productIds }) => productIds.length === 0)
          .reduce((share, { percentBp }) => share * (1 - percentBp / 10_000), 1);
        for (const { blockedBy, faceValueMinor } of candidatesOf(offers).slice(1))
          if (blockedBy === "") expect(10_000 * (1 - left) + faceValueMinor).toBeLessThanOrEqual(3_000 + 10);
      }),
      { seed: 20_261_129, numRuns: 100 },
    );
  });
});
