import { failedDraw, type UnwrittenDecision } from "@leastwise/contracts";

/** Records that are kept at the most; what comes beyond is not recorded. */
const FAILED_DRAWS_MAX = 1_000;

interface FailedDraw {
  readonly record: UnwrittenDecision;
  /** When it is sure that the record does not stand on the log, Unix ms. */
  readonly fromMs: number;
}

/**
 * Decisions that were drawn and whose record did not get onto the log. They are analysed by what was drawn all the same (intention to
 * treat), so each gets a record once it is sure that it has none, which says that nothing came of it.
 */
export class FailedDraws {
  readonly #byDecision = new Map<string, FailedDraw>();

  /** Keeps a record that the log did not acknowledge. False where there is no room. */
  add(record: UnwrittenDecision, fromMs: number): boolean {
    if (this.#byDecision.size >= FAILED_DRAWS_MAX) return false;
    this.#byDecision.set(record.decisionId, { record, fromMs });
    return true;
  }

  /** The decision stands on the log: as it was drawn, or as one that failed. */
  arrived(decisionId: string): void {
    this.#byDecision.delete(decisionId);
  }

  /** Takes out those that do not stand on the log, each as it is to be recorded: what was drawn, and nothing given. */
  take(nowMs: number): readonly UnwrittenDecision[] {
    const over = [...this.#byDecision.values()].filter(({ fromMs }) => fromMs <= nowMs);
    for (const { record } of over) this.#byDecision.delete(record.decisionId);
    return over.map(({ record }) => failedDraw(record, "log_unavailable"));
  }
}
