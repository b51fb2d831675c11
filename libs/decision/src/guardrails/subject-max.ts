import type { Situation } from "../situation.js";

/**
 * How much a shopper may be given within the period: worst cases of what is open, amounts of what was used, nothing of what ran out, and
 * the worst case of a new offer.
 *
 * @param given see {@link givenMinor}
 */
export function subjectMax(
  { policy }: Situation,
  given: number,
  worstCostMinor: number,
): "guardrail_subject_max" | undefined {
  const { perSubjectMaxMinor } = policy.guardrails;
  if (perSubjectMaxMinor === undefined) return undefined;
  return given + worstCostMinor > perSubjectMaxMinor ? "guardrail_subject_max" : undefined;
}

/** What the shopper was given within the period, minor units. On the path of the draw, which is the same in every arm, what was withheld counts as its twin's does. */
export function givenMinor({ policy, decisionState, nowMs }: Situation): number {
  const since = nowMs - policy.guardrails.perSubjectPeriodMs;
  return decisionState.history.reduce((sum, { atMs, costMinor }) => (atMs > since ? sum + costMinor : sum), 0);
}
