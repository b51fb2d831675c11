import { isCurrencyCode, nearestName, refusal, type Money, type Refusal } from "@leastwise/vocabulary";

/** One thing wrong with a policy, in the form of every refusal: reason, path of the field, what came, what was expected. */
export interface PolicyProblem extends Refusal {
  /** Where it begins in the field's text, UTF-16 code units from 0. Absent: the field as a whole is meant. */
  readonly textOffset?: number;
}

/** Collects what is wrong, so that a merchant sees all of it at once. Holds at most {@link PROBLEMS_MAX}, unless it is told to hold more. */
export class Problems {
  readonly found: PolicyProblem[] = [];
  readonly #most: number;

  constructor(most = PROBLEMS_MAX) {
    this.#most = most;
  }

  /** True once no more is taken: looking for more is of no use. */
  get isFull(): boolean {
    return this.found.length >= this.#most;
  }

  add(reason: string, field: string, came: unknown, expected: string): void {
    if (!this.isFull) this.found.push(refusal(reason, field, came, expected));
  }

  /** What is wrong within a text, such as an expression. */
  addInText(
    field: string,
    problem: { readonly reason: string; readonly came: unknown; readonly expected: string; readonly offset?: number },
  ): void {
    const { reason, came, expected, offset } = problem;
    if (this.isFull) return;
    const refused = refusal(reason, field, came, expected);
    this.found.push(offset === undefined ? refused : { ...refused, textOffset: offset });
  }

  /** A whole number between two bounds, both allowed. */
  range(field: string, came: number, least: number, most: number, reason = "out_of_range"): void {
    if (!Number.isSafeInteger(came) || came < least || came > most)
      this.add(reason, field, came, `an integer from ${String(least)} to ${String(most)}`);
  }

  /** A text of 1 to `most` bytes. */
  text(field: string, came: string, most: number): void {
    const bytes = utf8Length(came);
    if (bytes === 0 || bytes > most)
      this.add(bytes === 0 ? "text_missing" : "text_too_long", field, came, `1 to ${String(most)} bytes of text`);
  }

  /** An amount in the policy's currency, positive or (with `least` 0) not negative. */
  money(field: string, came: Money | undefined, currency: string, least: 0 | 1): void {
    const wanted = least === 1 ? "a positive amount" : "an amount, not negative";
    if (came === undefined) {
      this.add("amount_missing", field, undefined, wanted);
      return;
    }
    if (!Number.isSafeInteger(came.minor) || came.minor < least)
      this.add("amount_out_of_range", `${field}.minor`, came.minor, wanted);
    if (came.currency !== currency && isCurrencyCode(currency))
      this.add("mixed_currencies", `${field}.currency`, came.currency, `the policy's currency, ${currency}`);
  }

  /** A name that stands in `known`; the answer names the nearest that does. */
  reference(field: string, came: string, known: ReadonlySet<string>, what: string): void {
    if (known.has(came)) return;
    const near = nearestName(came, known);
    this.add(
      `unknown_${what}`,
      field,
      came,
      near === undefined ? `the name of a ${what}` : `a ${what}, perhaps ${near}`,
    );
  }

  /** No name twice. */
  unique(fields: readonly { readonly field: string; readonly name: string }[], reason: string): void {
    const seen = new Set<string>();
    for (const { field, name } of fields) {
      if (seen.has(name)) this.add(reason, field, name, "a name that is not used twice");
      seen.add(name);
    }
  }
}

/** More problems than this are cut off: nobody reads them at once. */
const PROBLEMS_MAX = 100;

function utf8Length(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
