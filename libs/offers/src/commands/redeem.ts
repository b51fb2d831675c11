import { ok, type Result } from "@leastwise/vocabulary";
import { contentDigest, type RedemptionContent } from "../content-digest.js";
import type { Act, OfferRedeemed, OfferState, Redemption } from "../offer.js";
import type { OfferRefusal } from "../reasons.js";
import { refuse, useOffer, type OfferUse } from "./use.js";

/** A redemption as it is asked for. */
export interface AskedRedemption extends RedemptionContent {
  /** The caller's key of this act. */
  readonly idempotencyKey: string;
}

/** Uses an offer for an order. */
export interface RedeemCommand extends OfferUse, AskedRedemption {
  /** The offer that was used on the order already, or may have been; undefined if none was. */
  readonly offerOnOrder: string | undefined;
}

/** A redemption that is taken. */
export interface Redeemed {
  /** To be made durable before the answer leaves; empty for a repeat. */
  readonly events: readonly OfferRedeemed[];
  readonly redemption: Redemption;
  /** True if this answers a call made before with the same key. */
  readonly replayed: boolean;
}

/** What a redemption comes to. */
export type RedeemOutcome = Result<Redeemed, OfferRefusal>;

/** The act that is asked for. */
export function actOf(asked: AskedRedemption): Act {
  return { idempotencyKey: asked.idempotencyKey, contentDigest: contentDigest(asked) };
}

/**
 * The answer to an act whose key has redeemed the offer already: the same one if the content is the same, else a refusal. Undefined where
 * the key has not. Nothing is asked of who it is, of clock, catalog or policy: those may have changed since.
 */
export function replay({ idempotencyKey, contentDigest: digest }: Act, state: OfferState): RedeemOutcome | undefined {
  if (state.status !== "redeemed" || state.act.idempotencyKey !== idempotencyKey) return undefined;
  if (state.act.contentDigest === digest) return ok({ events: [], redemption: state.redemption, replayed: true });
  return refuse("idempotency_mismatch", "idempotency_key", idempotencyKey, "the content that the key came with");
}

/**
 * Uses an offer, once and once only. The same key with the same content gives the same answer however often it comes;
 * with other content it is refused. An order takes one offer: each was decided as the only one.
 */
export function redeem(command: RedeemCommand, state: OfferState): RedeemOutcome {
  const act = actOf(command);
  const answered = replay(act, state);
  if (answered !== undefined) return answered;
  const used = useOffer(state, command);
  if (!used.ok) return used;
  if (state.status !== "issued") throw new Error("only an issued offer can be used");
  const { offerId, incentive } = state.terms;
  if (incentive.kind === "payment_discount" && command.cart.paymentMethod === undefined)
    return refuse("payment_method_missing", "payment_method", undefined, "the way in which the order is paid");
  const { orderId, offerOnOrder, nowMs } = command;
  if (offerOnOrder !== undefined && offerOnOrder !== offerId)
    return refuse("order_has_code", "order_id", orderId, "an order on which no other code was used");
  const event: OfferRedeemed = { kind: "redeemed", offerId, atMs: nowMs, act, orderId, redemption: used.value };
  return ok({ events: [event], redemption: used.value, replayed: false });
}
