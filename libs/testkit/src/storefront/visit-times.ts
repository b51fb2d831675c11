import { DAY_MS, HOUR_MS } from "@leastwise/vocabulary";
import { exponential } from "../random/draws.js";
import type { Xoshiro128 } from "../random/xoshiro128.js";

/** How busy the shop is by hour of the day, UTC; 1 is the busiest. */
const BUSY = [
  0.3, 0.18, 0.12, 0.08, 0.06, 0.08, 0.14, 0.26, 0.4, 0.5, 0.56, 0.6, 0.66, 0.62, 0.58, 0.56, 0.6, 0.68, 0.8, 0.94, 1,
  0.96, 0.78, 0.5,
] as const;
const BUSY_MEAN = BUSY.reduce((sum, weight) => sum + weight, 0) / BUSY.length;

/**
 * The next visit after a moment: a Poisson process that follows the hours of the day, by thinning (Lewis and Shedler,
 * 1979).
 */
export function nextVisitMs(random: Xoshiro128, afterMs: number, visitsPerDay: number): number {
  const meanGapMs = (DAY_MS / visitsPerDay) * BUSY_MEAN;
  let atMs = afterMs;
  do atMs += 1 + exponential(random, meanGapMs);
  while (random.nextUnit() >= (BUSY[Math.floor((atMs % DAY_MS) / HOUR_MS)] ?? 0));
  return Math.floor(atMs);
}
