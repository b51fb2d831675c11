import { studentQuantile, studentTwoSided } from "./student-t.js";
import { hasNoSpread, meanOf, quotient, varianceOf, type SufficientSums } from "./sufficient-sums.js";

/** Probability left outside an interval: 95 % intervals everywhere. */
export const ALPHA = 0.05;

/**
 * Why an interval or an estimate is missing. `no_subjects`: an arm is empty; `one_subject`: an arm has one subject and no
 * variance; `zero_variance`: all subjects of an arm have the same figure; `holdout_mean_zero`: nothing to be relative to.
 */
export type ContrastReason = "no_subjects" | "one_subject" | "zero_variance" | "holdout_mean_zero";

/** A contrast of two arms, treatment − holdout. What is undefined is absent and `reason` says why; never [0, 0]. */
export interface Contrast {
  readonly estimate?: number;
  /** Ends of the 95 % interval. */
  readonly interval?: readonly [low: number, high: number];
  /** Two-sided. */
  readonly pValue?: number;
  readonly standardError?: number;
  /** Welch–Satterthwaite degrees of freedom of the absolute variances. */
  readonly dof?: number;
  readonly reason?: ContrastReason;
}

/** The absolute difference of means, with Welch's interval (Welch 1947; Satterthwaite 1946). */
export function differenceOf(treatment: SufficientSums, holdout: SufficientSums): Contrast {
  if (treatment.n === 0n || holdout.n === 0n) return { reason: "no_subjects" };
  const estimate = exactDifference(treatment, holdout);
  const spread = spreadOf(treatment, holdout);
  if (typeof spread === "string") return { estimate, reason: spread };
  return withInterval(estimate, spread.treatment + spread.holdout, spread.dof);
}

/**
 * The difference over the holdout's mean, d/|m|, with the delta method's variance (Deng, Knoblich, Lu 2018): dividing by
 * the absolute value keeps the sign of the difference where the holdout loses money. Degrees of freedom are those of the
 * absolute difference.
 */
export function relativeOf(treatment: SufficientSums, holdout: SufficientSums): Contrast {
  const mean = meanOf(holdout);
  const treatmentMean = meanOf(treatment);
  if (mean === undefined || treatmentMean === undefined) return { reason: "no_subjects" };
  if (mean === 0) return { reason: "holdout_mean_zero" };
  const estimate = exactDifference(treatment, holdout) / Math.abs(mean);
  const spread = spreadOf(treatment, holdout);
  if (typeof spread === "string") return { estimate, reason: spread };
  const ratio = treatmentMean / mean;
  const variance = (spread.treatment + spread.holdout * ratio * ratio) / (mean * mean);
  return withInterval(estimate, variance, spread.dof);
}

function exactDifference(treatment: SufficientSums, holdout: SufficientSums): number {
  return quotient(treatment.sum * holdout.n - holdout.sum * treatment.n, treatment.n * holdout.n);
}

interface Spread {
  /** Squared standard error of the treatment's mean. */
  readonly treatment: number;
  /** Squared standard error of the holdout's mean. */
  readonly holdout: number;
  readonly dof: number;
}

function spreadOf(treatment: SufficientSums, holdout: SufficientSums): Spread | ContrastReason {
  const treatmentVariance = varianceOf(treatment);
  const holdoutVariance = varianceOf(holdout);
  if (treatmentVariance === undefined || holdoutVariance === undefined) return "one_subject";
  if (hasNoSpread(treatment) || hasNoSpread(holdout)) return "zero_variance";
  const t = treatmentVariance / Number(treatment.n);
  const h = holdoutVariance / Number(holdout.n);
  const dof = (t + h) ** 2 / (t ** 2 / Number(treatment.n - 1n) + h ** 2 / Number(holdout.n - 1n));
  return { treatment: t, holdout: h, dof };
}

function withInterval(estimate: number, variance: number, dof: number): Contrast {
  const standardError = Math.sqrt(variance);
  const half = studentQuantile(ALPHA, dof) * standardError;
  const pValue = studentTwoSided(estimate / standardError, dof);
  return { estimate, interval: [estimate - half, estimate + half], pValue, standardError, dof };
}
