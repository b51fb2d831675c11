import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { CurrencyCode, Millis, SubjectId } from "@leastwise/vocabulary";
import { expire } from "./commands/expire.js";
import { redeem, type RedeemCommand } from "./commands/redeem.js";
import { validate } from "./commands/validate.js";
import { evolve } from "./evolve.js";
import { cartOf, EUR, ISSUED_AT, issued, offerAfter, redemption, TERMS } from "./given/offer-life.js";
import type { Incentive } from "./incentive.js";
import { UNKNOWN_OFFER, type OfferEvent } from "./offer.js";

/** Given events, when an offer is redeemed, then events or a reason. */
function redeemed(events: readonly OfferEvent[], changes: Partial<RedeemCommand> = {}) {
  const result = redeem(redemption(changes), offerAfter(events));
  return result.ok ? result.value : result.error.reason;
}

function used(): OfferEvent {
  const result = redeem(redemption(), offerAfter([issued()]));
  if (!result.ok) throw new Error(result.error.reason);
  return result.value.events[0]!;
}

describe("given nothing", () => {
  it("a redemption is refused", () => {
    expect(redeemed([])).toBe("unknown_code");
  });

  it("an expiry is refused", () => {
    expect(expire({ nowMs: 1 as Millis }, UNKNOWN_OFFER)).toMatchObject({
      ok: false,
      error: { reason: "unknown_code" },
    });
  });
});

describe("given an issued offer", () => {
  it("a gift is charged at what it costs, and given at what it is worth", () => {
    const gift: Incentive = {
      kind: "gift",
      productId: "g",
      worth: { minor: 900, currency: EUR },
      cost: { minor: 300, currency: EUR },
    };
    const given = [issued({ incentive: gift, faceValueMinor: 900, heldMinor: 300 })];
    expect(redeemed(given)).toMatchObject({ redemption: { discountMinor: 900, costMinor: 300, shares: [] } });
    expect(redeemed([issued({ incentive: gift, heldMinor: 299 })])).toBe("incentive_not_applicable");
  });

  it("a discount for paying so is given to an order that is paid so, and to no other", () => {
    const given = [issued({ incentive: { kind: "payment_discount", method: "sepa", percentBp: 500 } })];
    const paid = (paymentMethod: string) => ({ cart: { ...cartOf(7_000, 3_000), paymentMethod } });
    expect(redeemed(given)).toBe("payment_method_missing");
    expect(redeemed(given, paid("card"))).toBe("incentive_not_applicable");
    expect(redeemed(given, paid("sepa"))).toMatchObject({ redemption: { discountMinor: 500 } });
    expect(validate(redemption(), offerAfter(given))).toMatchObject({ ok: true, value: { discountMinor: 500 } });
  });

  it("goods that are excluded since get nothing, and are reckoned without", () => {
    const { guardrails } = redemption();
    const goodsLimits = [{ productIds: ["p0"], categories: [], brands: [], excluded: true }];
    expect(redeemed([issued()], { guardrails: { ...guardrails, goodsLimits } })).toMatchObject({
      redemption: { discountMinor: 300, shares: [{ line: 1, productId: "p1", quantity: 1, discountMinor: 300 }] },
    });
  });

  it("a redemption gives its value, each line its part", () => {
    expect(redeemed([issued()])).toMatchObject({
      replayed: false,
      redemption: {
        discountMinor: 1_000,
        shares: [
          { line: 0, productId: "p0", quantity: 1, discountMinor: 700 },
          { line: 1, productId: "p1", quantity: 1, discountMinor: 300 },
        ],
      },
    });
  });

  it("a smaller cart gets less, by the offer's own terms", () => {
    expect(redeemed([issued()], { cart: cartOf(500) })).toMatchObject({ redemption: { discountMinor: 50 } });
  });

  it("a larger cart gets what is held and no more, unless the offer states a maximum and holds it", () => {
    const cart = cartOf(20_000);
    expect(redeemed([issued()], { cart })).toMatchObject({ redemption: { discountMinor: 1_000 } });
    const incentive: Incentive = { kind: "percent_off", percentBp: 1_000, maximum: { minor: 3_000, currency: EUR } };
    expect(redeemed([issued({ incentive, heldMinor: 3_000 })], { cart })).toMatchObject({
      redemption: { discountMinor: 2_000 },
    });
  });

  it("shipping is given without shares", () => {
    expect(redeemed([issued({ incentive: { kind: "free_shipping" } })])).toMatchObject({
      redemption: { discountMinor: 490, shares: [] },
    });
  });

  it.each([
    ["another subject", { subject: "00".repeat(16) as SubjectId }, "foreign_subject"],
    ["the instant of its end", { nowMs: TERMS.expiresAtMs }, "offer_expired"],
    [
      "prices of the other kind",
      { cart: { ...cartOf(1), prices: "without_tax" }, prices: "with_tax" },
      "foreign_price_basis",
    ],
    ["another currency", { cart: { ...cartOf(1), currency: "USD" as CurrencyCode } }, "foreign_currency"],
    ["goods of no value", { cart: cartOf(0) }, "incentive_not_applicable"],
    [
      "a floor that it would break",
      { catalog: [{ productId: "p0", floorPriceMinor: 6_301 }] },
      "guardrail_floor_price",
    ],
    ["goods below cost", { catalog: [{ productId: "p0", unitCostMinor: 99_000 }] }, "guardrail_margin_floor"],
  ] as const)("%s is refused", (_what, changes, reason) => {
    expect(redeemed([issued()], changes)).toBe(reason);
    expect(validate(redemption(changes), offerAfter([issued()]))).toMatchObject({ ok: false, error: { reason } });
  });

  it("one that is over says until when it was good, for people and for programs", () => {
    const late = validate(redemption({ nowMs: TERMS.expiresAtMs }), offerAfter([issued()]));
    const expected = `a use before ${new Date(TERMS.expiresAtMs).toISOString()} (${TERMS.expiresAtMs})`;
    expect(late).toMatchObject({ error: { expected } });
  });

  it("an order on which another offer was used is refused; one on which this very offer may have been is not", () => {
    expect(redeemed([issued()], { offerOnOrder: "o2" })).toBe("order_has_code");
    expect(redeemed([issued()], { offerOnOrder: "o1" })).toMatchObject({ replayed: false });
    // Whose code it is comes first: nobody else learns what became of the order.
    const stranger = { offerOnOrder: "o2", subject: "00".repeat(16) as SubjectId };
    expect(redeemed([issued()], stranger)).toBe("foreign_subject");
  });

  it("the last millisecond is taken", () => {
    expect(redeemed([issued()], { nowMs: (TERMS.expiresAtMs - 1) as Millis })).toMatchObject({ replayed: false });
  });

  it("it expires at its end, and not before", () => {
    const state = offerAfter([issued()]);
    expect(expire({ nowMs: (TERMS.expiresAtMs - 1) as Millis }, state)).toMatchObject({
      error: { reason: "offer_not_due" },
    });
    expect(expire({ nowMs: TERMS.expiresAtMs }, state)).toEqual({
      ok: true,
      value: [{ kind: "expired", offerId: "o1", atMs: TERMS.expiresAtMs }],
    });
  });
});

