import { mulDiv, splitByLargestRemainder, type Money, type RoundingMode } from "@leastwise/vocabulary";
import { reducedUnits } from "./buy-x-get-y.js";
import { lineAmountMinor, type Cart } from "./cart.js";
import type { CatalogRow } from "./catalog-row.js";
import type { AmountOff, Incentive, Scope, TieredCashback } from "./incentive.js";
import { amountsOfUnits, unitsInReach, type Lines } from "./reach.js";

/** What an incentive is worth on one cart, and what it costs, in minor units of the cart's currency. */
export interface Appraisal {
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
  /** Each line's part of `goodsMinor`, in the cart's order. */
  readonly shares: readonly number[];
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
}

/**
 * Computes what an incentive gives on a cart; undefined if it gives nothing (below its minimum, bundle incomplete, no
 * shipping to give, paid in another way). Percentages round once; a discount on goods is split over the lines it reaches in
 * proportion to their amounts by largest remainder, and what a line's cap stops is lost, never moved to another line.
 * A line never goes below zero.
 */
export function appraise(incentive: Incentive, cart: Cart, setting: AppraisalSetting = {}): Appraisal | undefined {
  const { rows, lineCapsMinor, rounding } = setting;
  const ceiling = setting.ceilingMinor ?? Number.MAX_SAFE_INTEGER;
  const goods: Lines = { lines: cart.lines, rows, lineCapsMinor };
  switch (incentive.kind) {
    case "percent_off":
      return shareOff(incentive, amountsInReach(goods, incentive.scope), setting);
    case "amount_off":
      return amountOff(incentive, goods, ceiling);
    case "bundle_credit": {
      if (!hasAll(cart, incentive.productIds)) return undefined;
      const reach = wholeLines(goods).map((amount, index) =>
        incentive.productIds.includes(cart.lines[index]?.productId ?? "") ? amount : 0,
      );
      return offGoods(leastOf(incentive.amount.minor, sum(reach), ceiling), reach, lineCapsMinor);
    }
    case "partner_exclusive": {
      const reach = wholeLines(goods);
      return offGoods(leastOf(incentive.amount.minor, sum(reach), ceiling), reach, lineCapsMinor);
    }
    case "buy_x_get_y":
      return shareOff(incentive, amountsOfUnits(cart.lines, reducedUnits(incentive, goods)), setting);
    case "payment_discount":
      if (cart.paymentMethod !== undefined && cart.paymentMethod !== incentive.method) return undefined;
      return shareOff(incentive, wholeLines(goods), setting);
    case "free_shipping":
      return offShipping(cart, leastOf(cart.shippingMinor, incentive.maximum?.minor, ceiling));
    case "loyalty_credit":
      return forLater(cart, leastOf(incentive.amount.minor, ceiling), incentive);
    case "tiered_cashback": {
      const amount = sum(wholeLines(goods));
      return forLater(
        cart,
        leastOf(mulDiv(amount, cashbackBp(incentive, amount), 10_000, rounding), ceiling),
        incentive,
      );
    }
    case "gift": {
      const { worth, cost, cartMin } = incentive;
      const isReached = sum(wholeLines(goods)) >= (cartMin?.minor ?? 0) && cost.minor <= ceiling;
      if (!isReached) return undefined;
      return notOffGoods(cart, { worthMinor: worth.minor, costMinor: cost.minor, expectedCostMinor: cost.minor });
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
  reach: readonly number[],
  { rounding, ceilingMinor, lineCapsMinor }: AppraisalSetting,
): Appraisal | undefined {
  const wish = mulDiv(sum(reach), percentBp, 10_000, rounding);
  return offGoods(leastOf(wish, maximum?.minor, ceilingMinor), reach, lineCapsMinor);
}

function amountOff({ amount, cartMin, scope, per }: AmountOff, goods: Lines, ceiling: number): Appraisal | undefined {
  const { lineCapsMinor } = goods;
  const reach = amountsInReach(goods, scope);
  if (sum(reach) < (cartMin?.minor ?? 0)) return undefined;
  if (per === undefined) return offGoods(leastOf(amount.minor, sum(reach), ceiling), reach, lineCapsMinor);
  const times = per === "unit" ? unitsInReach(goods, scope) : undefined;
  const wished = reach.map((most, index) => leastOf(amount.minor * (times?.[index] ?? 1), most));
  return offGoods(leastOf(sum(wished), ceiling), wished, lineCapsMinor);
}

/** What each line's units in scope cost the shopper without us. */
function amountsInReach(goods: Lines, scope: Scope | undefined): number[] {
  return scope === undefined ? wholeLines(goods) : amountsOfUnits(goods.lines, unitsInReach(goods, scope));
}

/** What each line in reach costs the shopper without us. */
function wholeLines({ lines, lineCapsMinor }: Lines): number[] {
  return lines.map((line, index) =>
    lineCapsMinor !== undefined && (lineCapsMinor[index] ?? 0) <= 0 ? 0 : lineAmountMinor(line),
  );
}

function offGoods(
  wishMinor: number,
  reach: readonly number[],
  caps: readonly number[] | undefined,
): Appraisal | undefined {
  if (wishMinor <= 0) return undefined;
  const shares = splitByLargestRemainder(wishMinor, reach);
  let goods = 0;
  for (let index = 0; index < shares.length; index += 1) {
    const share = leastOf(shares[index] ?? 0, reach[index] ?? 0, caps?.[index]);
    shares[index] = share;
    goods += share;
  }
  if (goods === 0) return undefined;
  // Written out, as it is reckoned for every rung of every decision.
  return {
    worthMinor: goods,
    goodsMinor: goods,
    shippingMinor: 0,
    laterMinor: 0,
    costMinor: goods,
    expectedCostMinor: goods,
    paidAfterMs: 0,
    shares,
  };
}

function offShipping(cart: Cart, shippingMinor: number): Appraisal | undefined {
  const amounts = { worthMinor: shippingMinor, costMinor: shippingMinor, expectedCostMinor: shippingMinor };
  return notOffGoods(cart, amounts, shippingMinor);
}

/** What of it is never spent is rounded down, so that its cost is not understated. */
function forLater(
  cart: Cart,
  laterMinor: number,
  { breakageBp = 0, paidAfterMs = 0 }: { readonly breakageBp?: number; readonly paidAfterMs?: number },
): Appraisal | undefined {
  const expectedCostMinor = laterMinor - mulDiv(laterMinor, breakageBp, 10_000, "down");
  const amounts = { worthMinor: laterMinor, costMinor: laterMinor, expectedCostMinor };
  return notOffGoods(cart, amounts, 0, laterMinor, paidAfterMs);
}

function notOffGoods(
  cart: Cart,
  { worthMinor, costMinor, expectedCostMinor }: Pick<Appraisal, "worthMinor" | "costMinor" | "expectedCostMinor">,
  shippingMinor = 0,
  laterMinor = 0,
  paidAfterMs = 0,
): Appraisal | undefined {
  if (worthMinor <= 0) return undefined;
  const shares = cart.lines.map(() => 0);
  return { worthMinor, goodsMinor: 0, shippingMinor, laterMinor, costMinor, expectedCostMinor, paidAfterMs, shares };
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

function sum(amounts: readonly number[]): number {
  let total = 0;
  for (const amount of amounts) total += amount;
  return total;
}
