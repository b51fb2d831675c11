import { describe, expect, it } from "@jest/globals";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { ACTS_MAX } from "./acts.js";
import { expire } from "./commands/expire.js";
import { redeem } from "./commands/redeem.js";
import { release } from "./commands/release.js";
import { RESERVATION_TTL_MS, RESERVATION_TTL_MS_MAX, reserve, type ReserveCommand } from "./commands/reserve.js";
import { revoke } from "./commands/revoke.js";
import { validate } from "./commands/validate.js";
import { evolve } from "./evolve.js";
import {
  after,
  cartOf,
  eventsOf,
  issued,
  lived,
  offerAfter,
  redemption,
  reservation,
  TERMS,
  told,
} from "./given/offer-life.js";
import { UNKNOWN_OFFER, type OfferState } from "./offer.js";
import { asOf } from "./standing.js";

const LIFE_MS = TERMS.expiresAtMs - TERMS.issuedAtMs;
const held = (changes: Partial<ReserveCommand> = {}) =>
  lived(issued(), (state) => reserve(reservation(changes), state));
const letGo = (changes: object = {}) => ({
  ...{ nowMs: after(2_000), orderId: "order-1", idempotencyKey: "let-go" },
  ...changes,
});
const takeBack = (by: "campaign" | "hand", changes: object = {}) => ({
  ...{ nowMs: after(2_000), by, idempotencyKey: "take-back" },
  ...changes,
});

