import type { RungWorth, ValuedRung } from "./value.js";

/**
 * Rungs by what they cost in expectation, then by the worst case, then by the policy's own order, in which they come. Many are worth the same: so it is
 * their worths that are sorted, and the rungs are then dealt out to their places. A sort of the rungs themselves takes several times as long.
 */
export function inOrderOfCost(rungs: readonly ValuedRung[]): readonly ValuedRung[] {
  const worths = worthsOf(rungs);
  const ranks = ranksOf(worths);
  // Where the next rung of a rank goes: behind all rungs of lower ranks.
  const next = Array<number>(worths.length + 1).fill(0);
  for (const { worth } of rungs) {
    const above = (ranks[worth.place] ?? 0) + 1;
    next[above] = (next[above] ?? 0) + 1;
  }
  for (let rank = 1; rank < next.length; rank += 1) next[rank] = (next[rank] ?? 0) + (next[rank - 1] ?? 0);
  const ordered = [...rungs];
  for (const rung of rungs) {
    const rank = ranks[rung.worth.place] ?? 0;
    const place = next[rank] ?? 0;
    ordered[place] = rung;
    next[rank] = place + 1;
  }
  return ordered;
}

/** The worths of the rungs, by their places. */
function worthsOf(rungs: readonly ValuedRung[]): readonly RungWorth[] {
  const worths: RungWorth[] = [];
  for (const { worth } of rungs) if (worth.place === worths.length) worths.push(worth);
  return worths;
}

/** By place, how many of the worths that cost something else are cheaper. */
function ranksOf(worths: readonly RungWorth[]): readonly number[] {
  const ranks = Array<number>(worths.length).fill(0);
  let rank = 0;
  let last: RungWorth | undefined;
  for (const worth of worths.toSorted(byCosts)) {
    if (last !== undefined && byCosts(last, worth) !== 0) rank += 1;
    ranks[worth.place] = rank;
    last = worth;
  }
  return ranks;
}

function byCosts(a: RungWorth, b: RungWorth): number {
  return a.expectedCost - b.expectedCost || a.worstCostMinor - b.worstCostMinor;
}
