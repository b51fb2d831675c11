import { PURPOSES } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { decide } from "../decide.js";
import { compiled, input, PROFILE } from "../given/store.js";
import { consentStep } from "../steps/consent.js";
import { featureFields } from "./expression-fields.js";
import { compileExpression } from "./expressions.js";
import { sensitiveClassOf } from "./sensitive-data.js";

const NO_FEATURES = featureFields({ names: [] });

describe("data that the law protects", () => {
  it.each([
    ["religion", "religion or belief"],
    ["isPregnant", "health"],
    ["health-insurance", "health"],
    ["ETHNICITY", "ethnic origin"],
    ["political_party", "political opinion"],
    ["sexualOrientation", "sexual orientation"],
    ["trade_union", "trade union membership"],
    ["union member", "trade union membership"],
    ["dna test", "genetic data"],
    ["biometric_id", "biometric data"],
    ["criminal_record", "criminal record"],
    ["gender", "sex"],
    ["race", "ethnic origin"],
    ["customerRace", "ethnic origin"],
    ["race_code", "ethnic origin"],
    ["Hautfarbe", "ethnic origin"],
    ["herkunft", "ethnic origin"],
    ["Herkunftsland", "ethnic origin"],
    ["national-origin", "ethnic origin"],
    ["staatsangehörigkeit", "ethnic origin"],
    ["hispanic", "ethnic origin"],
    ["hiv_status", "health"],
    ["HIVStatus", "health"],
    ["hivstatus", "health"],
    ["schwanger", "health"],
    ["Schwangerschaft", "health"],
    ["schwerbehindert", "health"],
    ["behinderung", "health"],
    ["krankheiten", "health"],
    ["diabetic", "health"],
    ["konfession", "religion or belief"],
    ["ReLiGion", "religion or belief"],
    ["religionszugehoerigkeit", "religion or belief"],
    ["muslim", "religion or belief"],
    ["is Muslim", "religion or belief"],
    ["christian", "religion or belief"],
    ["jüdisch", "religion or belief"],
    ["juedisch", "religion or belief"],
    ["JEWISH", "religion or belief"],
    ["Weltanschauung", "religion or belief"],
    ["party", "political opinion"],
    ["partyAffiliation", "political opinion"],
    ["Parteizugehörigkeit", "political opinion"],
    ["politische Haltung", "political opinion"],
    ["gewerkschaftsmitglied", "trade union membership"],
    ["union", "trade union membership"],
    ["homosexuell", "sexual orientation"],
    ["sexuelle-orientierung", "sexual orientation"],
    ["gay", "sexual orientation"],
    ["geschlecht", "sex"],
    ["weiblich", "sex"],
    ["transgender", "sex"],
    ["vorstrafen", "criminal record"],
    ["genetischer Test", "genetic data"],
    ["biometrie", "biometric data"],
  ])("is told by its name: %s", (name, expected) => {
    expect(sensitiveClassOf(name)).toBe(expected);
  });

  it.each([
    ...["city", "home town", "age", "size", "cycling", "healthy?", "essex", "credit_union", "trace", "vip", ""],
    ...[
      "race-day",
      "running race",
      "raceBikes",
      "racer",
      "party-supplies",
      "party_size",
      "birthdayParty",
      "third party",
      "Archiv",
      "jewellery",
      "jewelry",
    ],
    ...[
      "Christian Dior",
      "christmas",
      "Islamabad",
      "islander",
      "western union",
      "European Union",
      "color",
      "origin",
      "gayle",
      "partner",
      "embrace",
    ],
    ...[
      "Sussex",
      "unisex",
      "female-shoes",
      "hunde-rasse",
      "cancer charity",
      "hearing aids",
      "marital_status",
      "military",
      "halal",
      "grace",
      "politeness",
    ],
  ])("is not taken for what sounds like it, or for anything else: %s", (name) => {
    expect(sensitiveClassOf(name)).toBeUndefined();
  });

  it.each([
    'profile.attributes.religion == "none"',
    'profile.attributes["isPregnant"] == "yes"',
    "has(profile.attributes.gender) && cart.units > 1",
    '"gender" in profile.attributes',
    'cart.units > 1 || !("pregnant" in profile.tags)',
    'profile.attributes.race == "x"',
    'profile.attributes["ReLiGion"] == "x"',
    '"muslim" in profile.tags',
    '"party" in profile.attributes',
    '"bank/muslim-clients" in context.partner_segments',
    'profile["tags"].size() > 0 && "pregnant" in profile["tags"]',
  ])("is nothing that a proposed expression may ask for: %s", (source) => {
    expect(compileExpression(source, NO_FEATURES)).toMatchObject({ error: { reason: "sensitive_attribute" } });
    expect(compileExpression(source, NO_FEATURES, new Map(), "on_log")).toMatchObject({ ok: true });
  });

  it("may be a value or a category of goods: nothing of a person", () => {
    for (const source of [
      '"health" in cart.categories',
      '"bank/gold-card" in context.partner_segments',
      'profile.attributes.interest == "politics"',
    ])
      expect(compileExpression(source, NO_FEATURES)).toMatchObject({ ok: true });
  });

  it("is never read, whatever was agreed to and whatever expression stands on the log, and is not recorded", () => {
    const profile = {
      ...PROFILE,
      tags: ["vip", "pregnant", "Muslim", "race"],
      attributes: { city: "Ulm", religion: "none", konfession: "none", hiv_status: "unknown" },
    };
    const asked = input({ profile, consent: PURPOSES });
    const seen = consentStep(asked).profile;
    expect(seen).toEqual({ ...PROFILE, tags: ["vip"], attributes: { city: "Ulm" } });
    expect(consentStep(asked).profile).toBe(seen);
    const decided = (whose: typeof PROFILE) =>
      decide({
        ...asked,
        profile: whose,
        policy: compiled({ segments: [{ name: "everyone", expression: "profile.tags.size() < 2" }] }),
      });
    expect(decided(profile)).toEqual(decided({ ...profile, tags: ["vip"], attributes: { city: "Ulm" } }));
  });

  it("leaves a profile without any of it the same object, whose digest is reckoned once", () => {
    expect(consentStep(input({ profile: PROFILE })).profile).toBe(PROFILE);
  });
});
