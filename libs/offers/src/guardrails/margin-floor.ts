import { mulDiv } from "@leastwise/vocabulary";
import type { Appraisal } from "../appraise.js";
import { lineAmountMinor, listPriceMinor, type CartLine } from "../cart.js";
import type { CatalogRow } from "../catalog-row.js";
import { netOfTax, type PriceTax } from "../price-tax.js";
import type { LimitedCart } from "./cart-guardrails.js";

/**
 * After the incentive the cart keeps its least margin, as a share of what is paid for the goods. Everything that the
 * incentive costs counts at its worst: off the goods, off the shipping, for later, and the gift. Of prices with tax in them, what is paid for the
 * goods counts without it; what an incentive gives beside the goods counts whole.
 */
export function marginFloor({
  appraisal,
  limits,
  guardrails,
  otherOffersCostMinor = 0,
}: LimitedCart): "guardrail_margin_floor" | undefined {
  const paid = paidNetOfTax(limits, appraisal);
  const besideGoods = appraisal.costMinor - appraisal.goodsMinor;
  const margin = paid - limits.costMinor - otherOffersCostMinor - besideGoods;
  return isBelow(margin, paid, guardrails.marginFloorBp) ? "guardrail_margin_floor" : undefined;
}

/** What the shop keeps of what is paid for the goods when the tax in it has been paid, minor units: line by line, as the discount is allocated. */
function paidNetOfTax({ goodsMinor, taxed }: LimitedCart["limits"], appraisal: Appraisal): number {
  if (taxed === undefined) return goodsMinor - appraisal.goodsMinor;
  const { tax, lines } = taxed;
  // Asked for only here: a split is made where somebody looks at its shares.
  const { shares } = appraisal;
  return lines.reduce(
    (sum, { amountMinor, rateBp }, index) => sum + netOfTax(amountMinor - (shares[index] ?? 0), tax, rateBp),
    0,
  );
}

/** What the line's units cost the shop, minor units: by the catalog, else the price less the tax in it and the assumed margin. */
export function lineCostMinor(
  line: CartLine,
  row: CatalogRow | undefined,
  assumedMarginBp: number,
  priceTax?: PriceTax,
): number {
  if (row?.unitCostMinor !== undefined) return row.unitCostMinor * line.quantity;
  return mulDiv(netOfTax(listPriceMinor(line), priceTax, row?.taxBp), 10_000 - assumedMarginBp, 10_000);
}

/** What the shop keeps of the goods without us, minor units; negative below cost. */
export function goodsMarginMinor(
  lines: readonly CartLine[],
  rows: readonly (CatalogRow | undefined)[],
  assumedMarginBp: number,
  priceTax?: PriceTax,
): number {
  return lines.reduce((sum, line, i) => {
    const kept = netOfTax(lineAmountMinor(line), priceTax, rows[i]?.taxBp);
    return sum + kept - lineCostMinor(line, rows[i], assumedMarginBp, priceTax);
  }, 0);
}

function isBelow(margin: number, paid: number, floorBp: number): boolean {
  const left = margin * 10_000;
  const right = paid * floorBp;
  if (Number.isSafeInteger(left) && Number.isSafeInteger(right)) return left < right;
  return BigInt(margin) * 10_000n < BigInt(paid) * BigInt(floorBp);
}
