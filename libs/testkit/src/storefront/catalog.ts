import { wire } from "@leastwise/contracts";
import { DAY_MS, exponentOf, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import { between, happens, normal, oneOf, wholeNumber } from "../random/draws.js";
import type { RandomStreams, Xoshiro128 } from "../random/xoshiro128.js";

/** Products of the simulated shop. */
const PRODUCT_COUNT = 60;

const CATEGORIES = ["outerwear", "shoes", "accessories", "home", "delicatessen"] as const;
const BRANDS = ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir"] as const;

/** Category whose goods perish. */
const PERISHABLE = "delicatessen";

/** The shop's goods: prices around 30 (log-normal), costs of 35 to 70 % of the price, delicatessen that perishes. */
export function createCatalog(streams: RandomStreams, startMs: Millis, currency: CurrencyCode): wire.Product[] {
  const random = streams.stream("catalog");
  return Array.from({ length: PRODUCT_COUNT }, (_, index) => {
    const category = CATEGORIES[index % CATEGORIES.length] ?? PERISHABLE;
    const minor = priceMinor(random, currency);
    const costMinor = Math.round(minor * between(random, 0.35, 0.7));
    const perishes = category === PERISHABLE;
    return wire.Product.create({
      productId: `sku-${String(index + 1).padStart(3, "0")}`,
      price: { minor: BigInt(minor), currency },
      unitCost: { minor: BigInt(costMinor), currency },
      ...(happens(random, 0.9) ? { inventory: BigInt(wholeNumber(random, 20, 5_000)) } : {}),
      ...(perishes
        ? { perishableUntilMs: BigInt(startMs + wholeNumber(random, 3 * 24, 30 * 24) * (DAY_MS / 24)) }
        : {}),
      category,
      brand: oneOf(random, BRANDS),
    });
  });
}

/** A price that looks like one: 29.99 where the currency has two decimals or more, else a round number. */
function priceMinor(random: Xoshiro128, currency: CurrencyCode): number {
  const whole = Math.max(5, Math.round(Math.exp(3.4 + 0.6 * normal(random))));
  const exponent = exponentOf(currency);
  return exponent < 2 ? whole * 100 : whole * 10 ** exponent - 10 ** (exponent - 2);
}

/** What shipping costs: nothing from twice the usual price of a product on. */
export function shippingMinor(goodsMinor: number, currency: CurrencyCode): number {
  const unit = exponentOf(currency) < 2 ? 100 : 10 ** exponentOf(currency);
  return goodsMinor >= 60 * unit ? 0 : 5 * unit;
}
