import type { Appraisal } from "../appraise.js";
import type { Cart } from "../cart.js";
import type { CatalogRow } from "../catalog-row.js";
import type { PriceTax } from "../price-tax.js";
import type { CartLimits } from "./cart-limits.js";
import type { GoodsLimit } from "./goods-limits.js";

/** What must never happen to a cart, whatever a model says. From the policy; see `policy.proto`, `Guardrails`. */
export interface CartGuardrails {
  /** Lowest price of a unit after all discounts, basis points of its price, 0 to 10 000. */
  readonly floorPriceBp: number;
  /** Largest discount on any product, basis points of its price, 0 to 10 000; 0: none is allowed. */
  readonly maxDiscountBp: number;
  /** Least margin left on the cart, basis points of what is paid, −10 000 to 10 000. */
  readonly marginFloorBp: number;
  /** Margin assumed where a unit cost is not known, basis points of the price, 0 to 10 000. */
  readonly assumedMarginBp: number;
  /** Most taken off the goods of a cart, the shop's own discounts included, basis points of their price. Absent: no limit of its own. */
  readonly cartMaxDiscountBp?: number | undefined;
  /** Most that an incentive may be worth, minor units. Absent: no limit. */
  readonly incentiveMaxMinor?: number | undefined;
  /** The tax in prices, which is no margin of the shop's. Absent: there is none in them, or it is not looked at. */
  readonly priceTax?: PriceTax | undefined;
  /** Limits of some goods. Absent: none. */
  readonly goodsLimits?: readonly GoodsLimit[] | undefined;
}

/** One incentive on one cart, to be held against the guardrails. */
export interface GuardedCart {
  /** With all that is taken off its lines without us. */
  readonly cart: Cart;
  /**
   * What other offers of the cart cost the shop beside what they take off its lines, minor units; below zero where partners pay more of them.
   * Absent: nothing.
   */
  readonly otherOffersCostMinor?: number | undefined;
  /** The catalog's rows in the order of the cart's lines. */
  readonly rows: readonly (CatalogRow | undefined)[];
  readonly appraisal: Appraisal;
  readonly guardrails: CartGuardrails;
  /** What the guardrails leave of the cart, where it was reckoned before. Absent: it is reckoned anew. */
  readonly limits?: CartLimits | undefined;
}

/** One incentive on a cart of which is known what the guardrails leave. */
export interface LimitedCart extends Pick<GuardedCart, "appraisal" | "guardrails" | "otherOffersCostMinor"> {
  readonly limits: CartLimits;
}

/** Why an incentive must not be given on a cart. */
export type CartGuardrailReason =
  | "guardrail_excluded_goods"
  | "guardrail_floor_price"
  | "guardrail_max_discount"
  | "guardrail_cart_max_discount"
  | "guardrail_incentive_max"
  | "guardrail_margin_floor";
