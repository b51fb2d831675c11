import { continuedDecision } from "./continued.js";
import { decidedOf } from "./decided.js";
import type { Candidate, DecideOutcome, Decision, Enrolment } from "./decision.js";
import { degradedDecision } from "./degraded.js";
import { explorationCostOf } from "./exploration-cost.js";
import type { DecisionInput } from "./input.js";
import { isUnbelievable } from "./model/believable.js";
import type { ModelAnswer, ResponseQuestion } from "./model/custom-response.js";
import { baselineAlone, recordOf } from "./record.js";
import type { BlockReason } from "./reasons.js";
import { repeatedAnswer } from "./repeated.js";
import { situationOf, type Situation } from "./situation.js";
import { choiceStep } from "./steps/choice.js";
import { inOrderOfCost } from "./steps/cost-order.js";
import { classesOfCustom, questionOf, respond } from "./steps/custom.js";
import type { EligibleCampaign } from "./steps/eligibility.js";
import { enrolmentStep } from "./steps/enrolment.js";
import { episodeStep } from "./steps/episode.js";
import { explanationStep } from "./steps/explanation.js";
import { explorationStep } from "./steps/exploration.js";
import { isGhost } from "./steps/ghost.js";
import { grantStep, reasonOf, type ChosenRung } from "./steps/grant.js";
import { invitationStep } from "./steps/invitation.js";
import { depthOf, type LadderRung } from "./steps/ladder.js";
import type { BlockedOwed, Owed } from "./steps/owed.js";
import type { Baseline } from "./steps/response.js";
import type { CompiledCampaign } from "./policy/compile.js";
import { personalDataOf } from "./steps/personal-data.js";
import { targetStep } from "./steps/target.js";
import { wantedOf } from "./steps/offer.js";
import { owedTerms, recorded, valueStep, type ValuedRung } from "./steps/value.js";
import { weigh, type Weighed } from "./weighing.js";

/**
 * Decides the least incentive that converts. A pure function of its input: the same input gives the same outcome,
 * byte for byte, whenever and wherever it is run. Where the model gives the shopper a chance to buy without us that nobody would believe, the answer is
 * the safe one.
 *
 * @throws RangeError if the features are not those that the policy was compiled for, or sums of the cart are not safe
 *   integers: the caller's bugs.
 */
export function decide(input: DecisionInput): DecideOutcome {
  return beginDecision(input).finish(input.modelAnswer);
}

/** A decision as far as it goes without knowing how the shopper responds. */
export interface BegunDecision {
  /** What a custom model is to be asked; undefined: nothing, as it is answered already, there is no such model, or nothing could be given. */
  readonly question: ResponseQuestion | undefined;
  /**
   * Decides the rest.
   *
   * @param answer the custom model's to the question; undefined: it did not answer, and the parametric part of the model holds
   */
  readonly finish: (answer: ModelAnswer | undefined) => DecideOutcome;
}

/**
 * Decides as far as it goes without a custom model's answer, so that whoever has such a model can ask it: it never runs within the core.
 *
 * @throws RangeError as {@link decide}
 */
export function beginDecision(input: DecisionInput): BegunDecision {
  const situation = situationOf(input);
  const repeated = repeatedAnswer(situation);
  if (repeated !== undefined) return settled({ kind: "repeated", answer: repeated.answer });
  const enrolments = enrolmentStep(situation);
  const continued = continuedDecision(situation, enrolments);
  if (continued !== undefined) return settled(decidedOf(input.decisionState, continued));
  const weighed = weigh(situation);
  return {
    question: questionOf(situation, weighed),
    finish: (answer) => {
      const decision = newDecision(situation, enrolments, weighed, answer);
      return decision === undefined
        ? degradedDecision({ ...input, modelAnswer: answer }, "model_unbelievable")
        : decidedOf(input.decisionState, decision);
    },
  };
}

function settled(outcome: DecideOutcome): BegunDecision {
  return { question: undefined, finish: () => outcome };
}

