import { mulDiv } from "@leastwise/vocabulary";
import { listPriceMinor } from "../cart.js";
import type { GuardedCart } from "./cart-guardrails.js";
import { floorPriceBpOf } from "./goods-limits.js";

/**
 * No unit is sold below its floor: the catalog's own, and the policy's share of the price for such goods (rounded down to a whole minor
 * unit for the line). Lines that get nothing from the incentive are not asked: what the shop does there is its own matter.
 */
export function floorPrice({ cart, rows, appraisal, guardrails }: GuardedCart): "guardrail_floor_price" | undefined {
  for (const [index, line] of cart.lines.entries()) {
    const share = appraisal.shares[index] ?? 0;
    if (share === 0) continue;
    const list = listPriceMinor(line);
    const paid = list - (line.discountMinor ?? 0) - share;
    const floor = Math.max(
      mulDiv(list, floorPriceBpOf(guardrails, line, rows[index]), 10_000, "down"),
      (rows[index]?.floorPriceMinor ?? 0) * line.quantity,
      0,
    );
    if (paid < floor) return "guardrail_floor_price";
  }
  return undefined;
}
