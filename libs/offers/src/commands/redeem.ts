import { ok, type Result } from "@leastwise/vocabulary";
import { answered, answerOf } from "../acts.js";
import type { Cart } from "../cart.js";
import { cartChanges, change, type CartChange } from "../cart-changes.js";
import { contentDigest, type RedemptionContent } from "../content-digest.js";
import type { Act, OfferRedeemed, OfferState, Redemption, Reservation } from "../offer.js";
import type { OfferRefusal } from "../reasons.js";
import { refuse } from "../refuse.js";
import { asOf } from "../standing.js";
import { useCounted, useOffer, type OfferUse } from "./use.js";

/** A redemption as it is asked for. */
export interface AskedRedemption extends RedemptionContent {
  /** The caller's key of this act. */
  readonly idempotencyKey: string;
}

/** Uses an offer for an order. */
export interface RedeemCommand extends OfferUse, AskedRedemption {
  readonly orderId: string;
  /** The offer that was used on the order already, or may have been; undefined if none was. */
  readonly offerOnOrder: string | undefined;
}

/** A redemption that is taken. */
export interface Redeemed {
  /** To be made durable before the answer leaves; empty for a repeat. */
  readonly events: readonly OfferRedeemed[];
  readonly redemption: Redemption;
  /** What is otherwise than it was reserved with, the cart or what the offer gives. Absent: nothing is, or it was not reserved. */
  readonly changes?: readonly CartChange[];
  /** True if this answers a call made before with the same key. */
  readonly replayed: boolean;
}

/** What a redemption comes to. */
export type RedeemOutcome = Result<Redeemed, OfferRefusal>;

/** The act that is asked for. */
export function actOf(asked: AskedRedemption): Act {
  return { idempotencyKey: asked.idempotencyKey, contentDigest: contentDigest(asked) };
}

/** The answer to a redemption whose key was seen before, see `answered`. Undefined where it was not. */
export function replay(act: Act, state: OfferState): RedeemOutcome | undefined {
  const before = answered(act, state);
  if (before?.ok !== true) return before;
  const { redemption, changes } = answerOf("redeemed", before.value);
  return ok({ events: [], redemption, ...(changes && { changes }), replayed: true });
}

/**
 * Uses an offer, once and once only: a free one, or one that is reserved for this very order. The same key with the same content gives the same
 * answer however often it comes; with other content it is refused. An order takes one offer: each was decided as the only one.
 */
export function redeem(command: RedeemCommand, state: OfferState): RedeemOutcome {
  const act = actOf(command);
  const answeredBefore = replay(act, state);
  if (answeredBefore !== undefined) return answeredBefore;
  const used = useOffer(state, command);
  if (!used.ok) return used;
  const stands = asOf(state, command.nowMs);
  if (stands.status !== "issued" && stands.status !== "reserved") throw new Error("only a free offer can be used");
  const { offerId, incentive } = stands.terms;
  if (incentive.kind === "payment_discount" && command.cart.paymentMethod === undefined)
    return refuse("payment_method_missing", "payment_method", undefined, "the way in which the order is paid");
  const { orderId, offerOnOrder, nowMs } = command;
  if (offerOnOrder !== undefined && offerOnOrder !== offerId)
    return refuse("order_has_code", "order_id", orderId, "an order on which no other code was used");
  const use = useCounted(command, used.value);
  if (!use.ok) return use;
  const changes = stands.status === "reserved" ? changesSince(stands.reservation, command.cart, used.value) : [];
  const told = { redemption: used.value, ...(changes.length === 0 ? {} : { changes }) };
  const counted = use.value === undefined ? {} : { use: use.value };
  const event: OfferRedeemed = { kind: "redeemed", offerId, atMs: nowMs, act, orderId, ...told, ...counted };
  return ok({ events: [event], ...told, replayed: false });
}

function changesSince(
  { cart, discountMinor }: Reservation,
  final: Cart,
  redemption: Redemption,
): readonly CartChange[] {
  return [...cartChanges(cart, final), ...change("discount", discountMinor, redemption.discountMinor)];
}
