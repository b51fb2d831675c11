import { describe, expect, it } from "@jest/globals";
import { INCENTIVE_KINDS } from "@leastwise/offers";
import { modelTerms } from "../explain/model-terms.js";
import { CATALOGUE, features, input } from "../given/store.js";
import { PRIOR_MODEL } from "../priors.js";
import { NORMAL_QUANTILES } from "./normal-quantiles.js";
import { consentStep } from "../steps/consent.js";
import { baselineResponse } from "../steps/response.js";
import { isUnbelievable } from "./believable.js";
import { compileModel, type Coefficient, type FormatResponse, type ResponseModel } from "./response-model.js";

const NAMES = CATALOGUE.names;
const format: FormatResponse = { format: "percent_off", slopeMean: 1, slopeSd: 1, nullProbability: 0, depthScaleBp: 1 };
const intercept: Coefficient = { feature: "intercept", mean: 0, sd: 1 };
const orders: Coefficient = { feature: "purchases_30d", mean: 0.5, sd: 0.1 };
const bgnbd = { r: 0.2, alpha: 4, a: 0.8, b: 2 };

function problemsOf(changes: Partial<ResponseModel>) {
  const result = compileModel({ ...PRIOR_MODEL, ...changes }, NAMES);
  return result.ok ? [] : result.error;
}

