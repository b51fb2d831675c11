import type { LimitedCart } from "./cart-guardrails.js";

/** No product is discounted by more than the policy's and the catalog's maximum, discounts that the shop gives without us included. */
export function maxDiscount({ appraisal, limits }: LimitedCart): "guardrail_max_discount" | undefined {
  return appraisal.split.isBeyond(limits.toMaxDiscountMinor) ? "guardrail_max_discount" : undefined;
}
