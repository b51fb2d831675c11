import type { PurchaseHistory } from "../purchase-history.js";
import type { BlockViews } from "./block.js";

/*
 * A purchase history in a block:
 *
 * unit 0   time of the first order
 *      1   time of the newest
 *      2   revenue
 *      3   orders │ days with one
 *      4   which of the 64 days up to the newest had one: days 0 to 31 │ 32 to 63
 */

/** Reads the history that stands at a unit. */
export function historyIn({ f64, i32 }: BlockViews, at: number): PurchaseHistory {
  const [low, high] = [i32[2 * at + 8] ?? 0, i32[2 * at + 9] ?? 0];
  return {
    firstMs: f64[at] ?? 0,
    lastMs: f64[at + 1] ?? 0,
    revenueMinor: f64[at + 2] ?? 0,
    orders: i32[2 * at + 6] ?? 0,
    days: i32[2 * at + 7] ?? 0,
    recentDays: BigInt(low >>> 0) | (BigInt(high >>> 0) << 32n),
  };
}

/** Writes a history at a unit. */
export function putHistory({ f64, i32 }: BlockViews, at: number, history: PurchaseHistory): void {
  f64[at] = history.firstMs;
  f64[at + 1] = history.lastMs;
  f64[at + 2] = history.revenueMinor;
  i32[2 * at + 6] = history.orders;
  i32[2 * at + 7] = history.days;
  i32[2 * at + 8] = Number(history.recentDays & 0xffff_ffffn) | 0;
  i32[2 * at + 9] = Number(history.recentDays >> 32n) | 0;
}
