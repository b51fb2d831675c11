import {
  channelName,
  decodeDecisionRecord,
  deviceName,
  failedDraw,
  grossMinor,
  purposeName,
  wire,
  type OwnerEpochs,
} from "@leastwise/contracts";
import type { LogRecord } from "@leastwise/eventlog";
import { FEATURES } from "@leastwise/windows";
import { refusal } from "@leastwise/vocabulary";
import type { DecisionRow, EnrolmentRow, LogPosition, OfferRow, RungRow } from "@leastwise/warehouse";
import { lineRow } from "./clickstream-rows.js";
import { codeHash } from "./code-hash.js";
import { epochRefusal, type Outcome } from "./outcome.js";
import { logPosition } from "./position.js";

/**
 * A decision → rows of `decisions`, `enrolments` (where it enrolled somebody) and `offers` (where it issued one). What an owner wrote whose successor
 * had begun came to nothing: of a draw that is recorded, as of one that failed.
 *
 * @param epochs of the records before this one
 */
export function decisionRows(incarnation: string, record: LogRecord, epochs: OwnerEpochs): Outcome {
  let decision: wire.DecisionRecord;
  try {
    decision = decodeDecisionRecord(record.value);
  } catch {
    const came = `${record.value.length} bytes`;
    return { outcome: "dead_letter", refusal: refusal("record_malformed", "", came, "a DecisionRecord") };
  }
  const unfit = epochRefusal(decision.ownerEpoch);
  if (unfit !== undefined) return { outcome: "dead_letter", refusal: unfit };
  const counts = epochs.take(record.partition, Number(decision.ownerEpoch));
  if (decision.decisionId === "" && decision.ownerEpoch > 0n) return { outcome: "drop", reason: "owner_began" };
  if (decision.decisionId === "") {
    return { outcome: "dead_letter", refusal: refusal("empty_record", "decision_id", undefined, "a decision's id") };
  }
  if (!counts && decision.episodeId === "") return { outcome: "drop", reason: "owner_superseded" };
  if (!counts) decision = failedDraw(decision, "owner_changing");
  const currency = currencyOf(decision);
  const cartValue = grossMinor(decision.cart?.lines ?? [], currency, "cart");
  if (!cartValue.ok) return { outcome: "dead_letter", refusal: cartValue.error };
  const at = logPosition(incarnation, record);
  const holdoutLeak = leakOf(decision);
  return {
    outcome: "ok",
    ...(holdoutLeak === undefined ? {} : { holdoutLeak }),
    rows: {
      decisions: [decisionRow(at, decision, currency, cartValue.value ?? 0)],
      enrolments: decision.enrolments
        .filter(({ first }) => first)
        .map((enrolment) => enrolmentRow(at, decision, enrolment)),
      ...(isIssue(decision) ? { offers: [issuedRow(at, decision, decision.offer)] } : {}),
    },
  };
}

function decisionRow(
  at: LogPosition,
  decision: wire.DecisionRecord,
  currency: string,
  cartValueMinor: number,
): DecisionRow {
  const chosen = decision.candidates[decision.chosen];
  const enrolment = enrolmentOf(decision);
  return {
    ...at,
    ...identity(decision),
    cart_value_minor: cartValueMinor,
    currency,
    cart: (decision.cart?.lines ?? []).map((line) => lineRow(line, currency)),
    ...answer(decision),
    experiment: enrolment?.experimentId ?? "",
    arm: armOf(enrolment?.arm),
    enrolled_at: enrolment === undefined ? null : Number(enrolment.enrolledAtMs),
    first_of_enrolment: enrolment?.first ?? false,
    campaign: chosen?.campaignId ?? "",
    rung: chosen?.rung ?? 0,
    exploit_rung: decision.candidates[decision.exploit]?.rung ?? 0,
    incentive_kind: incentiveKindName(chosen?.incentive),
    depth_bp: chosen?.depthBp ?? 0,
    face_value_minor: Number(chosen?.faceValue?.minor ?? 0n),
    expected_cost_minor: Number(chosen?.expectedCost?.minor ?? 0n),
    propensity: decision.propensity,
    propensity_weight: Number(chosen?.weight ?? 0n),
    draw: Number(decision.draw),
    rungs: decision.candidates.map(rungRow),
    explored: decision.chosen !== decision.exploit,
  };
}

function currencyOf(decision: wire.DecisionRecord): string {
  return decision.cart?.lines[0]?.unitPrice?.currency ?? "";
}

function identity(decision: wire.DecisionRecord) {
  return {
    decision_id: decision.decisionId,
    subject: decision.subject,
    assignment_key: decision.assignmentKey,
    request_id: decision.requestId,
    caller: decision.caller,
    session_id: decision.sessionId,
    decided_at: Number(decision.decidedAtMs),
    clock: decision.clock === "event" ? ("event" as const) : ("wall" as const),
    episode_id: decision.episodeId,
    cart_digest: decision.cartDigest,
    channel: channelName(decision.channel) ?? "",
    device: deviceName(decision.device) ?? "",
  };
}

