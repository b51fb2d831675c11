import type { LimitedCart } from "./cart-guardrails.js";

/**
 * No unit is sold below its floor: the catalog's own, and the policy's share of the price for such goods. Lines that get nothing from the
 * incentive are not asked: what the shop does there is its own matter.
 */
export function floorPrice({ appraisal, limits }: LimitedCart): "guardrail_floor_price" | undefined {
  for (let index = 0; index < limits.lines.length; index += 1) {
    const share = appraisal.shares[index] ?? 0;
    if (share !== 0 && share > (limits.lines[index]?.toFloorMinor ?? 0)) return "guardrail_floor_price";
  }
  return undefined;
}
