import type { CartGuardrailReason } from "./guardrails/cart-guardrails.js";

/** Why a code is not taken: stable, a metric label. */
export type OfferRefusalReason =
  | "unknown_code"
  | "foreign_subject"
  | "offer_redeemed"
  | "offer_expired"
  | "offer_not_due"
  | "foreign_currency"
  | "incentive_not_applicable"
  | "idempotency_mismatch"
  | CartGuardrailReason;

/** All of them. */
export const OFFER_REFUSAL_REASONS: readonly OfferRefusalReason[] = [
  "unknown_code",
  "foreign_subject",
  "offer_redeemed",
  "offer_expired",
  "offer_not_due",
  "foreign_currency",
  "incentive_not_applicable",
  "idempotency_mismatch",
  "guardrail_floor_price",
  "guardrail_max_discount",
  "guardrail_margin_floor",
];

/** A refusal of an act on an offer. */
export interface OfferRefusal {
  readonly reason: OfferRefusalReason;
  readonly field: string;
  readonly came: string;
  readonly expected: string;
}
