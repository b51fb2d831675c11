import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import type { FrequencyCap } from "../policy/policy.js";
import { HISTORY_MAX, type Grant } from "../state/decision-state.js";

/** How often a shopper may get a campaign. */
export function frequencyCap(situation: Situation, campaign: CompiledCampaign): "frequency_cap" | undefined {
  return isCapReached(situation, campaign) ? "frequency_cap" : undefined;
}

/** Likewise over all incentives: the same for all campaigns. */
export function incentivesCap(situation: Situation): "frequency_cap" | undefined {
  const { policy } = situation;
  const counts = ({ campaignId }: Grant) => !policy.entitlements.has(campaignId);
  return isAnyReached(policy.guardrails.frequencyCaps, situation, counts) ? "frequency_cap" : undefined;
}

/**
 * True if another offer of the campaign would pass one of its caps. A subject whose memory of grants is full gets
 * nothing more, so that forgetting lets nobody past a cap.
 */
export function isCapReached(situation: Situation, campaign: CompiledCampaign): boolean {
  if (situation.decisionState.history.length >= HISTORY_MAX) return true;
  return isAnyReached(campaign.frequencyCaps, situation, ({ campaignId }) => campaignId === campaign.campaignId);
}

function isAnyReached(
  caps: readonly FrequencyCap[],
  { decisionState, nowMs }: Situation,
  counts: (grant: Grant) => boolean,
): boolean {
  for (const { offersMax, periodMs } of caps) {
    const since = nowMs - periodMs;
    let offers = 0;
    for (const grant of decisionState.history) if (grant.atMs > since && counts(grant)) offers += 1;
    if (offers >= offersMax) return true;
  }
  return false;
}
