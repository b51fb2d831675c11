import type { Millis } from "@leastwise/vocabulary";
import type { Candidate, Decision, Enrolment } from "./decision.js";
import { profileDigestOf } from "./digests.js";
import type { FeatureVector } from "./input.js";
import type { Situation } from "./situation.js";
import { classFreshnessOf } from "./steps/class-freshness.js";
import { WEIGHT_SUM } from "./steps/exploration.js";
import type { Permitted } from "./steps/consent.js";
import type { PersonalData } from "./steps/personal-data.js";

/** What of a decision was decided, as against what it was decided on. */
export type Outcome = Pick<
  Decision,
  | "episodeId"
  | "continued"
  | "candidates"
  | "chosen"
  | "exploit"
  | "draw"
  | "propensity"
  | "ghost"
  | "offer"
  | "heldMinor"
  | "budgetId"
  | "holds"
  | "withheldUntilMs"
  | "reason"
  | "freshness"
  | "degradedReason"
  | "horizonMs"
  | "message"
  | "segments"
  | "validUntilMs"
  | "explorationCostMinor"
  | "consentExchange"
> & { readonly personalData: PersonalData };

/**
 * The decision, whole. What might not be looked at is not recorded either. Written out field by field: it is on
 * the path of every decision.
 */
export function recordOf(
  situation: Situation,
  enrolments: readonly Enrolment[],
  permitted: Permitted,
  outcome: Outcome,
): Decision {
  const { features, profile, proposedClass, partnerSegments, channel, device } = permitted;
  const { cause, policy, model } = situation;
  return {
    decisionId: situation.decisionId,
    subject: situation.subject,
    assignmentKey: situation.assignmentKey,
    decidedAtMs: situation.nowMs,
    clock: situation.clock,
    caller: cause.caller,
    requestId: cause.requestId,
    sessionId: cause.sessionId,
    cart: situation.cart,
    cartDigest: situation.cartDigest,
    channel,
    device,
    place: situation.place,
    partnerSegments,
    proposedClass,
    features: features ?? withoutValues(situation.features),
    consent: situation.consent,
    enrolments,
    episodeId: outcome.episodeId,
    continued: outcome.continued,
    candidates: outcome.candidates,
    chosen: outcome.chosen,
    exploit: outcome.exploit,
    draw: outcome.draw,
    propensity: outcome.propensity,
    ghost: outcome.ghost,
    observeOnly: situation.observeOnly,
    offer: outcome.offer,
    heldMinor: outcome.heldMinor,
    budgetId: outcome.budgetId,
    holds: outcome.holds,
    withheldUntilMs: outcome.withheldUntilMs,
    lastOrderMs: situation.decisionState.orders.at(-1) ?? NEVER_MS,
    reason: outcome.reason,
    freshness: outcome.freshness,
    degradedReason: outcome.degradedReason,
    policyVersion: policy.version,
    policyPrices: policy.prices,
    modelVersion: model.version,
    horizonMs: outcome.horizonMs,
    message: outcome.message,
    segments: outcome.segments,
    personalDataUsed: outcome.personalData.used,
    personalDataClasses: outcome.personalData.classes,
    disclosure: outcome.personalData.disclosure,
    classFreshness: classFreshnessOf(situation, permitted),
    consentExchange: outcome.consentExchange,
    validUntilMs: outcome.validUntilMs,
    catalog: situation.catalog,
    profileDigest: profileDigestOf(profile),
    explorationCostMinor: outcome.explorationCostMinor,
  };
}

/** Where a time is told and there is none. */
export const NEVER_MS = 0 as Millis;

function withoutValues(features: FeatureVector): FeatureVector {
  return { ...features, values: features.values.map(() => Number.NaN), texts: {} };
}

/** Rung 0 where nothing else was weighed. */
export function baselineAlone(conversion: number): Candidate {
  return {
    campaignId: "",
    rung: 0,
    depthBp: 0,
    faceValueMinor: 0,
    expectedCostMinor: 0,
    worstCostMinor: 0,
    conversion,
    valueMinor: 0,
    evidence: 0,
    weight: WEIGHT_SUM,
    blockedBy: "",
  };
}
