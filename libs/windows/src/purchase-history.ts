import { DAY_MS } from "@leastwise/vocabulary";
import { addWithinSafeRange } from "./counters.js";

/** All orders of a subject, however long ago: as far back as the log that built the state. */
export interface PurchaseHistory {
  /** Time of the first order. */
  readonly firstMs: number;
  /** Time of the newest, those that came too late for the windows among them. */
  readonly lastMs: number;
  /** Number of orders. */
  readonly orders: number;
  /** Paid for orders in the home currency, minor units. */
  readonly revenueMinor: number;
  /** Different days, in UTC, with an order. */
  readonly days: number;
  /** Which of the 64 days up to the newest order's had one: bit 0 is its own, bit 1 the day before. */
  readonly recentDays: bigint;
}

/**
 * Days before the newest order of which it is known whether they had one. Twice what windows reach back: who hears of an order later than that may
 * count its day twice.
 */
const RECENT_DAYS = 64;

/** A history with one more order. */
export function withOrder(history: PurchaseHistory | undefined, atMs: number, revenueMinor: number): PurchaseHistory {
  const order = { firstMs: atMs, lastMs: atMs, orders: 1, revenueMinor, days: 1, recentDays: 1n };
  return history === undefined ? order : unitedHistory(history, order);
}

/** The orders of both. Days with orders of both count once, where they are among the 64 up to the newest. */
export function unitedHistory(a: PurchaseHistory, b: PurchaseHistory): PurchaseHistory {
  const [older, newer] = a.lastMs <= b.lastMs ? [a, b] : [b, a];
  const daysApart = Math.floor(newer.lastMs / DAY_MS) - Math.floor(older.lastMs / DAY_MS);
  const olderDays = daysApart < RECENT_DAYS ? BigInt.asUintN(RECENT_DAYS, older.recentDays << BigInt(daysApart)) : 0n;
  return {
    firstMs: Math.min(a.firstMs, b.firstMs),
    lastMs: newer.lastMs,
    orders: a.orders + b.orders,
    revenueMinor: addWithinSafeRange(a.revenueMinor, b.revenueMinor),
    days: a.days + b.days - bitsIn(olderDays & newer.recentDays),
    recentDays: olderDays | newer.recentDays,
  };
}

function bitsIn(bits: bigint): number {
  let count = 0;
  for (let rest = bits; rest > 0n; rest &= rest - 1n) count += 1;
  return count;
}
