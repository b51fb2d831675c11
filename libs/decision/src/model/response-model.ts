import { DAY_MS, err, ok, type Result } from "@leastwise/vocabulary";
import { INCENTIVE_KINDS, type IncentiveKind } from "@leastwise/offers";
import { BGNBD_PRIOR, type BgNbd } from "../approaches/bgnbd.js";
import { Problems, type PolicyProblem } from "../policy/problems.js";

/**
 * How conversion responds to an incentive: the logit of the chance to buy within the horizon is linear in features, plus
 * a slope, never negative, times ln(1 + depth ÷ scale). Mirrors `models.proto`.
 */
export interface ResponseModel {
  readonly version: string;
  readonly horizonMs: number;
  /** Coefficients of the logit at rung 0; a feature that is absent contributes nothing. */
  readonly baseline: readonly Coefficient[];
  /** At most one a format; a format without one has no effect. */
  readonly formats: readonly FormatResponse[];
  /** How shoppers order and leave. Absent: the documented prior. */
  readonly bgnbd?: BgNbd;
}

/** One coefficient with its uncertainty; coefficients are independent. */
export interface Coefficient {
  /** Name of a feature of the catalogue, or `intercept`. */
  readonly feature: string;
  readonly mean: number;
  /** Standard deviation, positive. */
  readonly sd: number;
}

/** How one format of incentive moves the logit. */
export interface FormatResponse {
  readonly format: string;
  /** Mean of the slope, not negative. */
  readonly slopeMean: number;
  /** Standard deviation of the slope, positive. */
  readonly slopeSd: number;
  /** Probability that the format has no effect at all, 0 to 1. */
  readonly nullProbability: number;
  /** Scale of depth, basis points, positive. */
  readonly depthScaleBp: number;
}

/** A model that was checked and bound to the places of the feature vector. */
export interface CompiledModel {
  readonly version: string;
  readonly horizonMs: number;
  readonly intercept: { readonly mean: number; readonly sd: number };
  readonly coefficients: readonly { readonly slot: number; readonly mean: number; readonly sd: number }[];
  readonly formats: ReadonlyMap<IncentiveKind, FormatResponse>;
  readonly bgnbd: BgNbd;
}

/** Checks a model against `models.proto` and the catalogue, or says all that is wrong with it. */
export function compileModel(
  model: ResponseModel,
  featureNames: readonly string[],
): Result<CompiledModel, PolicyProblem[]> {
  const problems = new Problems();
  problems.text("version", model.version, 64);
  problems.range("horizon_ms", model.horizonMs, 1, 366 * DAY_MS);
  const slots = new Map(featureNames.map((name, slot) => [name, slot]));
  const names = new Set(["intercept", ...featureNames]);
  for (const [i, { feature, mean, sd }] of model.baseline.entries()) {
    const at = `baseline[${String(i)}]`;
    problems.reference(`${at}.feature`, feature, names, "feature");
    if (!Number.isFinite(mean)) problems.add("not_finite", `${at}.mean`, mean, "a finite number");
    if (!(sd > 0 && Number.isFinite(sd))) problems.add("not_positive", `${at}.sd`, sd, "a positive number");
  }
  problems.unique(
    model.baseline.map(({ feature }, i) => ({ field: `baseline[${String(i)}].feature`, name: feature })),
    "coefficient_repeated",
  );
  const formats = compileFormats(problems, model.formats);
  for (const [name, value] of Object.entries(model.bgnbd ?? {}))
    if (!(value > 0 && Number.isFinite(value)))
      problems.add("not_positive", `bgnbd.${name}`, value, "a positive number");
  if (problems.found.length > 0) return err(problems.found);
  return ok({
    version: model.version,
    horizonMs: model.horizonMs,
    intercept: model.baseline.find(({ feature }) => feature === "intercept") ?? { mean: 0, sd: 0 },
    coefficients: model.baseline.flatMap(({ feature, mean, sd }) => {
      const slot = slots.get(feature);
      return slot === undefined ? [] : [{ slot, mean, sd }];
    }),
    formats,
    bgnbd: model.bgnbd ?? BGNBD_PRIOR,
  });
}

function compileFormats(
  problems: Problems,
  responses: readonly FormatResponse[],
): ReadonlyMap<IncentiveKind, FormatResponse> {
  const formats = new Map<IncentiveKind, FormatResponse>();
  const known = new Set<string>(INCENTIVE_KINDS);
  for (const [i, response] of responses.entries()) {
    const at = `formats[${String(i)}]`;
    problems.reference(`${at}.format`, response.format, known, "format");
    if (!(response.slopeMean >= 0 && Number.isFinite(response.slopeMean)))
      problems.add("negative", `${at}.slope_mean`, response.slopeMean, "a number, not negative");
    if (!(response.slopeSd > 0 && Number.isFinite(response.slopeSd)))
      problems.add("not_positive", `${at}.slope_sd`, response.slopeSd, "a positive number");
    if (!(response.nullProbability >= 0 && response.nullProbability <= 1))
      problems.add("out_of_range", `${at}.null_probability`, response.nullProbability, "a number from 0 to 1");
    if (!(response.depthScaleBp > 0 && Number.isFinite(response.depthScaleBp)))
      problems.add("not_positive", `${at}.depth_scale_bp`, response.depthScaleBp, "a positive number");
    const kind = INCENTIVE_KINDS.find((name) => name === response.format);
    if (kind !== undefined) formats.set(kind, response);
  }
  problems.unique(
    responses.map(({ format }, i) => ({ field: `formats[${String(i)}].format`, name: format })),
    "format_repeated",
  );
  return formats;
}
