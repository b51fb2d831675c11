import type { CurrencyCode, Millis, SubjectId } from "@leastwise/vocabulary";
import type { Incentive } from "./incentive.js";
import type { OrderMargin } from "./order-margin.js";

/** What was promised when an offer was issued. Never changes. */
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
  /** Most that it can cost, minor units: held since the issue, and never exceeded by a redemption. */
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
  /** What the order brought in. Absent: recorded before that was kept. */
  readonly order?: OrderMargin | undefined;
}

/** Where an offer stands in its life. What has no meaning in a state cannot be read there. */
export type OfferState =
  | { readonly status: "unknown" }
  | { readonly status: "issued"; readonly terms: OfferTerms }
  | {
      readonly status: "redeemed";
      readonly terms: OfferTerms;
      readonly orderId: string;
      readonly redemption: Redemption;
      readonly redeemedAtMs: Millis;
      /** The act that redeemed it: the same one again is answered again. */
      readonly act: Act;
    }
  | { readonly status: "expired"; readonly terms: OfferTerms; readonly expiredAtMs: Millis };

/** A caller's act under its idempotency key. */
export interface Act {
  /** 1 to 255 bytes. */
  readonly idempotencyKey: string;
  /** Digest of the request's content, to tell a repeat from another request under the same key. */
  readonly contentDigest: string;
}

/** What happens to an offer. `issued` is part of its decision's record; the others stand on the topic `offers`. */
export type OfferEvent = OfferIssued | OfferRedeemed | OfferExpired;

/** It was promised. */
export interface OfferIssued {
  readonly kind: "issued";
  readonly terms: OfferTerms;
}

/** It was used. */
export interface OfferRedeemed {
  readonly kind: "redeemed";
  readonly offerId: string;
  readonly atMs: Millis;
  readonly act: Act;
  readonly orderId: string;
  readonly redemption: Redemption;
}

/** Its time to live ran out unused: what was held for it is free again. */
export interface OfferExpired {
  readonly kind: "expired";
  readonly offerId: string;
  readonly atMs: Millis;
}

/** Before its issue an offer is not known. */
export const UNKNOWN_OFFER: OfferState = { status: "unknown" };