/** Undefined where the model is not to be believed of this shopper. */
function newDecision(
  situation: Situation,
  enrolments: readonly Enrolment[],
  weighing: Weighed,
  answer: ModelAnswer | undefined,
): Decision | undefined {
  const { permitted, applying } = weighing;
  const { segments, isForeign, eligibility, owed } = applying;
  const response = respond(situation, weighing, answer);
  const { isCustom, baseline, responses } = response;
  // Slopes were looked at when the model was loaded; a custom model may say anything of anybody.
  if (isUnbelievable(situation.model, baseline, isCustom ? responses : [])) return undefined;
  const blockedOwed = situation.earlierRules?.owedUntold === true ? [] : applying.blockedOwed;
  const orderWorths = targetStep(situation, response, owed, weighing.rungs);
  const valued = inOrderOfCost(valueStep(situation, response, owed, weighing.rungs, orderWorths));
  const admissible = admissibleOf(valued);
  const exploit = choiceStep(situation, admissible) + 1;
  const weighed = eligibility.incentives.map(({ campaign }) => campaign);
  const drawnFrom = withAdmissible(weighing.rungs);
  const episode = episodeStep(situation, drawnFrom.length === 0 ? weighed : drawnFrom);
  const rungZero = rungZeroOf(baseline, owed);
  const { weights, drawn } = explorationStep(situation, rungZero, admissible, exploit, episode.draw);
  const rung = admissible[drawn - 1];
  const chosen = rung && chosenOf(situation, rung);
  const ghost = isGhost(chosen?.campaign, weighed, enrolments);
  const grant = grantStep(situation, chosen, owed, ghost);
  const places = { chosen: placeAmong(valued, admissible, drawn), exploit: placeAmong(valued, admissible, exploit) };
  const { offer } = grant;
  const candidates = candidatesOf(rungZero, valued, weights);
  sayWanted(candidates, places.chosen, chosen?.wantedMinor);
  for (const blocked of blockedOwed) candidates.push(blockedCandidate(situation, baseline, blocked));
  const counts = { weighed: weighed.length + blockedOwed.length, admissible: admissible.length };
  return recordOf(situation, enrolments, permitted, {
    episodeId: episode.id,
    continued: episode.propensity !== undefined,
    candidates,
    chosen: places.chosen,
    exploit: places.exploit,
    draw: episode.draw,
    propensity: episode.propensity ?? (weights[drawn] ?? 0) / 2 ** 32,
    ghost,
    offer,
    heldMinor: grant.heldMinor,
    budgetId: grant.budgetId,
    holds: grant.holds,
    withheldUntilMs: grant.withheldUntilMs,
    reason: reasonOf(situation, { ...counts, isForeign, exploit, drawn, ghost, owed: offer !== undefined }),
    freshness: situation.freshness,
    degradedReason: "",
    horizonMs: horizonOf(situation, chosen, eligibility.incentives),
    message: explanationStep(situation, offer),
    segments: segments.holding,
    personalData: isCustom
      ? personalDataOf(situation, applying.classes | classesOfCustom(situation.model, permitted))
      : applying.personalData,
    validUntilMs: isPassingStop(admissible, valued, owed === undefined ? blockedOwed : [])
      ? situation.nowMs
      : episode.endsAtMs,
    explorationCostMinor: explorationCostOf({ candidates, ...places, ghost, observeOnly: situation.observeOnly }),
    consentExchange: invitationStep(situation, applying, offer),
  });
}

/** Those that nothing blocks: more often than not all of them, and then the list itself. */
function admissibleOf(valued: readonly ValuedRung[]): readonly ValuedRung[] {
  const isAdmissible = ({ blockedBy }: ValuedRung) => blockedBy === undefined;
  return valued.every(isAdmissible) ? valued : valued.filter(isAdmissible);
}

function chosenOf(situation: Situation, { campaign, incentive, worthMinor, worstCostMinor }: ValuedRung): ChosenRung {
  const wantedMinor = wantedOf(situation, incentive, worthMinor);
  return { campaign, incentive, worthMinor, worstCostMinor, wantedMinor };
}

/** What keeps everybody from being given something, and may be over in a moment. */
const PASSING: ReadonlySet<string> = new Set<BlockReason>([
  "kill_switch",
  "margin_breaker",
  "margin_unknown",
  "quantity_exhausted",
  "quantity_unknown",
]);

