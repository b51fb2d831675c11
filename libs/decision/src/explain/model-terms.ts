import type { DecisionInput } from "../input.js";
import { withinRange } from "../model/response-model.js";
import { consentStep } from "../steps/consent.js";

/** What one term of the response model adds to the logit of buying at rung 0. */
export interface ModelTerm {
  /** Name of a feature of the catalogue, or `intercept`. */
  readonly feature: string;
  /** What the shopper's feature was; 1 for the intercept. */
  readonly value: number;
  /** What it counts as: the value or, beyond the range that the model was trained on, the nearest bound. */
  readonly counted: number;
  /** Posterior mean of the coefficient. */
  readonly coefficient: number;
  /** The share of the logit: the coefficient times what counts. */
  readonly logit: number;
}

/** The terms of the chance to buy at rung 0, the intercept first; a feature that is absent, or that may not be looked at, has none. */
export function modelTerms(input: DecisionInput, featureNames: readonly string[]): readonly ModelTerm[] {
  const { intercept, coefficients } = input.model;
  const { features } = consentStep(input);
  const terms = (features === undefined ? [] : coefficients).flatMap((coefficient): readonly ModelTerm[] => {
    const { slot, mean } = coefficient;
    const [feature, value] = [featureNames[slot], features?.values[slot]];
    if (feature === undefined || value === undefined || Number.isNaN(value)) return [];
    const counted = withinRange(value, coefficient);
    return [{ feature, value, counted, coefficient: mean, logit: mean * counted }];
  });
  return [{ feature: "intercept", value: 1, counted: 1, coefficient: intercept.mean, logit: intercept.mean }, ...terms];
}
