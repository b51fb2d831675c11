import { DAY_MS } from "@leastwise/vocabulary";
import type { CompiledCampaign } from "../policy/compile.js";
import type { CompiledExchange } from "../policy/consent-exchange.js";
import type { IneligibleReason } from "../reasons.js";
import type { Situation } from "../situation.js";
import type { Invited } from "../state/decision-state.js";

/** How long after a campaign's end its exchange may still be accepted, ms: who was asked before the end often comes back to the cart the next day. 1 day. */
export const EXCHANGE_GRACE_MS = DAY_MS;

/**
 * Whether the campaign's exchange may be accepted at an instant: from its beginning on, until a grace after its end. Hours of the week do not matter, since
 * who was asked in one may answer after it.
 *
 * @param atMs when the answer came, Unix ms
 */
export function mayAnswer(
  { startsAtMs, endsAtMs }: Pick<CompiledCampaign, "startsAtMs" | "endsAtMs">,
  atMs: number,
): boolean {
  return atMs >= startsAtMs && atMs < endsAtMs + EXCHANGE_GRACE_MS;
}

/** An exchange that the shopper has agreed to, be it that the consent was withdrawn since. */
export interface AcceptedExchange extends CompiledExchange {
  readonly answeredAtMs: number;
}

/** The campaign's exchange as the shopper has agreed to it; undefined: it is none, or there is no yes to it. */
export function acceptedExchange(
  { exchanges }: Situation,
  { campaignId, exchange }: CompiledCampaign,
): AcceptedExchange | undefined {
  if (exchange === undefined) return undefined;
  const answer = exchanges?.find((one) => one.campaignId === campaignId && one.accepted);
  return answer && { ...exchange, answeredAtMs: answer.answeredAtMs };
}

/**
 * Why an exchange that was accepted gives nothing new; undefined: it is owed. Another offer of it is never issued, and without all of the consent that it was
 * promised for none is. An offer that is open is owed whatever this says.
 */
export function exchangeProblem(
  situation: Situation,
  { campaignId }: CompiledCampaign,
  { purposes, acceptedWithinMs, answeredAtMs }: AcceptedExchange,
): IneligibleReason | undefined {
  const { consent, nowMs } = situation;
  if (!purposes.every((purpose) => consent.includes(purpose))) return "consent_missing";
  if (wasGiven(situation, campaignId)) return "exchange_given";
  return nowMs < answeredAtMs + acceptedWithinMs ? undefined : "exchange_over";
}

/** True if the shopper was given an offer of the campaign, be it under another approach. */
export function wasGiven({ decisionState }: Situation, campaignId: string): boolean {
  return decisionState.history.some((grant) => grant.campaignId === campaignId && grant.withheld === undefined);
}

/** What the shopper was asked last to agree to for it, and what they would get; undefined: they were not asked, or it is forgotten. */
export function invitedTo({ decisionState }: Situation, campaignId: string): Invited | undefined {
  return decisionState.invited?.find((invited) => invited.campaignId === campaignId);
}
