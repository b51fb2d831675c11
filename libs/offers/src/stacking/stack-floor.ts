import { mulDiv } from "@leastwise/vocabulary";
import type { Cart, CartLine } from "../cart.js";
import type { CatalogRow } from "../catalog-row.js";
import type { CartGuardrails } from "../guardrails/cart-guardrails.js";
import { strictestLimit } from "../guardrails/goods-limits.js";
import type { StackCart } from "./stack-offer.js";

/**
 * A cart for a stack, each line with the lowest price that the shop's own limits leave it: the catalog's floor, the policy's floor price and
 * largest discount, and the price itself for excluded goods.
 *
 * @param rows the catalog's, in the order of the lines
 * @param guardrails the policy's. Absent: there is none
 */
export function stackCartOf(
  { currency, lines, shippingMinor }: Cart,
  rows: readonly (CatalogRow | undefined)[],
  guardrails?: CartGuardrails,
): StackCart {
  return {
    currency,
    shippingMinor,
    lines: lines.map((line, index) => ({ ...line, floorPriceMinor: unitFloorMinor(line, rows[index], guardrails) })),
  };
}

function unitFloorMinor(line: CartLine, row: CatalogRow | undefined, guardrails: CartGuardrails | undefined): number {
  const own = Math.max(0, row?.floorPriceMinor ?? 0);
  if (guardrails === undefined) return own;
  const { excluded, floorPriceBp, maxDiscountBp } = strictestLimit(guardrails.goodsLimits, line, row);
  if (excluded) return line.unitPriceMinor;
  const mostBp = Math.min(guardrails.maxDiscountBp, row?.maxDiscountBp ?? 10_000, maxDiscountBp);
  const floorBp = Math.max(guardrails.floorPriceBp, floorPriceBp, 10_000 - mostBp);
  return Math.max(own, mulDiv(line.unitPriceMinor, floorBp, 10_000, "up"));
}
