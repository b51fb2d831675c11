import { ok, type Millis, type Result } from "@leastwise/vocabulary";
import { answered, answerOf, tooManyActs } from "../acts.js";
import { refundDigest } from "../content-digest.js";
import { unitsOfLines } from "../line-units.js";
import type { Act, LineShare, OfferRefunded, OfferState, Refund, UsedOffer } from "../offer.js";
import type { OfferRefusal } from "../reasons.js";
import { refuse } from "../refuse.js";
import { returnedLines, type ReturnedLine } from "../returned-lines.js";

/** Gives back what units of a redeemed order had. */
export interface RefundCommand {
  readonly nowMs: Millis;
  /** The order that used the offer. */
  readonly orderId: string;
  /** What came back. None: all that is left, as for an order that is cancelled or was never paid. */
  readonly lines: readonly ReturnedLine[];
  readonly idempotencyKey: string;
  /** Whether an order of which nothing is left gives the use back: the shop's setting. Absent: it does. */
  readonly givesUseBack?: boolean | undefined;
}

/** A refund that is taken. */
export interface RefundTaken {
  /** To be made durable before the answer leaves; empty for a repeat. */
  readonly events: readonly OfferRefunded[];
  readonly refund: Refund;
  /** True if this answers a call made before with the same key. */
  readonly replayed: boolean;
}

/**
 * Gives back what was fixed for these units when the offer was redeemed; nothing is divided again, so that all refunds of a redemption add up to
 * it to the minor unit. The use itself is given back by the refund that leaves nothing, whether the order was cancelled or returned unit by unit.
 */
export function refund(command: RefundCommand, state: OfferState): Result<RefundTaken, OfferRefusal> {
  const { nowMs, orderId, lines, idempotencyKey, givesUseBack = true } = command;
  const act: Act = { idempotencyKey, contentDigest: refundDigest(orderId, lines) };
  const before = answered(act, state);
  if (before?.ok === true) return ok({ refund: answerOf("refunded", before.value).refund, events: [], replayed: true });
  if (before !== undefined) return before;
  const used = usedOn(orderId, state);
  if (!used.ok) return used;
  const returned = returnedLines(used.value, lines);
  if (!returned.ok) return returned;
  const given = refundOf(used.value, returned.value, givesUseBack);
  const full = given.isWhole ? undefined : tooManyActs("refunds", used.value.acts);
  if (full !== undefined) return full;
  const { offerId } = used.value.terms;
  const event: OfferRefunded = { kind: "refunded", offerId, atMs: nowMs, act, orderId, refund: given };
  return ok({ events: [event], refund: given, replayed: false });
}

function usedOn(orderId: string, state: OfferState): Result<UsedOffer, OfferRefusal> {
  switch (state.status) {
    case "unknown":
      return refuse("unknown_code", "code", undefined, "a code that was issued");
    case "issued":
    case "reserved":
    case "expired":
    case "revoked": {
      const isBack = state.orders.includes(orderId);
      if (isBack) return refuse("offer_refunded", "order_id", orderId, "an order of which something is left");
      return refuse("offer_not_redeemed", "code", state.status, "an offer that was used");
    }
    case "redeemed":
    case "refunded":
      break;
  }
  if (state.orderId !== orderId && !state.orders.includes(orderId))
    return refuse("foreign_order", "order_id", orderId, "the order that used the offer");
  if (state.status === "refunded" || state.orderId !== orderId)
    return refuse("offer_refunded", "order_id", orderId, "an order of which something is left");
  return ok(state);
}

/** The last units take with them what lies on none: what was off the shipping, and a gift. */
function refundOf(used: UsedOffer, lines: readonly LineShare[], givesUseBack: boolean): Refund {
  const { redemption, refunded } = used;
  const back = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const came = refunded.quantities.reduce((sum, quantity) => sum + quantity, 0);
  const bought = unitsOfLines(redemption).reduce((sum, { quantity }) => sum + quantity, 0);
  const isWhole = came + back === bought;
  const ofUnits = lines.reduce((sum, { discountMinor }) => sum + discountMinor, 0);
  if (refunded.discountMinor + ofUnits > redemption.discountMinor) throw new Error("units have more than was redeemed");
  return {
    discountMinor: isWhole ? redemption.discountMinor - refunded.discountMinor : ofUnits,
    // What lies on units costs the shop what it is worth.
    costMinor: isWhole ? redemption.costMinor - refunded.costMinor : ofUnits,
    lines,
    isWhole,
    givesUseBack: isWhole && givesUseBack,
  };
}
