import { aliveProbability, ordersOf, type BgNbd } from "../approaches/bgnbd.js";
import { DAY_MS } from "@leastwise/vocabulary";
import { expectedOrders } from "./expected-orders.js";
import { lifetimeValueMinor } from "./lifetime-value.js";
import { expectedSpendMinor, type GammaGamma } from "./order-value.js";

/** Places of the features that a shopper's lifetime is reckoned from; −1 where the catalogue has none of that name. */
export interface LifetimeSlots {
  readonly sincePurchaseMs: number;
  readonly sinceFirstPurchaseMs: number;
  readonly purchaseDays: number;
  readonly revenueMinor: number;
}

/** What is expected of a shopper, as segments read it; all of it is null without an order, without consent, or where the history is not known. */
export interface Lifetime {
  /** Chance that the shopper will order again at some time, 0 to 1. */
  readonly alive: number | null;
  /** Days with an order that are expected within the next 365 days. */
  readonly orders: number | null;
  /** What is expected to be spent within the next twelve months, discounted, minor units of the home currency, not rounded. */
  readonly value_minor: number | null;
}

const UNKNOWN: Lifetime = { alive: null, orders: null, value_minor: null };

/**
 * What is expected of a shopper by their own orders. The amounts of all days with an order count, the first one's too, which the literature leaves out
 * where first orders differ from later ones. Without estimates of what shoppers spend, their own mean stands by itself.
 *
 * @param values the feature vector; undefined without consent
 */
export function lifetimeOf(
  slots: LifetimeSlots,
  { bgnbd, spend }: { readonly bgnbd: BgNbd; readonly spend: GammaGamma | undefined },
  values: ArrayLike<number> | undefined,
): Lifetime {
  const days = values?.[slots.purchaseDays] ?? Number.NaN;
  const sinceFirstMs = values?.[slots.sinceFirstPurchaseMs] ?? Number.NaN;
  const sinceMs = values?.[slots.sincePurchaseMs] ?? Number.NaN;
  if (!(days > 0) || Number.isNaN(sinceFirstMs) || Number.isNaN(sinceMs)) return UNKNOWN;
  const orders = ordersOf(days, sinceFirstMs, sinceMs);
  const meanMinor = (values?.[slots.revenueMinor] ?? Number.NaN) / days;
  const spendMinor = spend === undefined ? meanMinor : expectedSpendMinor(spend, days, meanMinor);
  return {
    alive: orNull(aliveProbability(bgnbd, orders)),
    orders: orNull(expectedOrders(bgnbd, orders, 365 * DAY_MS)),
    value_minor: orNull(lifetimeValueMinor(bgnbd, orders, spendMinor)),
  };
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
