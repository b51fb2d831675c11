import { DAY_MS, err, InWords, ok, type PersonalDataClass, type Result } from "@leastwise/vocabulary";
import { INCENTIVE_KINDS, type IncentiveKind } from "@leastwise/offers";
import { BGNBD_PRIOR, type BgNbd } from "../approaches/bgnbd.js";
import type { GammaGamma } from "../lifetime/order-value.js";
import { Problems, type PolicyProblem } from "../policy/problems.js";
import { bitOf, type ClassBits } from "../class-bits.js";
import { VERSION_EXPECTED, VERSION_NAME } from "../policy/version-name.js";
import { isWithin, LOADED_BAND } from "./believable.js";
import { compileCustom, type CompiledCustom, type CustomResponse } from "./custom-response.js";
import { logistic } from "./logistic.js";

/**
 * How conversion responds to an incentive: the logit of the chance to buy within the horizon is linear in features, plus
 * a slope, never negative, times ln(1 + depth ÷ scale). Mirrors `models.proto`.
 */
export interface ResponseModel {
  readonly version: string;
  readonly horizonMs: number;
  /** Coefficients of the logit at rung 0, `intercept` among them; a feature that is absent contributes nothing. */
  readonly baseline: readonly Coefficient[];
  /** At most one a format; a format without one has no effect. */
  readonly formats: readonly FormatResponse[];
  /** How shoppers order and leave. Absent: the documented prior. */
  readonly bgnbd?: BgNbd;
  /** What shoppers spend on a day with an order. Absent: of each their own mean is expected. */
  readonly spend?: GammaGamma;
  /** A model of the shop's own, which answers instead of `baseline` and `formats`. Absent: none. */
  readonly custom?: CustomResponse;
}

/** One coefficient with its uncertainty; coefficients are independent. */
export interface Coefficient {
  /** Name of a feature of the catalogue, or `intercept`. */
  readonly feature: string;
  readonly mean: number;
  /** Standard deviation, positive. */
  readonly sd: number;
  /** Least value of the feature that the model was trained on: a lesser one counts as this. Absent: none. */
  readonly min?: number;
  /** Greatest value of the feature that the model was trained on: a greater one counts as this. Absent: none. */
  readonly max?: number;
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
  readonly coefficients: readonly CompiledCoefficient[];
  readonly formats: ReadonlyMap<IncentiveKind, FormatResponse>;
  readonly bgnbd: BgNbd;
  readonly spend: GammaGamma | undefined;
  /** Undefined: none. */
  readonly custom: CompiledCustom | undefined;
}

/** A coefficient bound to the place of its feature; without a range, its ends are infinite. */
export interface CompiledCoefficient {
  readonly slot: number;
  /** Of the class of data that its feature is of. */
  readonly classBit: ClassBits;
  readonly mean: number;
  readonly sd: number;
  readonly min: number;
  readonly max: number;
}

const HORIZON_MAX_MS = 366 * DAY_MS;
const HORIZON_EXPECTED = `an integer from 1 to ${String(HORIZON_MAX_MS)}`;

/** Beyond it no coefficient or slope means anything, and products with features might be no numbers any more. */
const MAGNITUDE_MAX = 1_000_000;

/** What a feature counts as: itself, or the nearest bound of the range that the model was trained on. */
export function withinRange(value: number, { min, max }: Pick<CompiledCoefficient, "min" | "max">): number {
  return Math.min(Math.max(value, min), max);
}

/**
 * Checks a model against `models.proto` and the catalogue, or says all that is wrong with it.
 *
 * @param featureClasses of which class of data each feature is. Absent: of `behaviour`
 */
export function compileModel(
  model: ResponseModel,
  featureNames: readonly string[],
  featureClasses: readonly PersonalDataClass[] = [],
): Result<CompiledModel, PolicyProblem[]> {
  const problems = new Problems();
  if (!VERSION_NAME.test(model.version)) problems.add("version_malformed", "version", model.version, VERSION_EXPECTED);
  if (model.horizonMs === 0) problems.add("out_of_range", "horizon_ms", undefined, HORIZON_EXPECTED);
  else problems.range("horizon_ms", model.horizonMs, 1, HORIZON_MAX_MS);
  checkBaseline(problems, model.baseline, featureNames);
  const formats = compileFormats(problems, model.formats);
  checkSlopes(problems, model);
  const { bgnbd = BGNBD_PRIOR } = model;
  checkPurchaseProcess(problems, bgnbd);
  checkSpend(problems, model.spend);
  const custom = model.custom && compileCustom(problems, model.custom, featureClasses, featureNames.length);
  if (problems.found.length > 0) return err(problems.found);
  const slots = new Map(featureNames.map((name, slot) => [name, slot]));
  return ok({
    version: model.version,
    horizonMs: model.horizonMs,
    intercept: model.baseline.find(({ feature }) => feature === "intercept") ?? { mean: 0, sd: 0 },
    coefficients: model.baseline.flatMap(({ feature, mean, sd, min = -Infinity, max = Infinity }) => {
      const slot = slots.get(feature);
      if (slot === undefined) return [];
      return [{ slot, classBit: bitOf(featureClasses[slot] ?? "behaviour"), mean, sd, min, max }];
    }),
    formats,
    bgnbd,
    spend: model.spend,
    custom,
  });
}

/** Within what estimates of shops come to by far, so that what is expected by them can be reckoned. */
function checkPurchaseProcess(problems: Problems, { alpha, ...shapes }: BgNbd): void {
  for (const name of ["r", "a", "b"] as const)
    if (!(shapes[name] >= 0.01 && shapes[name] <= 100))
      problems.add("out_of_range", `bgnbd.${name}`, shapes[name], "a number from 0.01 to 100");
  if (!(alpha >= 0.01 && alpha <= 10_000))
    problems.add("out_of_range", "bgnbd.alpha", alpha, "a number of weeks from 0.01 to 10000");
}

