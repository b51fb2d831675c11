import { mulDiv, splitByLargestRemainder } from "@leastwise/vocabulary";
import { lineAmountMinor, type Cart } from "./cart.js";
import type { Incentive, TieredCashback } from "./incentive.js";

/** What an incentive is worth on one cart, in minor units of the cart's currency. */
export interface Appraisal {
  /** What the shopper gains: off the goods, off the shipping and for later, together. Positive. */
  readonly worthMinor: number;
  /** Off the goods now; `shares` add up to it exactly. */
  readonly goodsMinor: number;
  /** Off the shipping now. */
  readonly shippingMinor: number;
  /** Credited or paid back later. */
  readonly laterMinor: number;
  /** Each line's part of `goodsMinor`, in the cart's order. */
  readonly shares: readonly number[];
}

/** Bounds that do not come from the incentive itself. */
export interface AppraisalBounds {
  /** Most that each line may be reduced by, minor units; 0 takes the line out of the incentive's reach altogether. */
  readonly lineCapsMinor?: readonly number[];
  /** Most that the whole may be worth: what is held for the offer. */
  readonly ceilingMinor?: number;
}

/**
 * Computes what an incentive gives on a cart; undefined if it gives nothing (below its minimum, bundle incomplete, no
 * shipping to give). Percentages round half to even, once; a discount on goods is split over the lines it reaches in
 * proportion to their amounts by largest remainder, and what a line's cap stops is lost, never moved to another line.
 * A line never goes below zero.
 */
export function appraise(incentive: Incentive, cart: Cart, bounds: AppraisalBounds = {}): Appraisal | undefined {
  const ceiling = bounds.ceilingMinor ?? Number.MAX_SAFE_INTEGER;
  const reach = amountsInReach(incentive, cart, bounds.lineCapsMinor);
  const goods = sum(reach);
  switch (incentive.kind) {
    case "percent_off": {
      const wish = mulDiv(goods, incentive.percentBp, 10_000);
      return offGoods(min(wish, incentive.maximum?.minor, ceiling), reach, bounds.lineCapsMinor);
    }
    case "amount_off":
      if (goods < (incentive.cartMin?.minor ?? 0)) return undefined;
      return offGoods(min(incentive.amount.minor, goods, ceiling), reach, bounds.lineCapsMinor);
    case "bundle_credit":
      if (!hasAll(cart, incentive.productIds)) return undefined;
      return offGoods(min(incentive.amount.minor, goods, ceiling), reach, bounds.lineCapsMinor);
    case "partner_exclusive":
      return offGoods(min(incentive.amount.minor, goods, ceiling), reach, bounds.lineCapsMinor);
    case "free_shipping":
      return notOffGoods(cart, min(cart.shippingMinor, incentive.maximum?.minor, ceiling), 0);
    case "loyalty_credit":
      return notOffGoods(cart, 0, min(incentive.amount.minor, ceiling));
    case "tiered_cashback":
      return notOffGoods(cart, 0, min(mulDiv(goods, cashbackBp(incentive, goods), 10_000), ceiling));
  }
}

/**
 * Most that an incentive worth `worthMinor` on the cart it was decided for can cost: what is held for it. A later cart
 * may be larger, but nothing is ever given beyond what is held; so an incentive with a maximum of its own holds that,
 * and one without holds, and is good for, what it is worth on the recorded cart.
 */
export function worstCostMinor(incentive: Incentive, worthMinor: number): number {
  switch (incentive.kind) {
    case "percent_off":
    case "free_shipping":
      return Math.max(worthMinor, incentive.maximum?.minor ?? worthMinor);
    case "amount_off":
    case "bundle_credit":
    case "loyalty_credit":
    case "partner_exclusive":
      return Math.max(worthMinor, incentive.amount.minor);
    case "tiered_cashback":
      return worthMinor;
  }
}

function amountsInReach(incentive: Incentive, cart: Cart, caps: readonly number[] | undefined): number[] {
  const bundle = incentive.kind === "bundle_credit" ? incentive.productIds : undefined;
  return cart.lines.map((line, index) => {
    if (caps !== undefined && (caps[index] ?? 0) <= 0) return 0;
    if (bundle !== undefined && !bundle.includes(line.productId)) return 0;
    return lineAmountMinor(line);
  });
}

function offGoods(
  wishMinor: number,
  reach: readonly number[],
  caps: readonly number[] | undefined,
): Appraisal | undefined {
  if (wishMinor <= 0) return undefined;
  const wished = splitByLargestRemainder(wishMinor, reach);
  const shares = wished.map((share, index) => min(share, reach[index] ?? 0, caps?.[index]));
  const goods = sum(shares);
  if (goods === 0) return undefined;
  return { worthMinor: goods, goodsMinor: goods, shippingMinor: 0, laterMinor: 0, shares };
}

function notOffGoods(cart: Cart, shippingMinor: number, laterMinor: number): Appraisal | undefined {
  const worthMinor = shippingMinor + laterMinor;
  if (worthMinor <= 0) return undefined;
  return { worthMinor, goodsMinor: 0, shippingMinor, laterMinor, shares: cart.lines.map(() => 0) };
}

function cashbackBp({ tiers }: TieredCashback, goods: number): number {
  return tiers.findLast((tier) => goods >= tier.cartMin.minor)?.cashbackBp ?? 0;
}

function hasAll(cart: Cart, productIds: readonly string[]): boolean {
  return productIds.every((id) => cart.lines.some((line) => line.productId === id));
}

function min(first: number, ...others: readonly (number | undefined)[]): number {
  return others.reduce<number>((least, other) => (other !== undefined && other < least ? other : least), first);
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
