import type { Situation } from "../situation.js";

/** How soon after an incentive another may be offered, of whichever campaign. What is owed neither starts it nor waits for it. */
export function coolDown(situation: Situation): "cool_down" | undefined {
  const { policy, decisionState, nowMs } = situation;
  const since = nowMs - policy.guardrails.coolDownMs;
  const isRecent = decisionState.history.some(
    ({ atMs, campaignId }) => atMs > since && !policy.entitlements.has(campaignId),
  );
  return isRecent ? "cool_down" : undefined;
}
