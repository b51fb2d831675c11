import { uniform32, type Millis } from "@leastwise/vocabulary";
import type { Enrolment } from "../decision.js";
import type { DecisionInput } from "../input.js";
import type { CompiledExperiment } from "../policy/compile.js";
import type { Arm } from "../state/decision-state.js";

/**
 * Enrols the subject in every experiment that runs now, alike in all arms and before anything else is asked. An earlier
 * enrolment stays, also when the experiment's end has passed or its share has changed.
 */
export function enrolmentStep({ policy, decisionState, assignmentKey, nowMs }: DecisionInput): readonly Enrolment[] {
  return policy.experiments.flatMap((experiment): readonly Enrolment[] => {
    const known = decisionState.enrolments.find(({ experimentId }) => experimentId === experiment.experimentId);
    if (known !== undefined) return [{ ...known, first: false }];
    if (!isOpen(experiment, nowMs)) return [];
    return [
      {
        experimentId: experiment.experimentId,
        arm: armOf(experiment, assignmentKey),
        enrolledAtMs: nowMs,
        first: true,
        holdoutBp: experiment.holdoutBp,
      },
    ];
  });
}

/** The arm: the key's uniform below the held-out share of 2^32. In SQL: `sipHash64Keyed` under the salt's key. */
export function armOf({ key, holdoutBp }: CompiledExperiment, assignmentKey: string): Arm {
  return uniform32(key, assignmentKey) * 10_000 < holdoutBp * 2 ** 32 ? "holdout" : "treatment";
}

function isOpen({ startsAtMs, endsAtMs }: CompiledExperiment, nowMs: Millis): boolean {
  return (startsAtMs === undefined || nowMs >= startsAtMs) && (endsAtMs === undefined || nowMs < endsAtMs);
}
