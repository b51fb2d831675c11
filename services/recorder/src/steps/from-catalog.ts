import { currencyOf, type wire } from "@leastwise/contracts";

/** What the catalog has of a product; undefined for one that was never put. */
export type Products = (productId: string) => wire.Product | undefined;

/**
 * The event with what it leaves out and the catalog knows: prices, and a product's category and brand. An event has one currency: prices
 * in another stay unknown. Where it names no amount at all, its currency is that of the first of its products that the catalog has.
 */
export function fromCatalog(event: wire.Event, products: Products): wire.Event {
  const currency = currencyOf(event) || catalogCurrency(event, products);
  const priceOf = (productId: string) => priceIn(products(productId), currency);
  const priced = (line: wire.Line): wire.Line =>
    line.unitPrice === undefined ? { ...line, unitPrice: priceOf(line.productId) } : line;
  const { product, order, goodsReturn } = event;
  return {
    ...event,
    product: product && {
      ...product,
      category: product.category || (products(product.productId)?.category ?? ""),
      brand: product.brand || (products(product.productId)?.brand ?? ""),
      unitPrice: product.unitPrice ?? priceOf(product.productId),
    },
    order: order && { ...order, lines: order.lines.map(priced) },
    goodsReturn: goodsReturn && { ...goodsReturn, lines: goodsReturn.lines.map(priced) },
  };
}

/** Cost of one unit in minor units of that currency; null where the catalog does not say. */
export function unitCostOf(product: wire.Product | undefined, currency: string): number | null {
  return product?.unitCost?.currency === currency ? Number(product.unitCost.minor) : null;
}

function priceIn(product: wire.Product | undefined, currency: string): wire.Money | undefined {
  return product?.price?.currency === currency ? product.price : undefined;
}

function catalogCurrency({ product, order, goodsReturn }: wire.Event, products: Products): string {
  for (const part of [
    ...(product === undefined ? [] : [product]),
    ...(order?.lines ?? []),
    ...(goodsReturn?.lines ?? []),
  ]) {
    const price = products(part.productId)?.price;
    if (price !== undefined) return price.currency;
  }
  return "";
}
