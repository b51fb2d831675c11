import { PRIOR_MODEL, type ResponseModel } from "@leastwise/decision";
import { describe, expect, it } from "@jest/globals";
import { modelToWire, readModel } from "./response-model.js";
import * as wire from "./wire.js";

/** Every field of a model is told here, no two numbers alike. */
const MODEL: ResponseModel = {
  version: "learned-1",
  horizonMs: 101,
  baseline: [
    { feature: "intercept", mean: -1.5, sd: 0.5 },
    { feature: "purchases_30d", mean: 0.25, sd: 0.125, min: 0, max: 12 },
  ],
  formats: [{ format: "percent_off", slopeMean: 1.25, slopeSd: 0.75, nullProbability: 0.0625, depthScaleBp: 1_001 }],
  bgnbd: { r: 0.2, alpha: 4.4, a: 0.8, b: 2.4 },
  spend: { p: 6.2, q: 3.7, v: 1_544 },
  custom: { onnx: Buffer.from("onnx"), featureCount: 62, baselineSd: 0.3, shiftSd: 0.1, nullProbability: 0.05 },
};

describe("a response model", () => {
  it.each([
    ["with all that it can say", MODEL],
    ["with what the priors say", PRIOR_MODEL],
    ["that says nothing", { version: "", horizonMs: 0, baseline: [], formats: [] }],
  ])("comes back from the log as it was written: %s", (_what, model) => {
    const bytes = wire.ResponseModel.encode(modelToWire(model)).finish();
    expect(readModel(wire.ResponseModel.decode(bytes))).toStrictEqual(model);
  });

  it("keeps a bound of 0 apart from none", () => {
    const [zero, none] = readModel(
      wire.ResponseModel.fromPartial({ baseline: [{ feature: "a", min: 0 }, { feature: "b" }] }),
    ).baseline;
    expect([zero, none]).toStrictEqual([
      { feature: "a", mean: 0, sd: 0, min: 0 },
      { feature: "b", mean: 0, sd: 0 },
    ]);
  });
});
