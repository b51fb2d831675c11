/**
 * Rows as they go into the tables of `migrations/`, where each column's meaning stands as its COMMENT. Times (`…_at`, `at`)
 * are Unix milliseconds; money is in minor units of the row's currency; an empty text is "unknown" or "none" as the column
 * says. Nested columns are lists of objects.
 */

/** The record of the log that caused the row. */
export interface LogPosition {
  readonly log_incarnation: string;
  readonly log_topic: string;
  readonly log_partition: number;
  readonly log_offset: number;
}

/** A line of a cart, an order or a return. */
export interface LineRow {
  readonly product_id: string;
  readonly quantity: number;
  /** Null: unknown. */
  readonly unit_price_minor: number | null;
  /** Of the whole line. */
  readonly discount_minor: number;
}

/** A line of an order, with what one unit cost; null: unknown. */
export interface OrderLineRow extends LineRow {
  readonly unit_cost_minor: number | null;
}

/** Something a shopper did. */
export interface ClickstreamRow extends LogPosition {
  readonly subject: string;
  readonly assignment_key: string;
  readonly event_id: string;
  readonly kind: string;
  readonly occurred_at: number;
  readonly received_at: number;
  readonly session_id: string;
  readonly channel: string;
  readonly device: string;
  readonly place: string;
  readonly product_id: string;
  readonly category: string;
  readonly brand: string;
  readonly quantity: number;
  readonly unit_price_minor: number | null;
  /** The event said no price: it is the catalog's. */
  readonly unit_price_from_catalog: boolean;
  readonly currency: string;
  readonly order_id: string;
  readonly revenue_minor: number | null;
  /** The event alone did not say what was paid: it is so by the catalog's prices. */
  readonly revenue_from_catalog: boolean;
  readonly discount_minor: number | null;
  readonly lines: readonly LineRow[];
  /** Those that read as ours as their hash, which joins `offers.code_hash`; others as they came. */
  readonly codes: readonly string[];
  readonly source: string;
}

/** A rung as it was weighed. */
export interface RungRow {
  readonly campaign: string;
  readonly rung: number;
  readonly incentive_kind: string;
  readonly depth_bp: number;
  readonly face_value_minor: number;
  readonly expected_cost_minor: number;
  readonly conversion: number;
  readonly value_minor: number;
  readonly evidence: number;
  /** The weights of a decision sum to 2^32. */
  readonly weight: number;
  readonly admissible: boolean;
  readonly blocked_by: string;
}

/** An answer of Decide, or the ghost of one. */
export interface DecisionRow extends LogPosition {
  readonly decision_id: string;
  readonly subject: string;
  readonly assignment_key: string;
  readonly request_id: string;
  readonly caller: string;
  readonly session_id: string;
  readonly decided_at: number;
  readonly clock: "wall" | "event";
  readonly experiment: string;
  readonly arm: "treatment" | "holdout" | "";
  readonly enrolled_at: number | null;
  readonly first_of_enrolment: boolean;
  readonly campaign: string;
  readonly episode_id: string;
  readonly cart_value_minor: number;
  readonly currency: string;
  readonly cart_digest: string;
  readonly cart: readonly LineRow[];
  readonly channel: string;
  readonly device: string;
  readonly rung: number;
  readonly exploit_rung: number;
  readonly incentive_kind: string;
  readonly depth_bp: number;
  readonly face_value_minor: number;
  readonly expected_cost_minor: number;
  readonly propensity: number;
  readonly propensity_weight: number;
  readonly draw: number;
  readonly rungs: readonly RungRow[];
  readonly ghost: boolean;
  readonly continued: boolean;
  readonly explored: boolean;
  readonly observe_only: boolean;
  readonly degraded_reason: string;
  readonly freshness: string;
  /** A class at its default has no key. */
  readonly class_lag_ms: Readonly<Record<string, number>>;
  readonly reason: string;
  readonly offer_id: string;
  readonly held_minor: number;
  readonly budget_id: string;
  readonly horizon_ms: number;
  readonly policy_version: string;
  readonly model_version: string;
  readonly consent: boolean;
  readonly consent_purposes: readonly string[];
  readonly personal_data_used: boolean;
  readonly personal_data_classes: readonly string[];
  readonly disclosure: string;
  readonly segments: readonly string[];
  /** What was absent has no key: never NaN. */
  readonly features: Readonly<Record<string, number>>;
  readonly features_as_of_partition: number;
  /** −1: none. */
  readonly features_as_of_offset: number;
  readonly explanation: string;
  /** Empty: none. */
  readonly exchange_campaign_id: string;
}

