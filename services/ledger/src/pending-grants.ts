import { evolve, type DecisionState } from "@leastwise/decision";
import type { SubjectId } from "@leastwise/vocabulary";
import type { RecordedDecision } from "./recorded.js";

interface Pending {
  readonly recorded: RecordedDecision;
  /** When it is forgotten, Unix ms; infinite while it is on its way. */
  readonly untilMs: number;
}

/**
 * Decisions that grant something, withhold it, or ask for consent, and are not in the book: on their way to the log, or not acknowledged, so that one cannot
 * tell whether they stand on it. What they promise counts meanwhile: nobody else may promise the same money or explore with it, nor may it
 * get the shopper past a cap.
 */
export class PendingGrants {
  readonly #byDecision = new Map<string, Pending>();

  /** It is on its way. */
  send(decisionId: string, recorded: RecordedDecision): void {
    this.#byDecision.set(decisionId, { recorded, untilMs: Number.POSITIVE_INFINITY });
  }

  /** It stands on the log. False if that was known already. */
  arrived(decisionId: string): boolean {
    return this.#byDecision.delete(decisionId);
  }

  /** The log did not acknowledge it. */
  doubt(decisionId: string, untilMs: number): void {
    const pending = this.#byDecision.get(decisionId);
    if (pending !== undefined) this.#byDecision.set(decisionId, { ...pending, untilMs });
  }

  /** Forgets those that would have shown by now if they stood on the log. */
  forgetOver(nowMs: number): void {
    for (const [decisionId, { untilMs }] of this.#byDecision) {
      if (untilMs <= nowMs) this.#byDecision.delete(decisionId);
    }
  }

  /** All of them. */
  decisions(): readonly RecordedDecision[] {
    return [...this.#byDecision.values()].map(({ recorded }) => recorded);
  }

  /** Worst cost of what is promised of a budget's period, minor units. */
  promisedMinor(budgetId: string, period: string): number {
    let minor = 0;
    for (const { recorded } of this.#byDecision.values())
      for (const hold of recorded.issued?.holds ?? [])
        if (hold.budgetId === budgetId && hold.period === period) minor += hold.minor;
    return minor;
  }

  /** Offers that are promised, each by its campaign, to whom. */
  *promisedOffers(): Generator<{ readonly campaignId: string; readonly subject: SubjectId }, void, undefined> {
    for (const { recorded } of this.#byDecision.values())
      if (recorded.issued !== undefined)
        yield { campaignId: recorded.issued.terms.campaignId, subject: recorded.subject };
  }

  /** The subject's state with what is promised to it counted as granted. None of it is open: nobody was told of it. */
  withGrants(subject: SubjectId, state: DecisionState): DecisionState {
    let { history } = state;
    for (const { recorded } of this.#byDecision.values()) {
      if (recorded.subject === subject)
        ({ history } = evolve({ ...state, history }, { kind: "decided", decision: recorded.facts }));
    }
    return history === state.history ? state : { ...state, history };
  }
}
