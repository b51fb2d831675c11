import type { Candidate, Decision } from "./decision.js";

/** What of a decision tells what exploring cost: all of it stands on the record. */
export type ExploredDecision = Pick<Decision, "candidates" | "chosen" | "exploit" | "ghost" | "observeOnly">;

/** A rung as far as trying it costs something, as it stands on the record. */
export type RungTerms = Pick<Candidate, "valueMinor" | "expectedCostMinor">;

/**
 * What trying a rung costs over the exploit choice, minor units: the value given up and the money spent more, both in expectation. What is
 * asked of the exploration budget beforehand is what it is charged.
 */
export function costOver(best: RungTerms, tried: RungTerms): number {
  const givenUp = Math.max(0, best.valueMinor - tried.valueMinor);
  const spent = Math.max(0, tried.expectedCostMinor - best.expectedCostMinor);
  return Math.ceil(givenUp + spent);
}

/**
 * What a decision takes of its campaign's exploration budget, minor units: 0 where the exploit choice was drawn, or where
 * nothing was given away because it was withheld. The chosen rung's campaign pays; for rung 0 the exploit choice's.
 */
export function explorationCostOf(decision: ExploredDecision): number {
  const { candidates, chosen, exploit, ghost, observeOnly } = decision;
  const drawn = candidates[chosen];
  const best = candidates[exploit];
  if (chosen === exploit || drawn === undefined || best === undefined || ghost || observeOnly) return 0;
  return costOver(best, drawn);
}
