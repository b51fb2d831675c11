import { mulDiv } from "@leastwise/vocabulary";
import type { Appraisal } from "./appraise.js";
import { lineAmountMinor, type Cart } from "./cart.js";
import type { CatalogRow } from "./catalog-row.js";
import { lineCostMinor } from "./guardrails/margin-floor.js";
import { netOfTax, type PriceTax } from "./price-tax.js";

/** What an order brought in, minor units. */
export interface OrderMargin {
  /** What was paid for its goods, all discounts and the tax in it taken off. */
  readonly paidMinor: number;
  /** What the shop keeps of that: what the goods cost and the shop's share of what the incentive costs taken off. Negative: it lost. */
  readonly marginMinor: number;
}

/** An incentive on the cart that it is used on. */
export interface UsedIncentive {
  readonly cart: Cart;
  /** The catalog's rows in the order of the cart's lines. */
  readonly rows: readonly (CatalogRow | undefined)[];
  readonly appraisal: Pick<Appraisal, "goodsMinor" | "costMinor" | "shares">;
  /** Of goods whose unit cost is not known, basis points of the price, 0 to 10 000. */
  readonly assumedMarginBp: number;
  /** Of prices with tax in them. Absent: there is none. */
  readonly priceTax?: PriceTax | undefined;
  /** The shop's share of what the incentive costs, basis points; a partner pays the rest. */
  readonly merchantShareBp: number;
}

/**
 * What an order on which an incentive is used brings in. As under the margin floor, the incentive costs what it can at most: credit that is
 * paid later counts whole. Shipping is neither paid nor margin here, but shipping that is given free costs. The partner's share is rounded down.
 */
export function orderMargin({
  cart,
  rows,
  appraisal,
  assumedMarginBp,
  priceTax,
  merchantShareBp,
}: UsedIncentive): OrderMargin {
  let [paidMinor, costMinor] = [0, 0];
  for (const [index, line] of cart.lines.entries()) {
    const row = rows[index];
    paidMinor += netOfTax(lineAmountMinor(line) - (appraisal.shares[index] ?? 0), priceTax, row?.taxBp);
    costMinor += lineCostMinor(line, row, assumedMarginBp, priceTax);
  }
  const besideGoodsMinor = appraisal.costMinor - appraisal.goodsMinor;
  const partnersMinor = mulDiv(appraisal.costMinor, 10_000 - merchantShareBp, 10_000, "down");
  return { paidMinor, marginMinor: paidMinor - costMinor - besideGoodsMinor + partnersMinor };
}
