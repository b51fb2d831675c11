import type { CartGuardrailReason, GuardedCart } from "./cart-guardrails.js";
import { floorPrice } from "./floor-price.js";
import { marginFloor } from "./margin-floor.js";
import { maxDiscount } from "./max-discount.js";

/** The first of the cart's guardrails that the incentive would break; undefined if it breaks none. */
export function brokenGuardrail(guarded: GuardedCart): CartGuardrailReason | undefined {
  return floorPrice(guarded) ?? maxDiscount(guarded) ?? marginFloor(guarded);
}
