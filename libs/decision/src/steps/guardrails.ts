import { budget } from "../guardrails/budget.js";
import { cartGuardrails } from "../guardrails/cart.js";
import { coolDown } from "../guardrails/cool-down.js";
import { frequencyCap } from "../guardrails/frequency-cap.js";
import { killSwitch } from "../guardrails/kill-switch.js";
import { openOffers } from "../guardrails/open-offers.js";
import { subjectMax } from "../guardrails/subject-max.js";
import type { Situation } from "../situation.js";
import type { LadderRung } from "./ladder.js";

/** What must never happen, whatever a model says: the first guardrail that a rung would break blocks it. */
export function guardrailsStep(situation: Situation, rungs: readonly LadderRung[]): readonly LadderRung[] {
  return rungs.map((rung) => {
    if (rung.blockedBy !== undefined) return rung;
    const guarded = { situation, rung };
    const blockedBy =
      killSwitch(guarded) ??
      cartGuardrails(guarded) ??
      subjectMax(guarded) ??
      frequencyCap(guarded) ??
      coolDown(guarded) ??
      openOffers(guarded) ??
      budget(guarded);
    return blockedBy === undefined ? rung : { ...rung, blockedBy };
  });
}
