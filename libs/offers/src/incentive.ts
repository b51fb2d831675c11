import type { Money } from "@leastwise/vocabulary";

/** Something given to a shopper. Mirrors `policy.proto`; all money is in the policy's currency. */
export type Incentive =
  | PercentOff
  | AmountOff
  | FreeShipping
  | BundleCredit
  | LoyaltyCredit
  | TieredCashback
  | PartnerExclusive
  | BuyXGetY
  | Gift
  | PaymentDiscount;

/** Which of a cart's units an incentive is reckoned from: lines that one of the lists names, or all lines where there is no list. */
export interface Scope {
  readonly productIds: readonly string[];
  readonly categories: readonly string[];
  readonly brands: readonly string[];
  /** Of those units only so many, the cheapest or the dearest. Absent: all. */
  readonly units?: { readonly kind: "cheapest" | "dearest"; readonly count: number };
}

/** A share of the cart's goods. */
export interface PercentOff {
  readonly kind: "percent_off";
  /** Basis points of the goods, 1 to 10 000. */
  readonly percentBp: number;
  /** Most that is given. Absent: no maximum of its own. */
  readonly maximum?: Money;
  /** Absent: all units. */
  readonly scope?: Scope;
}

/** An amount off the cart's goods, never more than they cost. */
export interface AmountOff {
  readonly kind: "amount_off";
  readonly amount: Money;
  /** Least value of the goods in scope. Absent: none. */
  readonly cartMin?: Money;
  /** Absent: all units. */
  readonly scope?: Scope;
  /** How often the amount is given. Absent: once, split over what is in scope. */
  readonly per?: "line" | "unit";
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
  /** Share that is never spent, basis points, 0 to 9 999. Absent: none. */
  readonly breakageBp?: number;
  /** How long after the redemption it is credited, ms. Absent: at once. */
  readonly paidAfterMs?: number;
}

/** A share of the goods paid back after the return period, by the highest tier that the goods reach. */
export interface TieredCashback {
  readonly kind: "tiered_cashback";
  /** Ascending minimums, 1 to 8. */
  readonly tiers: readonly CashbackTier[];
  /** Share that is never paid out, basis points, 0 to 9 999. Absent: none. */
  readonly breakageBp?: number;
  /** How long after the redemption it is paid, ms. Absent: at once. */
  readonly paidAfterMs?: number;
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

/** Units at a reduced price, or free, for units bought, for as many whole sets as the cart holds. */
export interface BuyXGetY {
  readonly kind: "buy_x_get_y";
  /** Units to buy for each set. */
  readonly buy: number;
  /** Units reduced for each set: the cheapest that can be. */
  readonly get: number;
  /** By how much, basis points of their price, 1 to 10 000. */
  readonly percentBp: number;
  /** Which units count as bought. Absent: all. */
  readonly buyScope?: Scope;
  /** Which units may be reduced. Absent: those that count as bought. */
  readonly getScope?: Scope;
  /** Sets at most, 1 and up. */
  readonly setsMax: number;
}

/** Something that is added to the order. */
export interface Gift {
  readonly kind: "gift";
  readonly productId: string;
  /** What it is worth to the shopper. */
  readonly worth: Money;
  /** What it costs the shop. */
  readonly cost: Money;
  /** Least value of the goods. Absent: none. */
  readonly cartMin?: Money;
}

/** A share of the cart's goods for paying in a certain way. A cart that does not say how it will be paid is promised it. */
export interface PaymentDiscount {
  readonly kind: "payment_discount";
  /** The shop's name of the way to pay. */
  readonly method: string;
  /** Basis points of the goods, 1 to 10 000. */
  readonly percentBp: number;
  /** Most that is given. Absent: no maximum of its own. */
  readonly maximum?: Money;
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
  "buy_x_get_y",
  "gift",
  "payment_discount",
];
