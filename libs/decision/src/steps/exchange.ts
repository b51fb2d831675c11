import type { CompiledCampaign } from "../policy/compile.js";
import type { IneligibleReason } from "../reasons.js";
import type { Situation } from "../situation.js";

/** True if the shopper has agreed to the campaign's exchange once, be it that the consent was withdrawn since. */
export function hasAccepted({ exchanges }: Situation, { campaignId }: CompiledCampaign): boolean {
  return exchanges?.some((answer) => answer.campaignId === campaignId && answer.accepted) === true;
}

/**
 * Why an exchange that was accepted gives nothing; undefined: it is owed. A promise is for ever kept once: an offer of it that is open stays, another one is never
 * issued, and without all of the consent that it was promised for nothing new is.
 */
export function exchangeProblem(situation: Situation, campaign: CompiledCampaign): IneligibleReason | undefined {
  const { exchange, campaignId } = campaign;
  const { exchanges = [], consent, nowMs } = situation;
  const answer = exchanges.find((one) => one.campaignId === campaignId && one.accepted);
  if (exchange === undefined || answer === undefined) return "exchange_not_accepted";
  if (!exchange.purposes.every((purpose) => consent.includes(purpose))) return "consent_missing";
  if (isHeld(situation, campaignId)) return undefined;
  if (wasGiven(situation, campaignId)) return "exchange_given";
  return nowMs < answer.answeredAtMs + exchange.acceptedWithinMs ? undefined : "exchange_over";
}

function isHeld({ decisionState }: Situation, campaignId: string): boolean {
  return decisionState.open.some((held) => held.campaignId === campaignId && !held.withheld);
}

/** True if the shopper was given an offer of the campaign, be it under another approach. */
export function wasGiven({ decisionState }: Situation, campaignId: string): boolean {
  return decisionState.history.some((grant) => grant.campaignId === campaignId && grant.withheld === undefined);
}
