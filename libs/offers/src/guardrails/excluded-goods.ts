import { lineAmountMinor, type Cart } from "../cart.js";
import type { CatalogRow } from "../catalog-row.js";
import type { CartGuardrails, GuardedCart } from "./cart-guardrails.js";
import { isExcluded } from "./goods-limits.js";

/** Nothing is taken off goods that are excluded. */
export function excludedGoods({
  cart,
  rows,
  appraisal,
  guardrails,
}: GuardedCart): "guardrail_excluded_goods" | undefined {
  if (guardrails.goodsLimits === undefined) return undefined;
  for (const [index, line] of cart.lines.entries())
    if ((appraisal.shares[index] ?? 0) !== 0 && isExcluded(guardrails, line, rows[index]))
      return "guardrail_excluded_goods";
  return undefined;
}

/**
 * Caps of the lines that take excluded goods out of every incentive's reach, so that it is reckoned from the others alone; `capsMinor`
 * themselves where the cart has none.
 */
export function withoutExcludedGoods(
  guardrails: CartGuardrails,
  { lines }: Cart,
  rows: readonly (CatalogRow | undefined)[],
  capsMinor: readonly number[] | undefined,
): readonly number[] | undefined {
  if (guardrails.goodsLimits === undefined) return capsMinor;
  const excluded = lines.map((line, index) => isExcluded(guardrails, line, rows[index]));
  if (!excluded.includes(true)) return capsMinor;
  return lines.map((line, index) => (excluded[index] === true ? 0 : (capsMinor?.[index] ?? lineAmountMinor(line))));
}
