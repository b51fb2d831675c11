import { mulDiv, type Money, type RoundingMode } from "@leastwise/vocabulary";
import { reducedUnits } from "./buy-x-get-y.js";
import type { Cart } from "./cart.js";
import type { CatalogRow } from "./catalog-row.js";
import { Goods, Split, type Reach } from "./goods.js";
import type { AmountOff, Incentive, TieredCashback } from "./incentive.js";
import { amountsOfUnits, unitsInReach } from "./reach.js";

/** What an incentive is worth on one cart, and what it costs, in minor units of the cart's currency. */
export class Appraisal {
  /** What the shopper gains: off the goods, off the shipping, for later, and as a gift, together. Positive. */
  readonly worthMinor: number;
  /** Off the goods now; `shares` add up to it exactly. */
  readonly goodsMinor: number;
  /** Off the shipping now. */
  readonly shippingMinor: number;
  /** Credited or paid back later. */
  readonly laterMinor: number;
  /** Most that it costs the shop if it is used: what is charged to a budget. */
  readonly costMinor: number;
  /** What it costs in expectation if it is used: less what of it is never spent. Not more than `costMinor`. */
  readonly expectedCostMinor: number;
  /** How long after the redemption `laterMinor` is paid, ms; 0: at once. */
  readonly paidAfterMs: number;
  /** How `goodsMinor` is spread over the lines. */
  readonly split: Split;

  /** Written out, as one is made for every rung of every decision. */
  constructor(
    split: Split,
    worthMinor: number,
    costMinor: number,
    expectedCostMinor: number,
    shippingMinor = 0,
    laterMinor = 0,
    paidAfterMs = 0,
  ) {
    this.worthMinor = worthMinor;
    this.goodsMinor = split.totalMinor;
    this.shippingMinor = shippingMinor;
    this.laterMinor = laterMinor;
    this.costMinor = costMinor;
    this.expectedCostMinor = expectedCostMinor;
    this.paidAfterMs = paidAfterMs;
    this.split = split;
  }

  /** Each line's part of `goodsMinor`, in the cart's order. */
  get shares(): readonly number[] {
    return this.split.shares;
  }
}

/** What an appraisal depends on beside the incentive and the cart. */
export interface AppraisalSetting {
  /** What the catalog says of the cart's lines, in their order: categories and brands. Absent: nothing. */
  readonly rows?: readonly (CatalogRow | undefined)[] | undefined;
  /** Absent: half to even. */
  readonly rounding?: RoundingMode | undefined;
  /** Most that each line may be reduced by, minor units; 0 takes the line out of the incentive's reach altogether. */
  readonly lineCapsMinor?: readonly number[] | undefined;
  /** Most that the whole may cost: what is held for the offer. */
  readonly ceilingMinor?: number | undefined;
  /** The cart's goods with these rows and caps, where several incentives are appraised on them. Absent: they are made. */
  readonly goods?: Goods | undefined;
}

/**
 * Computes what an incentive gives on a cart; undefined if it gives nothing (below its minimum, bundle incomplete, no
 * shipping to give, paid in another way). Percentages round once; a discount on goods is split over the lines it reaches in
 * proportion to their amounts by largest remainder, and what a line's cap stops is lost, never moved to another line.
 * A line never goes below zero.
 */
export function appraise(incentive: Incentive, cart: Cart, setting: AppraisalSetting = {}): Appraisal | undefined {
  const { rows, lineCapsMinor, rounding } = setting;
  const goods = setting.goods ?? new Goods(cart, rows, lineCapsMinor);
  const ceiling = setting.ceilingMinor ?? Number.MAX_SAFE_INTEGER;
  switch (incentive.kind) {
    case "percent_off":
      return shareOff(incentive, goods.within(incentive.scope), rounding, ceiling);
    case "amount_off":
      return amountOff(incentive, goods, ceiling);
    case "bundle_credit": {
      if (!hasAll(cart, incentive.productIds)) return undefined;
      const amounts = goods.whole.amountsMinor.map((amount, index) =>
        incentive.productIds.includes(cart.lines[index]?.productId ?? "") ? amount : 0,
      );
      return amountOffGoods(incentive.amount, goods.reachOf(amounts), ceiling);
    }
    case "partner_exclusive":
      return amountOffGoods(incentive.amount, goods.whole, ceiling);
    case "buy_x_get_y": {
      const reach = goods.reachOf(amountsOfUnits(cart.lines, reducedUnits(incentive, goods)));
      return shareOff(incentive, reach, rounding, ceiling);
    }
    case "payment_discount":
      if (cart.paymentMethod !== undefined && cart.paymentMethod !== incentive.method) return undefined;
      return shareOff(incentive, goods.whole, rounding, ceiling);
    case "free_shipping": {
      const minor = leastOf(cart.shippingMinor, incentive.maximum?.minor, ceiling);
      return minor <= 0 ? undefined : new Appraisal(goods.untouched, minor, minor, minor, minor);
    }
    case "loyalty_credit":
      return forLater(goods, leastOf(incentive.amount.minor, ceiling), incentive);
    case "tiered_cashback": {
      const amount = goods.whole.totalMinor;
      const wish = mulDiv(amount, cashbackBp(incentive, amount), 10_000, rounding);
      return forLater(goods, leastOf(wish, ceiling), incentive);
    }
    case "gift": {
      const { worth, cost, cartMin } = incentive;
      const isReached = goods.whole.totalMinor >= (cartMin?.minor ?? 0) && cost.minor <= ceiling;
      if (!isReached || worth.minor <= 0) return undefined;
      return new Appraisal(goods.untouched, worth.minor, cost.minor, cost.minor);
    }
  }
}