const logit = (conversion: number) => Math.log(conversion / (1 - conversion));

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
    ["an unknown feature", { baseline: [intercept, { ...orders, feature: "purchases_3d" }] }, "unknown_feature"],
    ["a feature twice", { baseline: [intercept, orders, orders] }, "coefficient_repeated"],
    ["no doubt at all", { baseline: [{ ...intercept, sd: 0 }] }, "not_positive"],
    ["a doubt that is none", { baseline: [{ ...intercept, sd: Number.NaN }] }, "not_positive"],
    ["a doubt without end", { baseline: [{ ...intercept, sd: Infinity }] }, "not_positive"],
    ["a mean that is none", { baseline: [{ ...intercept, mean: Number.NaN }] }, "not_finite"],
    ["a mean without end", { baseline: [intercept, { ...orders, mean: -Infinity }] }, "not_finite"],
    ["a mean that no feature can have", { baseline: [intercept, { ...orders, mean: 1e9 }] }, "out_of_range"],
    ["a bound that is none", { baseline: [intercept, { ...orders, min: Number.NaN }] }, "not_finite"],
    ["a range that is none", { baseline: [intercept, { ...orders, min: 2, max: 1 }] }, "range_reversed"],
    ["nothing of a shopper of whom nothing is known", { baseline: [] }, "intercept_missing"],
    ["features alone", { baseline: [orders] }, "intercept_missing"],
    ["a range of the intercept", { baseline: [{ ...intercept, max: 1 }] }, "range_of_intercept"],
    ["a falling response", { formats: [{ ...format, slopeMean: -0.1 }] }, "response_falls"],
    ["a slope that is none", { formats: [{ ...format, slopeMean: Number.NaN }] }, "not_finite"],
    ["a slope without doubt", { formats: [{ ...format, slopeSd: 0 }] }, "not_positive"],
    ["a format twice", { formats: [format, format] }, "format_repeated"],
    ["an unknown format", { formats: [{ ...format, format: "percentoff" }] }, "unknown_format"],
    ["a probability of 2", { formats: [{ ...format, nullProbability: 2 }] }, "out_of_range"],
    ["no scale", { formats: [{ ...format, depthScaleBp: 0 }] }, "out_of_range"],
    ["a scale that divides to no number", { formats: [{ ...format, depthScaleBp: 5e-324 }] }, "out_of_range"],
    ["shoppers who never order", { bgnbd: { ...bgnbd, r: 0 } }, "out_of_range"],
    ["a horizon of nothing", { horizonMs: 0 }, "out_of_range"],
    ["no version", { version: "" }, "version_malformed"],
    ["a version with blanks", { version: "my model" }, "version_malformed"],
    ["a chance of 1 for everybody", { baseline: [{ ...intercept, mean: 40 }] }, "conversion_unbelievable"],
  ])("given %s, is refused", (_what, changes, reason) => {
    expect(problemsOf(changes).map((problem) => problem.reason)).toEqual([reason]);
  });

  it("is told all at once, each with its field, what came, and the nearest valid name", () => {
    const baseline = [
      { ...intercept, sd: -1 },
      { ...orders, feature: "purchases_3d" },
    ];
    expect(problemsOf({ baseline, formats: [{ ...format, slopeMean: -0.1 }] })).toEqual([
      {
        ...{ reason: "not_positive", field: "baseline[0].sd", came: "-1" },
        expected: "a positive number, at most 1000000",
      },
      {
        ...{ reason: "unknown_feature", field: "baseline[1].feature", came: '"purchases_3d"' },
        expected: "a feature, perhaps purchases_30d",
      },
      {
        ...{ reason: "response_falls", field: "formats[0].slope_mean", came: "-0.1" },
        expected: "a number, not negative",
      },
    ]);
  });

  it("without a horizon is told that none came", () => {
    expect(problemsOf({ horizonMs: 0 })).toMatchObject([{ field: "horizon_ms", came: "nothing" }]);
    expect(problemsOf({ horizonMs: -1 })).toMatchObject([{ field: "horizon_ms", came: "-1" }]);
  });

  it("without an intercept is told what it would mean", () => {
    expect(problemsOf({ baseline: [orders] })).toEqual([
      {
        ...{ reason: "intercept_missing", field: "baseline", came: "coefficients of purchases_30d" },
        expected: "a coefficient of intercept, the logit of the chance to buy of a shopper of whom nothing is known",
      },
    ]);
    expect(problemsOf({ baseline: [] })).toMatchObject([{ came: "no coefficient" }]);
  });

  it.each([
    [0.000_49, false],
    [0.000_51, true],
    [0.949, true],
    [0.951, false],
  ])("that gives whoever is not known a chance of %d, is taken: %s", (conversion, isTaken) => {
    expect(problemsOf({ baseline: [{ ...intercept, mean: logit(conversion) }] })).toHaveLength(isTaken ? 0 : 1);
  });

  it.each([
    [0.000_099, true],
    [0.000_101, false],
    [0.994_9, false],
    [0.995_1, true],
    [Number.NaN, true],
  ])("is not believed of one shopper where it says %d: %s; the priors are", (conversion, isUnbelieved) => {
    const baseline = { logit: 0, conversion };
    expect(isUnbelievable({ version: "learned-1" }, baseline, [])).toBe(isUnbelieved);
    expect(isUnbelievable(PRIOR_MODEL, baseline, [])).toBe(false);
  });

  it("is refused where it says that whatever is given sells", () => {
    const slope = (slopeMean: number) => {
      const formats = PRIOR_MODEL.formats.map((format) => ({ ...format, slopeMean, depthScaleBp: 1_000 }));
      const result = compileModel({ ...PRIOR_MODEL, version: "steep", formats }, CATALOGUE.names);
      return result.ok ? [] : result.error.map(({ reason, field }) => `${field} ${reason}`);
    };
    expect(slope(8)).toEqual([]);
    expect(slope(30)[0]).toBe("formats[0].slope_mean conversion_unbelievable");
  });

  it.each([
    [9.2, false],
    [9.3, true],
    [Number.NaN, true],
  ])("is not believed of one shopper whom an incentive brings to a logit of %d: %s", (logit, isUnbelieved) => {
    const effect = { nullProbability: 0.5, shift: logit - 1, shiftSd: 0 };
    const responses = [undefined, { effect, conversion: 0.7 }];
    const baseline = { logit: 1, conversion: 0.7 };
    expect(isUnbelievable({ version: "learned-1" }, baseline, responses)).toBe(isUnbelieved);
    expect(isUnbelievable(PRIOR_MODEL, baseline, responses)).toBe(false);
  });

  it.each([
    ["within", { min: 1, max: 3 }, 2, 2],
    ["at its end", { min: 1, max: 3 }, 3, 3],
    ["beyond it", { min: 1, max: 3 }, 1_000, 3],
    ["below it", { min: 1, max: 3 }, 0, 1],
    ["with an upper bound alone", { max: 3 }, -1_000, -1_000],
    ["that is one value", { min: 2, max: 2 }, 7, 2],
    ["without one", {}, 1_000, 1_000],
  ])("takes a feature beyond its range as the nearest bound: %s", (_where, range, value, counted) => {
    const { baseline } = { baseline: [intercept, { ...orders, ...range }] };
    const model = compileModel({ ...PRIOR_MODEL, version: "learned-1", baseline }, NAMES);
    if (!model.ok) throw new Error(JSON.stringify(model.error));
    const permitted = consentStep(input({ features: features({ purchases_30d: value }) }));
    const told = baselineResponse(model.value, permitted);
    expect(told.logit).toBeCloseTo(0.5 * counted, 12);
    expect(told.logitSd).toBeCloseTo(Math.hypot(1, 0.1 * counted), 9);
    const [, term] = modelTerms(input({ features: features({ purchases_30d: value }), model: model.value }), NAMES);
    expect(term).toEqual({ feature: "purchases_30d", value, counted, coefficient: 0.5, logit: 0.5 * counted });
  });

  it("draws from 64 ascending quantiles, symmetric about 0", () => {
    expect(NORMAL_QUANTILES).toHaveLength(64);
    expect(NORMAL_QUANTILES).toEqual(NORMAL_QUANTILES.toSorted((a, b) => a - b));
    for (const [k, z] of NORMAL_QUANTILES.entries()) expect(NORMAL_QUANTILES[63 - k]).toBeCloseTo(-z, 9);
  });
});
