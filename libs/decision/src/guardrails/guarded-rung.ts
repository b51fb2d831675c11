import type { Situation } from "../situation.js";
import type { LadderRung } from "../steps/ladder.js";

/** A rung to be held against a guardrail. */
export interface GuardedRung {
  readonly situation: Situation;
  readonly rung: LadderRung;
}
