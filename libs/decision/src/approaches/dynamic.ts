import { lineAmountMinor, type Cart, type CatalogRow } from "@leastwise/offers";
import type { DynamicApproach } from "../policy/policy.js";

/**
 * Most that each line may be reduced by under a dynamic campaign, minor units: 0 for a line that does not qualify, by
 * category, stock or shelf life; else the markdown curve's depth at the shelf life that is left, or the line's whole
 * amount where the campaign has no curve.
 */
export function dynamicLineCaps(
  approach: DynamicApproach,
  cart: Cart,
  rows: readonly (CatalogRow | undefined)[],
  nowMs: number,
): readonly number[] {
  return cart.lines.map((line, index) => {
    const row = rows[index];
    if (!qualifies(approach, row, line.quantity, nowMs)) return 0;
    const amount = lineAmountMinor(line);
    if (approach.markdown.length === 0) return amount;
    return Math.floor((amount * depthMaxBp(approach, shelfLifeLeftBp(approach, row, nowMs))) / 10_000);
  });
}

/** Share of the campaign's shelf life that a product has left, basis points, 0 to 10 000; 10 000 if it does not perish. */
export function shelfLifeLeftBp(approach: DynamicApproach, row: CatalogRow | undefined, nowMs: number): number {
  if (row?.perishableUntilMs === undefined || approach.shelfLifeMaxMs === 0) return 10_000;
  const left = ((row.perishableUntilMs - nowMs) / approach.shelfLifeMaxMs) * 10_000;
  return Math.min(10_000, Math.max(0, left));
}

/** The curve at a point: straight lines between its points, level beyond them. */
function depthMaxBp({ markdown }: DynamicApproach, leftBp: number): number {
  const after = markdown.findIndex((point) => point.leftBp <= leftBp);
  const below = markdown[after];
  if (below === undefined) return markdown.at(-1)?.depthMaxBp ?? 0;
  const above = markdown[after - 1];
  if (above === undefined) return below.depthMaxBp;
  const share = (leftBp - below.leftBp) / (above.leftBp - below.leftBp);
  return below.depthMaxBp + share * (above.depthMaxBp - below.depthMaxBp);
}

function qualifies(
  { categories, inventoryMin, inventoryReserved, shelfLifeMaxMs }: DynamicApproach,
  row: CatalogRow | undefined,
  quantity: number,
  nowMs: number,
): boolean {
  if (categories.length > 0 && (row?.category === undefined || !categories.includes(row.category))) return false;
  if (inventoryMin > 0 && (row?.inventory === undefined || row.inventory < inventoryMin)) return false;
  if (inventoryReserved > 0 && (row?.inventory === undefined || row.inventory - quantity < inventoryReserved))
    return false;
  if (shelfLifeMaxMs === 0) return true;
  return row?.perishableUntilMs !== undefined && row.perishableUntilMs - nowMs < shelfLifeMaxMs;
}
