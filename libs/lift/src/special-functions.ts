/** Iterations after which a series or continued fraction that has not settled is a bug, not bad luck. */
const ITERATIONS_MAX = 10_000;
const EPSILON = 1e-16;
/** Keeps Lentz's method from dividing by zero. */
const TINY = 1e-300;

// Lanczos approximation, g = 7, n = 9 (coefficients of P. Godfrey, 2001): relative error about 1e-15.
const LANCZOS_G = 7;
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** ln Γ(x) for x > 0 (Lanczos 1964). */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new RangeError(`logGamma needs x > 0, got ${x}`);
  if (x > 1e4) return stirling(x);
  const z = x - 1;
  let series: number = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i += 1) series += (LANCZOS[i] ?? 0) / (z + i);
  const t = z + LANCZOS_G + 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(series);
}

/** DLMF 5.11.1: for large x the series loses no digits to cancellation. */
function stirling(x: number): number {
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}

/**
 * ln B(a, 1/2). The difference ln Γ(a) − ln Γ(a + 1/2) cancels for large a, where the quotient's own asymptotic series
 * (DLMF 5.11.13) keeps the digits.
 */
export function logBetaHalf(a: number): number {
  const logGammaHalf = 0.5 * Math.log(Math.PI);
  if (a < 50) return logGamma(a) + logGammaHalf - logGamma(a + 0.5);
  const u = 1 / a;
  const quotientLog = u / 8 - u ** 3 / 192 + u ** 5 / 640 - (17 * u ** 7) / 14_336;
  return logGammaHalf - 0.5 * Math.log(a) + quotientLog;
}

/**
 * Regularised incomplete beta I_x(a, 1/2), the form that Student's t needs, with x and 1 − x both given so that neither
 * is lost to rounding. Continued fraction DLMF 8.17.22 by Lentz's method (Numerical Recipes, 3rd ed., 6.4).
 */
export function incompleteBetaHalf(a: number, x: number, oneMinusX: number): number {
  if (x <= 0) return 0;
  if (oneMinusX <= 0) return 1;
  const b = 0.5;
  const logX = x > 0.5 ? Math.log1p(-oneMinusX) : Math.log(x);
  const front = Math.exp(a * logX + b * Math.log(oneMinusX) - logBetaHalf(a));
  const direct = x < (a + 1) / (a + b + 2);
  return direct ? (front * betaFraction(a, b, x)) / a : 1 - (front * betaFraction(b, a, oneMinusX)) / b;
}

function betaFraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m <= ITERATIONS_MAX; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < EPSILON) return h;
  }
  throw new RangeError(`the incomplete beta of ${a}, ${b} at ${x} does not settle`);
}

/**
 * Q(a, x) = Γ(a, x)/Γ(a), the upper regularised incomplete gamma function: series DLMF 8.11.4 below a + 1, continued
 * fraction DLMF 8.9.2 above.
 */
export function upperGamma(a: number, x: number): number {
  if (!(a > 0) || !(x >= 0)) throw new RangeError(`upperGamma needs a > 0 and x >= 0, got ${a} and ${x}`);
  if (x === 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - front * lowerSeries(a, x) : front * upperFraction(a, x);
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let k = 1; k <= ITERATIONS_MAX; k += 1) {
    term *= x / (a + k);
    sum += term;
    if (term < sum * EPSILON) return sum;
  }
  throw new RangeError(`the incomplete gamma of ${a} at ${x} does not settle`);
}

function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / guard(b);
  let h = d;
  for (let i = 1; i <= ITERATIONS_MAX; i += 1) {
    const numerator = -i * (i - a);
    b += 2;
    d = 1 / guard(numerator * d + b);
    c = guard(b + numerator / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < EPSILON) return h;
  }
  throw new RangeError(`the incomplete gamma of ${a} at ${x} does not settle`);
}

function guard(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
