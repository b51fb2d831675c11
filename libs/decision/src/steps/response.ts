import { logistic } from "../model/logistic.js";
import { DRAWS, type PosteriorDraws } from "../model/posterior-draws.js";
import { withinRange, type CompiledModel, type FormatResponse } from "../model/response-model.js";
import type { Permitted } from "./consent.js";
import { NO_CLASSES, type ClassBits } from "../class-bits.js";
import type { LadderRung } from "./ladder.js";
import type { Owed } from "./owed.js";
import { depthOf } from "./ladder.js";
import type { Situation } from "../situation.js";

/** Chance of buying at rung 0. */
export interface Baseline {
  /** Posterior mean of the logit. */
  readonly logit: number;
  /** Posterior standard deviation of the logit. */
  readonly logitSd: number;
  /** Chance at the posterior mean, 0 to 1. */
  readonly conversion: number;
  /** Classes of the features that moved it. */
  readonly classes: ClassBits;
}

/** What all rungs that give the same would do. */
export interface RungResponse {
  /** Chance of an order within the horizon: the posterior mean over the atom at no effect and the slope's mean. */
  readonly conversion: number;
  readonly effect: Effect;
}

/** What rungs would do, by the place of what they give. */
export type RungResponses = readonly (RungResponse | undefined)[];

/** How a rung moves the logit. */
export interface Effect {
  /** Probability of no effect at all. */
  readonly nullProbability: number;
  /** Mean and standard deviation of the shift of the logit where there is an effect; the mean is not negative. */
  readonly shift: number;
  readonly shiftSd: number;
}

/**
 * The chance of buying at rung 0, from what may be looked at; an absent feature contributes nothing, and one beyond the range that the model was trained on
 * counts as the nearest bound.
 */
export function baselineResponse(model: CompiledModel, { features }: Permitted): Baseline {
  let logit = model.intercept.mean;
  let variance = model.intercept.sd ** 2;
  let classes = NO_CLASSES;
  for (const coefficient of features === undefined ? [] : model.coefficients) {
    const { slot, mean, sd } = coefficient;
    const came = features?.values[slot];
    if (came === undefined || Number.isNaN(came)) continue;
    const value = withinRange(came, coefficient);
    logit += mean * value;
    variance += (sd * value) ** 2;
    if (value !== 0) classes |= coefficient.classBit;
  }
  return { logit, logitSd: Math.sqrt(variance), conversion: logistic(logit), classes };
}

/**
 * The chance of buying at each rung. Within a format it grows with what the shopper gains, by construction: the slope is
 * never negative and the curve in depth is increasing. Depth counts over what the shopper is owed anyway.
 */
export function responseStep(
  situation: Situation,
  baseline: Baseline,
  owed: Owed | undefined,
  rungs: readonly LadderRung[],
): RungResponses {
  const responses: (RungResponse | undefined)[] = [];
  for (const rung of rungs) responses[rung.given.place] ??= responseOf(situation, baseline, owed, rung);
  return responses;
}

function responseOf(
  { model, goodsMinor }: Situation,
  baseline: Baseline,
  owed: Owed | undefined,
  rung: LadderRung,
): RungResponse {
  const effect = effectOf(model.formats.get(rung.incentive.kind), gainedBp(rung, owed, goodsMinor));
  return { effect, conversion: conversionAt(baseline, effect) };
}

/** What the shopper gains by a rung over what is owed anyway, basis points of the goods. */
export function gainedBp(rung: LadderRung, owed: Owed | undefined, goodsMinor: number): number {
  return depthOf(Math.max(0, rung.worthMinor - (owed?.appraisal.worthMinor ?? 0)), goodsMinor);
}

function effectOf(response: FormatResponse | undefined, depthBp: number): Effect {
  if (response === undefined) return { nullProbability: 1, shift: 0, shiftSd: 0 };
  const curve = Math.log1p(depthBp / response.depthScaleBp);
  return {
    nullProbability: response.nullProbability,
    shift: response.slopeMean * curve,
    shiftSd: response.slopeSd * curve,
  };
}

/** The chance of an order with a rung: the posterior mean over the atom at no effect and the shift's mean. */
export function conversionAt({ logit, conversion }: Baseline, { nullProbability, shift }: Effect): number {
  return nullProbability * conversion + (1 - nullProbability) * logistic(logit + shift);
}

/**
 * Probability that a rung is worth it, over the posterior: of its 64 equally likely draws, the share in which it is, given that there is an effect.
 *
 * @param keptMinor what the shop keeps of an order at the rung
 * @param forgoneMinor what it would keep of one at rung 0
 */
export function evidenceOf(draws: PosteriorDraws, effect: Effect, keptMinor: number, forgoneMinor: number): number {
  const worthIt = DRAWS - draws.firstWorthIt(effect, keptMinor, forgoneMinor);
  return ((1 - effect.nullProbability) * worthIt) / DRAWS;
}
