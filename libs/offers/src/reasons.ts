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
  | "offer_reserved"
  | "offer_not_reserved"
  | "offer_revoked"
  | "offer_refunded"
  | "offer_not_redeemed"
  | "order_reused"
  | "foreign_order"
  | "ttl_out_of_range"
  | "unknown_line"
  | "quantity_out_of_range"
  | "refund_over_redeemed"
  | "too_many_acts"
  | "limit_reached"
  | "limit_attribute_missing"
  | "limit_below_used"
  | CartGuardrailReason;

/** A refusal of an act on an offer. */
export interface OfferRefusal {
  readonly reason: OfferRefusalReason;
  readonly field: string;
  readonly came: string;
  readonly expected: string;
}
