import type { Decision } from "../decision.js";
import type { CompiledCampaign, CompiledPolicy } from "../policy/compile.js";
import { toleranceOf } from "../steps/choice.js";

/** Why the runner-up was not the choice. Stable. */
export type RunnerUpReason =
  /** It is worth nothing over the baseline, or less. */
  | "worth_nothing"
  /** The choice is worth more, by more than the tolerance. */
  | "worth_less"
  /** It is worth as much, or nearly, and costs more. */
  | "dearer"
  /** It is worth more, and too little speaks for it. */
  | "evidence_too_low";

/** The rung that came nearest to being the choice. */
export interface RunnerUp {
  /** Its place in the decision's candidates. */
  readonly place: number;
  readonly reason: RunnerUpReason;
}

/**
 * Of the admissible rungs beside the choice that would be made without chance, the one worth most, the cheaper of equals. Rung 0 runs for it, too.
 * Undefined where nothing else was admissible.
 */
export function runnerUpOf(
  { candidates, exploit }: Pick<Decision, "candidates" | "exploit">,
  { campaigns }: Pick<CompiledPolicy, "campaigns">,
): RunnerUp | undefined {
  const choice = candidates[exploit];
  if (choice === undefined) return undefined;
  const others = candidates.flatMap((candidate, place) =>
    place === exploit || candidate.blockedBy !== "" ? [] : [{ candidate, place }],
  );
  const best = others.toSorted((a, b) => b.candidate.valueMinor - a.candidate.valueMinor || a.place - b.place)[0];
  if (best === undefined) return undefined;
  const { candidate, place } = best;
  const campaign = campaigns.find(({ campaignId }) => campaignId === candidate.campaignId);
  return { place, reason: reasonOf(candidate.valueMinor, choice.valueMinor, { place, exploit, campaign }) };
}

interface Places {
  readonly place: number;
  readonly exploit: number;
  /** The runner-up's; undefined for rung 0. */
  readonly campaign: CompiledCampaign | undefined;
}

/** The choice is the cheapest of the good ones; only where too little speaks for it, it is looked for among those that are cheaper still. */
function reasonOf(value: number, chosenValue: number, { place, exploit, campaign }: Places): RunnerUpReason {
  if (campaign === undefined || place < exploit) return "worth_less";
  if (value <= 0) return "worth_nothing";
  if (chosenValue < value - toleranceOf(value, campaign)) return "evidence_too_low";
  return value < chosenValue ? "worth_less" : "dearer";
}
