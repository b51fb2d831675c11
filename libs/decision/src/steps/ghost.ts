import type { Enrolment } from "../decision.js";
import type { CompiledCampaign } from "../policy/compile.js";

/** True if the subject is held out of the campaign. Without an enrolment nobody is. */
export function isHeldOutOf(campaign: CompiledCampaign | undefined, enrolments: readonly Enrolment[]): boolean {
  return enrolments.some(
    ({ experimentId, arm }) => arm === "holdout" && campaign !== undefined && experimentId === campaign.experimentId,
  );
}

/**
 * True if the decision is a ghost: the subject is held out of the chosen campaign, or, where rung 0 was chosen, of any
 * campaign that was weighed, or, where none was, of any experiment.
 */
export function isGhost(
  chosen: CompiledCampaign | undefined,
  weighed: readonly CompiledCampaign[],
  enrolments: readonly Enrolment[],
): boolean {
  if (chosen !== undefined) return isHeldOutOf(chosen, enrolments);
  if (weighed.length > 0) return weighed.some((campaign) => isHeldOutOf(campaign, enrolments));
  return enrolments.some(({ arm }) => arm === "holdout");
}
