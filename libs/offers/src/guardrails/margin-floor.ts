import { mulDiv } from "@leastwise/vocabulary";
import { lineAmountMinor, listPriceMinor, type CartLine } from "../cart.js";
import type { CatalogRow } from "../catalog-row.js";
import type { LimitedCart } from "./cart-guardrails.js";

/**
 * After the incentive the cart keeps its least margin, as a share of what is paid for the goods. Everything that the
 * incentive costs counts at its worst: off the goods, off the shipping, for later, and the gift.
 */
export function marginFloor({
  appraisal,
  limits,
  guardrails,
  otherOffersCostMinor = 0,
}: LimitedCart): "guardrail_margin_floor" | undefined {
  const paid = limits.goodsMinor - appraisal.goodsMinor;
  const margin = limits.goodsMinor - limits.costMinor - otherOffersCostMinor - appraisal.costMinor;
  return isBelow(margin, paid, guardrails.marginFloorBp) ? "guardrail_margin_floor" : undefined;
}

/** What the line's units cost the shop, minor units: by the catalog, else the price less the assumed margin. */
export function lineCostMinor(line: CartLine, row: CatalogRow | undefined, assumedMarginBp: number): number {
  if (row?.unitCostMinor !== undefined) return row.unitCostMinor * line.quantity;
  return mulDiv(listPriceMinor(line), 10_000 - assumedMarginBp, 10_000);
}

/** What the shop keeps of the goods without us, minor units; negative below cost. */
export function goodsMarginMinor(
  lines: readonly CartLine[],
  rows: readonly (CatalogRow | undefined)[],
  assumedMarginBp: number,
): number {
  return lines.reduce((sum, line, i) => sum + lineAmountMinor(line) - lineCostMinor(line, rows[i], assumedMarginBp), 0);
}

function isBelow(margin: number, paid: number, floorBp: number): boolean {
  const left = margin * 10_000;
  const right = paid * floorBp;
  if (Number.isSafeInteger(left) && Number.isSafeInteger(right)) return left < right;
  return BigInt(margin) * 10_000n < BigInt(paid) * BigInt(floorBp);
}
