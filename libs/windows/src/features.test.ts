import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
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
    for (const { personalData, consentPurpose } of [...FEATURES, ...TEXT_FEATURES]) {
      expect(consentPurpose).toBe(personalData === "none" ? "service_essential" : "personalization");
    }
  });

  it("is what FEATURES.md says (write featuresPage() there if not)", () => {
    expect(readFileSync(new URL("../FEATURES.md", import.meta.url), "utf8")).toBe(featuresPage());
  });
});
