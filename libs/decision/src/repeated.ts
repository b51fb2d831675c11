import { isStillAgreed } from "@leastwise/vocabulary";
import type { Situation } from "./situation.js";
import type { Answer, RecentAnswer } from "./state/decision-state.js";
import { REPEAT_SPAN_MS } from "./state/evolve.js";
import { applyingStep } from "./steps/applying.js";
import { consentStep } from "./steps/consent.js";
import { explanationStep } from "./steps/explanation.js";
import { invitationStep } from "./steps/invitation.js";
import { withDisclosure } from "./steps/personal-data.js";

/**
 * The earlier answer that a call is to get again: the same caller's same request id within 24 hours, as long as the answer
 * is among the newest that the state keeps; without a request id the same cart within the same episode, for as long as that
 * answer stands and would be said in the same words: in another language, or where laws ask for a disclosure, the same is told anew.
 */
export function repeatedAnswer(situation: Situation): RecentAnswer | undefined {
  const { decisionState, cause, nowMs } = situation;
  if (cause.requestId !== "") {
    const told = decisionState.recent.findLast(
      ({ caller, requestId, atMs }) =>
        requestId === cause.requestId && caller === cause.caller && nowMs < atMs + REPEAT_SPAN_MS,
    );
    return told && withStandingInvitation(situation, told);
  }
  // An offer outlives the episode that it was issued in, and so does the answer that shows it.
  const episodes = [decisionState.episode?.id, ...decisionState.open.map((held) => held.episodeId)];
  const standing = standingAnswer(situation, episodes);
  if (standing === undefined || !isSaidAlike(situation, standing.answer)) return undefined;
  const { offer } = standing.answer;
  return offer === undefined || isOpen(decisionState.open, offer.offerId) ? standing : undefined;
}

/** True if the shopper would be told of it in the same words now, disclosures included. */
function isSaidAlike(
  situation: Situation,
  { offer, message, personalDataClasses = [], disclosure = "" }: Answer,
): boolean {
  return (
    explanationStep(situation, offer) === message &&
    withDisclosure(situation, personalDataClasses).disclosure === disclosure
  );
}

/** The newest answer for the same cart within one of the episodes, while it stands. */
export function standingAnswer(
  situation: Situation,
  episodeIds: readonly (string | undefined)[],
): RecentAnswer | undefined {
  const { decisionState, cartDigest, nowMs } = situation;
  const standing = decisionState.recent.findLast(
    (answer) =>
      answer.episodeId !== "" &&
      episodeIds.includes(answer.episodeId) &&
      answer.cartDigest === cartDigest &&
      nowMs < answer.answer.validUntilMs &&
      isStillConsented(answer, situation) &&
      !isTooOld(answer, situation) &&
      !isPastExchange(answer, situation),
  );
  return standing && withStandingInvitation(situation, standing);
}

/** What was given is told again as it is. What was asked is asked again only as long as it would be now: nothing of it was promised before a yes. */
function withStandingInvitation(situation: Situation, told: RecentAnswer): RecentAnswer {
  const { consentExchange, offer } = told.answer;
  if (consentExchange === undefined) return told;
  const now = invitationStep(situation, applyingStep(situation, consentStep(situation)), offer);
  const stands = now?.campaignId === consentExchange.campaignId;
  return stands ? told : { ...told, answer: { ...told.answer, consentExchange: undefined } };
}

/** True of a none that was moved by data that lagged more than the caller accepts now. */
function isTooOld({ answer, episodeId }: RecentAnswer, { decisionState, ages }: Situation): boolean {
  const accepted = ages?.acceptedLagMs;
  if (accepted === undefined || answer.offer !== undefined) return false;
  if (decisionState.open.some((held) => held.episodeId === episodeId)) return false;
  return answer.classFreshness?.some(({ lagMs = 0 }) => lagMs > accepted) === true;
}

/**
 * False of a none that data of the person moved, if consent to any of it was withdrawn since: the cart is then decided on anew, in the same episode. What was
 * given, be it withheld, was promised and stays.
 */
function isStillConsented(
  { answer, episodeId, consent }: RecentAnswer,
  { decisionState, consent: now, earlierRules }: Situation,
): boolean {
  if (!answer.personalDataUsed || earlierRules?.purposesUntold === true) return true;
  if (answer.offer !== undefined || decisionState.open.some((held) => held.episodeId === episodeId)) return true;
  return isStillAgreed(consent ?? ["personalization"], now);
}

/**
 * True of an answer that asked what the shopper has answered since, of one from before a promise was made, and of one that gives less than what was promised and
 * is owed now.
 */
function isPastExchange({ answer, atMs }: RecentAnswer, situation: Situation): boolean {
  const { exchanges = [] } = situation;
  return (
    exchanges.some(
      ({ campaignId, accepted, answeredAtMs }) =>
        campaignId === answer.consentExchange?.campaignId || (accepted && answeredAtMs >= atMs),
    ) || isPromiseOwed(situation, answer)
  );
}

function isPromiseOwed(situation: Situation, { offer }: Answer): boolean {
  if (situation.exchanges?.some(({ accepted }) => accepted) !== true) return false;
  const { owed } = applyingStep(situation, consentStep(situation));
  return owed?.campaign.exchange !== undefined && owed.appraisal.worthMinor > (offer?.faceValueMinor ?? 0);
}

function isOpen(open: Situation["decisionState"]["open"], offerId: string): boolean {
  return open.some((held) => held.offer.offerId === offerId);
}
