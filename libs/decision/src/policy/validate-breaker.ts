import type { MarginBreaker } from "./policy.js";
import type { Problems } from "./problems.js";
import { INSTANT_MAX_MS } from "./validate-campaign.js";

const ORDERS_MAX = 1_000_000;

/** Checks a campaign's breaker: a band that an order can be in, and a period to count over. */
export function validateBreaker(problems: Problems, field: string, breaker: MarginBreaker): void {
  const { marginMinBp, marginMaxBp, ordersMin, period, resumedAtMs } = breaker;
  if (marginMinBp === undefined && marginMaxBp === undefined)
    problems.add("band_missing", field, undefined, "margin_min_bp, margin_max_bp, or both");
  if (marginMinBp !== undefined) problems.range(`${field}.margin_min_bp`, marginMinBp, -10_000, 10_000);
  if (marginMaxBp !== undefined) problems.range(`${field}.margin_max_bp`, marginMaxBp, -10_000, 10_000);
  if (marginMinBp !== undefined && marginMaxBp !== undefined && marginMaxBp < marginMinBp)
    problems.add(
      "band_contradictory",
      `${field}.margin_max_bp`,
      marginMaxBp,
      `at least ${field}.margin_min_bp, ${String(marginMinBp)}`,
    );
  if (ordersMin !== undefined) problems.range(`${field}.orders_min`, ordersMin, 1, ORDERS_MAX);
  if (period === undefined) problems.add("period_missing", `${field}.period`, undefined, "day, week or month");
  if (resumedAtMs !== undefined) problems.range(`${field}.resumed_at_ms`, resumedAtMs, 0, INSTANT_MAX_MS);
}
