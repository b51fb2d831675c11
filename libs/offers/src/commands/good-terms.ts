import { ok, type Millis, type Result, type SubjectId } from "@leastwise/vocabulary";
import type { Cart } from "../cart.js";
import type { KnownOffer, OfferState, OfferTerms } from "../offer.js";
import { isOtherBasis, type PriceBasis } from "../price-tax.js";
import type { OfferRefusal } from "../reasons.js";
import { instantTold, refuse } from "../refuse.js";
import { asOf } from "../standing.js";

/** What an offer is asked before it is used or held. */
export interface Wish {
  readonly subject: SubjectId;
  readonly nowMs: Millis;
  readonly cart: Cart;
  /** Absent: not said. */
  readonly prices?: PriceBasis | undefined;
  /** The order or cart that the offer is for. Absent: not known, and what is reserved is good for nobody. */
  readonly orderId?: string | undefined;
}

/** An offer's terms, if it is good for this subject, order and currency at this instant. */
export function goodTerms(state: OfferState, wish: Wish): Result<OfferTerms, OfferRefusal> {
  const stands = asOf(state, wish.nowMs);
  if (stands.status === "unknown") return refuse("unknown_code", "code", undefined, "a code that was issued");
  const { terms } = stands;
  if (terms.subject !== wish.subject)
    return refuse("foreign_subject", "subject", wish.subject, "the subject that the offer was issued to");
  const over = notUsable(stands, wish);
  if (over !== undefined) return over;
  if (wish.cart.currency !== terms.currency)
    return refuse("foreign_currency", "lines", wish.cart.currency, `a cart in ${terms.currency}`);
  if (isOtherBasis(wish.cart.prices, wish.prices))
    return refuse(
      "foreign_price_basis",
      "prices",
      wish.cart.prices,
      `prices ${wish.prices ?? ""}, as the offer was issued for`,
    );
  return ok(terms);
}

/** What was reserved in time stays good for its owner until the reservation ends, also behind the end of the offer's life. */
function notUsable(stands: KnownOffer, { nowMs, orderId }: Wish) {
  const { code, expiresAtMs } = stands.terms;
  switch (stands.status) {
    case "redeemed":
    case "refunded":
      return refuse("offer_redeemed", "code", code, "an offer that was not used yet");
    case "revoked":
      return refuse("offer_revoked", "code", code, "an offer that was not taken back");
    case "reserved":
      return stands.reservation.orderId === orderId ? usedBefore(stands, orderId) : reservedToOther(stands, orderId);
    case "expired":
      return refuse("offer_expired", "code", code, `a use before ${instantTold(expiresAtMs)}`);
    case "issued":
      if (nowMs >= expiresAtMs)
        return refuse("offer_expired", "code", code, `a use before ${instantTold(expiresAtMs)}`);
      return usedBefore(stands, orderId);
  }
}

function reservedToOther(
  { reservation: { untilMs } }: Extract<KnownOffer, { status: "reserved" }>,
  orderId: string | undefined,
) {
  const expected = `the order or cart that it is reserved for, or an instant from ${instantTold(untilMs)} on`;
  return refuse("offer_reserved", "order_id", orderId, expected);
}

function usedBefore({ orders }: KnownOffer, orderId: string | undefined) {
  if (orderId === undefined || !orders.includes(orderId)) return undefined;
  return refuse("order_reused", "order_id", orderId, "an order that has not used the offer, and given it back, before");
}
