import { DAY_MS, MINUTE_MS, PURPOSES, type Purpose } from "@leastwise/vocabulary";
import { inLanguage, isLanguageTag, LANGUAGE_EXPECTED } from "./language.js";
import type { Approach, Campaign, ConsentExchangeApproach, ExchangeWords } from "./policy.js";
import type { Problems } from "./problems.js";

/** An exchange of consent with its defaults filled in. */
export interface CompiledExchange {
  /** Who is asked. */
  readonly segment: string;
  /** What the shopper is to agree to, in the contracts' order. */
  readonly purposes: readonly Purpose[];
  readonly words: readonly ExchangeWords[];
  readonly acceptedWithinMs: number;
}

/** Where the incentive is said in the words of an exchange. */
export const OFFER_PLACE = "{offer}";

const ACCEPTED_WITHIN_DEFAULT_MS = 30 * DAY_MS;
/** As long as grants are remembered: whoever may still take the offer is known not to have had it. */
const ACCEPTED_WITHIN_MAX_MS = 366 * DAY_MS;
const LANGUAGES_MAX = 64;
/** With the incentive in them, words are at most twice as long: as much as an answer to them holds. */
const TEXT_BYTES_MAX = 512;

/** Checks an exchange: what is asked for, and in which words. */
export function validateExchange(problems: Problems, at: string, approach: ConsentExchangeApproach): void {
  const { purposes, words, acceptedWithinMs } = approach;
  if (purposes.length === 0)
    problems.add("purposes_missing", `${at}.purposes`, undefined, "at least one purpose, for example profile");
  for (const [i, purpose] of purposes.entries()) {
    const field = `${at}.purposes[${String(i)}]`;
    if (purpose === undefined) problems.add("purpose_missing", field, undefined, `one of ${PURPOSES.join(", ")}`);
    else if (purposes.indexOf(purpose) < i) problems.add("purpose_repeated", field, purpose, "no purpose twice");
  }
  validateWords(problems, `${at}.words`, words);
  if (acceptedWithinMs !== undefined)
    problems.range(`${at}.accepted_within_ms`, acceptedWithinMs, MINUTE_MS, ACCEPTED_WITHIN_MAX_MS);
}

function validateWords(problems: Problems, at: string, words: readonly ExchangeWords[]): void {
  if (words.length > LANGUAGES_MAX)
    problems.add("too_many_words", at, words.length, `in at most ${String(LANGUAGES_MAX)} languages`);
  const named: { field: string; name: string }[] = [];
  for (const [i, { language, text }] of words.slice(0, LANGUAGES_MAX).entries()) {
    const field = `${at}[${String(i)}]`;
    if (!isLanguageTag(language)) problems.add("language_malformed", `${field}.language`, language, LANGUAGE_EXPECTED);
    problems.text(`${field}.text`, text, TEXT_BYTES_MAX);
    if (text !== "" && text.split(OFFER_PLACE).length !== 2)
      problems.add("offer_not_named", `${field}.text`, text, `a text with ${OFFER_PLACE} just once`);
    named.push({ field: `${field}.language`, name: language.toLowerCase() });
  }
  problems.unique(named, "words_repeated");
}

/** What a shopper was promised is owed, and so is what is promised in exchange for consent: an exchange that could be held out would not be one. */
export function validateExchangeKind(problems: Problems, field: string, { kind, approach }: Campaign): void {
  if (approach?.kind === "consent_exchange" && kind === "incentive")
    problems.add(
      "exchange_not_entitlement",
      `${field}.kind`,
      kind,
      "entitlement: what was promised for consent is owed in every arm",
    );
}

/** Undefined of every other approach. */
export function compileExchange(approach: Approach): CompiledExchange | undefined {
  if (approach.kind !== "consent_exchange") return undefined;
  const { segment, purposes, words, acceptedWithinMs = ACCEPTED_WITHIN_DEFAULT_MS } = approach;
  return { segment, purposes: PURPOSES.filter((purpose) => purposes.includes(purpose)), words, acceptedWithinMs };
}

/** The policy's words for a language, or else its first; undefined: it has none. */
export function exchangeWordsFor({ words }: CompiledExchange, language: string): ExchangeWords | undefined {
  return inLanguage(words, language) ?? words[0];
}
