import { netOfTax, type PriceTax } from "@leastwise/offers";
import {
  EARLIEST_MS,
  err,
  LATEST_MS,
  ok,
  refusal,
  type BasisPoints,
  type CurrencyCode,
  type Millis,
  type Refusal,
  type Result,
} from "@leastwise/vocabulary";
import { within } from "./field-path.js";
import { checkMoney, readMoney, type CurrencySeen } from "./money.js";
import { checkId, checkText } from "./text.js";
import type * as wire from "./wire.js";

/** Most rows of one call. */
export const PRODUCTS_MAX = 1_000;

/** A product as the shop sells it, checked. Amounts are minor units of its one currency. */
export interface CatalogProduct {
  readonly productId: string;
  readonly currency: CurrencyCode;
  /** Price of one unit without any discount, 0 or more. */
  readonly priceMinor: number;
  /** What one unit costs the shop, 0 or more; undefined: unknown. */
  readonly unitCostMinor: number | undefined;
  /** Units in stock, 0 or more; undefined: not tracked. */
  readonly inventory: number | undefined;
  /** When the goods perish; undefined: they do not. */
  readonly perishableUntilMs: Millis | undefined;
  readonly category: string | undefined;
  readonly brand: string | undefined;
  /** Lowest price that an incentive may leave, 0 or more; undefined: the policy's alone holds. */
  readonly floorPriceMinor: number | undefined;
  /** Largest discount on the product, 0 to 10 000; undefined: the policy's alone holds. */
  readonly maxDiscountBp: BasisPoints | undefined;
  /** Tax on it, of the price without tax, 0 to 10 000; undefined: the policy's rate. */
  readonly taxBp: BasisPoints | undefined;
}

/**
 * Reads one row. Reasons: those of ids, text and money; `price_missing`, `inventory_out_of_range`,
 * `timestamp_out_of_range`, `discount_out_of_range`, `tax_out_of_range`.
 */
export function readProduct(product: wire.Product, at: string): Result<CatalogProduct, Refusal> {
  const seen: CurrencySeen = { currency: "" };
  if (product.price === undefined) {
    return err(refusal("price_missing", within(at, "price"), undefined, "the price of one unit"));
  }
  const refused =
    checkId(product.productId, at, "product_id") ??
    checkMoney(product.price, at, "price", "negative_price", seen) ??
    checkMoney(product.unitCost, at, "unit_cost", "negative_price", seen) ??
    checkMoney(product.floorPrice, at, "floor_price", "negative_price", seen) ??
    checkText(product.category, at, "category", 256) ??
    checkText(product.brand, at, "brand", 256) ??
    checkBounds(product, at);
  if (refused !== undefined) return err(refused);
  const price = readMoney(product.price, at, "price", "negative_price");
  if (!price.ok) return price;
  return ok({
    productId: product.productId,
    currency: price.value.currency,
    priceMinor: price.value.minor,
    unitCostMinor: asNumber(product.unitCost?.minor),
    inventory: asNumber(product.inventory),
    perishableUntilMs: asNumber(product.perishableUntilMs) as Millis | undefined,
    category: product.category || undefined,
    brand: product.brand || undefined,
    floorPriceMinor: asNumber(product.floorPrice?.minor),
    maxDiscountBp: product.maxDiscountBp as BasisPoints | undefined,
    taxBp: product.taxBp as BasisPoints | undefined,
  });
}

/** Reads the rows of one call, all or none. Beside the reasons of a row: `batch_empty`, `batch_too_large`, `product_repeated`. */
export function readProducts(products: readonly wire.Product[]): Result<readonly CatalogProduct[], Refusal> {
  if (products.length === 0) return err(refusal("batch_empty", "products", "no product", "1 to 1000 products"));
  if (products.length > PRODUCTS_MAX) {
    return err(refusal("batch_too_large", "products", products.length, `at most ${PRODUCTS_MAX} products`));
  }
  const read = new Map<string, CatalogProduct>();
  for (const [index, product] of products.entries()) {
    const row = readProduct(product, `products[${index}]`);
    if (!row.ok) return row;
    if (read.has(row.value.productId)) {
      const field = `products[${index}].product_id`;
      return err(refusal("product_repeated", field, product.productId, "each product once in a call"));
    }
    read.set(row.value.productId, row.value);
  }
  return ok([...read.values()]);
}

/** What is allowed in a row and yet worth a look. Stable. */
const PRODUCT_REMARKS = ["cost_above_price", "cost_missing", "floor_above_price"] as const;

/**
 * What of a row is worth a look: what the shop loses money by, or cannot know that it does.
 *
 * @param priceTax the tax in prices, by the policy in force: costs are without; undefined: there is none in them
 */
export function remarksOf(
  { price, unitCost, floorPrice, taxBp }: wire.Product,
  priceTax: PriceTax | undefined,
): readonly (typeof PRODUCT_REMARKS)[number][] {
  const isCostAbove =
    price !== undefined &&
    unitCost !== undefined &&
    Number(unitCost.minor) > netOfTax(Number(price.minor), priceTax, taxBp);
  const isSo = {
    cost_above_price: isCostAbove,
    cost_missing: unitCost === undefined,
    floor_above_price: isAbove(floorPrice, price),
  };
  return PRODUCT_REMARKS.filter((remark) => isSo[remark]);
}

function isAbove(amount: wire.Money | undefined, price: wire.Money | undefined): boolean {
  return amount !== undefined && price !== undefined && amount.minor > price.minor;
}

function checkBounds(product: wire.Product, at: string): Refusal | undefined {
  const { inventory, perishableUntilMs: perishable, maxDiscountBp, taxBp } = product;
  if (inventory !== undefined && (inventory < 0n || inventory > BigInt(Number.MAX_SAFE_INTEGER))) {
    return refusal("inventory_out_of_range", within(at, "inventory"), inventory, "0 to 9007199254740991 units");
  }
  if (perishable !== undefined && (perishable < BigInt(EARLIEST_MS) || perishable >= BigInt(LATEST_MS))) {
    const expected = "Unix milliseconds from 2000-01-01 to 2099-12-31";
    return refusal("timestamp_out_of_range", within(at, "perishable_until_ms"), perishable, expected);
  }
  if (maxDiscountBp !== undefined && (maxDiscountBp < 0 || maxDiscountBp > 10_000)) {
    return refusal("discount_out_of_range", within(at, "max_discount_bp"), maxDiscountBp, "0 to 10000 basis points");
  }
  if (taxBp !== undefined && (taxBp < 0 || taxBp > 10_000)) {
    return refusal("tax_out_of_range", within(at, "tax_bp"), taxBp, "0 to 10000 basis points");
  }
  return undefined;
}

function asNumber(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
