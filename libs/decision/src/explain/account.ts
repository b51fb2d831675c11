import type { Decision } from "../decision.js";
import type { DecisionInput } from "../input.js";
import type { ModelAnswer } from "../model/custom-response.js";
import { situationOf } from "../situation.js";
import { questionOf } from "../steps/custom.js";
import type { Ineligible } from "../steps/eligibility.js";
import { weigh } from "../weighing.js";
import { counterfactualsOf, type Counterfactual } from "./counterfactuals.js";
import { ineligibleFor } from "./ineligible.js";
import { modelTerms, type ModelTerm } from "./model-terms.js";
import { runnerUpOf, type RunnerUp } from "./runner-up.js";
import { targetWorths, type TargetWorth } from "./target-worths.js";
import { isWeighedAnew } from "./weighed-anew.js";

/** What a decision's record does not say by itself, and what it was made on gives again. */
export interface DecisionAccount {
  /** Campaigns that did not apply, and why. Empty for an answer that was given before, which asks them again for nothing. */
  readonly ineligible: readonly Ineligible[];
  /** Empty where the model's custom part answered: nobody but it knows of which terms its answer is made. */
  readonly terms: readonly ModelTerm[];
  /** What the model's custom part answered. Undefined: it has none, or the parametric part held. */
  readonly modelAnswer: ModelAnswer | undefined;
  /** True if the model's custom part was asked, and did not answer in time or failed: the parametric part decided. */
  readonly isCustomUnanswered: boolean;
  /** What came of targets of conversion. Empty for an answer that was given before. */
  readonly targets: readonly TargetWorth[];
  readonly runnerUp: RunnerUp | undefined;
  /** Empty where the model's custom part answered: it was asked about this cart alone, and the parametric part would say something else. */
  readonly counterfactuals: readonly Counterfactual[];
}

/**
 * Accounts for a decision by its input: the model's terms, what came next, and what else would have been chosen. A pure function; it takes as long
 * as some five decisions.
 *
 * @param featureNames the catalogue's, in its order
 */
export function accountOf(input: DecisionInput, decision: Decision, featureNames: readonly string[]): DecisionAccount {
  const { modelAnswer } = input;
  const isAnsweredBefore = !isWeighedAnew(decision);
  return {
    ineligible: isAnsweredBefore ? [] : ineligibleFor(input),
    terms: modelAnswer === undefined ? modelTerms(input, featureNames) : [],
    modelAnswer,
    isCustomUnanswered: !isAnsweredBefore && modelAnswer === undefined && isCustomAsked(input),
    targets: isAnsweredBefore ? [] : targetWorths(input),
    runnerUp: isAnsweredBefore ? undefined : runnerUpOf(decision, input.policy),
    counterfactuals: modelAnswer === undefined ? counterfactualsOf(input, decision) : [],
  };
}

function isCustomAsked(input: DecisionInput): boolean {
  if (input.model.custom === undefined) return false;
  const situation = situationOf(input);
  return questionOf(situation, weigh(situation)) !== undefined;
}