/** A line's part of what an offer took off the price of goods. */
export interface OfferLineRow {
  readonly product_id: string;
  readonly quantity: number;
  readonly discount_minor: number;
}

/** One act in the life of an offer. */
export interface OfferRow extends LogPosition {
  readonly offer_id: string;
  readonly subject: string;
  readonly assignment_key: string;
  readonly decision_id: string;
  readonly campaign: string;
  readonly kind: "issued" | "reserved" | "redeemed" | "released" | "refunded" | "expired" | "revoked";
  readonly at: number;
  readonly order_id: string;
  readonly idempotency_key: string;
  readonly cost_minor: number;
  readonly face_value_minor: number;
  readonly currency: string;
  /** Never the code itself. */
  readonly code_hash: string;
  readonly lines: readonly OfferLineRow[];
}

/** An order as it was placed. */
export interface OrderRow extends LogPosition {
  readonly order_id: string;
  readonly subject: string;
  readonly assignment_key: string;
  readonly ordered_at: number;
  readonly received_at: number;
  readonly currency: string;
  /** Paid for the goods, all discounts taken off; null: unknown. */
  readonly revenue_minor: number | null;
  readonly discount_minor: number;
  /** Null if the cost of any line is unknown, or the revenue is. */
  readonly cost_of_goods_minor: number | null;
  readonly lines: readonly OrderLineRow[];
  /** Those that read as ours as their hash, which joins `offers.code_hash`; others as they came. */
  readonly codes: readonly string[];
  readonly source: string;
}

/** Goods that came back. */
export interface ReturnRow extends LogPosition {
  readonly event_id: string;
  readonly order_id: string;
  readonly subject: string;
  readonly assignment_key: string;
  readonly returned_at: number;
  readonly received_at: number;
  readonly currency: string;
  /** Null: not said. */
  readonly refund_minor: number | null;
  readonly cost_recovered_minor: number;
  readonly lines: readonly LineRow[];
}

/** Membership of an experiment. */
export interface EnrolmentRow extends LogPosition {
  readonly subject: string;
  readonly assignment_key: string;
  readonly experiment: string;
  readonly arm: "treatment" | "holdout";
  readonly enrolled_at: number;
  /** Share held out at that moment. */
  readonly holdout_bp: number;
  readonly consent: boolean;
  readonly segments: readonly string[];
  readonly decision_id: string;
}

/** What a login moved from an anonymous shopper to an account. */
export interface MoveRow extends LogPosition {
  readonly subject: string;
  readonly from_subject: string;
  /** The link's place in the clickstream: what came before it was moved. */
  readonly link_partition: number;
  readonly link_offset: number;
}

/** Something that could not be taken. */
export interface DeadLetterRow extends LogPosition {
  readonly topic: string;
  readonly partition: number;
  /** Null if it never got into the log. */
  readonly offset: number | null;
  readonly reason: string;
  readonly field: string;
  readonly expected: string;
  readonly received_at: number;
  /** Base64 of the bytes, each character of what reads as a code of ours an asterisk. */
  readonly payload: string;
  readonly source: string;
}

/** The tables and what a row of each is. */
export interface TableRows {
  readonly clickstream: ClickstreamRow;
  readonly decisions: DecisionRow;
  readonly offers: OfferRow;
  readonly orders: OrderRow;
  readonly returns: ReturnRow;
  readonly enrolments: EnrolmentRow;
  readonly dead_letters: DeadLetterRow;
  readonly moves: MoveRow;
}

export type TableName = keyof TableRows;

/** All tables that rows are written to. */
export const TABLE_NAMES = [
  ...(["clickstream", "decisions", "offers", "orders", "returns", "enrolments", "dead_letters", "moves"] as const),
] satisfies readonly TableName[];
