import type { BgNbd, Orders } from "../approaches/bgnbd.js";
import { expectedOrders } from "./expected-orders.js";

/** A month of the year that is looked ahead, ms: 4.345 weeks. */
const MONTH_MS = 4.345 * 7 * 86_400_000;
const MONTHS = 12;
/** What is spent a month later counts for this much less. */
const MONTHLY_DISCOUNT = 0.01;

/**
 * What a shopper is expected to spend within the next twelve months, minor units, what comes later discounted by 1 % a month.
 *
 * @param spendMinor what is expected of a day with an order, minor units
 */
export function lifetimeValueMinor(process: BgNbd, orders: Orders, spendMinor: number): number {
  let value = 0;
  let before = 0;
  for (let month = 1; month <= MONTHS; month += 1) {
    const until = expectedOrders(process, orders, month * MONTH_MS);
    value += (spendMinor * (until - before)) / (1 + MONTHLY_DISCOUNT) ** month;
    before = until;
  }
  return value;
}
