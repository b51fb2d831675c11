import { DAY_MS, PURPOSES } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { campaign, CATALOGUE, policy } from "../given/store.js";
import { compilePolicy } from "./compile.js";
import { contradictionsOf } from "../contradictions/contradictions.js";
import type { Campaign, ConsentExchangeApproach } from "./policy.js";

const WORDS = { language: "en", text: "Let us use your profile, and get {offer}." };
const EXCHANGE: ConsentExchangeApproach = {
  ...{ kind: "consent_exchange", segment: "everyone", purposes: ["profile"], words: [WORDS] },
};

function exchange(changes: Partial<ConsentExchangeApproach> = {}, more: Partial<Campaign> = {}): Campaign {
  const approach = { ...EXCHANGE, ...changes };
  return campaign({ campaignId: "welcome", kind: "entitlement", experimentId: "", approach, ...more });
}

function compiled(one: Campaign) {
  return compilePolicy(policy({ campaigns: [one] }), CATALOGUE);
}

describe("an exchange of consent in a policy", () => {
  it("is compiled with its defaults, its purposes in the contracts' order, and contradicts nothing", () => {
    const read = compiled(exchange({ purposes: ["profile", "personalization"], words: [] }));
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    expect(read.value.exchanges.map((one) => one.exchange)).toEqual([
      { segment: "everyone", purposes: ["personalization", "profile"], words: [], acceptedWithinMs: 30 * DAY_MS },
    ]);
    expect(contradictionsOf(policy({ campaigns: [exchange()] }))).toEqual([]);
    expect(read.value.notices).toMatchObject([{ reason: "maximum_missing" }]);
  });

  it("may ask for everything, in many languages", () => {
    const words = ["en", "de", "de-AT"].map((language) => ({ ...WORDS, language }));
    expect(compiled(exchange({ purposes: PURPOSES, words, acceptedWithinMs: 366 * DAY_MS }))).toMatchObject({
      ok: true,
    });
  });

  it.each([
    ["unknown_segment campaigns[0].consent_exchange.segment", { segment: "everybody" }],
    ["purposes_missing campaigns[0].consent_exchange.purposes", { purposes: [] }],
    ["purpose_missing campaigns[0].consent_exchange.purposes[1]", { purposes: ["profile", undefined] }],
    ["purpose_repeated campaigns[0].consent_exchange.purposes[1]", { purposes: ["profile", "profile"] }],
    ["language_malformed campaigns[0].consent_exchange.words[0].language", { words: [{ ...WORDS, language: "" }] }],
    ["text_missing campaigns[0].consent_exchange.words[0].text", { words: [{ ...WORDS, text: "" }] }],
    [
      "text_too_long campaigns[0].consent_exchange.words[0].text",
      { words: [{ ...WORDS, text: `{offer}${"x".repeat(506)}` }] },
    ],
    ["offer_not_named campaigns[0].consent_exchange.words[0].text", { words: [{ ...WORDS, text: "Agree." }] }],
    [
      "offer_not_named campaigns[0].consent_exchange.words[0].text",
      { words: [{ ...WORDS, text: "{offer}, yes, {offer}" }] },
    ],
    [
      "words_repeated campaigns[0].consent_exchange.words[1].language",
      { words: [WORDS, { ...WORDS, language: "EN" }] },
    ],
    [
      "too_many_words campaigns[0].consent_exchange.words",
      { words: Array.from({ length: 65 }, (_, i) => ({ ...WORDS, language: `en-${String(i)}` })) },
    ],
    ["out_of_range campaigns[0].consent_exchange.accepted_within_ms", { acceptedWithinMs: 59_999 }],
    ["out_of_range campaigns[0].consent_exchange.accepted_within_ms", { acceptedWithinMs: 366 * DAY_MS + 1 }],
  ] as readonly (readonly [string, Partial<ConsentExchangeApproach>])[])("is refused: %s", (problem, changes) => {
    const read = compiled(exchange(changes));
    expect(read.ok ? [] : read.error.map(({ reason, field }) => `${reason} ${field}`)).toEqual([problem]);
  });

  it("is refused of an incentive, which may be withheld", () => {
    const read = compiled(exchange({}, { kind: "incentive", experimentId: "autumn-holdout" }));
    expect(read).toMatchObject({
      ok: false,
      error: [{ reason: "exchange_not_entitlement", field: "campaigns[0].kind", came: '"incentive"' }],
    });
  });
});
