import { ok, type Millis, type Result } from "@leastwise/vocabulary";
import { answered, answerOf } from "../acts.js";
import { revokeDigest } from "../content-digest.js";
import type { Act, OfferRevoked, OfferState, RevokedBy } from "../offer.js";
import type { OfferRefusal } from "../reasons.js";
import { refuse } from "../refuse.js";
import { asOf } from "../standing.js";

/** Takes an offer back. */
export interface RevokeCommand {
  readonly nowMs: Millis;
  /** With its whole campaign, or this very one by hand. */
  readonly by: RevokedBy;
  readonly idempotencyKey: string;
}

/** A revocation that is taken. */
export interface Revoked {
  /** To be made durable before the answer leaves; empty for a repeat. */
  readonly events: readonly OfferRevoked[];
  /** When the offer is over at the latest: at once, or with the reservation that is honoured. */
  readonly fromMs: Millis;
  /** True if this answers a call made before with the same key. */
  readonly replayed: boolean;
}

/**
 * Takes back an offer that was not used. By hand it is over at once, reserved or not: that is for fraud and mistakes. With its campaign an
 * offer that somebody is at the checkout with stays good for that order until its reservation ends, and is renewed no more.
 */
export function revoke(command: RevokeCommand, state: OfferState): Result<Revoked, OfferRefusal> {
  const { nowMs, by, idempotencyKey } = command;
  const act: Act = { idempotencyKey, contentDigest: revokeDigest(by) };
  const before = answered(act, state);
  if (before?.ok === false) return before;
  if (before !== undefined) return ok({ events: [], fromMs: answerOf("revoked", before.value).fromMs, replayed: true });
  const stands = asOf(state, nowMs);
  if (stands.status === "unknown") return refuse("unknown_code", "code", undefined, "a code that was issued");
  const { code, offerId, expiresAtMs } = stands.terms;
  if (stands.status === "redeemed" || stands.status === "refunded")
    return refuse("offer_redeemed", "code", code, "an offer that was not used yet; what was used is refunded");
  if (stands.status === "expired" || (stands.status === "issued" && nowMs >= expiresAtMs))
    return refuse("offer_expired", "code", code, `a revocation before ${String(expiresAtMs)}`);
  const isAgain = stands.status === "reserved" && stands.revocation !== undefined && by === "campaign";
  if (stands.status === "revoked" || isAgain)
    return refuse("offer_revoked", "code", code, "an offer that was not taken back");
  const fromMs = stands.status === "reserved" && by === "campaign" ? stands.reservation.untilMs : nowMs;
  return ok({ events: [{ kind: "revoked", offerId, atMs: nowMs, by, act }], fromMs, replayed: false });
}
