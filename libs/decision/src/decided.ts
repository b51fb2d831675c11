import type { Decided, Decision } from "./decision.js";
import type { DecisionState } from "./state/decision-state.js";
import { evolve } from "./state/evolve.js";

/**
 * A decision with the state after it, which is reckoned when it is first asked for: a server never asks, as its state follows from the records.
 *
 * @param before the state that was decided on
 */
export function decidedOf(before: DecisionState, decision: Decision): Decided {
  let next: DecisionState | undefined;
  return {
    kind: "decided",
    decision,
    get nextState() {
      next ??= evolve(before, { kind: "decided", decision });
      return next;
    },
  };
}
