import type { Policy } from "../policy/policy.js";
import type { Problems } from "../policy/problems.js";

/** Of a hundred shoppers one is treated, at the least: below that a campaign gives practically nothing, and its lift cannot be told. */
const HOLDOUT_MAX_BP = 9_900;

/** Refuses experiments whose holdout leaves practically nobody to treat. A campaign is held out by its one experiment, so that no others add to it. */
export function validateHoldoutsLeaveSomebody(problems: Problems, { experiments, campaigns }: Policy): void {
  for (const [i, { experimentId, holdoutBp }] of experiments.entries()) {
    if (holdoutBp <= HOLDOUT_MAX_BP) continue;
    const field = `experiments[${String(i)}].holdout_bp`;
    problems.add("holdout_leaves_nobody", field, holdoutBp, holdoutInWords(experimentId, campaigns));
  }
}

/** How large a holdout may be, and by which campaign somebody is to be treated. */
export function holdoutInWords(experimentId: string, campaigns: Policy["campaigns"]): string {
  const index = campaigns.findIndex((campaign) => campaign.experimentId === experimentId);
  const whom = index < 0 ? "" : ` by campaigns[${String(index)}].experiment_id`;
  return `at most ${String(HOLDOUT_MAX_BP)} bp, so that somebody is treated${whom}`;
}
