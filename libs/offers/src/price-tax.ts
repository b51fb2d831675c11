import { mulDiv, type RoundingMode } from "@leastwise/vocabulary";

/** Whether prices have tax in them. */
export type PriceBasis = "with_tax" | "without_tax";

/** How the tax in prices is found, where they have it. */
export interface PriceTax {
  /** Rate of goods of which the catalog names none, basis points of the price without tax, 0 to 10 000. */
  readonly defaultBp: number;
  readonly rounding: RoundingMode;
}

/** True if both are said and differ: amounts of one mean something else in the other. */
export function isOtherBasis(one: PriceBasis | undefined, other: PriceBasis | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

/**
 * What of an amount the shop keeps when the tax in it has been paid, minor units, rounded once.
 *
 * @param tax undefined: there is none in it
 * @param rateBp of these goods; undefined: the default
 */
export function netOfTax(amountMinor: number, tax: PriceTax | undefined, rateBp: number | undefined): number {
  if (tax === undefined) return amountMinor;
  return mulDiv(amountMinor, 10_000, 10_000 + (rateBp ?? tax.defaultBp), tax.rounding);
}