function checkSpend(problems: Problems, spend: GammaGamma | undefined): void {
  if (spend === undefined) return;
  for (const name of ["p", "v"] as const) positive(problems, `spend.${name}`, spend[name]);
  // At 1 and below, the mean over shoppers is without bound.
  if (!(spend.q > 1 && spend.q <= MAGNITUDE_MAX))
    problems.add("out_of_range", "spend.q", spend.q, `a number above 1, at most ${String(MAGNITUDE_MAX)}`);
}

function checkBaseline(problems: Problems, baseline: readonly Coefficient[], featureNames: readonly string[]): void {
  const names = new Set(["intercept", ...featureNames]);
  for (const [i, coefficient] of baseline.entries()) {
    const at = `baseline[${String(i)}]`;
    problems.reference(`${at}.feature`, coefficient.feature, names, "feature");
    finite(problems, `${at}.mean`, coefficient.mean);
    positive(problems, `${at}.sd`, coefficient.sd);
    checkRange(problems, at, coefficient);
  }
  problems.unique(
    baseline.map(({ feature }, i) => ({ field: `baseline[${String(i)}].feature`, name: feature })),
    "coefficient_repeated",
  );
  const place = baseline.findIndex(({ feature }) => feature === "intercept");
  const mean = baseline[place]?.mean;
  if (mean === undefined) {
    const features = baseline.map(({ feature }) => feature).join(", ");
    const came = new InWords(features === "" ? "no coefficient" : `coefficients of ${features}`);
    const expected = "a coefficient of intercept, the logit of the chance to buy of a shopper of whom nothing is known";
    problems.add("intercept_missing", "baseline", came, expected);
    return;
  }
  const conversion = logistic(mean);
  if (Number.isFinite(mean) && !isWithin(LOADED_BAND, conversion)) {
    const expected = `a chance to buy of ${String(LOADED_BAND.least)} to ${String(LOADED_BAND.most)} for a shopper of whom nothing is known`;
    problems.add("conversion_unbelievable", `baseline[${String(place)}].mean`, conversion, expected);
  }
}

function checkRange(problems: Problems, at: string, { feature, min, max }: Coefficient): void {
  for (const [name, bound] of Object.entries({ min, max })) {
    if (bound === undefined) continue;
    if (!Number.isFinite(bound)) problems.add("not_finite", `${at}.${name}`, bound, "a finite number");
    if (feature === "intercept")
      problems.add("range_of_intercept", `${at}.${name}`, bound, "no range of the intercept");
  }
  if (min !== undefined && max !== undefined && min > max)
    problems.add("range_reversed", `${at}.max`, max, `at least ${at}.min, ${String(min)}`);
}

function finite(problems: Problems, field: string, came: number): void {
  if (!Number.isFinite(came)) problems.add("not_finite", field, came, "a finite number");
  else if (Math.abs(came) > MAGNITUDE_MAX)
    problems.add("out_of_range", field, came, `a number from -${String(MAGNITUDE_MAX)} to ${String(MAGNITUDE_MAX)}`);
}

function positive(problems: Problems, field: string, came: number): void {
  if (!(came > 0 && came <= MAGNITUDE_MAX))
    problems.add("not_positive", field, came, `a positive number, at most ${String(MAGNITUDE_MAX)}`);
}

/** A logit beyond which a chance is 1 to nine digits: whatever is given sells. Slopes are per logarithm of the depth, and one in another unit is far off. */
const SOLD_LOGIT = Math.log(1e9);

/** A model by which whatever is given sells would have the least given to everybody. */
function checkSlopes(problems: Problems, { baseline, formats }: ResponseModel): void {
  const intercept = baseline.find(({ feature }) => feature === "intercept")?.mean ?? 0;
  if (!isWithin(LOADED_BAND, logistic(intercept))) return;
  for (const [i, { slopeMean, depthScaleBp }] of formats.entries()) {
    const logit = intercept + slopeMean * Math.log1p(10_000 / depthScaleBp);
    if (depthScaleBp < 1 || !(logit > SOLD_LOGIT)) continue;
    const expected = "a slope by which not all sells that is given: goods for nothing bring a chance below 0.999999999";
    problems.add("conversion_unbelievable", `formats[${String(i)}].slope_mean`, slopeMean, expected);
  }
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
    finite(problems, `${at}.slope_mean`, response.slopeMean);
    if (response.slopeMean < 0)
      problems.add("response_falls", `${at}.slope_mean`, response.slopeMean, "a number, not negative");
    positive(problems, `${at}.slope_sd`, response.slopeSd);
    if (!(response.nullProbability >= 0 && response.nullProbability <= 1))
      problems.add("out_of_range", `${at}.null_probability`, response.nullProbability, "a number from 0 to 1");
    if (!(response.depthScaleBp >= 1 && response.depthScaleBp <= MAGNITUDE_MAX))
      problems.add("out_of_range", `${at}.depth_scale_bp`, response.depthScaleBp, `1 to ${String(MAGNITUDE_MAX)}`);
    const kind = INCENTIVE_KINDS.find((name) => name === response.format);
    if (kind !== undefined) formats.set(kind, response);
  }
  problems.unique(
    responses.map(({ format }, i) => ({ field: `formats[${String(i)}].format`, name: format })),
    "format_repeated",
  );
  return formats;
}
