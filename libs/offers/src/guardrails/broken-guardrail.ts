import type { CartGuardrailReason, GuardedCart } from "./cart-guardrails.js";
import { cartLimits } from "./cart-limits.js";
import { cartMaxDiscount } from "./cart-max-discount.js";
import { excludedGoods } from "./excluded-goods.js";
import { floorPrice } from "./floor-price.js";
import { incentiveMax } from "./incentive-max.js";
import { marginFloor } from "./margin-floor.js";
import { maxDiscount } from "./max-discount.js";

/** The first of the cart's guardrails that the incentive would break; undefined if it breaks none. */
export function brokenGuardrail({
  cart,
  rows,
  appraisal,
  guardrails,
  otherOffersCostMinor,
  limits = cartLimits(cart, rows, guardrails),
}: GuardedCart): CartGuardrailReason | undefined {
  const limited = { appraisal, guardrails, limits, otherOffersCostMinor };
  return (
    excludedGoods(limited) ??
    floorPrice(limited) ??
    maxDiscount(limited) ??
    cartMaxDiscount(limited) ??
    incentiveMax(limited) ??
    marginFloor(limited)
  );
}
