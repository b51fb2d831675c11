import { EUROPEAN_UNION, isCountryCode } from "@leastwise/vocabulary";
import type { Place } from "../input.js";
import type { Standing } from "./expression-types.js";
import { inLanguage, isLanguageTag, LANGUAGE_EXPECTED } from "./language.js";
import type { Disclosure } from "./policy.js";
import type { Problems } from "./problems.js";

/** What shoppers are told where personal data moved an answer, by jurisdiction: the empty one is for everywhere else, and for who knows where. */
export type Disclosures = ReadonlyMap<string, readonly Disclosure[]>;

export const NO_DISCLOSURES: Disclosures = new Map();

const DISCLOSURES_MAX = 256;
/** ISO 3166-1 alpha-2, or 3166-2 with the country. */
const JURISDICTION = /^[A-Z]{2}(-[A-Z0-9]{1,3})?$/;
/** What is written for a country by many, and is not its code. */
const MISTAKEN: ReadonlyMap<string, string> = new Map([
  ["UK", "GB"],
  ["EL", "GR"],
]);
const EU_MEMBERS: ReadonlySet<string> = new Set(
  "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" "),
);

/** Checks what `policy.proto` states of disclosures. */
export function validateDisclosures(problems: Problems, disclosures: readonly Disclosure[], standing: Standing): void {
  if (disclosures.length > DISCLOSURES_MAX)
    problems.add("too_many_disclosures", "disclosures", disclosures.length, `at most ${String(DISCLOSURES_MAX)}`);
  const named: { field: string; name: string }[] = [];
  for (const [i, { jurisdictions, language, text }] of disclosures.slice(0, DISCLOSURES_MAX).entries()) {
    const at = `disclosures[${String(i)}]`;
    if (!isLanguageTag(language)) problems.add("language_malformed", `${at}.language`, language, LANGUAGE_EXPECTED);
    problems.text(`${at}.text`, text, 1_024);
    for (const [j, jurisdiction] of jurisdictions.entries()) {
      const field = `${at}.jurisdictions[${String(j)}]`;
      validateJurisdiction(problems, field, jurisdiction, standing);
      named.push({ field, name: `${jurisdiction} in ${language.toLowerCase()}` });
    }
    if (jurisdictions.length === 0) named.push({ field: at, name: `everywhere else in ${language.toLowerCase()}` });
  }
  problems.unique(named, "disclosure_repeated");
}

/** What is proposed must be of a country that there is: a sentence for `NY` is told to nobody. Of parts of a country only the form is asked. */
function validateJurisdiction(problems: Problems, field: string, jurisdiction: string, standing: Standing): void {
  if (!JURISDICTION.test(jurisdiction)) {
    const expected = "a country or a part of one by ISO 3166, or EU, for example DE or US-NY";
    problems.add("jurisdiction_malformed", field, jurisdiction, expected);
    return;
  }
  const country = jurisdiction.slice(0, 2);
  if (standing === "on_log" || jurisdiction === EUROPEAN_UNION || isCountryCode(country)) return;
  const meant = MISTAKEN.get(country);
  const which = meant === undefined ? ", for example DE, a part of one as US-NY, or EU" : `, here ${meant}`;
  problems.add("country_unknown", field, jurisdiction, `a country's code of ISO 3166-1${which}`);
}

/** Sorts them by where they hold. */
export function compileDisclosures(disclosures: readonly Disclosure[]): Disclosures {
  const byPlace = new Map<string, Disclosure[]>();
  for (const disclosure of disclosures)
    for (const jurisdiction of disclosure.jurisdictions.length === 0 ? [""] : disclosure.jurisdictions) {
      const here = byPlace.get(jurisdiction);
      if (here === undefined) byPlace.set(jurisdiction, [disclosure]);
      else here.push(disclosure);
    }
  return byPlace;
}

/**
 * What a shopper at a place is told: what the closest jurisdiction has that says anything, region before country before the European Union before
 * everywhere else; of its sentences the one in the language, or in its primary subtag, or else the first: a law that wants it told does not ask who can read it.
 * Empty: nothing is to be told there.
 */
export function disclosureFor(disclosures: Disclosures, { country, region }: Place, language: string): string {
  if (disclosures.size === 0) return "";
  const jurisdictions = [`${country}-${region}`, country, EU_MEMBERS.has(country) ? EUROPEAN_UNION : "", ""];
  const here = jurisdictions.map((jurisdiction) => disclosures.get(jurisdiction)).find((found) => found !== undefined);
  if (here === undefined) return "";
  return (inLanguage(here, language) ?? here[0])?.text ?? "";
}
