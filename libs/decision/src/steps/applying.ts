import { isOtherBasis } from "@leastwise/offers";
import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import type { Permitted } from "./consent.js";
import { eligibilityStep, type Eligibility } from "./eligibility.js";
import { owedStep, type BlockedOwed, type Owed } from "./owed.js";
import { bitOf, NO_CLASSES, type ClassBits } from "../class-bits.js";
import { personalDataOf, type PersonalData } from "./personal-data.js";
import { baselineResponse, type Baseline } from "./response.js";
import { segmentsStep, type Segments } from "./segments.js";
import { lastGivenMs } from "./teaching.js";

/** What applies to the shopper and the cart now, whatever was given before. */
export interface Applying {
  readonly segments: Segments;
  readonly baseline: Baseline;
  /** True if the cart is in another currency than the policy, or its prices have tax in them and the policy's have not, or the reverse. */
  readonly isForeign: boolean;
  readonly eligibility: Eligibility;
  /** What the shopper gets in every arm; undefined: nothing. */
  readonly owed: Owed | undefined;
  /** What the shopper would get in every arm but for something that blocks it. */
  readonly blockedOwed: readonly BlockedOwed[];
  /** What the shopper would get but for something else that is worth as much or more. */
  readonly outweighed: readonly CompiledCampaign[];
  /** Classes of data of the person that could move any of it. */
  readonly classes: ClassBits;
  /** What they make of the answer. */
  readonly personalData: PersonalData;
}

/** All amounts of a policy are in its currency, and beside its kind of prices: to a cart in others, nothing applies. */
const NOTHING_ELIGIBLE = { incentives: [], entitlements: [], unaccepted: [], classes: NO_CLASSES } as const;

/** The steps from segments to what is owed, which do not depend on the arm nor on what is outstanding. */
export function applyingStep(situation: Situation, permitted: Permitted): Applying {
  const { model, policy, cart } = situation;
  const segments = segmentsStep(situation, permitted);
  const baseline = baselineResponse(model, permitted);
  const isForeign = cart.currency !== policy.currency || isOtherBasis(cart.prices, policy.prices);
  const eligibility = isForeign ? NOTHING_ELIGIBLE : eligibilityStep(situation, permitted, segments, baseline);
  const { owed, blocked, outweighed } = owedStep(situation, eligibility.entitlements);
  const taught = eligibility.incentives.length > 0 && isTaught(situation) ? bitOf("purchase") : NO_CLASSES;
  const classes = segments.classes | baseline.classes | eligibility.classes | taught;
  return {
    segments,
    baseline,
    isForeign,
    eligibility,
    owed,
    blockedOwed: blocked,
    outweighed,
    classes,
    personalData: personalDataOf(situation, classes),
  };
}

/**
 * What was given before makes what is given now dearer. By earlier rules it did not. What was withheld did not show, and an answer that shows nothing of it must
 * not say so either.
 */
function isTaught(situation: Situation): boolean {
  return (
    situation.earlierRules === undefined &&
    lastGivenMs(situation, ({ withheld }) => withheld === undefined) !== undefined
  );
}
