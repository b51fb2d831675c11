/**
 * How a computed amount becomes a whole minor unit. Half to even is the default; many shops use half up. Bounds round to the side that they
 * are meant to err on: `down` is toward zero, `up` away from it.
 */
export type RoundingMode = "half_even" | "half_up" | "down" | "up";

/**
 * a × b ÷ divisor, rounded once and exactly, also where the product is beyond 2^53. Halves go to even, or
 * away from zero for `half_up`; with `down` and `up` all that is left over goes one way.
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
  const floor = wholeQuotient(magnitude, divisor);
  const remainder = magnitude - floor * divisor;
  const rounded = isRoundedUp(Math.sign(remainder), Math.sign(remainder * 2 - divisor), floor % 2 === 1, mode)
    ? floor + 1
    : floor;
  return dividend < 0 && rounded !== 0 ? -rounded : rounded;
}

/** Up to here, the product of a quotient that is one too large with its divisor is still exact. */
const EXACT_MAX = 2 ** 52;

/**
 * How often a divisor is in a dividend, both whole and not negative. By division and a correction, since the remainder of two doubles takes
 * ten times as long as their quotient.
 */
function wholeQuotient(dividend: number, divisor: number): number {
  if (dividend > EXACT_MAX || divisor > EXACT_MAX) return (dividend - (dividend % divisor)) / divisor;
  const quotient = Math.floor(dividend / divisor);
  const remainder = dividend - quotient * divisor;
  if (remainder < 0) return quotient - 1;
  return remainder >= divisor ? quotient + 1 : quotient;
}

function divideBigint(dividend: bigint, divisor: bigint, mode: RoundingMode): number {
  const magnitude = dividend < 0n ? -dividend : dividend;
  const floor = magnitude / divisor;
  const remainder = magnitude % divisor;
  const twice = remainder * 2n;
  const overHalf = twice > divisor ? 1 : twice === divisor ? 0 : -1;
  const rounded = Number(isRoundedUp(remainder > 0n ? 1 : 0, overHalf, floor % 2n === 1n, mode) ? floor + 1n : floor);
  assertInteger(rounded);
  return dividend < 0n ? -rounded : rounded;
}

/**
 * Whether a magnitude goes to the next whole one.
 *
 * @param rest 1 where something is left over, 0 where nothing is
 * @param overHalf 1 where that is more than a half, 0 where it is a half, −1 where it is less
 */
function isRoundedUp(rest: number, overHalf: number, isOdd: boolean, mode: RoundingMode): boolean {
  switch (mode) {
    case "down":
      return false;
    case "up":
      return rest > 0;
    case "half_up":
      return overHalf >= 0;
    case "half_even":
      return overHalf > 0 || (overHalf === 0 && isOdd);
  }
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
  let sum = 0;
  let heaviest = 0;
  for (const weight of weights) {
    assertInteger(weight);
    if (weight < 0) throw new RangeError(`weight ${String(weight)} is negative`);
    sum += weight;
    if (weight > heaviest) heaviest = weight;
  }
  if (sum === 0)
    return splitByLargestRemainder(
      total,
      weights.map(() => 1),
    );
  const magnitude = Math.abs(total);
  const isSmall = Number.isSafeInteger(sum) && Number.isSafeInteger(magnitude * heaviest);
  const parts = isSmall ? splitNumbers(magnitude, weights, sum) : splitBigints(magnitude, weights);
  return total < 0 ? parts.map((part) => (part === 0 ? 0 : -part)) : parts;
}

function splitNumbers(magnitude: number, weights: readonly number[], sum: number): number[] {
  const parts: number[] = [];
  const remainders: number[] = [];
  let left = magnitude;
  for (const weight of weights) {
    const product = magnitude * weight;
    const part = wholeQuotient(product, sum);
    parts.push(part);
    remainders.push(product - part * sum);
    left -= part;
  }
  giveToLargest(parts, remainders, left);
  return parts;
}

function splitBigints(magnitude: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((acc, weight) => acc + BigInt(weight), 0n);
  const products = weights.map((weight) => BigInt(magnitude) * BigInt(weight));
  const parts = products.map((product) => Number(product / sum));
  const given = parts.reduce((acc, part) => acc + BigInt(part), 0n);
  giveToLargest(
    parts,
    products.map((product) => product % sum),
    Number(BigInt(magnitude) - given),
  );
  return parts;
}

/** Up to this many comparisons, looking for the largest again and again is quicker than to sort. */
const COMPARISONS_FEW = 1_024;

/** One unit more for each of the `count` parts with the largest remainders, the earlier first on a tie. */
function giveToLargest(parts: number[], remainders: readonly (number | bigint)[], count: number): void {
  const places = count * parts.length > COMPARISONS_FEW ? sorted(remainders) : undefined;
  const left: (number | bigint)[] = [...remainders];
  for (let given = 0; given < count; given += 1) {
    const place = places?.[given] ?? placeOfLargest(left);
    parts[place] = (parts[place] ?? 0) + 1;
    left[place] = GIVEN;
  }
}

/** Less than any remainder. */
const GIVEN = -1;

function placeOfLargest(remainders: readonly (number | bigint)[]): number {
  let place = 0;
  let largest: number | bigint = GIVEN;
  for (let index = 0; index < remainders.length; index += 1) {
    const remainder = remainders[index] ?? GIVEN;
    if (remainder > largest) {
      largest = remainder;
      place = index;
    }
  }
  return place;
}

/** Places by remainder, the largest first, the earlier first on a tie. */
function sorted(remainders: readonly (number | bigint)[]): readonly number[] {
  return remainders
    .map((remainder, place) => ({ remainder, place }))
    .sort((a, b) => (a.remainder > b.remainder ? -1 : a.remainder < b.remainder ? 1 : a.place - b.place))
    .map(({ place }) => place);
}

function assertInteger(value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${String(value)} is not a safe integer`);
}
