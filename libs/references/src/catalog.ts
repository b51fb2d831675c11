import { TOPICS, wire } from "@leastwise/contracts";
import type { EventLog, LogRecord } from "@leastwise/eventlog";
import type { CatalogRow } from "@leastwise/offers";
import { follow, type Following } from "./follow.js";
import { insistOnKey, takingOurs, type FollowingHooks } from "./passed-over.js";

/** What the shop sells, as the newest rows of the topic `catalog` say. */
export interface Catalog extends Following {
  /** The row as it was written; undefined for a product that was never put. */
  product(productId: string): wire.Product | undefined;
  /** The row as decisions and redemptions need it. */
  row(productId: string): CatalogRow | undefined;
}

/** Follows the catalog. */
export async function followCatalog(log: EventLog, hooks: FollowingHooks = {}): Promise<Catalog> {
  const products = new Map<string, wire.Product>();
  const rows = new Map<string, CatalogRow>();
  const keep = ({ productId, product }: Put): void => {
    if (product === undefined) {
      products.delete(productId);
      rows.delete(productId);
      return;
    }
    products.set(productId, product);
    rows.set(productId, catalogRowOf(product));
  };
  const following = await follow(log, TOPICS.catalog, takingOurs(readPut, keep, hooks));
  return { ...following, product: (id) => products.get(id), row: (id) => rows.get(id) };
}

/** What a record says of a product. */
interface Put {
  readonly productId: string;
  /** Absent: the product was taken back. */
  readonly product?: wire.Product;
}

/** Throws for what is no row of ours. */
function readPut(record: LogRecord): Put {
  const { key = "", value } = record;
  if (value.length === 0) return { productId: key };
  const { product } = wire.CatalogRecord.decode(value);
  if (product === undefined) throw new RangeError("product is missing");
  insistOnKey(record, "product.product_id", product.productId);
  return { productId: product.productId, product };
}

function catalogRowOf(product: wire.Product): CatalogRow {
  return {
    productId: product.productId,
    ...(product.unitCost === undefined ? {} : { unitCostMinor: Number(product.unitCost.minor) }),
    ...(product.floorPrice === undefined ? {} : { floorPriceMinor: Number(product.floorPrice.minor) }),
    ...(product.maxDiscountBp === undefined ? {} : { maxDiscountBp: product.maxDiscountBp }),
    ...(product.taxBp === undefined ? {} : { taxBp: product.taxBp }),
    ...(product.inventory === undefined ? {} : { inventory: Number(product.inventory) }),
    ...(product.perishableUntilMs === undefined ? {} : { perishableUntilMs: Number(product.perishableUntilMs) }),
    ...(product.category === "" ? {} : { category: product.category }),
    ...(product.brand === "" ? {} : { brand: product.brand }),
  };
}
