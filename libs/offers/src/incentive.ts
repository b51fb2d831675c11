import type { Money } from "@leastwise/vocabulary";

/** Something given to a shopper. Mirrors `policy.proto`; all money is in the policy's currency. */
export type Incentive =
  PercentOff | AmountOff | FreeShipping | BundleCredit | LoyaltyCredit | TieredCashback | PartnerExclusive;

/** A share of the cart's goods. */
export interface PercentOff {
  readonly kind: "percent_off";
  /** Basis points of the goods, 1 to 10 000. */
  readonly percentBp: number;
  /** Most that is given. Absent: no maximum of its own. */
  readonly maximum?: Money;
}

/** An amount off the cart's goods, never more than they cost. */
export interface AmountOff {
  readonly kind: "amount_off";
  readonly amount: Money;
  /** Least value of the goods. Absent: none. */
  readonly cartMin?: Money;
}

/** The cart's shipping. */
export interface FreeShipping {
  readonly kind: "free_shipping";
  /** Most that is given. Absent: no maximum of its own. */
  readonly maximum?: Money;
}

/** An amount off certain products if all of them are together in the cart; given once, however many sets there are. */
export interface BundleCredit {
  readonly kind: "bundle_credit";
  /** 2 to 16 SKUs. */
  readonly productIds: readonly string[];
  readonly amount: Money;
}

/** An amount on the shopper's loyalty account, for later. */
export interface LoyaltyCredit {
  readonly kind: "loyalty_credit";
  readonly amount: Money;
}

/** A share of the goods paid back after the return period, by the highest tier that the goods reach. */
export interface TieredCashback {
  readonly kind: "tiered_cashback";
  /** Ascending minimums, 1 to 8. */
  readonly tiers: readonly CashbackTier[];
}

/** One tier of a cashback. */
export interface CashbackTier {
  /** Least value of the goods. */
  readonly cartMin: Money;
  /** Basis points of the goods paid back, 1 to 10 000. */
  readonly cashbackBp: number;
}

/** What a partner gives to its own: an amount off the goods. */
export interface PartnerExclusive {
  readonly kind: "partner_exclusive";
  readonly partnerId: string;
  readonly amount: Money;
}

/** Kind of an incentive; also the name of its response format in a model and the metric label `kind`. */
export type IncentiveKind = Incentive["kind"];

/** All kinds. */
export const INCENTIVE_KINDS: readonly IncentiveKind[] = [
  "percent_off",
  "amount_off",
  "free_shipping",
  "bundle_credit",
  "loyalty_credit",
  "tiered_cashback",
  "partner_exclusive",
];
