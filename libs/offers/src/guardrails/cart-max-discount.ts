import type { LimitedCart } from "./cart-guardrails.js";

/**
 * The goods of a cart are discounted by no more than its maximum, discounts that the shop gives without us included. It rounds up to a
 * whole minor unit, as the maximum of a line does. An incentive that takes nothing off the goods is not asked.
 */
export function cartMaxDiscount({ appraisal, limits }: LimitedCart): "guardrail_cart_max_discount" | undefined {
  if (appraisal.goodsMinor === 0) return undefined;
  return appraisal.goodsMinor > limits.cartDiscountMinor ? "guardrail_cart_max_discount" : undefined;
}
