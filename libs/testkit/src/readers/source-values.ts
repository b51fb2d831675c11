import { minorFromDecimal, type CurrencyCode } from "@leastwise/vocabulary";
import type { wire } from "@leastwise/contracts";
import { createHash } from "node:crypto";

const INSTANT = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,9})?(?: ?UTC|Z)?$/;

/** Milliseconds of a time such as `2019-10-01 00:00:00 UTC`, a fraction cut off after them; undefined if it is none. */
export function millisOf(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [, day = "", time = "", fraction = ""] = match;
  const ms = Date.parse(`${day}T${time}${fraction.slice(0, 4)}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Minor units of a decimal text; also of one in scientific notation (`2.220446e-16`), as programs write floats that
 * should have been 0. Undefined if it is no amount or negative.
 */
export function amountOf(text: string, currency: CurrencyCode): number | undefined {
  const plain = /^\d(?:\.\d+)?e-\d{1,3}$/i.test(text) ? Number(text).toFixed(18) : text;
  const minor = minorFromDecimal(plain, currency);
  return minor === undefined || minor < 0 ? undefined : minor;
}

export function moneyFrom(minor: number, currency: CurrencyCode): wire.Money {
  return { minor: BigInt(minor), currency };
}

/** An id for a row that has none: 32 hex digits of the SHA-256 of its values, so that exact repeats get the same. */
export function idOfRow(values: readonly string[]): string {
  return createHash("sha256").update(values.join("\u001f")).digest("hex").slice(0, 32);
}
