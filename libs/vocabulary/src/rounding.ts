/** How a computed amount becomes a whole minor unit. Half to even is the default; many shops use half up. */
export type RoundingMode = "half_even" | "half_up";

/**
 * a × b ÷ divisor, rounded once and exactly, also where the product is beyond 2^53. Halves go to even, or
 * away from zero for `half_up`.
 *
 * @param divisor a positive safe integer
 */
export function mulDiv(a: number, b: number, divisor: number, mode: RoundingMode = "half_even"): number {
  assertInteger(a);
  assertInteger(b);
  if (!Number.isSafeInteger(divisor) || divisor <= 0)
    throw new RangeError(`divisor ${String(divisor)} is not positive`);
  const product = a * b;
  return Number.isSafeInteger(product)
    ? divideNumber(product, divisor, mode)
    : divideBigint(BigInt(a) * BigInt(b), BigInt(divisor), mode);
}

function divideNumber(dividend: number, divisor: number, mode: RoundingMode): number {
  const magnitude = Math.abs(dividend);
  const remainder = magnitude % divisor;
  const floor = (magnitude - remainder) / divisor;
  const twice = remainder * 2;
  const up = twice > divisor || (twice === divisor && (mode === "half_up" || floor % 2 === 1));
  const rounded = up ? floor + 1 : floor;
  return dividend < 0 && rounded !== 0 ? -rounded : rounded;
}

function divideBigint(dividend: bigint, divisor: bigint, mode: RoundingMode): number {
  const magnitude = dividend < 0n ? -dividend : dividend;
  const floor = magnitude / divisor;
  const twice = (magnitude % divisor) * 2n;
  const up = twice > divisor || (twice === divisor && (mode === "half_up" || floor % 2n === 1n));
  const rounded = Number(up ? floor + 1n : floor);
  assertInteger(rounded);
  return dividend < 0n ? -rounded : rounded;
}

/**
 * Splits a whole amount over weights so that the parts add up to it exactly: each part gets the floor of its
 * share and the units left over go to the largest remainders, the earlier part first on a tie (Hamilton's
 * method). With all weights zero, the earlier parts get the units one by one.
 *
 * @param total any safe integer; a negative total is split as its magnitude
 * @param weights at least one, none negative
 */
export function splitByLargestRemainder(total: number, weights: readonly number[]): number[] {
  assertInteger(total);
  if (weights.length === 0) throw new RangeError("nothing to split over: weights is empty");
  for (const weight of weights) {
    assertInteger(weight);
    if (weight < 0) throw new RangeError(`weight ${String(weight)} is negative`);
  }
  const effective = weights.some((weight) => weight > 0) ? weights : weights.map(() => 1);
  const sum = effective.reduce((acc, weight) => acc + BigInt(weight), 0n);
  const magnitude = BigInt(Math.abs(total));
  const shares = effective.map((weight, index) => {
    const product = magnitude * BigInt(weight);
    return { index, floor: product / sum, remainder: product % sum };
  });
  let left = Number(magnitude - shares.reduce((acc, share) => acc + share.floor, 0n));
  const parts = shares.map((share) => Number(share.floor));
  const byRemainder = [...shares].sort((x, y) =>
    x.remainder === y.remainder ? x.index - y.index : x.remainder > y.remainder ? -1 : 1,
  );
  for (const { index } of byRemainder) {
    if (left === 0) break;
    parts[index] = (parts[index] ?? 0) + 1;
    left -= 1;
  }
  return total < 0 ? parts.map((part) => (part === 0 ? 0 : -part)) : parts;
}

function assertInteger(value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${String(value)} is not a safe integer`);
}
