import { modelToWire, type wire } from "@leastwise/contracts";
import { PRIOR_MODEL } from "@leastwise/decision";
import { describe, expect, it } from "@jest/globals";
import { readModelDocument } from "./read-document.js";
import { writeModelDocument } from "./write-document.js";

const DOCUMENT = `version: learned-1
horizon: 7d
baseline:
  - {feature: intercept, mean: -1.2, sd: 0.05}
  - {feature: purchases_30d, mean: 0.31, sd: 0.04, min: 0, max: 12}
formats:
  - {format: percent_off, slope_mean: 0.8, slope_sd: 0.1, null_probability: 0.05, depth_scale_bp: 1000}
`;

function read(text: string) {
  const document = readModelDocument(text);
  if (!document.ok) throw new Error(JSON.stringify(document.error));
  return document.value;
}

const saysOf = (text: string) => {
  const document = readModelDocument(text);
  return document.ok ? [] : document.error.map(({ line, column, field, reason }) => [line, column, field, reason]);
};

describe("a model document", () => {
  it("is the contract, with durations as people write them, as YAML or as JSON", () => {
    const { model } = read(DOCUMENT);
    expect(model).toMatchObject({
      ...{ version: "learned-1", horizonMs: 604_800_000n, bgnbd: undefined },
      baseline: [{ min: undefined }, { feature: "purchases_30d", mean: 0.31, sd: 0.04, min: 0, max: 12 }],
      formats: [{ format: "percent_off", slopeMean: 0.8, depthScaleBp: 1_000 }],
    });
    expect(read(JSON.stringify({ version: "learned-1", horizon_ms: 604_800_000 })).model.horizonMs).toBe(604_800_000n);
  });

  it.each<[string, wire.ResponseModel]>([
    ["the priors", modelToWire(PRIOR_MODEL)],
    ["what says all that a model can", { ...read(DOCUMENT).model, bgnbd: { r: 0.2, alpha: 4.4, a: 0.8, b: 2.4 } }],
  ])("is written as what is read as the same: %s", (_what, model) => {
    expect(read(writeModelDocument(model)).model).toEqual(model);
  });

  it("says where something stands that is wrong, and what was meant", () => {
    expect(saysOf(DOCUMENT.replace("slope_mean", "slope_maen"))).toEqual([
      [7, 27, "formats[0].slope_maen", "unknown_field"],
    ]);
    expect(saysOf(DOCUMENT.replace("0.31", "many"))).toEqual([[5, 36, "baseline[1].mean", "wrong_type"]]);
    expect(saysOf(DOCUMENT.replace("0.31", ".nan"))).toEqual([[5, 36, "baseline[1].mean", "not_finite"]]);
    expect(saysOf(DOCUMENT.replace("horizon: 7d", "horizon: soon"))).toEqual([
      [2, 10, "horizon_ms", "quantity_malformed"],
    ]);
  });

  it("locates what is found out later, and says it as the document does: a scale of depth has no percent sign", () => {
    const { locate } = read(DOCUMENT);
    const problem = { reason: "out_of_range", came: "0.5", expected: "1 to 1000000" };
    expect(locate({ ...problem, field: "formats[0].depth_scale_bp" })).toEqual({
      ...problem,
      ...{ field: "formats[0].depth_scale_bp", line: 7, column: 99 },
    });
    expect(locate({ ...problem, field: "formats[0].nothing" })).toMatchObject({ line: 7, column: 5 });
    const horizon = { ...problem, came: "0", expected: "an integer from 1 to 31622400000" };
    expect(locate({ ...horizon, field: "horizon_ms" })).toMatchObject({ expected: "a duration from 1ms to 366d" });
  });
});
