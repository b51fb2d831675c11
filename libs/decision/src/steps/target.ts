import type { CompiledCampaign, TargetRate } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import { byCost, choiceStep } from "./choice.js";
import type { Response } from "./custom.js";
import type { LadderRung } from "./ladder.js";
import type { Owed } from "./owed.js";
import { valueStep } from "./value.js";

/** What an order counts for, minor units, by campaign; of a campaign that is not here, the margin of the cart. */
export type OrderWorths = ReadonlyMap<CompiledCampaign, number>;

const NO_TARGETS: OrderWorths = new Map();

/**
 * What an order counts for in the campaigns that work towards a rate of conversion: the least, up to the most that an incremental order may cost, at
 * which the choice among the campaign's admissible rungs, evidence gate included, reaches the rate. Where none does, the campaign is not here, and is
 * decided for profit.
 *
 * By earlier rules such campaigns worked for profit.
 *
 * Valued so, a rung is worth something only if what its incremental orders cost apiece is less than what an order counts for: the ceiling holds by
 * construction, and a lost cause gets nothing.
 */
export function targetStep(
  situation: Situation,
  response: Response,
  owed: Owed | undefined,
  rungs: readonly LadderRung[],
): OrderWorths {
  if (situation.earlierRules !== undefined) return NO_TARGETS;
  const targeted = new Set<CompiledCampaign>();
  for (const { campaign } of rungs) if (campaign.target !== undefined) targeted.add(campaign);
  if (targeted.size === 0) return NO_TARGETS;
  const worths = new Map<CompiledCampaign, number>();
  for (const campaign of targeted) {
    const own = rungs.filter((rung) => rung.campaign === campaign && rung.blockedBy === undefined);
    const conversionAt = (worthMinor: number): number => {
      const valued = valueStep(situation, response, owed, own, new Map([[campaign, worthMinor]])).toSorted(byCost);
      return valued[choiceStep(situation, valued)]?.conversion ?? response.baseline.conversion;
    };
    const worthMinor = campaign.target && leastWorth(campaign.target, conversionAt);
    if (worthMinor !== undefined) worths.set(campaign, worthMinor);
  }
  return worths;
}

/** Steps down from the ceiling in which a worth is looked for that reaches the rate. */
const STEPS = 16;

/**
 * By bisection, as the more an order counts for, the more is given for it. Among formats that is not quite so: one that costs less by what it takes may be the
 * dearer by what it leaves, and be chosen from some worth on. Where the ceiling itself does not reach the rate, it is looked for below it, in steps.
 * Undefined where nothing reaches it.
 */
function leastWorth(
  { conversion, costPerOrderMaxMinor }: TargetRate,
  conversionAt: (worthMinor: number) => number,
): number | undefined {
  let step = STEPS;
  const worthAt = (at: number): number => Math.floor((costPerOrderMaxMinor * at) / STEPS);
  while (step > 0 && conversionAt(worthAt(step)) < conversion) step -= 1;
  if (step === 0) return undefined;
  let low = 0;
  let high = worthAt(step);
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (conversionAt(middle) >= conversion) high = middle;
    else low = middle + 1;
  }
  return high;
}
