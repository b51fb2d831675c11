import type { wire } from "@leastwise/contracts";
import {
  err,
  isCurrencyCode,
  minorFromDecimal,
  ok,
  refusal,
  type CurrencyCode,
  type Refusal,
  type Result,
} from "@leastwise/vocabulary";
import { listOf, objectOf, textOf, type JsonObject } from "./json-object.js";

/** What the goods of one call have in common. */
export interface GoodsContext {
  /** Path of the call's properties. */
  readonly at: string;
  /** Undefined: the call names none and the shop has none, so that its amounts mean nothing. */
  readonly currency: CurrencyCode | undefined;
  /** Remarks, added to. */
  readonly warnings: Set<string>;
}

/** The currency of a call's amounts: its own, else the shop's. Reason: `unknown_currency`. */
export function currencyOf(
  properties: JsonObject,
  at: string,
  home: CurrencyCode | undefined,
): Result<CurrencyCode | undefined, Refusal> {
  const currency = textOf(properties, "currency");
  if (currency === "") return ok(home);
  if (isCurrencyCode(currency)) return ok(currency);
  return err(
    refusal("unknown_currency", `${at}.currency`, currency, "an active ISO 4217 code in upper case, such as EUR"),
  );
}

/** An amount, given as a decimal number or text. Absent: undefined. Reason: `price_malformed`. */
export function amountOf(
  object: JsonObject,
  name: string,
  { at, currency, warnings }: GoodsContext,
): Result<wire.Money | undefined, Refusal> {
  const decimal = textOf(object, name);
  if (decimal === "") return ok(undefined);
  if (currency === undefined) {
    warnings.add("price_without_currency");
    return ok(undefined);
  }
  const minor = minorFromDecimal(decimal, currency);
  if (minor === undefined) {
    return err(refusal("price_malformed", `${at}.${name}`, decimal, "a decimal number such as 35.79"));
  }
  return ok({ minor: BigInt(minor), currency });
}

/** The product of a call. The id is `product_id`, else `sku`. */
export function productOf(properties: JsonObject, goods: GoodsContext): Result<wire.EventProduct, Refusal> {
  const quantity = quantityOf(properties, goods.at);
  if (!quantity.ok) return quantity;
  const unitPrice = amountOf(properties, "price", goods);
  if (!unitPrice.ok) return unitPrice;
  return ok({
    productId: textOf(properties, "product_id", "sku"),
    category: textOf(properties, "category"),
    brand: textOf(properties, "brand"),
    unitPrice: unitPrice.value,
    quantity: quantity.value,
  });
}

/** The lines of an order, a cart or a return, from `products`. */
export function linesOf(properties: JsonObject, goods: GoodsContext): Result<wire.Line[], Refusal> {
  const lines: wire.Line[] = [];
  for (const [index, item] of listOf(properties["products"]).entries()) {
    const at = `${goods.at}.products[${index}]`;
    const product = objectOf(item);
    if (product === undefined) return err(refusal("wrong_type", at, typeof item, "an object"));
    const read = productOf(product, { ...goods, at });
    if (!read.ok) return read;
    const { productId, quantity, unitPrice } = read.value;
    lines.push({ productId, quantity, unitPrice, discount: undefined });
  }
  return ok(lines);
}

/**
 * What the shopper paid for the goods, without shipping and tax: `revenue`, else `subtotal`, else `total` less `shipping` and
 * `tax`. Absent: undefined; the lines then say it.
 */
export function goodsTotalOf(properties: JsonObject, goods: GoodsContext): Result<wire.Money | undefined, Refusal> {
  for (const name of ["revenue", "subtotal"]) {
    const amount = amountOf(properties, name, goods);
    if (!amount.ok || amount.value !== undefined) return amount;
  }
  const total = amountOf(properties, "total", goods);
  if (!total.ok || total.value === undefined) return total;
  let { minor } = total.value;
  for (const name of ["shipping", "tax"]) {
    const amount = amountOf(properties, name, goods);
    if (!amount.ok) return amount;
    minor -= amount.value?.minor ?? 0n;
  }
  return ok({ ...total.value, minor });
}

/** The codes that the shopper used: `coupon` of the order and of its products. */
export function codesOf(properties: JsonObject): string[] {
  const products = listOf(properties["products"]).map((item) => objectOf(item));
  return [
    ...new Set([properties, ...products].map((object) => textOf(object, "coupon")).filter((code) => code !== "")),
  ];
}

/** Units; 1 where none are said. Reason: `quantity_out_of_range`. */
function quantityOf(properties: JsonObject, at: string): Result<bigint, Refusal> {
  const text = textOf(properties, "quantity");
  if (text === "") return ok(1n);
  // A zero would read as absent further on.
  if (/^-?\d{1,20}$/.test(text) && BigInt(text) !== 0n) return ok(BigInt(text));
  return err(refusal("quantity_out_of_range", `${at}.quantity`, text, "an integer from 1 to 2147483647"));
}
