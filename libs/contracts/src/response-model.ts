import type { Coefficient, CustomResponse, FormatResponse, ResponseModel } from "@leastwise/decision";
import { given } from "./given.js";
import * as wire from "./wire.js";

/** Reads a response model as it was written. What it means is checked by `compileModel`. */
export function readModel({
  version,
  horizonMs,
  baseline,
  formats,
  bgnbd,
  spend,
  custom,
}: wire.ResponseModel): ResponseModel {
  return {
    version,
    horizonMs: Number(horizonMs),
    baseline: baseline.map(coefficientOf),
    formats: formats.map(formatOf),
    ...given("bgnbd", bgnbd && { r: bgnbd.r, alpha: bgnbd.alpha, a: bgnbd.a, b: bgnbd.b }),
    ...given("spend", spend && { p: spend.p, q: spend.q, v: spend.v }),
    ...given("custom", custom && customOf(custom)),
  };
}

/** A response model as it is written. */
export function modelToWire({ horizonMs, baseline, formats, custom, ...model }: ResponseModel): wire.ResponseModel {
  return wire.ResponseModel.fromPartial({
    ...model,
    horizonMs: BigInt(horizonMs),
    baseline: [...baseline],
    formats: [...formats],
    ...given("custom", custom && { ...custom, onnx: Buffer.from(custom.onnx) }),
  });
}

function coefficientOf({ feature, mean, sd, min, max }: wire.Coefficient): Coefficient {
  return { feature, mean, sd, ...given("min", min), ...given("max", max) };
}

function formatOf({ format, slopeMean, slopeSd, nullProbability, depthScaleBp }: wire.FormatResponse): FormatResponse {
  return { format, slopeMean, slopeSd, nullProbability, depthScaleBp };
}

function customOf({ onnx, featureCount, baselineSd, shiftSd, nullProbability }: wire.CustomResponse): CustomResponse {
  return {
    onnx,
    featureCount,
    ...given("baselineSd", baselineSd),
    ...given("shiftSd", shiftSd),
    ...given("nullProbability", nullProbability),
  };
}
