import { PRIOR_MODEL } from "../priors.js";
import type { Baseline, RungResponses } from "../steps/response.js";
import type { CompiledModel } from "./response-model.js";

/** What a chance to buy without us may be, both ends included. */
export interface Band {
  readonly least: number;
  readonly most: number;
}

/** Of a shopper of whom nothing is known, when a model is loaded: shops where fewer buy, or more, have no use for us. */
export const LOADED_BAND: Band = { least: 0.000_5, most: 0.95 };

/** Of one shopper: wider, since features tell a lot of some. Beyond it a model has gone wrong rather than found somebody sure. */
const DECIDED_BAND: Band = { least: 0.000_1, most: 0.995 };

/** The most that an incentive may bring a shopper to. Who is sure anyway is nearly sure with one; beyond this a model says that whatever is given sells. */
export const GIVEN_MOST = 0.999_9;
/** The same as a logit. */
export const GIVEN_LOGIT_MOST = Math.log(GIVEN_MOST / (1 - GIVEN_MOST));

/** Whether a chance lies in a band; one that is no number lies in none. */
export function isWithin({ least, most }: Band, chance: number): boolean {
  return chance >= least && chance <= most;
}

/**
 * Whether what a model says of a shopper is nothing that anybody would believe, so that nothing is to be decided by it: the chance to buy without us, or what a
 * rung makes of it. The priors are not held to it: they were there before the band, and what was decided by them has to come out the same again.
 */
export function isUnbelievable(
  { version }: Pick<CompiledModel, "version">,
  { logit, conversion }: Pick<Baseline, "logit" | "conversion">,
  responses: RungResponses,
): boolean {
  if (version === PRIOR_MODEL.version) return false;
  if (!isWithin(DECIDED_BAND, conversion)) return true;
  return responses.some((response) => response !== undefined && !(logit + response.effect.shift <= GIVEN_LOGIT_MOST));
}
