import {
  decodeDecisionRecord,
  decisionExplanation,
  decisionRecord,
  encodeDecision,
  type UnwrittenDecision,
  type wire,
} from "@leastwise/contracts";
import { accountOf, type Decision, type DegradedInput, type DegradedReason, type Explained } from "@leastwise/decision";
import { FEATURE_CATALOGUE } from "@leastwise/references";
import { sayRefusal } from "@leastwise/vocabulary";
import { decidedAgain } from "./decided-again.js";

/** Decisions that can be explained from memory; the log and the table `decisions` have them all. */
const RECENT_MAX = 2_000;

/** What a decision was made with that its record only names, or must not hold. */
type MadeWith = Pick<DegradedInput, "policy" | "model" | "codeKey">;

interface Kept {
  readonly bytes: Uint8Array;
  readonly madeWith: MadeWith;
  readonly untold: DegradedReason | undefined;
}

/**
 * The newest decisions, for Explain: the oldest is forgotten first. Kept are the bytes of their records: hardly any is asked for, and all that was weighed
 * for each of them, as objects, would be most of what the process holds.
 */
export class RecentDecisions {
  readonly #kept = new Map<string, Kept>();

  /** @param untold why the answer left without what it grants; absent: it was told */
  keep(record: UnwrittenDecision, { policy, model, codeKey }: MadeWith, untold?: DegradedReason): void {
    this.#kept.set(record.decisionId, { bytes: encodeDecision(record), madeWith: { policy, model, codeKey }, untold });
    if (this.#kept.size <= RECENT_MAX) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  /** The record and its steps, in words and as data; undefined for one that is not kept. */
  explain(decisionId: string): wire.ExplainResponse | undefined {
    const kept = this.#kept.get(decisionId);
    if (kept === undefined) return undefined;
    const explanation = explainedAgain(kept);
    if (kept.untold === undefined) return explanation;
    return { ...explanation, sentences: [sayUntold(kept.untold), ...explanation.sentences] };
  }
}

function sayUntold(reason: DegradedReason): string {
  return `The answer to this left without it (${reason}): what follows was told by a later answer, if the log has it.`;
}

/** Why a decision came out as it did, which making it again from its record shows. */
function explainedAgain({ bytes, madeWith: { policy, model, codeKey } }: Kept): wire.ExplainResponse {
  const again = decidedAgain(decodeDecisionRecord(bytes), { policyOf: () => policy, modelOf: () => model, codeKey });
  if (!again.ok) throw new Error(`an own record cannot be decided again: ${sayRefusal(again.error)}`);
  return explained(again.value.decision, again.value.input);
}

/**
 * Why a decision came out as it did. A degraded answer has no account: nothing was weighed.
 *
 * @param told whether it was decided, or is what would be
 */
export function explained(decision: Decision, input: DegradedInput, told?: Explained): wire.ExplainResponse {
  const record = decisionRecord(decision, input);
  const { policy, model } = input;
  const account =
    policy === undefined || model === undefined || decision.degradedReason !== ""
      ? undefined
      : accountOf({ ...input, policy, model }, decision, FEATURE_CATALOGUE.names);
  return decisionExplanation(record, decision, account, told);
}
