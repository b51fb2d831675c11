import type { OfferEvent, OfferState } from "./offer.js";

/**
 * The offer after an event. A repeated or impossible event (a second redemption, an expiry of what was used) changes
 * nothing: a log may carry an event twice, and the first one holds.
 */
export function evolve(state: OfferState, event: OfferEvent): OfferState {
  switch (event.kind) {
    case "issued":
      return state.status === "unknown" ? { status: "issued", terms: event.terms } : state;
    case "redeemed":
      if (state.status !== "issued" || state.terms.offerId !== event.offerId) return state;
      return {
        status: "redeemed",
        terms: state.terms,
        orderId: event.orderId,
        redemption: event.redemption,
        redeemedAtMs: event.atMs,
        act: event.act,
      };
    case "expired":
      if (state.status !== "issued" || state.terms.offerId !== event.offerId) return state;
      return { status: "expired", terms: state.terms, expiredAtMs: event.atMs };
  }
}
