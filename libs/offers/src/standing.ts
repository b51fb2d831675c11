import type { Millis } from "@leastwise/vocabulary";
import type { OfferState, ReservedOffer } from "./offer.js";

/**
 * Where an offer stands at an instant: a reservation lapses by itself, with no timer and no event. What waited for its end comes to pass: the
 * offer is revoked if its campaign was, else free again (and over where its own life is: who asks compares that himself).
 */
export function asOf(state: OfferState, nowMs: Millis): OfferState {
  return state.status === "reserved" && nowMs >= state.reservation.untilMs ? unreserved(state) : state;
}

/** A reserved offer without its reservation. */
export function unreserved({ terms, acts, orders, revocation }: ReservedOffer): OfferState {
  const known = { terms, acts, orders };
  return revocation === undefined ? { status: "issued", ...known } : { status: "revoked", ...known, revocation };
}
