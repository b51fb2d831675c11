import { TOPICS, wire } from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import type { CatalogRow } from "@leastwise/offers";
import { follow, type Following } from "./follow.js";

/** What the shop sells, as the newest rows of the topic `catalog` say. */
export interface Catalog extends Following {
  /** The row as it was written; undefined for a product that was never put. */
  product(productId: string): wire.Product | undefined;
  /** The row as decisions and redemptions need it. */
  row(productId: string): CatalogRow | undefined;
}

/** Follows the catalog. */
export async function followCatalog(log: EventLog): Promise<Catalog> {
  const products = new Map<string, wire.Product>();
  const rows = new Map<string, CatalogRow>();
  const following = await follow(log, TOPICS.catalog, ({ key, value }) => {
    if (value.length === 0) {
      products.delete(key ?? "");
      rows.delete(key ?? "");
      return;
    }
    const { product } = wire.CatalogRecord.decode(value);
    if (product === undefined) return;
    products.set(product.productId, product);
    rows.set(product.productId, catalogRowOf(product));
  });
  return { ...following, product: (id) => products.get(id), row: (id) => rows.get(id) };
}

function catalogRowOf(product: wire.Product): CatalogRow {
  return {
    productId: product.productId,
    ...(product.unitCost === undefined ? {} : { unitCostMinor: Number(product.unitCost.minor) }),
    ...(product.floorPrice === undefined ? {} : { floorPriceMinor: Number(product.floorPrice.minor) }),
    ...(product.maxDiscountBp === undefined ? {} : { maxDiscountBp: product.maxDiscountBp }),
    ...(product.inventory === undefined ? {} : { inventory: Number(product.inventory) }),
    ...(product.perishableUntilMs === undefined ? {} : { perishableUntilMs: Number(product.perishableUntilMs) }),
    ...(product.category === "" ? {} : { category: product.category }),
  };
}
