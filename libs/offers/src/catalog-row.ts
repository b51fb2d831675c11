/** What the catalog says of one product, as a decision or a redemption needs it. */
export interface CatalogRow {
  readonly productId: string;
  /** Cost of one unit, minor units. Absent: unknown, the assumed margin is used. */
  readonly unitCostMinor?: number;
  /** Lowest price of one unit that no incentive goes below, minor units. Absent: none of its own. */
  readonly floorPriceMinor?: number;
  /** Largest discount, basis points of the price. Absent: none of its own. */
  readonly maxDiscountBp?: number;
  /** Tax on it, basis points of the price without tax. Absent: the policy's rate. */
  readonly taxBp?: number;
  /** Units in stock. Absent: not tracked. */
  readonly inventory?: number;
  /** When the goods perish, Unix milliseconds. Absent: they do not. */
  readonly perishableUntilMs?: number;
  /** Category. Absent: none. */
  readonly category?: string;
  /** Brand. Absent: none. */
  readonly brand?: string;
}

/** The rows in the order of the cart's lines; undefined where the catalog does not know the product. */
export function rowsOfLines(
  lines: readonly { readonly productId: string }[],
  catalog: readonly CatalogRow[],
): readonly (CatalogRow | undefined)[] {
  if (lines.length * catalog.length <= 256) {
    return lines.map((line) => catalog.find((row) => row.productId === line.productId));
  }
  const byProduct = new Map(catalog.map((row) => [row.productId, row]));
  return lines.map((line) => byProduct.get(line.productId));
}