describe("given a redeemed offer", () => {
  it.each([
    ["the same key and content", {}, "replayed"],
    ["the same key, later", { nowMs: (TERMS.expiresAtMs + 1) as Millis }, "replayed"],
    ["the same key, of whom it is being told otherwise by now", { subject: "00".repeat(16) as SubjectId }, "replayed"],
    [
      "the same key, another shopper named",
      { named: { known: undefined, anonymous: TERMS.subject } },
      "idempotency_mismatch",
    ],
    ["the same key, another order", { orderId: "order-2" }, "idempotency_mismatch"],
    ["the same key, another cart", { cart: cartOf(1) }, "idempotency_mismatch"],
    ["another key", { idempotencyKey: "k2" }, "offer_redeemed"],
  ] as const)("%s: %s", (_what, changes, expected) => {
    const outcome = redeemed([issued(), used()], changes);
    if (expected !== "replayed") expect(outcome).toBe(expected);
    else expect(outcome).toMatchObject({ replayed: true, events: [], redemption: { discountMinor: 1_000 } });
  });

  it("it no longer expires, and a late expiry on the log changes nothing", () => {
    const state = offerAfter([issued(), used()]);
    expect(expire({ nowMs: TERMS.expiresAtMs }, state)).toEqual({ ok: true, value: [] });
    expect(evolve(state, { kind: "expired", offerId: "o1", atMs: TERMS.expiresAtMs })).toBe(state);
  });
});

describe("given an expired offer", () => {
  it("a redemption is refused, also with an earlier clock", () => {
    const events: OfferEvent[] = [issued(), { kind: "expired", offerId: "o1", atMs: TERMS.expiresAtMs }];
    expect(redeemed(events)).toBe("offer_expired");
    expect(redeemed([...events, used()])).toBe("offer_expired");
  });
});

describe("laws", () => {
  it("once and once only: whatever is tried in whatever order, one redemption, never beyond what is held", () => {
    const attempt = fc.record({
      idempotencyKey: fc.constantFrom("a", "b", "c"),
      orderId: fc.constantFrom("x", "y"),
      cart: fc
        .array(fc.integer({ min: 0, max: 90_000 }), { minLength: 1, maxLength: 5 })
        .map((amounts) => cartOf(...amounts)),
      nowMs: fc.integer({ min: ISSUED_AT, max: ISSUED_AT + 4_000_000 }).map((ms) => ms as Millis),
    });
    const law = fc.property(fc.array(attempt, { maxLength: 12 }), (attempts) => {
      const log: OfferEvent[] = [issued()];
      for (const changes of attempts) {
        const outcome = redeem(redemption(changes), offerAfter(log));
        if (!outcome.ok) continue;
        log.push(...outcome.value.events);
        expect(outcome.value.redemption.discountMinor).toBeLessThanOrEqual(TERMS.heldMinor);
        const again = redeem(redemption(changes), offerAfter(log));
        expect(again).toMatchObject({ ok: true, value: { replayed: true, redemption: outcome.value.redemption } });
      }
      expect(log.filter((event) => event.kind === "redeemed").length).toBeLessThanOrEqual(1);
      expect(offerAfter([...log, ...log])).toEqual(offerAfter(log));
    });
    fc.assert(law, { seed: 20_261_123, numRuns: 300 });
  });
});
