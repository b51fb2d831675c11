import { exponentOf, type CurrencyCode } from "./currency.js";

/**
 * An amount in the currency's minor unit. On the wire it is an int64; inside it is a safe integer, so its
 * range is ±(2^53 − 1) minor units, checked at every door (`amount_out_of_range`).
 */
export interface Money {
  readonly minor: number;
  readonly currency: CurrencyCode;
}

/** Adds two amounts of one currency. Mixed currencies or a sum out of range are bugs: doors have checked both. */
export function addMoney(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new RangeError(`cannot add ${b.currency} to ${a.currency}`);
  const minor = a.minor + b.minor;
  if (!Number.isSafeInteger(minor)) throw new RangeError(`amount out of range: ${String(minor)}`);
  return { minor, currency: a.currency };
}

/** The amount as people write it, with the currency's own number of decimals: `12.50 EUR`, `1250 JPY`. */
export function formatMoney({ minor, currency }: Money): string {
  const exponent = exponentOf(currency);
  const digits = String(Math.abs(minor)).padStart(exponent + 1, "0");
  const sign = minor < 0 ? "-" : "";
  if (exponent === 0) return `${sign}${digits} ${currency}`;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)} ${currency}`;
}

/**
 * Reads a decimal text such as `35.79` as minor units of the currency, exactly: no float in between.
 * More decimals than the currency has are rounded half to even. Returns undefined for what is not a decimal.
 */
export function minorFromDecimal(text: string, currency: CurrencyCode): number | undefined {
  const match = /^(-?)(\d{1,15})(?:\.(\d{0,18}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, sign = "", whole = "0", fraction = ""] = match;
  const exponent = exponentOf(currency);
  const kept = BigInt(whole + fraction.slice(0, exponent).padEnd(exponent, "0"));
  const rest = fraction.slice(exponent);
  const roundUp = isAboveHalf(rest) || (isHalf(rest) && kept % 2n === 1n);
  const magnitude = Number(roundUp ? kept + 1n : kept);
  if (!Number.isSafeInteger(magnitude)) return undefined;
  return sign === "-" && magnitude !== 0 ? -magnitude : magnitude;
}

function isHalf(decimals: string): boolean {
  return /^50*$/.test(decimals);
}

function isAboveHalf(decimals: string): boolean {
  return decimals >= "5" && !isHalf(decimals);
}
