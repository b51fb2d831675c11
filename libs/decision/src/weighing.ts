import type { Situation } from "./situation.js";
import { applyingStep, type Applying } from "./steps/applying.js";
import { consentStep, type Permitted } from "./steps/consent.js";
import { escalationStep } from "./steps/escalation.js";
import { guardrailsStep } from "./steps/guardrails.js";
import { ladderStep, type LadderRung } from "./steps/ladder.js";
import { stackStep } from "./steps/stack.js";

/** What could be given on a cart, before anybody asks what it would do. */
export interface Weighed {
  readonly permitted: Permitted;
  readonly applying: Applying;
  /** The rungs of all incentives that apply, those that must not be given marked so. */
  readonly rungs: readonly LadderRung[];
}

/** The steps from consent to guardrails: they need no model of what an incentive does, and no chance. */
export function weigh(situation: Situation): Weighed {
  const permitted = consentStep(situation);
  const applying = applyingStep(situation, permitted);
  const rungs = ladderStep(situation, applying.eligibility.incentives);
  stackStep(situation, rungs, applying.owed);
  escalationStep(situation, rungs);
  guardrailsStep(situation, rungs);
  return { permitted, applying, rungs };
}
