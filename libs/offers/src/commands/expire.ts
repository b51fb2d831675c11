import { ok, type Millis, type Result } from "@leastwise/vocabulary";
import type { OfferExpired, OfferState } from "../offer.js";
import type { OfferRefusal } from "../reasons.js";
import { refuse } from "./use.js";

/** Ends an offer whose time to live has run out. */
export interface ExpireCommand {
  readonly nowMs: Millis;
}

/** The expiry, or nothing where the offer's life is over already. Refused before its time (`offer_not_due`). */
export function expire({ nowMs }: ExpireCommand, state: OfferState): Result<readonly OfferExpired[], OfferRefusal> {
  if (state.status === "unknown") return refuse("unknown_code", "code", undefined, "a code that was issued");
  if (state.status !== "issued") return ok([]);
  const { offerId, expiresAtMs } = state.terms;
  if (nowMs < expiresAtMs) return refuse("offer_not_due", "now_ms", nowMs, `an instant from ${String(expiresAtMs)} on`);
  return ok([{ kind: "expired", offerId, atMs: nowMs }]);
}