/**
 * True if no incentive could be given, and something could once a stop is over: such an answer does not stand, nor does it open an episode.
 *
 * @param blockedOwed what would be owed; empty where something is given already, which a stop of something else does not take away
 */
function isPassingStop(
  admissible: readonly ValuedRung[],
  valued: readonly ValuedRung[],
  blockedOwed: readonly BlockedOwed[],
): boolean {
  if (admissible.length > 0) return false;
  const isPassing = ({ blockedBy }: Pick<LadderRung, "blockedBy">) => blockedBy !== undefined && PASSING.has(blockedBy);
  return valued.some(isPassing) || blockedOwed.some(isPassing);
}

function rungZeroOf(baseline: Baseline, owed: Owed | undefined): Candidate {
  return { ...baselineAlone(recorded(baseline.conversion)), ...owedTerms(baseline, owed) };
}

/** The campaigns with a rung that may be given, in the order of the rungs, which come campaign after campaign. */
function withAdmissible(rungs: readonly LadderRung[]): readonly CompiledCampaign[] {
  const campaigns: CompiledCampaign[] = [];
  let last: CompiledCampaign | undefined;
  for (const { campaign, blockedBy } of rungs) {
    if (blockedBy !== undefined || campaign === last) continue;
    campaigns.push(campaign);
    last = campaign;
  }
  return campaigns;
}

/** @param weights of rung 0 and of the admissible rungs, in the order of `valued` */
function candidatesOf(rungZero: Candidate, valued: readonly ValuedRung[], weights: readonly number[]): Candidate[] {
  const candidates = [{ ...rungZero, weight: weights[0] ?? 0 }];
  let place = 0;
  for (const rung of valued) {
    if (rung.blockedBy === undefined) place += 1;
    candidates.push(candidateOf(rung, rung.blockedBy === undefined ? (weights[place] ?? 0) : 0));
  }
  return candidates;
}

/** Of the chosen one alone is said what it would be if nothing shortened it. */
function sayWanted(candidates: Candidate[], chosen: number, wantedMinor: number | undefined): void {
  const candidate = candidates[chosen];
  if (candidate !== undefined && wantedMinor !== undefined) candidates[chosen] = { ...candidate, wantedMinor };
}

function candidateOf({ weighed, worth, evidence }: ValuedRung, weight: number): Candidate {
  const { campaign, rung, given, blockedBy } = weighed;
  const { expectedCostMinor, valueMinor, conversion } = worth.recorded;
  return {
    campaignId: campaign.campaignId,
    rung,
    incentive: given.incentive,
    depthBp: given.depthBp,
    faceValueMinor: given.worthMinor,
    expectedCostMinor,
    valueMinor,
    worstCostMinor: given.worstCostMinor,
    conversion,
    evidence: recorded(evidence),
    weight,
    blockedBy: blockedBy ?? "",
  };
}

/** A rung of an entitlement that would be owed but for what blocks it: never drawn, and worth nothing above the baseline, which it would be. */
function blockedCandidate({ goodsMinor }: Situation, { conversion }: Baseline, blocked: BlockedOwed): Candidate {
  const { campaign, rung, incentive, appraisal, worstCostMinor, blockedBy } = blocked;
  const faceValueMinor = appraisal?.worthMinor ?? 0;
  return {
    ...baselineAlone(recorded(conversion)),
    campaignId: campaign.campaignId,
    rung,
    incentive,
    depthBp: depthOf(faceValueMinor, goodsMinor),
    faceValueMinor,
    worstCostMinor,
    weight: 0,
    blockedBy,
    isOwed: true,
  };
}

/** The place in the record's candidates of a place among the admissible rungs; 0 is rung 0 in both. */
function placeAmong(valued: readonly ValuedRung[], admissible: readonly ValuedRung[], place: number): number {
  const rung = admissible[place - 1];
  return rung === undefined ? 0 : valued.indexOf(rung) + 1;
}

function horizonOf(
  { model }: Situation,
  chosen: ChosenRung | undefined,
  eligible: readonly EligibleCampaign[],
): number {
  if (chosen !== undefined) return chosen.campaign.horizonMs;
  if (eligible.length === 0) return model.horizonMs;
  return Math.max(...eligible.map(({ campaign }) => campaign.horizonMs));
}
