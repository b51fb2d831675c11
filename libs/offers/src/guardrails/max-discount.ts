import { mulDiv } from "@leastwise/vocabulary";
import { listPriceMinor } from "../cart.js";
import type { GuardedCart } from "./cart-guardrails.js";
import { maxDiscountBpOf } from "./goods-limits.js";

/**
 * No product is discounted by more than the policy's and the catalog's maximum, discounts that the shop gives without us
 * included. The maximum of a line rounds up to a whole minor unit, so that a 10 % incentive passes a 10 % maximum
 * although its parts are whole minor units.
 */
export function maxDiscount({ cart, rows, appraisal, guardrails }: GuardedCart): "guardrail_max_discount" | undefined {
  for (const [index, line] of cart.lines.entries()) {
    const share = appraisal.shares[index] ?? 0;
    if (share === 0) continue;
    const bp = maxDiscountBpOf(guardrails, line, rows[index]);
    if ((line.discountMinor ?? 0) + share > mulDiv(listPriceMinor(line), bp, 10_000, "up"))
      return "guardrail_max_discount";
  }
  return undefined;
}
