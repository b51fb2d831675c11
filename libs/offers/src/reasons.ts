import type { CartGuardrailReason } from "./guardrails/cart-guardrails.js";

/** Why a code is not taken: stable, a metric label. */
export type OfferRefusalReason =
  | "unknown_code"
  | "foreign_subject"
  | "offer_redeemed"
  | "offer_expired"
  | "offer_not_due"
  | "foreign_currency"
  | "foreign_price_basis"
  | "incentive_not_applicable"
  | "idempotency_mismatch"
  | "order_has_code"
  | "payment_method_missing"
  | CartGuardrailReason;

/** A refusal of an act on an offer. */
export interface OfferRefusal {
  readonly reason: OfferRefusalReason;
  readonly field: string;
  readonly came: string;
  readonly expected: string;
}
