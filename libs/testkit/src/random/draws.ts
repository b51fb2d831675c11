import type { Xoshiro128 } from "./xoshiro128.js";

/** True with the given chance, 0 to 1. */
export function happens(random: Xoshiro128, chance: number): boolean {
  return random.nextUnit() < chance;
}

/** A uniform integer from `least` to `most`, both included. The bias of at most 2^-32 × the width is let stand. */
export function wholeNumber(random: Xoshiro128, least: number, most: number): number {
  return least + Math.floor(random.nextUnit() * (most - least + 1));
}

/** A uniform number from `least` up to `most`. */
export function between(random: Xoshiro128, least: number, most: number): number {
  return least + random.nextUnit() * (most - least);
}

/** One of the items, each as likely. */
export function oneOf<T>(random: Xoshiro128, items: readonly T[]): T {
  const item = items[Math.floor(random.nextUnit() * items.length)];
  if (item === undefined) throw new RangeError("nothing to choose from");
  return item;
}

/** One of the values, by weight. Weights are not negative, and one at least is positive. */
export function weighted<T>(random: Xoshiro128, choices: readonly (readonly [value: T, weight: number])[]): T {
  let left = random.nextUnit() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [value, weight] of choices) {
    left -= weight;
    if (left < 0) return value;
  }
  const last = choices.findLast(([, weight]) => weight > 0);
  if (last === undefined) throw new RangeError("no choice has a weight");
  return last[0];
}

/** An exponential waiting time of the given mean. */
export function exponential(random: Xoshiro128, mean: number): number {
  return -Math.log1p(-random.nextUnit()) * mean;
}

/** A standard normal number (Box and Muller, 1958; the first of the pair). */
export function normal(random: Xoshiro128): number {
  const radius = Math.sqrt(-2 * Math.log1p(-random.nextUnit()));
  return radius * Math.cos(2 * Math.PI * random.nextUnit());
}
