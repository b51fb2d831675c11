import type { DecisionInput } from "../input.js";
import { situationOf } from "../situation.js";
import { respond } from "../steps/custom.js";
import { targetStep } from "../steps/target.js";
import { weigh } from "../weighing.js";

/** What came of a campaign's target of conversion. */
export interface TargetWorth {
  readonly campaignId: string;
  /** Chance of an order that the campaign wants, 0 to 1. */
  readonly conversion: number;
  /** What an order counted for so that it was reached, minor units; undefined: nothing under the ceiling reaches it, and profit decided. */
  readonly orderWorthMinor: number | undefined;
}

/** What came of the targets of the campaigns that applied. */
export function targetWorths(input: DecisionInput): readonly TargetWorth[] {
  const situation = situationOf(input);
  const weighed = weigh(situation);
  const { owed, eligibility } = weighed.applying;
  const response = respond(situation, weighed, input.modelAnswer);
  const worths = targetStep(situation, response, owed, weighed.rungs);
  return eligibility.incentives.flatMap(({ campaign }): readonly TargetWorth[] => {
    const { campaignId, target } = campaign;
    return target === undefined
      ? []
      : [{ campaignId, conversion: target.conversion, orderWorthMinor: worths.get(campaign) }];
  });
}