function answer(decision: wire.DecisionRecord) {
  return {
    ghost: decision.ghost,
    continued: decision.continued,
    observe_only: decision.observeOnly,
    degraded_reason: decision.degradedReason,
    freshness: FRESHNESS_NAMES[decision.freshness] ?? "",
    class_lag_ms: Object.fromEntries(decision.classFreshness.map(lagOf)),
    reason: decision.reason,
    offer_id: decision.offer?.offerId ?? "",
    held_minor: Number(decision.held?.minor ?? 0n),
    budget_id: decision.budgetId,
    horizon_ms: Number(decision.horizonMs),
    policy_version: decision.policyVersion,
    model_version: decision.modelVersion,
    consent: consentsToPersonalization(decision),
    consent_purposes: decision.consent.flatMap((purpose) => purposeName(purpose) ?? []),
    personal_data_used: decision.personalDataUsed,
    personal_data_classes: decision.personalDataClasses,
    disclosure: decision.disclosure,
    segments: decision.segments,
    features: featuresByName(decision.features),
    features_as_of_partition: decision.features?.partition ?? 0,
    features_as_of_offset: Number(decision.features?.asOfOffset ?? -1n),
    explanation: decision.message,
    exchange_campaign_id: decision.consentExchange?.campaignId ?? "",
  };
}

/** As much as the column can hold, some 49 days, says as much as more. */
function lagOf({ dataClass, lagMs }: wire.ClassFreshness): readonly [string, number] {
  return [dataClass, Math.min(Number(lagMs), 2 ** 32 - 1)];
}

const FRESHNESS_NAMES: Readonly<Record<number, string>> = {
  [wire.Freshness.FRESHNESS_FRESH]: "fresh",
  [wire.Freshness.FRESHNESS_STALE]: "stale",
  [wire.Freshness.FRESHNESS_DEGRADED]: "degraded",
};

function rungRow(candidate: wire.Candidate): RungRow {
  return {
    campaign: candidate.campaignId,
    rung: candidate.rung,
    incentive_kind: incentiveKindName(candidate.incentive),
    depth_bp: candidate.depthBp,
    face_value_minor: Number(candidate.faceValue?.minor ?? 0n),
    expected_cost_minor: Number(candidate.expectedCost?.minor ?? 0n),
    conversion: candidate.conversion,
    value_minor: candidate.valueMinor,
    evidence: candidate.evidence,
    weight: Number(candidate.weight),
    admissible: candidate.blockedBy === "",
    blocked_by: candidate.blockedBy,
  };
}

function enrolmentRow(at: LogPosition, decision: wire.DecisionRecord, enrolment: wire.Enrolment): EnrolmentRow {
  return {
    ...at,
    subject: decision.subject,
    assignment_key: decision.assignmentKey,
    experiment: enrolment.experimentId,
    arm: enrolment.arm === "holdout" ? "holdout" : "treatment",
    enrolled_at: Number(enrolment.enrolledAtMs),
    holdout_bp: enrolment.holdoutBp,
    consent: consentsToPersonalization(decision),
    segments: decision.segments,
    decision_id: decision.decisionId,
  };
}

function issuedRow(at: LogPosition, decision: wire.DecisionRecord, offer: wire.Offer): OfferRow {
  return {
    ...at,
    offer_id: offer.offerId,
    subject: decision.subject,
    assignment_key: decision.assignmentKey,
    decision_id: decision.decisionId,
    campaign: offer.campaignId,
    kind: "issued",
    at: Number(offer.issuedAtMs),
    order_id: "",
    idempotency_key: "",
    cost_minor: Number(decision.held?.minor ?? 0n),
    face_value_minor: Number(offer.faceValue?.minor ?? 0n),
    currency: offer.faceValue?.currency ?? "",
    code_hash: codeHash(offer.code),
    lines: [],
  };
}

/** An answer may also carry an offer that was issued before: then nothing is newly held. */
function isIssue(decision: wire.DecisionRecord): decision is wire.DecisionRecord & { offer: wire.Offer } {
  return decision.offer !== undefined && decision.budgetId !== "";
}

/**
 * The experiment whose held-out subject this decision newly gave an incentive; undefined where it did not. An entitlement is rung 0,
 * owed in every arm. Which experiment the campaign belongs to is not on the record: with several, all must hold the subject out, or
 * the decision say so itself.
 */
function leakOf(decision: wire.DecisionRecord): string | undefined {
  if (!isIssue(decision)) return undefined;
  const chosen = decision.candidates[decision.chosen];
  const isIncentive = chosen !== undefined && chosen.rung > 0 && chosen.campaignId === decision.offer.campaignId;
  const heldOut = decision.enrolments.filter(({ arm }) => arm === "holdout");
  const isHeldOut = decision.ghost || heldOut.length === decision.enrolments.length;
  return isIncentive && isHeldOut ? heldOut[0]?.experimentId : undefined;
}

/** The enrolment that governed the chosen campaign: the policy has one experiment a campaign, the first is the oldest. */
function enrolmentOf(decision: wire.DecisionRecord): wire.Enrolment | undefined {
  return decision.enrolments[0];
}

function armOf(arm: string | undefined): "treatment" | "holdout" | "" {
  return arm === "treatment" || arm === "holdout" ? arm : "";
}

function consentsToPersonalization(decision: wire.DecisionRecord): boolean {
  return decision.consent.some((purpose) => purposeName(purpose) === "personalization");
}

function featuresByName(snapshot: wire.FeatureSnapshot | undefined): Record<string, number> {
  const byName: Record<string, number> = {};
  FEATURES.forEach(({ name }, index) => {
    const value = snapshot?.values[index];
    if (value !== undefined && !Number.isNaN(value)) byName[name] = value;
  });
  return byName;
}

/** `percentOff` on the wire is `percent_off` in columns; empty for rung 0. */
function incentiveKindName(incentive: wire.Incentive | undefined): string {
  return (incentive?.kind?.$case ?? "").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
