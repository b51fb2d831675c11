import { INCENTIVE_KINDS, type IncentiveKind } from "@leastwise/offers";
import { NO_CLASSES, type ClassBits } from "../class-bits.js";
import type { CompiledCustom, ModelAnswer, ResponseQuestion } from "../model/custom-response.js";
import { logistic } from "../model/logistic.js";
import type { CompiledModel } from "../model/response-model.js";
import type { Situation } from "../situation.js";
import type { Weighed } from "../weighing.js";
import type { Permitted } from "./consent.js";
import type { LadderRung } from "./ladder.js";
import type { Owed } from "./owed.js";
import {
  conversionAt,
  gainedBp,
  responseStep,
  type RungResponse,
  type RungResponses,
  type Baseline,
  type Effect,
} from "./response.js";

/** What is to be known of a shopper before a rung can be chosen. */
export interface Response {
  /** True if the custom model said it. */
  readonly isCustom: boolean;
  readonly baseline: Baseline;
  readonly responses: RungResponses;
}

/** What the custom model is asked before anything is chosen; undefined: there is none, or nothing that could be given. */
export function questionOf({ model, goodsMinor }: Situation, weighed: Weighed): ResponseQuestion | undefined {
  const { permitted, applying, rungs } = weighed;
  if (model.custom === undefined || rungs.every(({ blockedBy }) => blockedBy !== undefined)) return undefined;
  return {
    features: featuresOf(permitted, model.custom.featureCount),
    rows: INCENTIVE_KINDS.flatMap((kind) =>
      depthsOf(kind, rungs, applying.owed, goodsMinor).map((depthBp) => ({ kind, depthBp })),
    ),
  };
}

function featuresOf({ features }: Permitted, featureCount: number): readonly number[] {
  const values = features?.values.slice(0, featureCount) ?? [];
  while (values.length < featureCount) values.push(Number.NaN);
  return values;
}

/** The depths of a kind, each once, ascending. What gains nothing moves nothing: nobody need be asked that. */
function depthsOf(
  kind: IncentiveKind,
  rungs: readonly LadderRung[],
  owed: Owed | undefined,
  goodsMinor: number,
): readonly number[] {
  const depths: number[] = [];
  for (const rung of rungs) {
    if (rung.incentive.kind !== kind) continue;
    const depthBp = gainedBp(rung, owed, goodsMinor);
    if (depthBp > 0) depths.push(depthBp);
  }
  return depths.sort((a, b) => a - b).filter((depthBp, place) => depthBp !== depths[place - 1]);
}

/** Classes of the features that a custom model may have looked at: nobody but it knows which of them move it. */
export function classesOfCustom({ custom }: CompiledModel, { features }: Permitted): ClassBits {
  let classes = NO_CLASSES;
  if (custom === undefined || features === undefined) return classes;
  for (const [slot, classBit] of custom.classBits.entries())
    if (!Number.isNaN(features.values[slot] ?? Number.NaN)) classes |= classBit;
  return classes;
}

/**
 * How the shopper responds: by the custom model's answer where there is one to just these rungs, by the parametric model everywhere else. What applies to the shopper
 * at all was asked the parametric one in either case, since the question follows from it.
 */
export function respond(situation: Situation, { applying, rungs }: Weighed, answer: ModelAnswer | undefined): Response {
  const { model, goodsMinor } = situation;
  const { baseline, owed } = applying;
  const byCustom =
    model.custom === undefined || answer === undefined
      ? undefined
      : customStep(model.custom, answer, rungs, (rung) => gainedBp(rung, owed, goodsMinor), baseline.classes);
  return byCustom ?? { isCustom: false, baseline, responses: responseStep(situation, baseline, owed, rungs) };
}

/** The chance to buy without us that the model said, be it that nobody believes it. */
export function chanceSaid({ modelAnswer }: Situation, { conversion }: Baseline): number {
  return modelAnswer === undefined ? conversion : logistic(modelAnswer.logit);
}

const NO_EFFECT: Effect = { nullProbability: 1, shift: 0, shiftSd: 0 };

/** Undefined where the answer lacks a rung: it answers another question. */
function customStep(
  { nullProbability }: CompiledCustom,
  answer: ModelAnswer,
  rungs: readonly LadderRung[],
  depthOf: (rung: LadderRung) => number,
  classes: ClassBits,
): Response | undefined {
  const { logit, logitSd } = answer;
  const baseline: Baseline = { logit, logitSd, conversion: logistic(logit), classes };
  const effects = effectsIn(answer, nullProbability);
  const responses: (RungResponse | undefined)[] = [];
  for (const rung of rungs) {
    if (responses[rung.given.place] !== undefined) continue;
    const depthBp = depthOf(rung);
    const effect = depthBp === 0 ? NO_EFFECT : effects.get(rung.incentive.kind)?.get(depthBp);
    if (effect === undefined) return undefined;
    responses[rung.given.place] = { effect, conversion: conversionAt(baseline, effect) };
  }
  return { isCustom: true, baseline, responses };
}

/** By kind and depth. Whatever the model says, a shift is never below 0, nor below that of a lesser depth of the kind: monotone by construction. */
function effectsIn({ shifts }: ModelAnswer, nullProbability: number): ReadonlyMap<string, ReadonlyMap<number, Effect>> {
  const effects = new Map<string, ReadonlyMap<number, Effect>>();
  for (const [kind, said] of Object.entries(shifts)) {
    const ofKind = new Map<number, Effect>();
    let most = 0;
    for (const [depthBp, shift, shiftSd] of said) {
      most = Math.max(most, shift);
      ofKind.set(depthBp, { nullProbability, shift: most, shiftSd });
    }
    effects.set(kind, ofKind);
  }
  return effects;
}
