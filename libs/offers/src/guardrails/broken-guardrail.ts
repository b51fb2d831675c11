import type { CartGuardrailReason, GuardedCart } from "./cart-guardrails.js";
import { cartMaxDiscount } from "./cart-max-discount.js";
import { excludedGoods } from "./excluded-goods.js";
import { floorPrice } from "./floor-price.js";
import { incentiveMax } from "./incentive-max.js";
import { marginFloor } from "./margin-floor.js";
import { maxDiscount } from "./max-discount.js";

/** The first of the cart's guardrails that the incentive would break; undefined if it breaks none. */
export function brokenGuardrail(guarded: GuardedCart): CartGuardrailReason | undefined {
  return (
    excludedGoods(guarded) ??
    floorPrice(guarded) ??
    maxDiscount(guarded) ??
    cartMaxDiscount(guarded) ??
    incentiveMax(guarded) ??
    marginFloor(guarded)
  );
}
