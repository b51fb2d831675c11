import type { Millis } from "@leastwise/vocabulary";
import type { ActAnswer, KeptAct } from "./acts.js";
import { unitsOfLines } from "./line-units.js";
import type {
  Act,
  IssuedOffer,
  OfferEvent,
  OfferRedeemed,
  OfferRefunded,
  OfferReserved,
  OfferRevoked,
  OfferState,
  Refunded,
  ReservedOffer,
  UsedOffer,
} from "./offer.js";
import { asOf, unreserved } from "./standing.js";

/** Most orders that use an offer one after the other, each given back whole: after the last one it is not good again. */
export const ORDERS_MAX = 16;

/**
 * The offer after an event. A repeated or impossible event (a second redemption, an expiry of what was used) changes
 * nothing: a log may carry an event twice, and the first one holds.
 */
export function evolve(state: OfferState, event: OfferEvent): OfferState {
  if (event.kind === "issued")
    return state.status === "unknown" ? { status: "issued", terms: event.terms, acts: [], orders: [] } : state;
  if (state.status === "unknown" || state.terms.offerId !== event.offerId) return state;
  if ("act" in event && isKept(event.act, state.acts)) return state;
  const stands = asOf(state, event.atMs);
  switch (event.kind) {
    case "reserved":
      return isFree(stands, event.reservation.orderId) && !isRevoked(stands) ? reserved(stands, event) : state;
    case "released":
      if (stands.status !== "reserved" || stands.reservation.orderId !== event.orderId) return state;
      return unreserved({ ...stands, acts: kept(stands.acts, event.act, { kind: "released" }) });
    case "redeemed":
      return isFree(stands, event.orderId) ? redeemed(stands, event) : state;
    case "refunded":
      return stands.status === "redeemed" && stands.orderId === event.orderId ? refunded(stands, event) : state;
    case "expired":
      if (stands.status !== "issued") return state;
      return { ...knownOf(stands), status: "expired", expiredAtMs: event.atMs };
    case "revoked":
      return revoked(state, event);
  }
}

function isKept({ idempotencyKey }: Act, acts: readonly KeptAct[]): boolean {
  return acts.some((act) => act.idempotencyKey === idempotencyKey);
}

/** Whether this order may hold or use the offer: nobody else holds it, and the order has not used it before. */
function isFree(stands: OfferState, orderId: string): stands is IssuedOffer | ReservedOffer {
  const isOpen = stands.status === "issued" || (stands.status === "reserved" && stands.reservation.orderId === orderId);
  return isOpen && !stands.orders.includes(orderId);
}

function isRevoked(stands: IssuedOffer | ReservedOffer): boolean {
  return stands.status === "reserved" && stands.revocation !== undefined;
}

function reserved(stands: IssuedOffer | ReservedOffer, { act, reservation }: OfferReserved): OfferState {
  const { untilMs, discountMinor } = reservation;
  const acts = kept(stands.acts, act, { kind: "reserved", untilMs, discountMinor });
  return { ...knownOf(stands), status: "reserved", acts, reservation };
}

function redeemed(stands: IssuedOffer | ReservedOffer, event: OfferRedeemed): OfferState {
  const { act, orderId, redemption, changes, atMs } = event;
  return {
    status: "redeemed",
    terms: stands.terms,
    acts: kept(stands.acts, act, { kind: "redeemed", redemption, ...(changes && { changes }) }),
    orders: [...stands.orders, orderId],
    orderId,
    redemption,
    redeemedAtMs: atMs,
    refunded: { discountMinor: 0, costMinor: 0, quantities: unitsOfLines(redemption).map(() => 0) },
  };
}

/** What is given back whole is free again while the offer's life lasts, if it gives the use back; for it is held what it had cost. */
function refunded(stands: UsedOffer, { act, refund, atMs }: OfferRefunded): OfferState {
  const acts = kept(stands.acts, act, { kind: "refunded", refund });
  const { terms, orders } = stands;
  if (refund.givesUseBack && atMs < terms.expiresAtMs && orders.length < ORDERS_MAX)
    return { status: "issued", terms: { ...terms, heldMinor: stands.redemption.costMinor }, acts, orders };
  const given: Refunded = {
    discountMinor: stands.refunded.discountMinor + refund.discountMinor,
    costMinor: stands.refunded.costMinor + refund.costMinor,
    quantities: quantitiesAfter(stands, refund.lines),
  };
  return { ...stands, status: refund.isWhole ? "refunded" : "redeemed", acts, refunded: given };
}

function quantitiesAfter({ redemption, refunded: before }: UsedOffer, lines: OfferRefunded["refund"]["lines"]) {
  const back = new Map(lines.map(({ line, quantity }) => [line, quantity]));
  return unitsOfLines(redemption).map(({ line }, place) => (before.quantities[place] ?? 0) + (back.get(line) ?? 0));
}

/** A campaign's revocation waits for a reservation's end; that end, or a hand, is what takes the offer back then. */
function revoked(state: OfferState, { act, by, atMs }: OfferRevoked): OfferState {
  if (state.status !== "issued" && state.status !== "reserved") return state;
  const revocation = { by, atMs };
  const taken = (fromMs: Millis) =>
    act === undefined ? state.acts : kept(state.acts, act, { kind: "revoked", fromMs });
  if (state.status === "issued" || by === "hand" || atMs >= state.reservation.untilMs)
    return { ...knownOf(state), status: "revoked", acts: taken(atMs), revocation };
  if (state.revocation !== undefined) return state;
  return { ...state, acts: taken(state.reservation.untilMs), revocation };
}

function knownOf({ terms, acts, orders }: IssuedOffer | ReservedOffer) {
  return { terms, acts, orders };
}

function kept(acts: readonly KeptAct[], { idempotencyKey, contentDigest }: Act, answer: ActAnswer): readonly KeptAct[] {
  return [...acts, { idempotencyKey, contentDigest, answer }];
}
