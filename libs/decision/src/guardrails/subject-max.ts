import type { GuardedRung } from "./guarded-rung.js";

/**
 * Most that one shopper may be given within the period: worst cases of what is open, amounts of what was used, nothing
 * of what ran out, and this rung's worst case.
 */
export function subjectMax({ situation, rung }: GuardedRung): "guardrail_subject_max" | undefined {
  const { perSubjectMaxMinor, perSubjectPeriodMs } = situation.policy.guardrails;
  if (perSubjectMaxMinor === undefined) return undefined;
  const since = situation.nowMs - perSubjectPeriodMs;
  const given = situation.decisionState.history.reduce(
    (sum, { atMs, costMinor }) => (atMs > since ? sum + costMinor : sum),
    0,
  );
  return given + rung.worstCostMinor > perSubjectMaxMinor ? "guardrail_subject_max" : undefined;
}
