import { permits, type Millis } from "@leastwise/vocabulary";
import type { Candidate, Decision, Enrolment } from "./decision.js";
import { baselineAlone, recordOf } from "./record.js";
import { standingAnswer } from "./repeated.js";
import type { Situation } from "./situation.js";
import type { Answer, OpenOffer } from "./state/decision-state.js";
import { applyingStep } from "./steps/applying.js";
import { consentStep, type Permitted } from "./steps/consent.js";
import { explanationStep } from "./steps/explanation.js";
import { isGhost, isHeldOutOf } from "./steps/ghost.js";
import { grantOwed, shown } from "./steps/grant.js";
import { invitationStep } from "./steps/invitation.js";
import { depthOf } from "./steps/ladder.js";
import { offerOnCart } from "./steps/offer.js";
import { outstandingStep, type FittingOffer } from "./steps/outstanding.js";
import { NO_PERSONAL_DATA, withDisclosure, type PersonalData } from "./steps/personal-data.js";
import { owedTerms } from "./steps/value.js";

/**
 * The answer that what was decided before already gives: the subject's outstanding offer if it still fits the cart, or
 * the answer that stands for this very cart. Undefined where the cart is to be decided on.
 */
export function continuedDecision(situation: Situation, enrolments: readonly Enrolment[]): Decision | undefined {
  const fitting = outstandingStep(situation);
  return fitting === undefined || isOutweighed(situation, fitting)
    ? standingDecision(situation, enrolments)
    : honoured(situation, enrolments, fitting);
}

/**
 * True if what was promised for consent is worth more on this cart than the offer that is outstanding: it was promised in its place. A held-out shopper's goes the
 * same way.
 */
function isOutweighed(situation: Situation, { appraisal }: FittingOffer): boolean {
  if (situation.exchanges?.some(({ accepted }) => accepted) !== true) return false;
  const { owed } = applyingStep(situation, consentStep(situation));
  return owed?.campaign.exchange !== undefined && owed.appraisal.worthMinor > appraisal.worthMinor;
}

/**
 * An offer shown is honoured within its life. For a held-out subject the same with nothing of it shown: the answer is then
 * what the shopper is owed in every arm, and says of personal data what an answer of none would say.
 */
export function honoured(
  situation: Situation,
  enrolments: readonly Enrolment[],
  { held, appraisal }: FittingOffer,
): Decision {
  const { policy, goodsMinor, decisionState, model, freshness } = situation;
  const campaign = policy.campaigns.find(({ campaignId }) => campaignId === held.campaignId);
  const permitted = consentStep(situation);
  const applying = applyingStep(situation, permitted);
  const { baseline, owed, personalData } = applying;
  const { conversion } = baseline;
  const offer = offerOnCart(situation, held.offer, appraisal.worthMinor);
  const grant = held.withheld ? grantOwed(situation, owed) : shown(offer);
  const candidate: Candidate = {
    ...baselineAlone(conversion),
    campaignId: held.campaignId,
    rung: held.rung,
    incentive: held.offer.incentive,
    depthBp: depthOf(appraisal.worthMinor, goodsMinor),
    faceValueMinor: offer.faceValueMinor,
    ...(offer.wantedMinor === undefined ? {} : { wantedMinor: offer.wantedMinor }),
    expectedCostMinor: Math.round(conversion * appraisal.expectedCostMinor),
    worstCostMinor: held.worstCostMinor,
  };
  const standing = held.withheld ? standingNone(situation, held) : undefined;
  const before = decisionState.recent.findLast(({ answer }) => answer.offer?.offerId === held.offer.offerId)?.answer;
  return recordOf(situation, enrolments, permitted, {
    episodeId: held.episodeId,
    continued: true,
    candidates: [{ ...baselineAlone(conversion), ...owedTerms(baseline, owed), weight: 0 }, candidate],
    chosen: 1,
    exploit: 1,
    draw: held.draw,
    propensity: held.propensity,
    ghost: isHeldOutOf(campaign, enrolments),
    ...grant,
    reason: "offer_outstanding",
    freshness,
    degradedReason: "",
    horizonMs: campaign?.horizonMs ?? model.horizonMs,
    message: explanationStep(situation, grant.offer),
    segments: [],
    personalData: held.withheld
      ? withheldPersonalData(situation, standing, personalData)
      : shownPersonalData(situation, permitted, held, before),
    validUntilMs: standsUntil(situation, held, campaign?.episodeMaxMs ?? 0),
    explorationCostMinor: 0,
    consentExchange:
      standing === undefined ? invitationStep(situation, applying, grant.offer) : standing.consentExchange,
  });
}

