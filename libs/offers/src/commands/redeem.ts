import { ok, type Result } from "@leastwise/vocabulary";
import { contentDigest } from "../content-digest.js";
import type { OfferRedeemed, OfferState, Redemption } from "../offer.js";
import type { OfferRefusal } from "../reasons.js";
import { refuse, useOffer, type OfferUse } from "./use.js";

/** Uses an offer for an order. */
export interface RedeemCommand extends OfferUse {
  /** The shop's id of the order. */
  readonly orderId: string;
  /** The caller's key of this act. */
  readonly idempotencyKey: string;
}

/** A redemption that is taken. */
export interface Redeemed {
  /** To be made durable before the answer leaves; empty for a repeat. */
  readonly events: readonly OfferRedeemed[];
  readonly redemption: Redemption;
  /** True if this answers a call made before with the same key. */
  readonly replayed: boolean;
}

/**
 * Uses an offer, once and once only. The same key with the same content gives the same answer however often it comes;
 * with other content it is refused.
 */
export function redeem(command: RedeemCommand, state: OfferState): Result<Redeemed, OfferRefusal> {
  const digest = contentDigest(command);
  if (state.status === "redeemed" && state.act.idempotencyKey === command.idempotencyKey) {
    if (state.act.contentDigest === digest) return ok({ events: [], redemption: state.redemption, replayed: true });
    return refuse(
      "idempotency_mismatch",
      "idempotency_key",
      command.idempotencyKey,
      "the content that the key came with",
    );
  }
  const used = useOffer(state, command);
  if (!used.ok) return used;
  if (state.status !== "issued") throw new Error("only an issued offer can be used");
  const event: OfferRedeemed = {
    kind: "redeemed",
    offerId: state.terms.offerId,
    atMs: command.nowMs,
    act: { idempotencyKey: command.idempotencyKey, contentDigest: digest },
    orderId: command.orderId,
    redemption: used.value,
  };
  return ok({ events: [event], redemption: used.value, replayed: false });
}
