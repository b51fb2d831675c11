import { formatMoney, type CurrencyCode, type Refusal } from "@leastwise/vocabulary";
import { writeClock, writeDuration, writePercent } from "./quantities.js";

/** How a number of a field is written in a document, and what such a number is called. */
interface DocumentUnit {
  readonly write: (value: number) => string;
  readonly called: string;
}

/** By the end of the contract's name. The longer end comes first. */
const UNITS: readonly (readonly [suffix: string, unit: DocumentUnit])[] = [
  ["_at_ms", { write: (ms) => new Date(ms).toISOString(), called: "an instant" }],
  ["_ms", { write: writeDuration, called: "a duration" }],
  ["_bp", { write: writePercent, called: "a percentage" }],
  ["_minute", { write: writeClock, called: "a time of day" }],
];

/** A number that stands by itself: no part of a path, of another number, of a quantity with its unit. */
const BARE_NUMBER = /(?<![\w.,:[+-])-?\d+(?![\w.,:%\]+-]*[\w%\]]| %)/g;

/**
 * What is wrong with a policy, its quantities as a document has them: `5000` of `floor_price_bp` is `50%`. Where something is in a unit that
 * its own field is not in, it says so: `500 bp`, `86400000 ms`.
 *
 * @param currency the policy's; undefined: none is known, and amounts stay in minor units
 */
export function inDocumentUnits(problem: Refusal, currency?: CurrencyCode): Refusal {
  const unit = unitOf(problem.field, currency);
  const said = (text: string): string =>
    text
      .replace(/(-?\d+) bp\b/g, (_, bp: string) => writePercent(Number(bp)))
      .replace(/(?<![\w-])(\d+) ms\b/g, (_, ms: string) => writeDuration(Number(ms)));
  const inUnit = (text: string): string =>
    unit === undefined
      ? text
      : text.replace("an integer", unit.called).replace(BARE_NUMBER, (number) => written(unit, Number(number)));
  return { ...problem, came: inUnit(problem.came), expected: inUnit(said(problem.expected)) };
}

function unitOf(field: string, currency: CurrencyCode | undefined): DocumentUnit | undefined {
  if (currency !== undefined && field.endsWith(".minor"))
    return { write: (minor) => formatMoney({ minor, currency }), called: "an amount" };
  return UNITS.find(([suffix]) => field.endsWith(suffix))?.[1];
}

/** A number beyond what can be written in the unit stays as it came. */
function written({ write }: DocumentUnit, value: number): string {
  try {
    return write(value);
  } catch (error) {
    if (error instanceof RangeError) return String(value);
    throw error;
  }
}
