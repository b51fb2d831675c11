/**
 * What a mean, a variance and every interval here are functions of: the count, the sum and the sum of squares of one
 * integer figure per subject. Exact, so that sums of parts merge to the sums of the whole and no digit is lost where
 * floating-point sums lose all of them (amounts near 10^10 minor units that differ by ten).
 */
export interface SufficientSums {
  /** Subjects, those with a zero included; not negative. */
  readonly n: bigint;
  /** Σ x */
  readonly sum: bigint;
  /** Σ x² */
  readonly sumSquares: bigint;
}

/** The sums of nobody: the neutral element of {@link addSums}. */
export const NO_SUMS: SufficientSums = { n: 0n, sum: 0n, sumSquares: 0n };

/** Sums of integer figures, one a subject. A number that is no safe integer is a bug. */
export function sumsOf(values: Iterable<number | bigint>): SufficientSums {
  let n = 0n;
  let sum = 0n;
  let sumSquares = 0n;
  for (const value of values) {
    if (typeof value === "number" && !Number.isSafeInteger(value)) throw new RangeError(`no integer: ${value}`);
    const x = BigInt(value);
    n += 1n;
    sum += x;
    sumSquares += x * x;
  }
  return { n, sum, sumSquares };
}

/** The sums of two disjoint groups of subjects together. */
export function addSums(a: SufficientSums, b: SufficientSums): SufficientSums {
  return { n: a.n + b.n, sum: a.sum + b.sum, sumSquares: a.sumSquares + b.sumSquares };
}

/** The mean per subject; undefined for nobody. */
export function meanOf({ n, sum }: SufficientSums): number | undefined {
  return n === 0n ? undefined : quotient(sum, n);
}

/** The sample variance, (SS − S²/n)/(n − 1), computed as one exact fraction; undefined below two subjects. */
export function varianceOf({ n, sum, sumSquares }: SufficientSums): number | undefined {
  return n < 2n ? undefined : quotient(n * sumSquares - sum * sum, n * (n - 1n));
}

/** True if all subjects have the same figure, decided exactly. */
export function hasNoSpread({ n, sum, sumSquares }: SufficientSums): boolean {
  return n * sumSquares === sum * sum;
}

/** `numerator / denominator` as a double, right to a few units in the last place whatever their size. */
export function quotient(numerator: bigint, denominator: bigint): number {
  const value = Number(numerator) / Number(denominator);
  if (!Number.isFinite(value)) throw new RangeError("a sum is beyond the range of a double");
  return value;
}
