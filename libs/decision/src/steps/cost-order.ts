import { byCost } from "./choice.js";
import type { ValuedRung } from "./value.js";

/**
 * Rungs in the order of {@link byCost}. They come ladder by ladder, and a ladder mostly ascends in cost: so what ascends already is merged, two by
 * two, and costs are compared where they lie next to each other. A general sort of as many takes several times as long.
 */
export function inOrderOfCost(rungs: readonly ValuedRung[]): readonly ValuedRung[] {
  const costs = Float64Array.from(rungs, ({ expectedCost }) => expectedCost);
  let places = Uint32Array.from(costs, (_, place) => place);
  let merged = new Uint32Array(places.length);
  const comesAfter = (a: number, b: number): boolean => {
    const apart = (costs[a] ?? 0) - (costs[b] ?? 0);
    if (apart !== 0) return apart > 0;
    const [one, other] = [rungs[a], rungs[b]];
    return one !== undefined && other !== undefined && byCost(one, other) > 0;
  };
  let starts = startsOfAscending(places, comesAfter);
  while (starts.length > 2) {
    starts = mergedPairs(places, starts, merged, comesAfter);
    [places, merged] = [merged, places];
  }
  return Array.from(places, (place) => rungs[place]).filter((rung) => rung !== undefined);
}

type ComesAfter = (a: number, b: number) => boolean;

/** Where what ascends by itself begins, and last the end of all. */
function startsOfAscending(places: Uint32Array, comesAfter: ComesAfter): readonly number[] {
  const starts = [0];
  for (let at = 1; at < places.length; at += 1) if (comesAfter(at - 1, at)) starts.push(at);
  return [...starts, places.length];
}

/** Merges every second part with the next into another array, and tells where the merged ones begin. */
function mergedPairs(
  from: Uint32Array,
  starts: readonly number[],
  into: Uint32Array,
  comesAfter: ComesAfter,
): readonly number[] {
  const kept: number[] = [];
  for (let part = 0; part < starts.length - 1; part += 2) {
    const [start = 0, middle = from.length, end = from.length] = starts.slice(part, part + 3);
    kept.push(start);
    let [left, right] = [start, middle];
    for (let at = start; at < end; at += 1) {
      const takesRight = left >= middle || (right < end && comesAfter(from[left] ?? 0, from[right] ?? 0));
      into[at] = from[takesRight ? right++ : left++] ?? 0;
    }
  }
  return [...kept, from.length];
}
