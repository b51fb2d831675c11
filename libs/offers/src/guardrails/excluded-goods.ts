import { lineAmountMinor, type Cart } from "../cart.js";
import type { CatalogRow } from "../catalog-row.js";
import type { CartGuardrails, LimitedCart } from "./cart-guardrails.js";
import type { CartLimits } from "./cart-limits.js";
import { strictestLimit } from "./goods-limits.js";

/** Nothing is taken off goods that are excluded. */
export function excludedGoods({ appraisal, limits }: LimitedCart): "guardrail_excluded_goods" | undefined {
  const { unlessExcludedMinor } = limits;
  if (unlessExcludedMinor === undefined) return undefined;
  return appraisal.split.isBeyond(unlessExcludedMinor) ? "guardrail_excluded_goods" : undefined;
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
  const excluded = lines.map((line, index) => strictestLimit(guardrails.goodsLimits, line, rows[index]).excluded);
  if (!excluded.includes(true)) return capsMinor;
  return lines.map((line, index) => (excluded[index] === true ? 0 : (capsMinor?.[index] ?? lineAmountMinor(line))));
}

/** The same of a cart of which is known what the guardrails leave. */
export function withoutLimitedGoods(
  { unlessExcludedMinor }: Pick<CartLimits, "unlessExcludedMinor">,
  { lines }: Cart,
  capsMinor: readonly number[] | undefined,
): readonly number[] | undefined {
  if (unlessExcludedMinor === undefined) return capsMinor;
  return lines.map((line, index) =>
    unlessExcludedMinor[index] === 0 ? 0 : (capsMinor?.[index] ?? lineAmountMinor(line)),
  );
}
