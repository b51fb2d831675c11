import { DAY_MS, type Money } from "@leastwise/vocabulary";
import type { Problems } from "./problems.js";

/** Where classes of purchase history begin, as a policy writes them: four ascending bounds of each make five classes. */
export interface Rfm {
  /** Time since the newest order, ms. */
  readonly recencyMs: readonly number[];
  /** Number of orders. */
  readonly frequency: readonly number[];
  /** Paid for all orders, in the policy's currency. */
  readonly monetary: readonly Money[];
}

/** A shopper's classes, 1 the worst to 5 the best; null without an order, without consent, or where the history is not known. */
export interface RfmClasses {
  readonly recency: number | null;
  readonly frequency: number | null;
  readonly monetary: number | null;
}

/** Bounds with the places of the features that are held against them; −1 where the catalogue has none of that name. */
export interface CompiledRfm extends Rfm {
  readonly slots: { readonly sincePurchaseMs: number; readonly purchases: number; readonly revenueMinor: number };
}

const BOUNDS = 4;
const UNKNOWN: RfmClasses = { recency: null, frequency: null, monetary: null };

/** Checks the bounds of the classes. */
export function validateRfm(problems: Problems, { recencyMs, frequency, monetary }: Rfm, currency: string): void {
  for (const [i, ms] of recencyMs.entries()) problems.range(`rfm.recency_ms[${String(i)}]`, ms, 1, 3_660 * DAY_MS);
  for (const [i, orders] of frequency.entries())
    problems.range(`rfm.frequency[${String(i)}]`, orders, 1, Number.MAX_SAFE_INTEGER);
  for (const [i, amount] of monetary.entries()) problems.money(`rfm.monetary[${String(i)}]`, amount, currency, 1);
  ascending(problems, "rfm.recency_ms", recencyMs);
  ascending(problems, "rfm.frequency", frequency);
  ascending(
    problems,
    "rfm.monetary",
    monetary.map(({ minor }) => minor),
  );
}

function ascending(problems: Problems, field: string, bounds: readonly number[]): void {
  if (bounds.length !== BOUNDS)
    problems.add(
      "bounds_size",
      field,
      bounds.length,
      `${String(BOUNDS)} bounds, which make ${String(BOUNDS + 1)} classes`,
    );
  for (const [i, bound] of bounds.entries()) {
    const before = bounds[i - 1];
    if (before !== undefined && bound <= before)
      problems.add("bounds_not_ascending", `${field}[${String(i)}]`, bound, `more than ${String(before)}`);
  }
}

/** The bounds, bound to the places of a catalogue. */
export function compileRfm(rfm: Rfm, names: readonly string[]): CompiledRfm {
  return {
    ...rfm,
    slots: {
      sincePurchaseMs: names.indexOf("since_purchase_ms"),
      purchases: names.indexOf("purchases_all"),
      revenueMinor: names.indexOf("revenue_minor_all"),
    },
  };
}

/**
 * The classes of a shopper. Who ordered within the first bound is of class 5 by recency; who reaches the last is, by frequency and by what was paid.
 *
 * @param values the feature vector; undefined without consent
 */
export function rfmClasses(rfm: CompiledRfm, values: ArrayLike<number> | undefined): RfmClasses {
  const { slots } = rfm;
  const purchases = values?.[slots.purchases] ?? Number.NaN;
  if (!(purchases > 0)) return UNKNOWN;
  const sinceMs = values?.[slots.sincePurchaseMs] ?? Number.NaN;
  const revenueMinor = values?.[slots.revenueMinor] ?? Number.NaN;
  return {
    recency: Number.isNaN(sinceMs) ? null : 1 + rfm.recencyMs.filter((bound) => sinceMs <= bound).length,
    frequency: 1 + rfm.frequency.filter((bound) => purchases >= bound).length,
    monetary: Number.isNaN(revenueMinor) ? null : 1 + rfm.monetary.filter(({ minor }) => revenueMinor >= minor).length,
  };
}
