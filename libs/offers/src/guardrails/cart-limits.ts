import { mulDiv } from "@leastwise/vocabulary";
import { lineAmountMinor, listPriceMinor, type Cart } from "../cart.js";
import type { CatalogRow } from "../catalog-row.js";
import type { CartGuardrails } from "./cart-guardrails.js";
import type { PriceTax } from "../price-tax.js";
import { strictestLimit } from "./goods-limits.js";
import { lineCostMinor } from "./margin-floor.js";

/** What the guardrails leave of a cart, in minor units: reckoned once for the cart, asked for every incentive on it. */
export interface CartLimits {
  /** Most that may be taken off each line, in the cart's order: 0 where its goods are excluded, else infinite. Absent: none are. */
  readonly unlessExcludedMinor: readonly number[] | undefined;
  /**
   * Most that may be taken off each line down to its floor: the catalog's own, or the policy's share of the price for such goods, rounded down
   * to a whole minor unit for the line. Negative where the shop itself has taken off more.
   */
  readonly toFloorMinor: readonly number[];
  /**
   * Most that may be taken off each line up to the policy's and the catalog's maximum, which rounds up to a whole minor unit, so that a 10 %
   * incentive passes a 10 % maximum. Negative where the shop itself has taken off more.
   */
  readonly toMaxDiscountMinor: readonly number[];
  /** Most that may be taken off all goods; infinite where the policy says nothing of it. */
  readonly cartDiscountMinor: number;
  /** What the shopper would pay for the goods without us. */
  readonly goodsMinor: number;
  /** What the goods cost the shop. */
  readonly costMinor: number;
  /** Of prices with tax in them, what tells it; undefined: there is none. */
  readonly taxed: TaxedGoods | undefined;
}

/** Goods whose prices have tax in them. */
export interface TaxedGoods {
  readonly tax: PriceTax;
  /** In the order of the cart's lines. */
  readonly lines: readonly {
    /** What the shopper would pay for the line without us, minor units. */
    readonly amountMinor: number;
    /** Undefined: the default. */
    readonly rateBp: number | undefined;
  }[];
}

/** Reckons what the guardrails leave of a cart; a campaign's own margin floor does not change it. */
export function cartLimits(
  { lines }: Pick<Cart, "lines">,
  rows: readonly (CatalogRow | undefined)[],
  guardrails: CartGuardrails,
): CartLimits {
  const { priceTax } = guardrails;
  let listMinor = 0;
  let discountMinor = 0;
  let goodsMinor = 0;
  let costMinor = 0;
  let isAnyExcluded = false;
  const unlessExcludedMinor: number[] = [];
  const toFloorMinor: number[] = [];
  const toMaxDiscountMinor: number[] = [];
  for (const [index, line] of lines.entries()) {
    const row = rows[index];
    const list = listPriceMinor(line);
    const discount = line.discountMinor ?? 0;
    listMinor += list;
    discountMinor += discount;
    goodsMinor += lineAmountMinor(line);
    costMinor += lineCostMinor(line, row, guardrails.assumedMarginBp, priceTax);
    const { excluded, floorPriceBp, maxDiscountBp } = strictestLimit(guardrails.goodsLimits, line, row);
    const floorBp = Math.max(guardrails.floorPriceBp, floorPriceBp);
    const floor = Math.max(mulDiv(list, floorBp, 10_000, "down"), (row?.floorPriceMinor ?? 0) * line.quantity, 0);
    const maxBp = Math.min(guardrails.maxDiscountBp, row?.maxDiscountBp ?? 10_000, maxDiscountBp);
    if (excluded) isAnyExcluded = true;
    unlessExcludedMinor.push(excluded ? 0 : Number.POSITIVE_INFINITY);
    toFloorMinor.push(list - discount - floor);
    toMaxDiscountMinor.push(mulDiv(list, maxBp, 10_000, "up") - discount);
  }
  const { cartMaxDiscountBp } = guardrails;
  const taxed = priceTax && taxedGoods(lines, rows, priceTax);
  const cartDiscountMinor =
    cartMaxDiscountBp === undefined
      ? Number.POSITIVE_INFINITY
      : mulDiv(listMinor, cartMaxDiscountBp, 10_000, "up") - discountMinor;
  return {
    unlessExcludedMinor: isAnyExcluded ? unlessExcludedMinor : undefined,
    toFloorMinor,
    toMaxDiscountMinor,
    cartDiscountMinor,
    goodsMinor,
    costMinor,
    taxed,
  };
}

function taxedGoods(lines: Cart["lines"], rows: readonly (CatalogRow | undefined)[], tax: PriceTax): TaxedGoods {
  const ofLines = lines.map((line, index) => ({ amountMinor: lineAmountMinor(line), rateBp: rows[index]?.taxBp }));
  return { tax, lines: ofLines };
}
