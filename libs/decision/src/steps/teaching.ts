import { permits } from "@leastwise/vocabulary";
import { TEACHING, TEACHING_FLAT_BP } from "../priors.js";
import type { Grant } from "../state/decision-state.js";
import type { Situation } from "../situation.js";

/**
 * When the shopper was last given an incentive, be it that nobody was told of it: twins in both arms are taught the same. Undefined: never, or consent
 * does not let it be looked at. Entitlements are owed, and teach nothing about waiting.
 */
export function lastGivenMs(
  { consent, decisionState, policy }: Situation,
  counts: (grant: Grant) => boolean = () => true,
): number | undefined {
  if (!permits(consent, "purchase")) return undefined;
  return decisionState.history.findLast((grant) => !policy.entitlements.has(grant.campaignId) && counts(grant))?.atMs;
}

/** What a discount of some depth teaches, as a share of what is given. */
export type Teaching = (depthBp: number) => number;

/** See {@link TEACHING}. Grows with depth, and so keeps deeper rungs dearer. */
export function teachingOf(situation: Situation): Teaching {
  if (situation.earlierRules !== undefined) return () => TEACHING_FLAT_BP / 10_000;
  const { leastBp, ofDepthBp, depthMaxBp, recencyHalfLifeMs } = TEACHING;
  const givenMs = lastGivenMs(situation);
  const recency = givenMs === undefined ? 1 : 1 + 2 ** (-Math.max(0, situation.nowMs - givenMs) / recencyHalfLifeMs);
  return (depthBp) => ((leastBp + (Math.min(depthBp, depthMaxBp) * ofDepthBp) / 10_000) * recency) / 10_000;
}
