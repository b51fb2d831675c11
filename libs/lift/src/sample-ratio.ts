import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { upperGamma } from "./special-functions.js";

/** Below this p value the split of the arms is not what was asked for, and no figure of the experiment may be believed. */
export const SAMPLE_RATIO_ALARM_P = 0.001;

/** Whether subjects fell into the arms in the shares they were to. */
export interface SampleRatio {
  /** Pearson's chi-square, Σ (observed − expected)²/expected, arms − 1 degrees of freedom. */
  readonly chiSquare: number;
  readonly pValue: number;
  /** True if p < {@link SAMPLE_RATIO_ALARM_P}. */
  readonly alarm: boolean;
}

/**
 * Checks enrolled subjects by arm against expected shares (any positive weights; they are scaled to the total).
 * Refused: fewer than two arms, lists of unequal length (`arms_mismatch`), a share not above 0 (`share_out_of_range`), a
 * count that is negative or no integer (`count_out_of_range`), nobody enrolled (`no_subjects`).
 */
export function sampleRatio(counts: readonly number[], shares: readonly number[]): Result<SampleRatio, Refusal> {
  if (counts.length < 2 || counts.length !== shares.length) {
    return err(refusal("arms_mismatch", "shares", shares.length, `one share for each of at least 2 arms`));
  }
  const badShare = shares.findIndex((share) => !(share > 0 && share < Infinity));
  if (badShare >= 0) {
    return err(refusal("share_out_of_range", `shares[${badShare}]`, shares[badShare], "a number above 0"));
  }
  const badCount = counts.findIndex((count) => !Number.isSafeInteger(count) || count < 0);
  if (badCount >= 0) {
    return err(refusal("count_out_of_range", `counts[${badCount}]`, counts[badCount], "an integer, not negative"));
  }
  const total = sum(counts);
  if (total === 0) return err(refusal("no_subjects", "counts", 0, "at least one enrolled subject"));
  const expected = shares.map((share) => (total * share) / sum(shares));
  const chiSquare = sum(expected.map((e, arm) => ((counts[arm] ?? 0) - e) ** 2 / e));
  const pValue = chiSquareSurvival(chiSquare, counts.length - 1);
  return ok({ chiSquare, pValue, alarm: pValue < SAMPLE_RATIO_ALARM_P });
}

/** P(χ² > x) with `dof` degrees of freedom: Q(dof/2, x/2) (DLMF 8.2; Abramowitz and Stegun 26.4.19). */
export function chiSquareSurvival(x: number, dof: number): number {
  return upperGamma(dof / 2, x / 2);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
