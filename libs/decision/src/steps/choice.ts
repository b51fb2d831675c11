import { isStillAgreed } from "@leastwise/vocabulary";
import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import type { RungRef } from "../state/decision-state.js";
import type { ValuedRung } from "./value.js";

/** How much less evidence the rung needs that would have been chosen last in the episode: 5 points. */
const HYSTERESIS_BP = 500;

/** Orders rungs by what they cost in expectation, then by the worst case, then by the policy's own order. */
export function byCost(a: ValuedRung, b: ValuedRung): number {
  return (
    a.expectedCost - b.expectedCost ||
    a.worstCostMinor - b.worstCostMinor ||
    a.campaign.place - b.campaign.place ||
    a.rung - b.rung
  );
}

/**
 * The exploit choice: the place in `rungs` (admissible ones, by cost), −1 for rung 0.
 *
 * Of the rungs worth nearly as much as the best, the cheapest; if the evidence for it does not suffice, the same among
 * the rungs that are cheaper, and so on down to none. The order in which rungs are tried does not depend on how sure the
 * model is, so that less certainty can only lead to something cheaper.
 */
export function choiceStep({ decisionState, consent }: Situation, rungs: readonly ValuedRung[]): number {
  const { exploit, exploitConsent = [] } = decisionState.episode ?? {};
  // What was found with the help of data that may no longer be looked at has no advantage.
  const held = isStillAgreed(exploitConsent, consent) ? exploit : undefined;
  let end = rungs.length;
  while (end > 0) {
    const place = cheapestOfTheBest(rungs, end);
    const rung = rungs[place];
    if (rung === undefined || hasEvidence(rung, held)) return place;
    end = place;
  }
  return -1;
}

/** How much less than the best another rung may be worth to count as good, minor units. */
export function toleranceOf(bestValue: number, { toleranceBp }: Pick<CompiledCampaign, "toleranceBp">): number {
  return Math.max(1, (bestValue * toleranceBp) / 10_000);
}

/** Of the first `end` rungs, the cheapest within the tolerance of the best; −1 where rung 0 is. */
function cheapestOfTheBest(rungs: readonly ValuedRung[], end: number): number {
  let best: ValuedRung | undefined;
  for (const rung of rungs.slice(0, end)) {
    if (rung.value > 0 && (best === undefined || rung.value > best.value)) best = rung;
  }
  if (best === undefined) return -1;
  const good = best.value - toleranceOf(best.value, best.campaign);
  return good <= 0 ? -1 : rungs.findIndex((rung) => rung.value >= good);
}

function hasEvidence({ evidence, campaign, rung }: ValuedRung, held: RungRef | undefined): boolean {
  const isHeld = held !== undefined && held.campaignId === campaign.campaignId && held.rung === rung;
  return evidence * 10_000 >= campaign.evidenceBp - (isHeld ? HYSTERESIS_BP : 0);
}
