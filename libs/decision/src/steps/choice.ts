import { isStillAgreed } from "@leastwise/vocabulary";
import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import type { RungRef } from "../state/decision-state.js";
import type { ValuedRung } from "./value.js";

/** What of a rung the choice goes by. */
export type ComparedRung = Pick<
  ValuedRung,
  "campaign" | "rung" | "expectedCost" | "worstCostMinor" | "value" | "evidence"
>;

/** How much less evidence the rung needs that would have been chosen last in the episode: 5 points. */
const HYSTERESIS_BP = 500;

/** Orders rungs by what they cost in expectation, then by the worst case, then by the policy's own order. */
export function byCost(a: ComparedRung, b: ComparedRung): number {
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
export function choiceStep({ decisionState, consent }: Situation, rungs: readonly ComparedRung[]): number {
  const { exploit, exploitConsent = [] } = decisionState.episode ?? {};
  // What was found with the help of data that may no longer be looked at has no advantage.
  const held = isStillAgreed(exploitConsent, consent) ? exploit : undefined;
  const better = worthMoreThanCheaper(rungs);
  let end = better.length;
  while (end > 0) {
    const at = cheapestOfTheBest(better, end);
    const chosen = better[at];
    if (chosen === undefined) return -1;
    if (hasEvidence(chosen.rung, held)) return chosen.place;
    end = at;
  }
  return -1;
}

/** A rung and its place among all. */
interface Placed {
  readonly place: number;
  readonly rung: ComparedRung;
}

/** The rungs that are worth something, and more than each that is cheaper: the best of the cheapest, however many those are, is always one of them. */
function worthMoreThanCheaper(rungs: readonly ComparedRung[]): readonly Placed[] {
  const better: Placed[] = [];
  let most = 0;
  for (let place = 0; place < rungs.length; place += 1) {
    const rung = rungs[place];
    if (rung === undefined || !(rung.value > most)) continue;
    most = rung.value;
    better.push({ place, rung });
  }
  return better;
}

/** How much less than the best another rung may be worth to count as good, minor units. */
export function toleranceOf(bestValue: number, { toleranceBp }: Pick<CompiledCampaign, "toleranceBp">): number {
  return Math.max(1, (bestValue * toleranceBp) / 10_000);
}

/** Of the first `end` of rungs that are worth more and more, the cheapest within the tolerance of the last; −1 where rung 0 is. */
function cheapestOfTheBest(better: readonly Placed[], end: number): number {
  const best = better[end - 1]?.rung;
  if (best === undefined) return -1;
  const good = best.value - toleranceOf(best.value, best.campaign);
  if (good <= 0) return -1;
  let at = end - 1;
  while (at > 0 && (better[at - 1]?.rung.value ?? 0) >= good) at -= 1;
  return at;
}

function hasEvidence({ evidence, campaign, rung }: ComparedRung, held: RungRef | undefined): boolean {
  const isHeld = held !== undefined && held.campaignId === campaign.campaignId && held.rung === rung;
  return evidence * 10_000 >= campaign.evidenceBp - (isHeld ? HYSTERESIS_BP : 0);
}
