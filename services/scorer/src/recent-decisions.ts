import { decisionRecord, type wire } from "@leastwise/contracts";
import { explainDecision, type Decision, type RecordableInput } from "@leastwise/decision";

/** Decisions that can be explained from memory; the table `decisions` has them all. */
const RECENT_MAX = 2_000;

/** The newest decisions, for Explain: the oldest is forgotten first. */
export class RecentDecisions {
  readonly #kept = new Map<string, { readonly decision: Decision; readonly input: RecordableInput }>();

  keep(decision: Decision, input: RecordableInput): void {
    this.#kept.set(decision.decisionId, { decision, input });
    if (this.#kept.size <= RECENT_MAX) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  /** The record and its steps in words; undefined for one that is not kept. */
  explain(decisionId: string): wire.ExplainResponse | undefined {
    const kept = this.#kept.get(decisionId);
    if (kept === undefined) return undefined;
    const record = decisionRecord(kept.decision, kept.input);
    return { record, sentences: [...explainDecision(kept.decision)] };
  }
}
