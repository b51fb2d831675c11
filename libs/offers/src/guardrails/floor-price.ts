import type { LimitedCart } from "./cart-guardrails.js";

/**
 * No unit is sold below its floor: the catalog's own, and the policy's share of the price for such goods. Lines that get nothing from the
 * incentive are not asked: what the shop does there is its own matter.
 */
export function floorPrice({ appraisal, limits }: LimitedCart): "guardrail_floor_price" | undefined {
  return appraisal.split.isBeyond(limits.toFloorMinor) ? "guardrail_floor_price" : undefined;
}