describe("a reservation", () => {
  it("lasts a quarter of an hour where nobody says, and as long as is said", () => {
    const until = (ttlMs?: number) => {
      const taken = reserve(reservation(ttlMs === undefined ? {} : { ttlMs }), offerAfter([issued()]));
      return taken.ok ? taken.value.untilMs - after(1_000) : taken.error.reason;
    };
    expect([until(), until(0), until(1), until(RESERVATION_TTL_MS_MAX)]).toEqual([
      ...[RESERVATION_TTL_MS, 15 * 60_000, 1, RESERVATION_TTL_MS_MAX],
    ]);
    for (const ttlMs of [-1, 1.5, Number.NaN, RESERVATION_TTL_MS_MAX + 1])
      expect(until(ttlMs)).toBe("ttl_out_of_range");
  });

  it("says what the offer gives on the cart, and is refused where it gives nothing", () => {
    expect(reserve(reservation(), offerAfter([issued()]))).toMatchObject({ value: { discountMinor: 1_000 } });
    expect(told(reserve(reservation({ cart: cartOf(0) }), offerAfter([issued()])))).toBe("incentive_not_applicable");
  });

  it.each([
    ["another subject", { subject: "00".repeat(16) as SubjectId }, "foreign_subject"],
    ["the end of the offer's life", { nowMs: TERMS.expiresAtMs }, "offer_expired"],
    ["an order with another code", { offerOnOrder: "o2" }, "order_has_code"],
  ])("is refused to %s", (_what, changes, reason) => {
    expect(told(reserve(reservation(changes), offerAfter([issued()])))).toBe(reason);
  });

  it("is refused for what is unknown, used, over or taken back", () => {
    const used = lived(issued(), (state) => redeem(redemption(), state));
    const over = lived(issued(), ended);
    const revoked = lived(issued(), (state) => revoke(takeBack("hand"), state));
    expect([UNKNOWN_OFFER, used, over, revoked].map((state) => told(reserve(reservation(), state)))).toEqual([
      ...["unknown_code", "offer_redeemed", "offer_expired", "offer_revoked"],
    ]);
  });

  it("keeps everybody else out while it lasts, and not a millisecond longer", () => {
    const state = held();
    const other = (nowMs: Millis) => ({ orderId: "order-2", nowMs, idempotencyKey: "other" });
    const untilMs = after(1_000 + RESERVATION_TTL_MS);
    const last = (untilMs - 1) as Millis;
    expect(told(reserve(reservation(other(last)), state))).toBe("offer_reserved");
    expect(told(redeem(redemption(other(last)), state))).toBe("offer_reserved");
    expect(told(validate(redemption(other(last)), state))).toBe("offer_reserved");
    expect(told(reserve(reservation(other(untilMs)), state))).toBe("taken");
    expect(told(redeem(redemption(other(untilMs)), state))).toBe("taken");
    expect(asOf(state, last).status).toBe("reserved");
    expect(asOf(state, untilMs)).toEqual({ ...offerAfter([issued()]), acts: [expect.anything()] });
  });

  it("is nobody's where the order is not said", () => {
    expect(told(validate({ ...redemption(), orderId: undefined }, held()))).toBe("offer_reserved");
    expect(told(validate(redemption(), held()))).toBe("taken");
  });

  it("is renewed by its owner, whose newest one replaces the one before, longer or shorter", () => {
    const renewed = (ttlMs: number) =>
      lived(
        issued(),
        (state) => reserve(reservation(), state),
        (state) => reserve(reservation({ nowMs: after(60_000), ttlMs, idempotencyKey: "renew" }), state),
      );
    expect(renewed(3_600_000)).toMatchObject({ reservation: { orderId: "order-1", untilMs: after(3_660_000) } });
    expect(renewed(1)).toMatchObject({ reservation: { orderId: "order-1", untilMs: after(60_001) } });
  });

  it("that was made in time is good for its owner behind the end of the offer's life, and is renewed no more", () => {
    const state = held({ nowMs: after(LIFE_MS - 1) });
    const late = after(LIFE_MS + RESERVATION_TTL_MS - 2);
    expect(told(redeem(redemption({ nowMs: late }), state))).toBe("taken");
    expect(told(reserve(reservation({ nowMs: late, idempotencyKey: "renew" }), state))).toBe("offer_expired");
    expect(told(redeem(redemption({ nowMs: (late + 1) as Millis }), state))).toBe("offer_expired");
    const renewedAt = (ms: number) => told(reserve(reservation({ nowMs: after(ms), idempotencyKey: "renew" }), state));
    expect([renewedAt(LIFE_MS - 1), renewedAt(LIFE_MS)]).toEqual(["taken", "offer_expired"]);
  });

  it("puts the end of the offer off", () => {
    const state = held({ nowMs: after(LIFE_MS - 1) });
    const endMs = after(LIFE_MS - 1 + RESERVATION_TTL_MS);
    expect(told(expire({ nowMs: (endMs - 1) as Millis }, state))).toBe("offer_not_due");
    expect(expire({ nowMs: endMs }, state)).toEqual({
      ok: true,
      value: [{ kind: "expired", offerId: "o1", atMs: endMs }],
    });
    expect(told(expire({ nowMs: (TERMS.expiresAtMs - 1) as Millis }, held()))).toBe("offer_not_due");
  });
});

describe("a release", () => {
  it("frees the offer, by its owner alone and once", () => {
    const state = held();
    expect(told(release(letGo({ orderId: "order-2" }), state))).toBe("offer_reserved");
    const free = lived(
      issued(),
      (before) => reserve(reservation(), before),
      (before) => release(letGo(), before),
    );
    expect(free).toMatchObject({ status: "issued", terms: TERMS });
    expect(told(release(letGo(), free))).toBe("replayed");
    expect(told(release(letGo({ idempotencyKey: "again" }), free))).toBe("offer_not_reserved");
    expect(told(reserve(reservation({ orderId: "order-2", idempotencyKey: "other" }), free))).toBe("taken");
  });

  it("that is late, or of nothing, is refused", () => {
    const nowMs = after(1_000 + RESERVATION_TTL_MS);
    expect(told(release(letGo({ nowMs }), held()))).toBe("offer_not_reserved");
    expect(told(release(letGo(), UNKNOWN_OFFER))).toBe("unknown_code");
  });

  it("said again does not let go what was reserved since", () => {
    const state = lived(
      issued(),
      (before) => reserve(reservation(), before),
      (before) => release(letGo(), before),
      (before) => reserve(reservation({ nowMs: after(3_000), idempotencyKey: "hold again" }), before),
    );
    expect(release(letGo(), state)).toEqual({ ok: true, value: { events: [], replayed: true } });
    expect(state.status).toBe("reserved");
  });
});

