import { describe, expect, it } from "@jest/globals";
import { INCENTIVE_KINDS } from "@leastwise/offers";
import { CATALOGUE } from "../given/store.js";
import { PRIOR_MODEL } from "../priors.js";
import { NORMAL_QUANTILES } from "./normal-quantiles.js";
import { compileModel, type FormatResponse } from "./response-model.js";

const NAMES = CATALOGUE.names;
const format: FormatResponse = { format: "percent_off", slopeMean: 1, slopeSd: 1, nullProbability: 0, depthScaleBp: 1 };

describe("a response model", () => {
  it("given the priors, is bound to the places of the features", () => {
    const result = compileModel(PRIOR_MODEL, NAMES);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    expect(result.value.coefficients.map(({ slot }) => NAMES[slot])).toEqual([
      "purchases_30d",
      "checkout_starts_24h",
      "cart_removes_1h",
      "cart_abandoned",
    ]);
    expect(result.value.formats.size).toBe(INCENTIVE_KINDS.length);
  });

  it.each([
    ["an unknown feature", { baseline: [{ feature: "purchases_3d", mean: 0, sd: 1 }] }, "unknown_feature"],
    ["no doubt at all", { baseline: [{ feature: "intercept", mean: 0, sd: 0 }] }, "not_positive"],
    ["a mean that is none", { baseline: [{ feature: "intercept", mean: Number.NaN, sd: 1 }] }, "not_finite"],
    ["a falling response", { formats: [{ ...format, slopeMean: -0.1 }] }, "negative"],
    ["a format twice", { formats: [format, format] }, "format_repeated"],
    ["an unknown format", { formats: [{ ...format, format: "percentoff" }] }, "unknown_format"],
    ["a probability of 2", { formats: [{ ...format, nullProbability: 2 }] }, "out_of_range"],
    ["no scale", { formats: [{ ...format, depthScaleBp: 0 }] }, "not_positive"],
    ["no version", { version: "" }, "text_missing"],
  ])("given %s, is refused", (_what, changes, reason) => {
    const result = compileModel({ ...PRIOR_MODEL, ...changes }, NAMES);
    expect(result.ok ? [] : result.error.map((problem) => problem.reason)).toContain(reason);
  });

  it("draws from 64 ascending quantiles, symmetric about 0", () => {
    expect(NORMAL_QUANTILES).toHaveLength(64);
    expect(NORMAL_QUANTILES).toEqual(NORMAL_QUANTILES.toSorted((a, b) => a - b));
    for (const [k, z] of NORMAL_QUANTILES.entries()) expect(NORMAL_QUANTILES[63 - k]).toBeCloseTo(-z, 9);
  });
});
