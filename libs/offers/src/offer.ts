import type { CurrencyCode, Millis, SubjectId } from "@leastwise/vocabulary";
import type { KeptAct } from "./acts.js";
import type { CartChange } from "./cart-changes.js";
import type { Cart } from "./cart.js";
import type { Incentive } from "./incentive.js";
import type { CountedUse } from "./limits/usage-limit.js";
import type { LineUnits } from "./line-units.js";
import type { OrderMargin } from "./order-margin.js";

/** What was promised when an offer was issued. Never changes, but for what is held once a use was given back. */
export interface OfferTerms {
  readonly offerId: string;
  /** Canonical code, in groups of four. */
  readonly code: string;
  readonly subject: SubjectId;
  readonly campaignId: string;
  /** The decision that issued it. */
  readonly decisionId: string;
  readonly incentive: Incentive;
  readonly currency: CurrencyCode;
  /** What it is worth on the cart that it was decided for, minor units. */
  readonly faceValueMinor: number;
  /** What it would be worth there if nothing shortened it, minor units. Absent: as much. */
  readonly wantedMinor?: number;
  /**
   * Most that it can cost, minor units: held since the issue, and never exceeded by a redemption. Where a use was given back it is what that use
   * cost, and nothing else is held for it: what it did not cost is spent elsewhere by then.
   */
  readonly heldMinor: number;
  readonly issuedAtMs: Millis;
  /** First instant at which it is no longer good. */
  readonly expiresAtMs: Millis;
}

/** A line's part of a discount, fixed at redemption. */
export interface LineShare {
  /** Place of the line in the redeemed cart, from 0. */
  readonly line: number;
  readonly productId: string;
  readonly quantity: number;
  readonly discountMinor: number;
}

/** What a redemption gives. */
export interface Redemption {
  /** What the shopper gains, minor units: off the goods, off the shipping, or credited or paid back later. */
  readonly discountMinor: number;
  /** What the shopper would gain if nothing shortened it, minor units. Absent: as much. */
  readonly wantedMinor?: number;
  /** Most that it costs the shop, minor units: what is charged to a budget. */
  readonly costMinor: number;
  /** Each line's part, lines without one left out; they add up to `discountMinor` for incentives on goods. */
  readonly shares: readonly LineShare[];
  /** What each unit of the order gives back when it is returned: all lines of the cart. Absent: recorded before that was kept. */
  readonly units?: readonly LineUnits[];
  /** What the order brought in. Absent: recorded before that was kept. */
  readonly order?: OrderMargin | undefined;
}

/** Where an offer stands in its life. What has no meaning in a state cannot be read there. */
export type OfferState = { readonly status: "unknown" } | KnownOffer;

/** An offer that was issued, wherever it stands since. */
export type KnownOffer = IssuedOffer | ReservedOffer | UsedOffer | ExpiredOffer | RevokedOffer;

/** What every known offer has. */
interface Known {
  readonly terms: OfferTerms;
  /** What callers asked of it and what they were told, the oldest first: see `ACTS_MAX`. */
  readonly acts: readonly KeptAct[];
  /** Orders that have used it, all given back since but the present one: none of them uses it again. */
  readonly orders: readonly string[];
}

/** Promised, and free to be used. */
export interface IssuedOffer extends Known {
  readonly status: "issued";
}

/** Held for an order. Whether that still lasts is a question of the instant: `asOf`. */
export interface ReservedOffer extends Known {
  readonly status: "reserved";
  readonly reservation: Reservation;
  /** Its campaign was revoked in the meantime: it is over with the reservation. Absent: it was not. */
  readonly revocation?: Revocation;
}

/** Used: `redeemed` while something of it is left to give back, `refunded` once nothing is. */
export interface UsedOffer extends Known {
  readonly status: "redeemed" | "refunded";
  readonly orderId: string;
  readonly redemption: Redemption;
  readonly redeemedAtMs: Millis;
  /** What was given back so far. */
  readonly refunded: Refunded;
}

/** Over, unused. */
export interface ExpiredOffer extends Known {
  readonly status: "expired";
  readonly expiredAtMs: Millis;
}

