import { leadingDecisionId } from "@leastwise/contracts";
import type { RecordedDecision } from "./recorded.js";

/** An own decision as it was sent to the log. */
export interface SentDecision {
  readonly decisionId: string;
  readonly epoch: number;
  readonly recorded: RecordedDecision;
  readonly bytes: Uint8Array;
}

/** Own decisions on their way to the log and back: what their records say is known, and need not be read out of the bytes again. */
export class SentDecisions {
  readonly #byDecision = new Map<string, SentDecision>();

  send(sent: SentDecision): void {
    this.#byDecision.set(sent.decisionId, sent);
  }

  /** The own decision that these bytes are, once; undefined where they are another's, or say anything else than what was sent. */
  takeBack(bytes: Uint8Array): SentDecision | undefined {
    const sent = this.#byDecision.get(leadingDecisionId(bytes));
    if (sent === undefined || Buffer.compare(sent.bytes, bytes) !== 0) return undefined;
    this.#byDecision.delete(sent.decisionId);
    return sent;
  }

  /** The log did not take it, for all one knows: should it turn up, it is read. */
  forget(decisionId: string): void {
    this.#byDecision.delete(decisionId);
  }
}
