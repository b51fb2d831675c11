import { decisionExplanation, decisionRecord, type wire } from "@leastwise/contracts";
import { accountOf, type Decision, type DegradedInput } from "@leastwise/decision";
import { FEATURE_CATALOGUE } from "@leastwise/references";

/** Decisions that can be explained from memory; the log and the table `decisions` have them all. */
const RECENT_MAX = 2_000;

/** The newest decisions, for Explain: the oldest is forgotten first. */
export class RecentDecisions {
  readonly #kept = new Map<string, { readonly decision: Decision; readonly input: DegradedInput }>();

  keep(decision: Decision, input: DegradedInput): void {
    this.#kept.set(decision.decisionId, { decision, input });
    if (this.#kept.size <= RECENT_MAX) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  /** The record and its steps, in words and as data; undefined for one that is not kept. */
  explain(decisionId: string): wire.ExplainResponse | undefined {
    const kept = this.#kept.get(decisionId);
    return kept && explained(kept.decision, kept.input);
  }
}

/** Why a decision came out as it did. A degraded answer has no account: nothing was weighed. */
export function explained(decision: Decision, input: DegradedInput): wire.ExplainResponse {
  const record = decisionRecord(decision, input);
  const { policy, model } = input;
  if (policy === undefined || model === undefined || decision.degradedReason !== "")
    return decisionExplanation(record, decision);
  return decisionExplanation(
    record,
    decision,
    accountOf({ ...input, policy, model }, decision, FEATURE_CATALOGUE.names),
  );
}
