import { mulDiv } from "@leastwise/vocabulary";
import { lineAmountMinor, type CartLine } from "./cart.js";
import type { CatalogRow } from "./catalog-row.js";
import type { Scope } from "./incentive.js";

/** A cart's lines as an incentive may reach them, in the cart's order. */
export interface Lines {
  readonly lines: readonly CartLine[];
  /** What the catalog says of each. Absent: nothing is known, and no category or brand is anybody's. */
  readonly rows?: readonly (CatalogRow | undefined)[] | undefined;
  /** Most that each line may be reduced by, minor units; 0 takes the line out of the incentive's reach altogether. Absent: no caps. */
  readonly lineCapsMinor?: readonly number[] | undefined;
}

/** Units of each line that are in scope. */
export function unitsInReach({ lines, rows, lineCapsMinor }: Lines, scope: Scope | undefined): number[] {
  const units = lines.map((line, index) => {
    if (lineCapsMinor !== undefined && (lineCapsMinor[index] ?? 0) <= 0) return 0;
    return scope === undefined || isNamed(scope, line, rows?.[index]) ? line.quantity : 0;
  });
  const some = scope?.units;
  if (some === undefined) return units;
  return takeUnits(units, byUnitPrice(lines, some.kind), some.count);
}

/** What some units of each line cost the shopper without us, minor units, rounded down: the parts never exceed the line. */
export function amountsOfUnits(lines: readonly CartLine[], units: readonly number[]): number[] {
  return lines.map((line, index) => {
    const count = units[index] ?? 0;
    const amount = lineAmountMinor(line);
    return count === line.quantity ? amount : mulDiv(amount, count, line.quantity, "down");
  });
}

/** Places of the lines by what a unit costs, the cheapest or the dearest first, and the earlier line on a tie. */
export function byUnitPrice(lines: readonly CartLine[], first: "cheapest" | "dearest"): readonly number[] {
  const sign = first === "cheapest" ? 1 : -1;
  const prices = lines.map((line) => lineAmountMinor(line) / line.quantity);
  return lines.map((_, index) => index).sort((a, b) => sign * ((prices[a] ?? 0) - (prices[b] ?? 0)) || a - b);
}

/** So many of the units, line by line in the given order. */
function takeUnits(units: readonly number[], order: readonly number[], count: number): number[] {
  const taken = units.map(() => 0);
  let left = count;
  for (const index of order) {
    const some = Math.min(left, units[index] ?? 0);
    taken[index] = some;
    left -= some;
  }
  return taken;
}

/** True if the line is one of those that the lists name; a scope without a list names every line. */
export function isNamed(
  { productIds, categories, brands }: Pick<Scope, "productIds" | "categories" | "brands">,
  line: Pick<CartLine, "productId">,
  row: CatalogRow | undefined,
): boolean {
  if (productIds.length === 0 && categories.length === 0 && brands.length === 0) return true;
  return (
    productIds.includes(line.productId) ||
    (row?.category !== undefined && categories.includes(row.category)) ||
    (row?.brand !== undefined && brands.includes(row.brand))
  );
}