describe("a revocation", () => {
  it("takes a free offer back at once", () => {
    for (const by of ["campaign", "hand"] as const) {
      const state = lived(issued(), (before) => revoke(takeBack(by), before));
      expect(state).toMatchObject({ status: "revoked", revocation: { by, atMs: after(2_000) } });
      expect(told(redeem(redemption(), state))).toBe("offer_revoked");
      expect(told(revoke(takeBack(by), state))).toBe("replayed");
      expect(told(revoke(takeBack(by, { idempotencyKey: "again" }), state))).toBe("offer_revoked");
      expect(expire({ nowMs: TERMS.expiresAtMs }, state)).toEqual({ ok: true, value: [] });
    }
  });

  it("by hand takes a reserved offer back, too", () => {
    const state = lived(
      issued(),
      (before) => reserve(reservation(), before),
      (before) => revoke(takeBack("hand"), before),
    );
    expect(told(redeem(redemption({ nowMs: after(3_000) }), state))).toBe("offer_revoked");
  });

  describe("with the campaign, of a reserved offer", () => {
    const untilMs = after(1_000 + RESERVATION_TTL_MS);
    const waiting = () =>
      lived(
        issued(),
        (before) => reserve(reservation(), before),
        (before) => revoke(takeBack("campaign"), before),
      );

    it("waits until the reservation ends: its order is honoured, and nothing is renewed", () => {
      expect(revoke(takeBack("campaign"), held())).toMatchObject({ value: { fromMs: untilMs } });
      expect(told(redeem(redemption({ nowMs: (untilMs - 1) as Millis }), waiting()))).toBe("taken");
      expect(told(redeem(redemption({ nowMs: untilMs }), waiting()))).toBe("offer_revoked");
      expect(told(reserve(reservation({ idempotencyKey: "renew" }), waiting()))).toBe("offer_revoked");
      expect(told(revoke(takeBack("campaign", { idempotencyKey: "again" }), waiting()))).toBe("offer_revoked");
    });

    it("counts once, whatever a log says again", () => {
      const [again] = eventsOf(revoke(takeBack("campaign", { nowMs: after(3_000), idempotencyKey: "again" }), held()));
      expect(evolve(waiting(), again!)).toEqual(waiting());
    });

    it("is not undone by a renewal that a log has behind it", () => {
      const [renewal] = eventsOf(reserve(reservation({ nowMs: after(3_000), idempotencyKey: "renew" }), held()));
      expect(evolve(waiting(), renewal!)).toEqual(waiting());
    });

    it("comes to pass with a release, a lapse, or by hand", () => {
      expect(eventsOf(release(letGo(), waiting())).reduce(evolve, waiting()).status).toBe("revoked");
      const lapsed = expire({ nowMs: untilMs }, waiting());
      if (!lapsed.ok) throw new Error(lapsed.error.reason);
      expect(lapsed.value).toEqual([{ kind: "revoked", offerId: "o1", atMs: untilMs, by: "campaign" }]);
      expect(lapsed.value.reduce<OfferState>(evolve, waiting()).status).toBe("revoked");
      expect(told(expire({ nowMs: (untilMs - 1) as Millis }, waiting()))).toBe("offer_not_due");
      const byHand = revoke(takeBack("hand", { idempotencyKey: "by hand" }), waiting());
      expect(eventsOf(byHand).reduce(evolve, waiting()).status).toBe("revoked");
    });
  });

  it("of what was used or is over is refused", () => {
    const used = lived(issued(), (before) => redeem(redemption(), before));
    expect(told(revoke(takeBack("hand"), used))).toBe("offer_redeemed");
    expect(told(revoke(takeBack("hand", { nowMs: TERMS.expiresAtMs }), offerAfter([issued()])))).toBe("offer_expired");
    expect(told(revoke(takeBack("hand"), UNKNOWN_OFFER))).toBe("unknown_code");
  });
});

