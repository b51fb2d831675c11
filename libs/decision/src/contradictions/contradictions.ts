import type { Policy } from "../policy/policy.js";
import { Problems, type PolicyProblem } from "../policy/problems.js";
import { validateBreakerBands } from "./breaker-band.js";
import { validateLaddersAscend } from "./ladder-order.js";
import { validateRungsAdmissible } from "./never-admitted.js";
import { validateCampaignsRun } from "./never-runs.js";
import { validateHoldoutsLeaveSomebody } from "./nobody-treated.js";

/**
 * What of a policy is set against itself, each with both sides: the field to change, and the path of what it collides with. Asked of a policy that
 * compiles, and where one is written: what was put into force before somebody asked goes on, and can be gone back to, since what is never given does no
 * harm.
 */
export function contradictionsOf(policy: Policy): readonly PolicyProblem[] {
  const problems = new Problems();
  validateRungsAdmissible(problems, policy);
  validateBreakerBands(problems, policy);
  validateHoldoutsLeaveSomebody(problems, policy);
  validateCampaignsRun(problems, policy);
  validateLaddersAscend(problems, policy);
  return problems.found;
}