/**
 * Most that an incentive can cost whose appraisal on the cart it was decided for is given: what is held for it. A later cart
 * may be larger, but nothing is ever given beyond what is held; so an incentive with a maximum of its own holds that,
 * and one without holds, and is good for, what it costs on the recorded cart.
 */
export function worstCostMinor(incentive: Incentive, { costMinor }: Pick<Appraisal, "costMinor">): number {
  switch (incentive.kind) {
    case "percent_off":
    case "free_shipping":
    case "payment_discount":
      return Math.max(costMinor, incentive.maximum?.minor ?? costMinor);
    case "amount_off":
      return incentive.per === undefined ? Math.max(costMinor, incentive.amount.minor) : costMinor;
    case "bundle_credit":
    case "loyalty_credit":
    case "partner_exclusive":
      return Math.max(costMinor, incentive.amount.minor);
    case "tiered_cashback":
    case "buy_x_get_y":
    case "gift":
      return costMinor;
  }
}

/** A share of what is in reach, up to a maximum. */
function shareOff(
  { percentBp, maximum }: { readonly percentBp: number; readonly maximum?: Money },
  reach: Reach,
  rounding: RoundingMode | undefined,
  ceiling: number,
): Appraisal | undefined {
  const wish = mulDiv(reach.totalMinor, percentBp, 10_000, rounding);
  return offGoods(leastOf(wish, maximum?.minor, ceiling), reach);
}

function amountOff({ amount, cartMin, scope, per }: AmountOff, goods: Goods, ceiling: number): Appraisal | undefined {
  const reach = goods.within(scope);
  if (reach.totalMinor < (cartMin?.minor ?? 0)) return undefined;
  if (per === undefined) return amountOffGoods(amount, reach, ceiling);
  const times = per === "unit" ? unitsInReach(goods, scope) : undefined;
  const wished = goods.reachOf(
    reach.amountsMinor.map((most, index) => leastOf(amount.minor * (times?.[index] ?? 1), most)),
  );
  return offGoods(leastOf(wished.totalMinor, ceiling), wished);
}

function amountOffGoods(amount: Money, reach: Reach, ceiling: number): Appraisal | undefined {
  return offGoods(leastOf(amount.minor, reach.totalMinor, ceiling), reach);
}

/** A line in reach may be reduced by a minor unit at least: what caps stop is never all of it. */
function offGoods(wishMinor: number, reach: Reach): Appraisal | undefined {
  if (wishMinor <= 0) return undefined;
  const split = new Split(reach, wishMinor);
  const minor = split.totalMinor;
  return new Appraisal(split, minor, minor, minor);
}

/** What of it is never spent is rounded down, so that its cost is not understated. */
function forLater(
  goods: Goods,
  laterMinor: number,
  { breakageBp = 0, paidAfterMs = 0 }: { readonly breakageBp?: number; readonly paidAfterMs?: number },
): Appraisal | undefined {
  if (laterMinor <= 0) return undefined;
  const expected = laterMinor - mulDiv(laterMinor, breakageBp, 10_000, "down");
  return new Appraisal(goods.untouched, laterMinor, laterMinor, expected, 0, laterMinor, paidAfterMs);
}

function cashbackBp({ tiers }: TieredCashback, goods: number): number {
  return tiers.findLast((tier) => goods >= tier.cartMin.minor)?.cashbackBp ?? 0;
}

function hasAll(cart: Cart, productIds: readonly string[]): boolean {
  return productIds.every((id) => cart.lines.some((line) => line.productId === id));
}

/** The least of two or three amounts; what is absent does not count. */
function leastOf(first: number, second: number | undefined, third?: number): number {
  const least = second !== undefined && second < first ? second : first;
  return third !== undefined && third < least ? third : least;
}