describe("a redemption of what is reserved", () => {
  it("says what changed since, and what the offer gives by now", () => {
    const [first, second] = cartOf(7_000, 3_000).lines;
    const cart = {
      ...cartOf(),
      lines: [
        { ...first!, quantity: 2 },
        { ...second!, productId: "p9" },
      ],
      shippingMinor: 0,
    };
    const state = lived(issued({ heldMinor: 9_000 }), (before) => reserve(reservation(), before));
    const taken = redeem(redemption({ cart, nowMs: after(2_000) }), state);
    expect(taken).toMatchObject({ value: { redemption: { discountMinor: 1_700 } } });
    expect(taken).toMatchObject({
      value: {
        changes: [
          { field: "lines[0].quantity", was: "1", is: "2" },
          { field: "lines[1]", was: "1 of p1 at 3000", is: "1 of p9 at 3000" },
          { field: "shipping", was: "490", is: "0" },
          { field: "discount", was: "1000", is: "1700" },
        ],
      },
    });
    const again = redeem(redemption({ cart, nowMs: after(9_000) }), eventsOf(taken).reduce(evolve, state));
    expect(again).toEqual({ ok: true, value: { ...(taken.ok && taken.value), events: [], replayed: true } });
  });

  it("says nothing where nothing changed, or nothing was reserved any more", () => {
    const cart = cartOf(9_000);
    const asReserved = redeem(redemption({ nowMs: after(2_000) }), held());
    const lapsed = redeem(redemption({ cart, nowMs: after(1_000 + RESERVATION_TTL_MS) }), held());
    for (const taken of [asReserved, lapsed]) expect(taken.ok && taken.value.changes).toBeUndefined();
  });
});

describe("acts", () => {
  it("the same key with other content, or of another kind of act, is refused", () => {
    const state = held();
    expect(told(reserve(reservation({ nowMs: after(9_000) }), state))).toBe("replayed");
    expect(told(reserve(reservation({ orderId: "order-2" }), state))).toBe("idempotency_mismatch");
    expect(told(reserve(reservation({ ttlMs: 1 }), state))).toBe("idempotency_mismatch");
    expect(told(reserve(reservation({ cart: cartOf(1) }), state))).toBe("idempotency_mismatch");
    const idempotencyKey = "hold";
    expect(told(redeem(redemption({ idempotencyKey }), state))).toBe("idempotency_mismatch");
    expect(told(release(letGo({ idempotencyKey }), state))).toBe("idempotency_mismatch");
    expect(told(revoke(takeBack("hand", { idempotencyKey }), state))).toBe("idempotency_mismatch");
  });

  it("10,000 retries of the same key take no place", () => {
    let state = held();
    for (let retry = 0; retry < 10_000; retry += 1) {
      const again = reserve(reservation({ nowMs: after(retry) }), state);
      if (told(again) !== "replayed") throw new Error(told(again));
      state = eventsOf(again).reduce(evolve, state);
    }
    expect(state).toEqual(held());
  });

  it("that hold an offer are kept up to a number; a redemption always has a place", () => {
    let state = offerAfter([issued()]);
    for (let act = 0; act < ACTS_MAX.holds; act += 1)
      state = eventsOf(reserve(reservation({ idempotencyKey: `k${String(act)}` }), state)).reduce(evolve, state);
    const full = { idempotencyKey: "one more" };
    expect(told(reserve(reservation(full), state))).toBe("too_many_acts");
    expect(told(release(letGo(full), state))).toBe("too_many_acts");
    expect(told(reserve(reservation({ idempotencyKey: "k0" }), state))).toBe("replayed");
    expect(told(redeem(redemption(full), state))).toBe("taken");
  });
});

function ended(state: OfferState) {
  const over = expire({ nowMs: TERMS.expiresAtMs }, state);
  return over.ok ? { ok: true as const, value: { events: over.value } } : over;
}
