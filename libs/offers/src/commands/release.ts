import { ok, type Millis, type Result } from "@leastwise/vocabulary";
import { answered, tooManyActs } from "../acts.js";
import { releaseDigest } from "../content-digest.js";
import type { Act, OfferReleased, OfferState } from "../offer.js";
import type { OfferRefusal } from "../reasons.js";
import { refuse } from "../refuse.js";
import { asOf } from "../standing.js";

/** Lets a reservation go before its end. */
export interface ReleaseCommand {
  readonly nowMs: Millis;
  /** The order or cart that it was held for. */
  readonly orderId: string;
  readonly idempotencyKey: string;
}

/** A release that is taken. */
export interface Released {
  /** To be made durable before the answer leaves; empty for a repeat. */
  readonly events: readonly OfferReleased[];
  /** True if this answers a call made before with the same key. */
  readonly replayed: boolean;
}

/** The offer is free again, as far as its life and its campaign go. Only who holds it lets it go, and only while it is held. */
export function release(command: ReleaseCommand, state: OfferState): Result<Released, OfferRefusal> {
  const { nowMs, orderId, idempotencyKey } = command;
  const act: Act = { idempotencyKey, contentDigest: releaseDigest(orderId) };
  const before = answered(act, state);
  if (before?.ok === true) return ok({ events: [], replayed: true });
  if (before !== undefined) return before;
  const stands = asOf(state, nowMs);
  if (stands.status === "unknown") return refuse("unknown_code", "code", undefined, "a code that was issued");
  if (stands.status !== "reserved")
    return refuse("offer_not_reserved", "code", stands.status, "an offer that is reserved");
  if (stands.reservation.orderId !== orderId)
    return refuse("offer_reserved", "order_id", orderId, "the order or cart that it is reserved for");
  const full = tooManyActs("holds", stands.acts);
  if (full !== undefined) return full;
  const event: OfferReleased = { kind: "released", offerId: stands.terms.offerId, atMs: nowMs, act, orderId };
  return ok({ events: [event], replayed: false });
}