/** Taken back by the merchant, unused. */
export interface RevokedOffer extends Known {
  readonly status: "revoked";
  readonly revocation: Revocation;
}

/** An offer held for one order or cart. */
export interface Reservation {
  /** The order or cart that it is held for: nobody else uses it meanwhile. */
  readonly orderId: string;
  /** First instant at which it is no longer held. May lie behind the end of the offer's life. */
  readonly untilMs: Millis;
  /** What the offer gives on `cart`, minor units. */
  readonly discountMinor: number;
  /** The cart that it was held with: a redemption says what changed since. */
  readonly cart: Cart;
}

/** Who takes offers back: `campaign` with all others of it, `hand` this very one. */
export type RevokedBy = "campaign" | "hand";

/** An offer taken back. */
export interface Revocation {
  readonly by: RevokedBy;
  readonly atMs: Millis;
}

/** What was given back of a redemption so far. */
export interface Refunded {
  /** Of what the shopper gained, minor units. */
  readonly discountMinor: number;
  /** Of what it cost the shop, minor units. */
  readonly costMinor: number;
  /** Units returned of each line, in the order of `unitsOfLines`. */
  readonly quantities: readonly number[];
}

/** A caller's act under its idempotency key. */
export interface Act {
  /** 1 to 255 bytes. */
  readonly idempotencyKey: string;
  /** Digest of the request's content, to tell a repeat from another request under the same key. */
  readonly contentDigest: string;
}

/** What happens to an offer. `issued` is part of its decision's record; the others stand on the topic `offers`. */
export type OfferEvent =
  OfferIssued | OfferReserved | OfferReleased | OfferRedeemed | OfferRefunded | OfferExpired | OfferRevoked;

/** It was promised. */
export interface OfferIssued {
  readonly kind: "issued";
  readonly terms: OfferTerms;
}

/** It is held for an order, or longer than before. */
export interface OfferReserved {
  readonly kind: "reserved";
  readonly offerId: string;
  readonly atMs: Millis;
  readonly act: Act;
  readonly reservation: Reservation;
}

/** It is no longer held for the order. */
export interface OfferReleased {
  readonly kind: "released";
  readonly offerId: string;
  readonly atMs: Millis;
  readonly act: Act;
  readonly orderId: string;
}

/** It was used. */
export interface OfferRedeemed {
  readonly kind: "redeemed";
  readonly offerId: string;
  readonly atMs: Millis;
  readonly act: Act;
  readonly orderId: string;
  readonly redemption: Redemption;
  /** What is otherwise than it was reserved with, the cart or what the offer gives. Absent: nothing is, or it was not reserved. */
  readonly changes?: readonly CartChange[];
  /** What it counts for its promotion's limits. Absent: nothing. */
  readonly use?: CountedUse;
}

/** Something of its redemption was given back. */
export interface OfferRefunded {
  readonly kind: "refunded";
  readonly offerId: string;
  readonly atMs: Millis;
  readonly act: Act;
  readonly orderId: string;
  readonly refund: Refund;
}

/** What one refund gives back. */
export interface Refund {
  /** Of what the shopper gained, minor units. */
  readonly discountMinor: number;
  /** Of what it cost the shop, minor units. */
  readonly costMinor: number;
  /** Units that came back, and their part, by line. */
  readonly lines: readonly LineShare[];
  /** Nothing of the redemption is left. */
  readonly isWhole: boolean;
  /** The use no longer counts for limits, and the offer is good again while its life lasts. */
  readonly givesUseBack: boolean;
}

/** Its time to live ran out unused: what was held for it is free again. */
export interface OfferExpired {
  readonly kind: "expired";
  readonly offerId: string;
  readonly atMs: Millis;
}

/** It was taken back: what was held for it is free again, unless it is reserved. */
export interface OfferRevoked {
  readonly kind: "revoked";
  readonly offerId: string;
  readonly atMs: Millis;
  readonly by: RevokedBy;
  /** Absent: nobody asked; a reservation ended that a revocation had waited for. */
  readonly act?: Act;
}

/** Before its issue an offer is not known. */
export const UNKNOWN_OFFER: OfferState = { status: "unknown" };