/**
 * What moved an offer when it was issued, told as this place and language have it told. Of an offer from before that was kept, the answer that issued it
 * says whether anything did; where that is forgotten, it is taken that something did if it may now.
 */
function shownPersonalData(
  situation: Situation,
  { personalization }: Permitted,
  { personalDataClasses }: OpenOffer,
  before: Answer | undefined,
): PersonalData {
  if (personalDataClasses !== undefined && situation.earlierRules === undefined)
    return withDisclosure(situation, personalDataClasses);
  return { ...NO_PERSONAL_DATA, used: before?.personalDataUsed ?? personalization };
}

/** What an answer that stands says, told as this place and language have it told. */
function standingPersonalData(
  situation: Situation,
  { personalDataUsed, personalDataClasses = [] }: Answer,
): PersonalData {
  if (situation.earlierRules === undefined && personalDataClasses.length > 0)
    return withDisclosure(situation, personalDataClasses);
  return { ...NO_PERSONAL_DATA, used: personalDataUsed };
}

/** The answer of none that stands for this cart while something is withheld; undefined: one would be made now. */
function standingNone(situation: Situation, { episodeId }: OpenOffer): Answer | undefined {
  return situation.earlierRules === undefined ? standingAnswer(situation, [episodeId])?.answer : undefined;
}

/** What an answer of none would say: the one that stands for this cart, or one that is made now. */
function withheldPersonalData(situation: Situation, standing: Answer | undefined, now: PersonalData): PersonalData {
  const agreed = standing?.personalDataClasses?.every((dataClass) => permits(situation.consent, dataClass)) ?? true;
  return standing === undefined || !agreed ? now : standingPersonalData(situation, standing);
}

/** To the episode's end; after it, as long as a new answer would stand, and no longer than the offer that is shown. */
function standsUntil(situation: Situation, { offer, withheld, episodeId }: OpenOffer, lastsMs: number): Millis {
  const running = situation.decisionState.episode;
  if (running?.id === episodeId) return running.endsAtMs;
  const until = situation.nowMs + lastsMs;
  return (withheld ? until : Math.min(until, offer.expiresAtMs)) as Millis;
}

/** Another request for the cart that was answered in this episode gets the answer that stands. */
function standingDecision(situation: Situation, enrolments: readonly Enrolment[]): Decision | undefined {
  const { decisionState, model, policy, freshness } = situation;
  const { episode } = decisionState;
  const standing = standingAnswer(situation, [episode?.id])?.answer;
  if (standing === undefined || episode === undefined) return undefined;
  // An offer that was taken since, or no longer fits, does not stand.
  const { offer } = standing;
  if (offer !== undefined && !decisionState.open.some((open) => open.offer.offerId === offer.offerId)) return undefined;
  const permitted = consentStep(situation);
  const { baseline, eligibility } = applyingStep(situation, permitted);
  const weighed = eligibility.incentives.map(({ campaign }) => campaign);
  const longest = Math.max(0, ...policy.campaigns.map((campaign) => campaign.horizonMs));
  return recordOf(situation, enrolments, permitted, {
    episodeId: episode.id,
    continued: true,
    candidates: [baselineAlone(baseline.conversion)],
    chosen: 0,
    exploit: 0,
    draw: episode.draw,
    propensity: episode.propensity,
    ghost: isGhost(undefined, weighed, enrolments),
    ...shown(offer),
    reason: "answer_stands",
    freshness,
    degradedReason: "",
    horizonMs: longest === 0 ? model.horizonMs : longest,
    message: explanationStep(situation, offer),
    segments: [],
    personalData: standingPersonalData(situation, standing),
    validUntilMs: standing.validUntilMs,
    explorationCostMinor: 0,
    consentExchange: standing.consentExchange,
  });
}
