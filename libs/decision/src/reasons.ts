import type { CartGuardrailReason } from "@leastwise/offers";

/** Why a decision came out as it did. Stable; a metric label. */
export const DECISION_REASONS = [
  /** The least converting incentive was issued. */
  "granted",
  /** Owed, and issued: no incentive above it was worth it. */
  "entitlement",
  /** An offer issued before still fits the cart: it is the answer. */
  "offer_outstanding",
  /** The baseline is the best rung, or none above it is worth it with enough evidence. */
  "least_is_none",
  /** The draw fell on the baseline although a rung above it would have been chosen. */
  "explored_none",
  /** The same cart was answered with none in this episode. */
  "answer_stands",
  /** Something would have been given; the subject is held out. */
  "holdout",
  /** Something would have been given; this is a replay of what has already happened. */
  "observe_only",
  /** No campaign applies to this shopper and cart. */
  "not_eligible",
  /** Campaigns apply, and every rung is blocked by a rule or a guardrail. */
  "no_admissible_rung",
  /** New offers are stopped. */
  "kill_switch",
  /** The cart is in another currency than the policy. */
  "foreign_currency",
  /** The cart's prices have tax in them and the policy's have not, or the other way round. */
  "foreign_price_basis",
  /** The safe answer was given; `degradedReason` says why. */
  "degraded",
] as const;
export type DecisionReason = (typeof DECISION_REASONS)[number];

/** Why a campaign does not apply. Stable; a metric label. */
export const INELIGIBLE_REASONS = [
  "not_running",
  "partner_exclusive",
  "segment_does_not_hold",
  "segment_expression_failed",
  "consent_missing",
  "class_not_proposed",
  "feature_absent",
  "not_abandoned",
  "not_dormant",
  "churn_too_low",
  "churn_too_high",
  "propensity_too_low",
  "propensity_too_high",
  "no_line_qualifies",
  "exchange_not_accepted",
  "exchange_given",
  "exchange_over",
  "entitlement_outweighed",
] as const;
export type IneligibleReason = (typeof INELIGIBLE_REASONS)[number];

/** What blocks a rung. Stable; a metric label. Guardrails begin with `guardrail_`, or are caps, budgets, breakers and the switch. */
export type BlockReason =
  | CartGuardrailReason
  | "incentive_not_applicable"
  | "below_entitlement"
  | "offer_outstanding"
  | "stacking_group"
  | "deeper_than_before"
  | "refused_before"
  | "answered_before_left"
  | "recovered_before"
  | "guardrail_subject_max"
  | "frequency_cap"
  | "cool_down"
  | "open_offers_max"
  | "margin_unknown"
  | "margin_breaker"
  | "quantity_unknown"
  | "quantity_exhausted"
  | "budget_exhausted"
  | "budget_unknown"
  | "kill_switch";

/** All of them. */
export const BLOCK_REASONS: readonly BlockReason[] = [
  "incentive_not_applicable",
  "below_entitlement",
  "offer_outstanding",
  "stacking_group",
  "deeper_than_before",
  "refused_before",
  "answered_before_left",
  "recovered_before",
  "kill_switch",
  "margin_unknown",
  "margin_breaker",
  "guardrail_excluded_goods",
  "guardrail_floor_price",
  "guardrail_max_discount",
  "guardrail_cart_max_discount",
  "guardrail_incentive_max",
  "guardrail_margin_floor",
  "guardrail_subject_max",
  "frequency_cap",
  "cool_down",
  "open_offers_max",
  "quantity_unknown",
  "quantity_exhausted",
  "budget_unknown",
  "budget_exhausted",
];

/** Why an answer is the safe one. Stable; a metric label. */
export const DEGRADED_REASONS = [
  "features_restoring",
  "no_policy",
  "deadline_near",
  "log_unavailable",
  "owner_unavailable",
  "owner_changing",
  "policy_unseen",
  "model_unbelievable",
] as const;
export type DegradedReason = (typeof DEGRADED_REASONS)[number];
