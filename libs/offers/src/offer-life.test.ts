import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DAY_MS, type Millis } from "@leastwise/vocabulary";
import { moneyOf } from "./accounts/budget-postings.js";
import { expire } from "./commands/expire.js";
import { redeem } from "./commands/redeem.js";
import { refund } from "./commands/refund.js";
import { release } from "./commands/release.js";
import { reserve } from "./commands/reserve.js";
import { revoke } from "./commands/revoke.js";
import { evolve } from "./evolve.js";
import { cartOf, ISSUED_AT, issued, offerAfter, redemption, reservation, TERMS } from "./given/offer-life.js";
import type { OfferEvent, OfferState } from "./offer.js";
import { asOf } from "./standing.js";

/** What any caller may try at any time. */
const attempt = fc.record({
  act: fc.constantFrom("reserve", "release", "redeem", "refund", "revoke", "expire"),
  by: fc.constantFrom("campaign", "campaign", "campaign", "hand"),
  idempotencyKey: fc.constantFrom("a", "b", "c", "d", "e"),
  orderId: fc.constantFrom("x", "y", "z"),
  cart: fc.array(fc.integer({ min: 0, max: 90_000 }), { minLength: 1, maxLength: 3 }).map((all) => cartOf(...all)),
  passMs: fc.oneof(fc.constantFrom(0, 1, 60_000), fc.integer({ min: 0, max: 1_200_000 })),
  ttlMs: fc.constantFrom(0, 1, 600_000, DAY_MS),
});
type Attempt = typeof attempt extends fc.Arbitrary<infer T> ? T : never;

function tried({ act, ...asked }: Attempt & { readonly nowMs: Millis }, state: OfferState) {
  switch (act) {
    case "reserve":
      return reserve(reservation(asked), state);
    case "release":
      return release(asked, state);
    case "redeem":
      return redeem(redemption(asked), state);
    case "refund":
      return refund({ ...asked, lines: asked.ttlMs === 1 ? [{ productId: "p0", quantity: 1 }] : [] }, state);
    case "revoke":
      return revoke({ ...asked, by: asked.by === "hand" ? "hand" : "campaign" }, state);
    case "expire": {
      const over = expire(asked, state);
      return over.ok ? { ok: true as const, value: { events: over.value, replayed: false } } : over;
    }
  }
}

/** A history of one offer: what was tried, each a moment after the one before, and the events of what was taken. */
function history(attempts: readonly Attempt[]) {
  const log: OfferEvent[] = [issued()];
  const states: {
    readonly nowMs: Millis;
    readonly state: OfferState;
    readonly asked: Attempt;
    readonly ok: boolean;
  }[] = [];
  let nowMs = ISSUED_AT;
  for (const asked of attempts) {
    nowMs += asked.passMs;
    const now = nowMs as Millis;
    const outcome = tried({ ...asked, nowMs: now }, offerAfter(log));
    if (outcome.ok) log.push(...outcome.value.events);
    states.push({ nowMs: now, state: offerAfter(log), asked, ok: outcome.ok });
  }
  return { log, states };
}

const check = (law: (attempts: readonly Attempt[]) => void) => {
  fc.assert(fc.property(fc.array(attempt, { maxLength: 20 }), law), { seed: 20_261_130, numRuns: 1_000 });
};

describe("laws of an offer's life", () => {
  it("what is settled is never more than was held, and what is given back never more than was settled", () => {
    check((attempts) => {
      let spentMinor = 0;
      for (const event of history(attempts).log) {
        if (event.kind === "redeemed") spentMinor += event.redemption.costMinor;
        if (event.kind === "refunded") spentMinor -= event.refund.costMinor;
        expect(spentMinor).toBeGreaterThanOrEqual(0);
        expect(spentMinor).toBeLessThanOrEqual(TERMS.heldMinor);
      }
    });
  });

  it("one order at a time uses it, and none twice", () => {
    check((attempts) => {
      const orders: string[] = [];
      let isUsed = false;
      for (const event of history(attempts).log) {
        if (event.kind === "refunded" && event.refund.isWhole) isUsed = false;
        if (event.kind !== "redeemed") continue;
        expect(isUsed).toBe(false);
        isUsed = true;
        expect(orders).not.toContain(event.orderId);
        orders.push(event.orderId);
      }
    });
  });

  it("the log twice over, and each record twice, makes the same offer", () => {
    check((attempts) => {
      const { log } = history(attempts);
      expect(offerAfter([...log, ...log])).toEqual(offerAfter(log));
      expect(offerAfter(log.flatMap((event) => [event, event]))).toEqual(offerAfter(log));
    });
  });

  it("a log that lost records, or has them in another order, never spends more than was held", () => {
    const law = fc.property(
      fc.array(attempt, { maxLength: 20 }).chain((attempts) => fc.shuffledSubarray(history(attempts).log)),
      (log) => {
        let state = offerAfter([]);
        for (const event of log) {
          state = evolve(state, event);
          const { heldMinor, spentMinor } = moneyOf(state);
          expect(Math.min(heldMinor, spentMinor)).toBeGreaterThanOrEqual(0);
          expect(heldMinor + spentMinor).toBeLessThanOrEqual(TERMS.heldMinor);
        }
      },
    );
    fc.assert(law, { seed: 20_261_130, numRuns: 1_000 });
  });

  it("the same act again is answered the same, whenever, and moves nothing", () => {
    check((attempts) => {
      const { log } = history(attempts);
      const taken: { readonly asked: Attempt; readonly value: object; readonly nowMs: Millis }[] = [];
      const state = { now: offerAfter([issued()]) };
      let nowMs = ISSUED_AT;
      for (const asked of attempts) {
        nowMs += asked.passMs;
        const outcome = tried({ ...asked, nowMs: nowMs as Millis }, state.now);
        if (!outcome.ok || asked.act === "expire") {
          if (outcome.ok) state.now = outcome.value.events.reduce<OfferState>(evolve, state.now);
          continue;
        }
        state.now = outcome.value.events.reduce<OfferState>(evolve, state.now);
        taken.push({ asked, value: outcome.value, nowMs: nowMs as Millis });
      }
      expect(state.now).toEqual(offerAfter(log));
      for (const { asked, value } of taken) {
        const again = tried({ ...asked, nowMs: (nowMs + DAY_MS) as Millis }, state.now);
        if (!again.ok) throw new Error(again.error.reason);
        expect(again.value).toEqual({ ...value, events: [], replayed: true });
      }
    });
  });

  it("while it is reserved nobody else holds or uses it", () => {
    check((attempts) => {
      let before = offerAfter([issued()]);
      for (const { nowMs, state, asked, ok } of history(attempts).states) {
        const stands = asOf(before, nowMs);
        const isOthers = stands.status === "reserved" && stands.reservation.orderId !== asked.orderId;
        if (isOthers && ok && state !== before && ["reserve", "redeem", "release"].includes(asked.act))
          expect(state).toEqual(before);
        before = state;
      }
    });
  });

  it("every life ends: some time after the last act it can be ended, and then nothing is held", () => {
    check((attempts) => {
      const { log, states } = history(attempts);
      const state = offerAfter(log);
      const farMs = ((states.at(-1)?.nowMs ?? ISSUED_AT) + 30 * DAY_MS) as Millis;
      const over = expire({ nowMs: farMs }, state);
      if (!over.ok) throw new Error(over.error.reason);
      const end = over.value.reduce<OfferState>(evolve, state);
      expect(["expired", "revoked", "redeemed", "refunded"]).toContain(end.status);
      expect(expire({ nowMs: farMs }, end)).toEqual({ ok: true, value: [] });
    });
  });
});
