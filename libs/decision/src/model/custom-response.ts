import type { IncentiveKind } from "@leastwise/offers";
import type { PersonalDataClass } from "@leastwise/vocabulary";
import { bitOf, type ClassBits } from "../class-bits.js";
import type { Problems } from "../policy/problems.js";

/** A response model of the shop's own, in ONNX, which answers for the parametric one. Mirrors `models.proto`, where its tensors are told. */
export interface CustomResponse {
  readonly onnx: Uint8Array;
  /** So many features of the catalogue, from its beginning, are in a row. */
  readonly featureCount: number;
  /** Standard deviation of the logit at rung 0. Absent: {@link BASELINE_SD}. */
  readonly baselineSd?: number;
  /** Standard deviation of the shift of the logit by an incentive. Absent: {@link SHIFT_SD}. */
  readonly shiftSd?: number;
  /** Probability that an incentive has no effect at all. Absent: {@link NULL_PROBABILITY}. */
  readonly nullProbability?: number;
}

/** One that was checked as far as that goes without running it. */
export interface CompiledCustom extends Required<CustomResponse> {
  /** Bit of the class of data that each of its features is of. */
  readonly classBits: readonly ClassBits[];
}

/** What a custom model is asked of one shopper and cart. Nobody but it knows which of the features it reads. */
export interface ResponseQuestion {
  /** As many of the catalogue's as it takes, in its order; NaN: absent, or not to be looked at. */
  readonly features: readonly number[];
  /** What might be given, each kind at each depth once: kinds in the order of `INCENTIVE_KINDS`, depths ascending. Rung 0 is always asked, before them. */
  readonly rows: readonly AskedRow[];
}

/** An incentive of a kind that is worth a share of the goods. */
export interface AskedRow {
  readonly kind: IncentiveKind;
  /** What the shopper gains of the goods, basis points, above 0. */
  readonly depthBp: number;
}

/** What a custom model answered: a part of what a decision is a function of, and so of its record. */
export interface ModelAnswer {
  /** Logit of the chance of an order without us. */
  readonly logit: number;
  /** Its standard deviation. */
  readonly logitSd: number;
  /** By kind, depths ascending. */
  readonly shifts: Readonly<Partial<Record<IncentiveKind, readonly AnsweredShift[]>>>;
}

/** How an incentive moves the logit, and the standard deviation of that. A tuple: each record has some dozens. */
export type AnsweredShift = readonly [depthBp: number, shift: number, shiftSd: number];

/** So that a model fits into a record of the log together with the rest of its document. */
const ONNX_BYTES_MAX = 921_600;

const BASELINE_SD = 0.2;
const SHIFT_SD = 0.2;
const NULL_PROBABILITY = 0.1;

/** Beyond it no deviation of a logit means anything. */
const SD_MAX = 1_000_000;

/** Checks what can be checked without running it, and fills in what it does not say. */
export function compileCustom(
  problems: Problems,
  { onnx, featureCount, ...said }: CustomResponse,
  featureClasses: readonly PersonalDataClass[],
  featuresMax: number,
): CompiledCustom {
  const { baselineSd = BASELINE_SD, shiftSd = SHIFT_SD, nullProbability = NULL_PROBABILITY } = said;
  if (onnx.length === 0 || onnx.length > ONNX_BYTES_MAX) {
    const expected = `1 to ${String(ONNX_BYTES_MAX)} bytes of ONNX`;
    problems.add("out_of_range", "custom.onnx", `${String(onnx.length)} bytes`, expected);
  }
  problems.range("custom.feature_count", featureCount, 1, featuresMax);
  for (const [name, sd] of [
    ["baseline_sd", baselineSd],
    ["shift_sd", shiftSd],
  ] as const)
    if (!(sd > 0 && sd <= SD_MAX))
      problems.add("not_positive", `custom.${name}`, sd, `a positive number, at most ${String(SD_MAX)}`);
  if (!(nullProbability >= 0 && nullProbability <= 1))
    problems.add("out_of_range", "custom.null_probability", nullProbability, "a number from 0 to 1");
  const classBits = Array.from({ length: Math.max(0, Math.min(featureCount, featuresMax)) }, (_, slot) =>
    bitOf(featureClasses[slot] ?? "behaviour"),
  );
  return { onnx, featureCount, baselineSd, shiftSd, nullProbability, classBits };
}

/** Whether two questions are the same, so that the answer to one answers the other. */
export function isSameQuestion(one: ResponseQuestion, other: ResponseQuestion): boolean {
  return (
    one.features.length === other.features.length &&
    one.rows.length === other.rows.length &&
    one.features.every((value, slot) => Object.is(value, other.features[slot])) &&
    one.rows.every((row, place) => isSameRow(row, other.rows[place]))
  );
}

function isSameRow({ kind, depthBp }: AskedRow, other: AskedRow | undefined): boolean {
  return other !== undefined && kind === other.kind && depthBp === other.depthBp;
}
