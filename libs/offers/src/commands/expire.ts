import { ok, type Millis, type Result } from "@leastwise/vocabulary";
import type { IssuedOffer, OfferExpired, OfferRevoked, OfferState, ReservedOffer } from "../offer.js";
import type { OfferRefusal } from "../reasons.js";
import { refuse } from "../refuse.js";

/** Ends an offer whose time to live has run out, or whose campaign was taken back and that is reserved no longer. */
export interface ExpireCommand {
  readonly nowMs: Millis;
}

/** The end, or nothing where the offer's life is over already. Refused before its time (`offer_not_due`), which a reservation puts off. */
export function expire(command: ExpireCommand, state: IssuedOffer): Result<readonly OfferExpired[], OfferRefusal>;
export function expire(
  command: ExpireCommand,
  state: OfferState,
): Result<readonly (OfferExpired | OfferRevoked)[], OfferRefusal>;
export function expire(
  { nowMs }: ExpireCommand,
  state: OfferState,
): Result<readonly (OfferExpired | OfferRevoked)[], OfferRefusal> {
  if (state.status === "unknown") return refuse("unknown_code", "code", undefined, "a code that was issued");
  if (state.status !== "issued" && state.status !== "reserved") return ok([]);
  const { offerId, expiresAtMs } = state.terms;
  const dueMs = state.status === "reserved" ? endOfReserved(state) : expiresAtMs;
  if (nowMs < dueMs) return refuse("offer_not_due", "now_ms", nowMs, `an instant from ${String(dueMs)} on`);
  if (state.status === "reserved" && state.revocation !== undefined)
    return ok([{ kind: "revoked", offerId, atMs: nowMs, by: state.revocation.by }]);
  return ok([{ kind: "expired", offerId, atMs: nowMs }]);
}

function endOfReserved({ terms, reservation: { untilMs }, revocation }: ReservedOffer): number {
  return revocation === undefined ? Math.max(untilMs, terms.expiresAtMs) : untilMs;
}
