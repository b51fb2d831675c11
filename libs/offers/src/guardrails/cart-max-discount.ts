import { mulDiv } from "@leastwise/vocabulary";
import { listPriceMinor } from "../cart.js";
import type { GuardedCart } from "./cart-guardrails.js";

/**
 * The goods of a cart are discounted by no more than its maximum, discounts that the shop gives without us included. It rounds up to a
 * whole minor unit, as the maximum of a line does. An incentive that takes nothing off the goods is not asked.
 */
export function cartMaxDiscount({
  cart,
  appraisal,
  guardrails,
}: GuardedCart): "guardrail_cart_max_discount" | undefined {
  const { cartMaxDiscountBp } = guardrails;
  if (cartMaxDiscountBp === undefined || appraisal.goodsMinor === 0) return undefined;
  let listMinor = 0;
  let discountMinor = appraisal.goodsMinor;
  for (const line of cart.lines) {
    listMinor += listPriceMinor(line);
    discountMinor += line.discountMinor ?? 0;
  }
  return discountMinor > mulDiv(listMinor, cartMaxDiscountBp, 10_000, "up") ? "guardrail_cart_max_discount" : undefined;
}
