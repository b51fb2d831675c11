import { splitByLargestRemainder, type CurrencyCode } from "@leastwise/vocabulary";
import { shippingMinor } from "./catalog.js";
import { buyChance, type Taste } from "./taste.js";
import type { PlannedLine } from "./visit-plan.js";

/** From the answer to the purchase. */
export const PURCHASE_AFTER_MS = 25_000;
/** From the answer to the use of the code. */
export const REDEEM_AFTER_MS = 20_000;

/** A line that comes back after the purchase. */
export interface PlannedReturn {
  readonly line: number;
  readonly afterMs: number;
}

/**
 * One standing at the checkout: what is in the cart, what the shopper is like, and the one uniform number that decides
 * whether they buy. The same number is held against the chance at every face value (common random numbers), so that what
 * would have happened otherwise is known, and a better offer never loses a sale.
 */
export class Checkout {
  readonly lines: readonly PlannedLine[];
  readonly goodsMinor: number;
  readonly costMinor: number;
  readonly shippingMinor: number;
  /** The line that comes back within the play, if the order is placed. */
  readonly goodsReturn: PlannedReturn | undefined;
  readonly #taste: Taste;
  readonly #isReturn: boolean;
  readonly #unit: number;

  /**
   * @param shopper `isReturn`: they went away from this cart before; `unit`: uniform in [0, 1)
   */
  constructor(
    lines: readonly PlannedLine[],
    currency: CurrencyCode,
    shopper: { readonly taste: Taste; readonly isReturn: boolean; readonly unit: number },
    goodsReturn: PlannedReturn | undefined,
  ) {
    this.lines = lines;
    this.goodsMinor = lines.reduce((sum, line) => sum + priceOf(line), 0);
    this.costMinor = lines.reduce((sum, line) => sum + costOf(line), 0);
    this.shippingMinor = shippingMinor(this.goodsMinor, currency);
    this.#taste = shopper.taste;
    this.#isReturn = shopper.isReturn;
    this.#unit = shopper.unit;
    this.goodsReturn = goodsReturn;
  }

  /** Chance of buying at that face value. */
  chanceAt(faceValueMinor: number): number {
    return buyChance(this.#taste, faceValueMinor, this.goodsMinor, this.#isReturn);
  }

  /** Whether the shopper buys at that face value. */
  buysAt(faceValueMinor: number): boolean {
    return this.#unit < this.chanceAt(faceValueMinor);
  }

  /** What an order's margin is at that face value, taken off the goods: 0 if the shopper does not buy. */
  marginAt(faceValueMinor: number): number {
    if (!this.buysAt(faceValueMinor)) return 0;
    return this.margin(faceValueMinor, this.sharesOf(Math.min(faceValueMinor, this.goodsMinor)));
  }

  /**
   * The margin of the order once it is placed: what is paid for the goods less their cost, less what the incentive cost,
   * less the margin on what comes back.
   *
   * @param discountMinor all that the incentive cost
   * @param shares the part of it that is taken off each line
   */
  margin(discountMinor: number, shares: readonly number[]): number {
    const placed = this.goodsMinor - this.costMinor - discountMinor;
    const back = this.goodsReturn;
    const line = back === undefined ? undefined : this.lines[back.line];
    if (back === undefined || line === undefined) return placed;
    return placed - (priceOf(line) - (shares[back.line] ?? 0) - costOf(line));
  }

  /** A discount on the goods, split over the lines by their value. */
  sharesOf(discountMinor: number): number[] {
    return splitByLargestRemainder(discountMinor, this.lines.map(priceOf));
  }
}

/** What a line costs the shopper without a discount, minor units. */
function priceOf({ product, units }: PlannedLine): number {
  return Number(product.price?.minor ?? 0n) * units;
}

function costOf({ product, units }: PlannedLine): number {
  return Number(product.unitCost?.minor ?? 0n) * units;
}
