import { DAY_MS, MINUTE_MS, ok, type Millis, type Result } from "@leastwise/vocabulary";
import { answered, answerOf, tooManyActs } from "../acts.js";
import { reserveDigest, type NamedSubjects } from "../content-digest.js";
import type { Act, OfferReserved, OfferState, Reservation } from "../offer.js";
import type { OfferRefusal } from "../reasons.js";
import { instantTold, refuse } from "../refuse.js";
import { asOf } from "../standing.js";
import { useCounted, useOffer, type OfferUse } from "./use.js";

/** How long an offer is held where nobody says. */
export const RESERVATION_TTL_MS = 15 * MINUTE_MS;
/** Longest that it can be held at once. */
export const RESERVATION_TTL_MS_MAX = 7 * DAY_MS;

/** Holds an offer for an order or a cart, or holds it longer: the owner's next one replaces the one before. */
export interface ReserveCommand extends OfferUse {
  /** The order or cart that it is held for. */
  readonly orderId: string;
  /** How long from now on, ms, 1 to {@link RESERVATION_TTL_MS_MAX}. Absent or 0: {@link RESERVATION_TTL_MS}. */
  readonly ttlMs?: number;
  readonly named: NamedSubjects;
  readonly idempotencyKey: string;
  /** The offer that was used on the order already, or may have been; undefined if none was. */
  readonly offerOnOrder: string | undefined;
}

/** A reservation that is taken. */
export interface Reserved {
  /** To be made durable before the answer leaves; empty for a repeat. */
  readonly events: readonly OfferReserved[];
  readonly untilMs: Millis;
  /** What the offer gives on the cart, minor units. */
  readonly discountMinor: number;
  /** True if this answers a call made before with the same key. */
  readonly replayed: boolean;
}

/**
 * Holds an offer that is good now. The reservation may end behind the offer's life: what was held in time is honoured. A renewal is asked like a
 * first one, so none begins once that life, or its campaign, is over, and nobody holds an offer for ever. The promotion's limits are asked, but only
 * a redemption counts.
 */
export function reserve(command: ReserveCommand, state: OfferState): Result<Reserved, OfferRefusal> {
  const { ttlMs = 0, nowMs, cart, orderId, idempotencyKey } = command;
  const act: Act = { idempotencyKey, contentDigest: reserveDigest({ ...command, ttlMs }) };
  const before = answered(act, state);
  if (before?.ok === false) return before;
  if (before !== undefined) {
    const { untilMs, discountMinor } = answerOf("reserved", before.value);
    return ok({ events: [], untilMs, discountMinor, replayed: true });
  }
  const lastsMs = ttlMs === 0 ? RESERVATION_TTL_MS : ttlMs;
  if (!Number.isSafeInteger(lastsMs) || lastsMs < 1 || lastsMs > RESERVATION_TTL_MS_MAX)
    return refuse("ttl_out_of_range", "ttl_ms", ttlMs, `0, or 1 to ${String(RESERVATION_TTL_MS_MAX)} ms`);
  const used = useOffer(state, command);
  if (!used.ok) return used;
  const refused = notToBeHeld(command, state);
  if (refused !== undefined) return refused;
  const counted = useCounted(command, used.value);
  if (!counted.ok) return counted;
  const untilMs = (nowMs + lastsMs) as Millis;
  const { discountMinor } = used.value;
  const reservation: Reservation = { orderId, untilMs, discountMinor, cart };
  const event: OfferReserved = { kind: "reserved", offerId: offerIdOf(state), atMs: nowMs, act, reservation };
  return ok({ events: [event], untilMs, discountMinor, replayed: false });
}

function notToBeHeld({ nowMs, offerOnOrder, orderId }: ReserveCommand, state: OfferState) {
  const stands = asOf(state, nowMs);
  if (stands.status !== "issued" && stands.status !== "reserved") throw new Error("only a free offer is good");
  const { offerId, code, expiresAtMs } = stands.terms;
  if (nowMs >= expiresAtMs)
    return refuse("offer_expired", "code", code, `a renewal before ${instantTold(expiresAtMs)}`);
  if (stands.status === "reserved" && stands.revocation !== undefined)
    return refuse("offer_revoked", "code", code, "an offer whose campaign was not taken back");
  if (offerOnOrder !== undefined && offerOnOrder !== offerId)
    return refuse("order_has_code", "order_id", orderId, "an order on which no other code was used");
  return tooManyActs("holds", stands.acts);
}

function offerIdOf(state: OfferState): string {
  if (state.status === "unknown") throw new Error("only a known offer is good");
  return state.terms.offerId;
}
