import type { Decision } from "./decision.js";

/** What of a decision tells what exploring cost: all of it stands on the record. */
export type ExploredDecision = Pick<Decision, "candidates" | "chosen" | "exploit" | "ghost" | "observeOnly">;

/**
 * What a decision takes of its campaign's exploration budget, minor units: the value given up against the exploit choice
 * and the money spent more, both in expectation. 0 where the exploit choice was drawn, or where nothing was given away
 * because it was withheld. The chosen rung's campaign pays; for rung 0 the exploit choice's.
 */
export function explorationCostOf(decision: ExploredDecision): number {
  const { candidates, chosen, exploit, ghost, observeOnly } = decision;
  const drawn = candidates[chosen];
  const best = candidates[exploit];
  if (chosen === exploit || drawn === undefined || best === undefined || ghost || observeOnly) return 0;
  const givenUp = Math.max(0, best.valueMinor - drawn.valueMinor);
  const spent = Math.max(0, drawn.expectedCostMinor - best.expectedCostMinor);
  return Math.ceil(givenUp + spent);
}
