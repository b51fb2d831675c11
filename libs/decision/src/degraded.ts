import { BGNBD_PRIOR } from "./approaches/bgnbd.js";
import { honoured } from "./continued.js";
import { decidedOf } from "./decided.js";
import type { DecideOutcome, Decision, Enrolment } from "./decision.js";
import type { DecisionInput } from "./input.js";
import type { CompiledModel } from "./model/response-model.js";
import { CampaignIndex } from "./policy/campaign-index.js";
import { CivilClock } from "./policy/civil-time.js";
import type { CompiledPolicy } from "./policy/compile.js";
import { NO_DISCLOSURES } from "./policy/disclosures.js";
import { SegmentIndex } from "./policy/segment-index.js";
import { ToldTime } from "./policy/told-time.js";
import type { DegradedReason } from "./reasons.js";
import { baselineAlone, recordOf } from "./record.js";
import { repeatedAnswer } from "./repeated.js";
import { situationUnder, type Situation } from "./situation.js";
import { applyingStep } from "./steps/applying.js";
import { consentStep } from "./steps/consent.js";
import { chanceSaid } from "./steps/custom.js";
import { enrolmentStep } from "./steps/enrolment.js";
import { explanationStep } from "./steps/explanation.js";
import { isGhost } from "./steps/ghost.js";
import { grantOwed } from "./steps/grant.js";
import { outstandingStep } from "./steps/outstanding.js";
import { owedTerms } from "./steps/value.js";

/** What is left to decide on when something is missing. */
export type DegradedInput = Omit<DecisionInput, "policy" | "model"> & {
  /** Undefined: none is known. */
  readonly policy?: CompiledPolicy | undefined;
  readonly model?: CompiledModel | undefined;
};

/**
 * The safe answer: an outstanding offer is honoured, one that is owed included, else none, marked with what was missing.
 * The subject is enrolled all the same; nothing new is issued, nobody is asked for consent, be it once more, no episode is opened, and the answer stands for this
 * moment only. An owner whose partition another may be about to take over (`owner_changing`) misses nothing but the moment: its answer is stale.
 */
export function degradedDecision(input: DegradedInput, reason: DegradedReason): DecideOutcome {
  const situation = situationUnder(input, input.policy ?? noPolicy(input), input.model ?? NO_MODEL, true);
  const repeated = repeatedAnswer(situation);
  if (repeated !== undefined) return { kind: "repeated", answer: { ...repeated.answer, consentExchange: undefined } };
  const enrolments = enrolmentStep(situation);
  const fitting = outstandingStep(situation);
  const answer = fitting === undefined ? none(situation, enrolments) : honoured(situation, enrolments, fitting);
  const decision: Decision = {
    ...answer,
    freshness: reason === "owner_changing" ? "stale" : "degraded",
    degradedReason: reason,
    classFreshness: [],
    consentExchange: undefined,
    // Of who is not believed it moved the answer, which is none for that; of who lacks something else nothing was looked at.
    ...(answer.offer === undefined &&
      reason !== "model_unbelievable" && { personalDataUsed: false, personalDataClasses: [], disclosure: "" }),
    validUntilMs: situation.nowMs,
  };
  return decidedOf(input.decisionState, decision);
}

function none(situation: Situation, enrolments: readonly Enrolment[]): Decision {
  const permitted = consentStep(situation);
  const { baseline, eligibility, owed, personalData } = applyingStep(situation, permitted);
  const weighed = eligibility.incentives.map(({ campaign }) => campaign);
  const grant = grantOwed(situation, owed);
  return recordOf(situation, enrolments, permitted, {
    episodeId: "",
    continued: false,
    candidates: [{ ...baselineAlone(chanceSaid(situation, baseline)), ...owedTerms(baseline, owed) }],
    chosen: 0,
    exploit: 0,
    draw: 0,
    propensity: 1,
    ghost: isGhost(undefined, weighed, enrolments),
    ...grant,
    reason: "degraded",
    freshness: "degraded",
    degradedReason: "",
    horizonMs: situation.model.horizonMs,
    message: explanationStep(situation, grant.offer),
    segments: [],
    personalData,
    validUntilMs: situation.nowMs,
    explorationCostMinor: 0,
    consentExchange: undefined,
  });
}

const UTC = new CivilClock("UTC");
const UTC_TOLD = new ToldTime("UTC");

/** Allows nothing new. Guardrails are asked again at redemption, under the policy that the offer was issued under. */
function noPolicy({ cart, features }: DegradedInput): CompiledPolicy {
  return {
    version: "",
    currency: cart.currency,
    rounding: "half_even",
    prices: undefined,
    clock: UTC,
    toldTime: UTC_TOLD,
    segments: [],
    segmentIndex: new SegmentIndex([], 0),
    segmentsRead: { classes: new Set(), context: new Set() },
    campaigns: [],
    campaignIndex: new CampaignIndex([]),
    entitlements: new Set(),
    exchanges: [],
    recoveries: new Set(),
    markdowns: new Set(),
    experiments: [],
    budgets: [],
    breakers: [],
    quantities: [],
    guardrails: {
      cart: { floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp: -10_000, assumedMarginBp: 10_000 },
      perSubjectMaxMinor: 0,
      perSubjectPeriodMs: 0,
      openOffersMax: 0,
      frequencyCaps: [],
      coolDownMs: 0,
      noEscalationMs: 0,
    },
    templates: [],
    disclosures: NO_DISCLOSURES,
    killSwitch: true,
    device: undefined,
    rfm: undefined,
    lifetimeSlots: undefined,
    featureSlots: [],
    textFeatures: [],
    sinceEventSlot: -1,
    propensitySlots: {
      ...{ cartAbandoned: -1, sinceCheckoutStartMs: -1, sincePurchaseMs: -1 },
      ...{ sinceFirstPurchaseMs: -1, purchaseDays: -1 },
    },
    featureCount: features.values.length,
    notices: [],
  };
}

const NO_MODEL: CompiledModel = {
  bgnbd: BGNBD_PRIOR,
  spend: undefined,
  custom: undefined,
  version: "",
  horizonMs: 0,
  intercept: { mean: 0, sd: 0 },
  coefficients: [],
  formats: new Map(),
};
