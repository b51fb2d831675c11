import type { LimitedCart } from "./cart-guardrails.js";

/** No product is discounted by more than the policy's and the catalog's maximum, discounts that the shop gives without us included. */
export function maxDiscount({ appraisal, limits }: LimitedCart): "guardrail_max_discount" | undefined {
  for (let index = 0; index < limits.lines.length; index += 1) {
    const share = appraisal.shares[index] ?? 0;
    if (share !== 0 && share > (limits.lines[index]?.toMaxDiscountMinor ?? 0)) return "guardrail_max_discount";
  }
  return undefined;
}
