export { canonicalJson } from "./canonical-json.js";
export { beginDecision, decide, type BegunDecision } from "./decide.js";
export type { Candidate, Decided, DecideOutcome, Decision, Enrolment, Hold, Repeated } from "./decision.js";
export { degradedDecision, type DegradedInput } from "./degraded.js";
export { cartDigest, decisionIdOf, profileDigestOf } from "./digests.js";
export { isOutsideBand } from "./guardrails/margin-breaker.js";
export { deviceBundleOf, type BundledClass, type DeviceBundle } from "./device/device-bundle.js";
export { explorationCostOf, type ExploredDecision } from "./exploration-cost.js";
export { accountOf, type DecisionAccount } from "./explain/account.js";
export type { Counterfactual, Supposition } from "./explain/counterfactuals.js";
export { ineligibleFor } from "./explain/ineligible.js";
export type { ModelTerm } from "./explain/model-terms.js";
export type { TargetWorth } from "./explain/target-worths.js";
export type { RunnerUp, RunnerUpReason } from "./explain/runner-up.js";
export { explainDecision, type Explained, type ExplainedDecision } from "./explain/sentences.js";
export { PolicyImpact, type ImpactReport, type KindCount } from "./impact/policy-impact.js";
export type {
  AnsweredExchange,
  BudgetLease,
  Cause,
  DataAges,
  DecisionInput,
  FeatureVector,
  Place,
  Profile,
  RealisedMargin,
} from "./input.js";
export { GIVEN_LOGIT_MOST, GIVEN_MOST, isWithin, LOADED_BAND } from "./model/believable.js";
export {
  isSameQuestion,
  type AnsweredShift,
  type AskedRow,
  type CompiledCustom,
  type CustomResponse,
  type ModelAnswer,
  type ResponseQuestion,
} from "./model/custom-response.js";
export { logistic } from "./model/logistic.js";
export {
  compileModel,
  type Coefficient,
  type CompiledModel,
  type FormatResponse,
  type ResponseModel,
} from "./model/response-model.js";
export { compileBudget, type CompiledBudget } from "./policy/budget-plan.js";
export type { CompiledBreaker } from "./policy/compile-breaker.js";
export type { ClassFreshness } from "./steps/class-freshness.js";
export { consentStep, type Permitted, type PersonalInput } from "./steps/consent.js";
export { EXCHANGE_GRACE_MS, mayAnswer } from "./steps/exchange.js";
export { segmentsHolding } from "./steps/segments.js";
export { contradictionsOf } from "./contradictions/contradictions.js";
export { campaignsOver } from "./policy/campaigns-over.js";
export { CivilClock } from "./policy/civil-time.js";
export type { Standing } from "./policy/expression-types.js";
export { compilePolicy, type CompiledPolicy, type FeatureCatalogue, type Quantity } from "./policy/compile.js";
export { EXPRESSION_FIELDS } from "./policy/expression-fields.js";
export { expressionsPage } from "./policy/expressions-page.js";
export * from "./policy/policy.js";
export type { PolicyProblem } from "./policy/problems.js";
export { PRIOR_MODEL } from "./priors.js";
export * from "./reasons.js";
export * from "./state/decision-state.js";
export {
  decodeRecordedState,
  encodeRecordedState,
  type RecordableInput,
  type RecordedState,
} from "./state/encoding.js";
export { answerOf, evolve, type DecisionFacts, type StateEvent } from "./state/evolve.js";
export { stateBefore } from "./state/state-at.js";
export { situationOf, type Situation } from "./situation.js";
export { armOf } from "./steps/enrolment.js";
export { useRules, type UseRules } from "./use-rules.js";
export type { Ineligible } from "./steps/eligibility.js";
export { weigh, type Weighed } from "./weighing.js";
