import type { CurrencyCode } from "@leastwise/vocabulary";
import type { PriceBasis } from "./price-tax.js";
import type { StackOffer } from "./stacking/stack-offer.js";

/** One line of a cart, as the checkout states it. Doors have checked ranges: the sums below stay safe integers. */
export interface CartLine {
  /** The SKU. The same SKU may stand on several lines. */
  readonly productId: string;
  /** Units, 1 to 2 147 483 647. */
  readonly quantity: number;
  /** Price of one unit before any discount, minor units, not negative. */
  readonly unitPriceMinor: number;
  /** What the shop already takes off the whole line without us, minor units, not negative. Absent: nothing. */
  readonly discountMinor?: number;
}

/** What is to be paid for, in one currency. */
export interface Cart {
  readonly currency: CurrencyCode;
  /** At least one line. */
  readonly lines: readonly CartLine[];
  /** Shipping that the shopper would pay, minor units, not negative. */
  readonly shippingMinor: number;
  /** The shop's name of the way in which it will be paid. Absent: not known. */
  readonly paymentMethod?: string;
  /** Whether its prices have tax in them. Absent: not said. */
  readonly prices?: PriceBasis;
  /** What the checkout has applied, or is about to, beside ours: no id twice, no two of a group. Absent: nothing. */
  readonly offers?: readonly StackOffer[];
  /** Offers of ours that the checkout has applied, by their codes, checked by the door. Absent: none. */
  readonly claims?: readonly ClaimedCode[];
}

/** One of our codes in a cart. */
export interface ClaimedCode {
  /** The checkout's id of it. */
  readonly id: string;
  /** As it came. */
  readonly code: string;
}

/** Price of the line's units before any discount, minor units. */
export function listPriceMinor(line: CartLine): number {
  return asSafe(line.unitPriceMinor * line.quantity);
}

/** What the shopper would pay for the line without us, minor units, never below zero. */
export function lineAmountMinor(line: CartLine): number {
  return Math.max(0, listPriceMinor(line) - (line.discountMinor ?? 0));
}

/** What the shopper would pay for the goods without us, minor units. */
export function goodsMinor(cart: Cart): number {
  return cart.lines.reduce((sum, line) => asSafe(sum + lineAmountMinor(line)), 0);
}

function asSafe(minor: number): number {
  if (!Number.isSafeInteger(minor)) throw new RangeError(`amount out of range: ${String(minor)}; doors check this`);
  return minor;
}
