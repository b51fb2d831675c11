import type { Situation } from "../situation.js";
import type { GuardedRung } from "./guarded-rung.js";

/** How much a shopper may be given. */
export function subjectMax({ situation, rung }: GuardedRung): "guardrail_subject_max" | undefined {
  return isSubjectMaxPassed(situation, rung.worstCostMinor) ? "guardrail_subject_max" : undefined;
}

/**
 * True if a new offer would pass the most that one shopper may be given within the period: worst cases of what is open,
 * amounts of what was used, nothing of what ran out, and the offer's worst case. On the path of the draw, which is the same in
 * every arm, what was withheld counts as its twin's does.
 */
export function isSubjectMaxPassed({ policy, decisionState, nowMs }: Situation, worstCostMinor: number): boolean {
  const { perSubjectMaxMinor, perSubjectPeriodMs } = policy.guardrails;
  if (perSubjectMaxMinor === undefined) return false;
  const since = nowMs - perSubjectPeriodMs;
  const given = decisionState.history.reduce((sum, { atMs, costMinor }) => (atMs > since ? sum + costMinor : sum), 0);
  return given + worstCostMinor > perSubjectMaxMinor;
}
