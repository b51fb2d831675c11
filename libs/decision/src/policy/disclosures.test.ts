import { describe, expect, it } from "@jest/globals";
import { compilePolicy } from "./compile.js";
import { CATALOGUE, policy } from "../given/store.js";
import { compileDisclosures, disclosureFor } from "./disclosures.js";
import type { Disclosure } from "./policy.js";

const NEW_YORK = {
  jurisdictions: ["US-NY"],
  language: "en",
  text: "THIS PRICE WAS SET BY AN ALGORITHM USING YOUR PERSONAL DATA",
};
const EUROPE = {
  jurisdictions: ["EU"],
  language: "en",
  text: "This price was personalised by automated decision-making.",
};
const GERMANY = {
  jurisdictions: ["DE", "AT"],
  language: "de",
  text: "Dieser Preis wurde automatisiert für Sie festgesetzt.",
};
const ELSEWHERE = { jurisdictions: [], language: "en", text: "Your data moved this price." };

function told(disclosures: readonly Disclosure[], place: string, language = "en"): string {
  const [country = "", region = ""] = place.split("-");
  return disclosureFor(compileDisclosures(disclosures), { country, region }, language);
}

describe("a disclosure", () => {
  const all = [ELSEWHERE, EUROPE, GERMANY, NEW_YORK];

  it("is that of the closest jurisdiction: region, country, the European Union, everywhere else", () => {
    expect(told(all, "US-NY")).toBe(NEW_YORK.text);
    expect(told(all, "US-NJ")).toBe(ELSEWHERE.text);
    expect(told(all, "DE-BW", "de")).toBe(GERMANY.text);
    expect(told(all, "FR")).toBe(EUROPE.text);
    expect(told(all, "CH")).toBe(ELSEWHERE.text);
    expect(told(all, "")).toBe(ELSEWHERE.text);
  });

  it("is told in the shopper's language where there is one, and in another where there is not", () => {
    const two = [EUROPE, { ...EUROPE, language: "fr-FR", text: "Prix personnalisé." }];
    expect(["en", "fr", "fr-BE", "FR-fr", "pl"].map((language) => told(two, "BE", language))).toEqual([
      EUROPE.text,
      ...Array<string>(3).fill("Prix personnalisé."),
      EUROPE.text,
    ]);
    expect(told(all, "DE", "en")).toBe(GERMANY.text);
  });

  it("is none where the policy has none for the place", () => {
    expect(told([], "US-NY")).toBe("");
    expect(told([NEW_YORK], "US-NJ")).toBe("");
    expect(told([NEW_YORK], "")).toBe("");
    expect(told([EUROPE], "GB")).toBe("");
  });
});

describe("a policy's disclosures", () => {
  it.each([
    ["NY", "a country's code of ISO 3166-1, for example DE, a part of one as US-NY, or EU"],
    ["XX", "a country's code of ISO 3166-1, for example DE, a part of one as US-NY, or EU"],
    ["XX-NY", "a country's code of ISO 3166-1, for example DE, a part of one as US-NY, or EU"],
    ["EU-DE", "a country's code of ISO 3166-1, for example DE, a part of one as US-NY, or EU"],
    ["UK", "a country's code of ISO 3166-1, here GB"],
    ["EL", "a country's code of ISO 3166-1, here GR"],
  ])("are proposed for no country that there is not: %s", (jurisdiction, expected) => {
    const proposed = policy({ disclosures: [{ ...EUROPE, jurisdictions: [jurisdiction] }] });
    const field = "disclosures[0].jurisdictions[0]";
    expect(compilePolicy(proposed, CATALOGUE)).toMatchObject({
      error: [{ reason: "country_unknown", field, came: JSON.stringify(jurisdiction), expected }],
    });
    expect(compilePolicy(proposed, CATALOGUE, "on_log").ok).toBe(true);
  });

  const refused = (...disclosures: readonly Disclosure[]) => {
    const compiled = compilePolicy(policy({ disclosures }), CATALOGUE);
    return compiled.ok ? [] : compiled.error.map(({ reason, field }) => `${reason} ${field}`);
  };

  it("are taken as they stand", () => {
    expect(refused(ELSEWHERE, EUROPE, GERMANY, NEW_YORK, { ...EUROPE, language: "de" })).toEqual([]);
  });

  it.each([
    ["jurisdiction_malformed disclosures[0].jurisdictions[0]", [{ ...EUROPE, jurisdictions: ["New York"] }]],
    ["jurisdiction_malformed disclosures[0].jurisdictions[1]", [{ ...EUROPE, jurisdictions: ["DE", "us-ny"] }]],
    ["language_malformed disclosures[0].language", [{ ...EUROPE, language: "English!" }]],
    ["text_missing disclosures[0].text", [{ ...EUROPE, text: "" }]],
    ["disclosure_repeated disclosures[1].jurisdictions[0]", [GERMANY, { ...GERMANY, jurisdictions: ["AT"] }]],
    ["disclosure_repeated disclosures[1]", [ELSEWHERE, { ...ELSEWHERE, language: "EN" }]],
    [
      "too_many_disclosures disclosures",
      Array.from({ length: 257 }, (_, i) => ({
        ...EUROPE,
        jurisdictions: [`DE-${String(i)}`],
      })),
    ],
  ])("are refused: %s", (problem, disclosures) => {
    expect(refused(...disclosures)).toEqual([problem]);
  });
});
