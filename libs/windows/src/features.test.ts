import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { PERSONAL_DATA_CLASSES, PURPOSES_OF_CLASS } from "@leastwise/vocabulary";
import { featureIndex, FEATURES, featuresPage, isFeatureName, TEXT_FEATURES } from "./index.js";

describe("the feature catalogue", () => {
  it("has names that are one word to CEL, SQL and a model, each once", () => {
    const names = [...FEATURES, ...TEXT_FEATURES].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
  });

  it("gives each name its place", () => {
    for (const [index, { name }] of FEATURES.entries()) expect(featureIndex(name)).toBe(index);
    expect(isFeatureName("purchases_30d")).toBe(true);
    expect(isFeatureName("purchases_31d")).toBe(false);
    expect(isFeatureName("constructor")).toBe(false);
  });

  it("lets nothing that was learned from a person be used without consent", () => {
    for (const { personalData, consentPurposes } of [...FEATURES, ...TEXT_FEATURES]) {
      expect(consentPurposes).toBe(PURPOSES_OF_CLASS[personalData]);
      expect(consentPurposes.includes("personalization")).toBe(personalData !== "none");
    }
  });

  it("gates place and device by purposes of their own, and every number by personalization alone", () => {
    expect(TEXT_FEATURES.map(({ name, consentPurposes }) => [name, ...consentPurposes])).toEqual([
      ["last_channel", "personalization", "device"],
      ["last_device", "personalization", "device"],
      ["last_place", "personalization", "location"],
    ]);
    const others = FEATURES.flatMap(({ consentPurposes }) => consentPurposes).filter(
      (one) => one !== "personalization",
    );
    expect(others).toEqual([]);
  });

  it("has nothing of a class that the law calls sensitive", () => {
    const sensitive = /health|medic|religio|belief|ethnic|racial|politic|union|sexual|gender|genetic|biometric|crimin/;
    for (const known of PERSONAL_DATA_CLASSES) expect(known).not.toMatch(sensitive);
    for (const { name, meaning, personalData } of [...FEATURES, ...TEXT_FEATURES]) {
      expect(`${name} ${meaning}`.toLowerCase()).not.toMatch(sensitive);
      expect(PERSONAL_DATA_CLASSES).toContain(personalData);
    }
  });

  it("is what FEATURES.md says (write featuresPage() there if not)", () => {
    expect(readFileSync(new URL("../FEATURES.md", import.meta.url), "utf8")).toBe(featuresPage());
  });
});
