import { incompleteBetaHalf, logBetaHalf, upperGamma } from "./special-functions.js";

/** Above this the beta's fraction loses digits to cancellation, and the normal form's error, of order 1/dof², is nothing. */
const NORMAL_FROM_DOF = 1e7;

const STEPS_MAX = 200;

/**
 * P(|T| > |t|) for Student's t with `dof` > 0 degrees of freedom, not necessarily whole: I_x(dof/2, 1/2) at
 * x = dof/(dof + t²) (DLMF 8.17; Abramowitz and Stegun 26.7.1; 26.7.8 for very many degrees of freedom). The tail keeps its digits: it is never taken from 1.
 */
export function studentTwoSided(t: number, dof: number): number {
  if (!(dof > 0)) throw new RangeError(`degrees of freedom must be above 0, got ${dof}`);
  const square = t * t;
  if (dof > NORMAL_FROM_DOF) return upperGamma(0.5, (square * (1 - 0.25 / dof) ** 2) / (1 + square / (2 * dof)) / 2);
  return incompleteBetaHalf(dof / 2, dof / (dof + square), square / (dof + square));
}

/** P(T ≤ t). */
export function studentCdf(t: number, dof: number): number {
  const tail = studentTwoSided(t, dof) / 2;
  return t > 0 ? 1 - tail : tail;
}

/**
 * The t that |T| exceeds with probability `twoSided`, 0 < twoSided < 1: 0.05 gives the 0.975 quantile. Newton's steps on
 * the logarithm of the tail, kept inside a bracket by bisection.
 */
export function studentQuantile(twoSided: number, dof: number): number {
  if (!(twoSided > 0 && twoSided < 1)) throw new RangeError(`a probability inside (0, 1), not ${twoSided}`);
  let low = 0;
  let high = 1;
  while (studentTwoSided(high, dof) > twoSided) {
    low = high;
    high *= 2;
  }
  let t = (low + high) / 2;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const tail = studentTwoSided(t, dof);
    if (tail > twoSided) low = t;
    else high = t;
    const newton = t + ((Math.log(tail) - Math.log(twoSided)) * tail) / (2 * density(t, dof));
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - t) <= 4e-16 * t) return next;
    t = next;
  }
  return t;
}

function density(t: number, dof: number): number {
  return Math.exp(-((dof + 1) / 2) * Math.log1p((t * t) / dof) - logBetaHalf(dof / 2)) / Math.sqrt(dof);
}
