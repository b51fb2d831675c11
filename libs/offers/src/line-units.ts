import { splitByLargestRemainder } from "@leastwise/vocabulary";
import type { Appraisal } from "./appraise.js";
import { lineAmountMinor, type Cart } from "./cart.js";
import type { Redemption } from "./offer.js";

/**
 * What the units of a redeemed line give back when they are returned, fixed at redemption: a return reads it and nothing is ever divided again.
 * By largest remainder within the line, so that the units' parts add up to the line's.
 */
export interface LineUnits {
  /** Place of the line in the redeemed cart, from 0. */
  readonly line: number;
  readonly productId: string;
  readonly quantity: number;
  /** Each unit's part, minor units. */
  readonly unitMinor: number;
  /** So many units, the first to be returned, have a minor unit more. */
  readonly dearerUnits: number;
}

/**
 * The parts of all units of a cart. What is off the goods lies on the lines it was taken off; what is credited or paid back later on all, by
 * their amounts. What is off the shipping, and a gift, lie on no unit: they go back with the last one.
 */
export function unitsOfCart(cart: Cart, { shares, laterMinor }: Appraisal): readonly LineUnits[] {
  const later = splitByLargestRemainder(laterMinor, cart.lines.map(lineAmountMinor));
  return cart.lines.map(({ productId, quantity }, line) => ({
    line,
    productId,
    quantity,
    ...perUnit((shares[line] ?? 0) + (later[line] ?? 0), quantity),
  }));
}

/** The parts of all units of a redemption; of one that was recorded before those were, by its lines' parts, as they would have been. */
export function unitsOfLines({ units, shares }: Redemption): readonly LineUnits[] {
  return (
    units ??
    shares.map(({ line, productId, quantity, discountMinor }) => ({
      line,
      productId,
      quantity,
      ...perUnit(discountMinor, quantity),
    }))
  );
}

/** The part of the first so many units of a line, minor units. */
export function minorOfUnits({ unitMinor, dearerUnits }: LineUnits, quantity: number): number {
  return quantity * unitMinor + Math.min(quantity, dearerUnits);
}

function perUnit(lineMinor: number, quantity: number): Pick<LineUnits, "unitMinor" | "dearerUnits"> {
  const dearerUnits = lineMinor % quantity;
  return { unitMinor: (lineMinor - dearerUnits) / quantity, dearerUnits };
}
