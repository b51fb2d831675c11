import { wire } from "@leastwise/contracts";
import { exponentOf, HOUR_MS, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import { between, happens, normal, oneOf, wholeNumber } from "../random/draws.js";
import type { RandomStreams, Xoshiro128 } from "../random/xoshiro128.js";
import type { Assortment, Shelf } from "./assortment.js";

/** Products of the simulated shop. */
const PRODUCT_COUNT = 60;

/** The shop's goods: log-normal prices, costs of 35 to 70 % of the price, and some that perish. */
export function createCatalog(
  streams: RandomStreams,
  startMs: Millis,
  currency: CurrencyCode,
  assortment: Assortment,
): wire.Product[] {
  const random = streams.stream("catalog");
  return Array.from({ length: PRODUCT_COUNT }, (_, index) => {
    const { category, keepsHours } = shelfOf(assortment, index);
    const minor = priceMinor(random, currency, assortment);
    const costMinor = Math.round(minor * between(random, 0.35, 0.7));
    return wire.Product.create({
      productId: `sku-${String(index + 1).padStart(3, "0")}`,
      price: { minor: BigInt(minor), currency },
      unitCost: { minor: BigInt(costMinor), currency },
      ...(happens(random, 0.9) ? { inventory: BigInt(wholeNumber(random, ...assortment.inventory)) } : {}),
      ...(keepsHours === undefined
        ? {}
        : { perishableUntilMs: BigInt(startMs + wholeNumber(random, ...keepsHours) * HOUR_MS) }),
      category,
      brand: oneOf(random, assortment.brands),
    });
  });
}

/** The same goods as they are delivered anew when they have perished; undefined for goods that keep, or are not. */
export function deliveryOf(
  random: Xoshiro128,
  product: wire.Product,
  { keepsHours, isDelivered }: Shelf,
  { inventory }: Assortment,
): wire.Product | undefined {
  const { perishableUntilMs } = product;
  if (isDelivered !== true || keepsHours === undefined || perishableUntilMs === undefined) return undefined;
  return {
    ...product,
    perishableUntilMs: perishableUntilMs + BigInt(wholeNumber(random, ...keepsHours) * HOUR_MS),
    inventory: BigInt(wholeNumber(random, ...inventory)),
  };
}

/** Where a product stands, by its place in the catalog. */
export function shelfOf({ shelves }: Assortment, index: number): Shelf {
  const shelf = shelves[index % shelves.length];
  if (shelf === undefined) throw new RangeError("an assortment needs a shelf");
  return shelf;
}

/** A price that looks like one: 29.99 where the currency has two decimals or more, else a round number. */
function priceMinor(random: Xoshiro128, currency: CurrencyCode, { price }: Assortment): number {
  const whole = Math.max(price.least, Math.round(Math.exp(price.logMedian + price.spread * normal(random))));
  const exponent = exponentOf(currency);
  return exponent < 2 ? whole * 100 : whole * 10 ** exponent - 10 ** (exponent - 2);
}

/** What shipping costs: nothing from twice the usual price of a product on. */
export function shippingMinor(goodsMinor: number, currency: CurrencyCode): number {
  const unit = exponentOf(currency) < 2 ? 100 : 10 ** exponentOf(currency);
  return goodsMinor >= 60 * unit ? 0 : 5 * unit;
}
