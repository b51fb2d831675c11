import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import { HISTORY_MAX, OPEN_MAX } from "../state/decision-state.js";
import type { GuardedRung } from "./guarded-rung.js";

/** How often a shopper may get a campaign. */
export function frequencyCap({ situation, rung }: GuardedRung): "frequency_cap" | undefined {
  return isCapReached(situation, rung.campaign) ? "frequency_cap" : undefined;
}

/**
 * True if another offer of the campaign would pass one of its caps. A subject whose memory of grants is full gets
 * nothing more, so that forgetting lets nobody past a cap.
 */
export function isCapReached({ decisionState, nowMs }: Situation, campaign: CompiledCampaign): boolean {
  const { history, open } = decisionState;
  if (history.length >= HISTORY_MAX || open.length >= OPEN_MAX) return true;
  return campaign.frequencyCaps.some(({ offersMax, periodMs }) => {
    const since = nowMs - periodMs;
    let offers = 0;
    for (const grant of history) if (grant.campaignId === campaign.campaignId && grant.atMs > since) offers += 1;
    return offers >= offersMax;
  });
}
