import type { CartLine } from "../cart.js";
import type { CatalogRow } from "../catalog-row.js";
import type { Scope } from "../incentive.js";
import { isNamed } from "../reach.js";

/** Limits of the goods that one of its lists names, beside those of all goods. */
export interface GoodsLimit extends Pick<Scope, "productIds" | "categories" | "brands"> {
  /** True: nothing is taken off them. */
  readonly excluded: boolean;
  /** Lowest price of a unit after all discounts, basis points of its price. Absent: no lower limit of its own. */
  readonly floorPriceBp?: number | undefined;
  /** Largest discount, basis points of the price. Absent: no limit of its own. */
  readonly maxDiscountBp?: number | undefined;
}

/** The lowest price that a line's goods may be sold at, of all limits that name it; basis points of the price. */
export function floorPriceBpOf(limits: GoodsLimits, line: CartLine, row: CatalogRow | undefined): number {
  let floorBp = limits.floorPriceBp;
  for (const limit of limits.goodsLimits ?? [])
    if (limit.floorPriceBp !== undefined && limit.floorPriceBp > floorBp && isNamed(limit, line, row))
      floorBp = limit.floorPriceBp;
  return floorBp;
}

/** The largest discount on a line's goods, of all limits that name it and the catalog's own; basis points of the price. */
export function maxDiscountBpOf(limits: GoodsLimits, line: CartLine, row: CatalogRow | undefined): number {
  let maxBp = Math.min(limits.maxDiscountBp, row?.maxDiscountBp ?? 10_000);
  for (const limit of limits.goodsLimits ?? [])
    if (limit.maxDiscountBp !== undefined && limit.maxDiscountBp < maxBp && isNamed(limit, line, row))
      maxBp = limit.maxDiscountBp;
  return maxBp;
}

/** True if nothing may be taken off the line. */
export function isExcluded({ goodsLimits = [] }: GoodsLimits, line: CartLine, row: CatalogRow | undefined): boolean {
  return goodsLimits.some((limit) => limit.excluded && isNamed(limit, line, row));
}

/** The part of the guardrails that speaks of goods. */
interface GoodsLimits {
  readonly floorPriceBp: number;
  readonly maxDiscountBp: number;
  readonly goodsLimits?: readonly GoodsLimit[] | undefined;
}
