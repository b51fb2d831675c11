import {
  EMPTY_STATE,
  evolve,
  type BudgetLease,
  type CompiledBudget,
  type DecisionState,
  type Hold,
} from "@leastwise/decision";
import { evolve as evolveOffer, UNKNOWN_OFFER, type OfferState } from "@leastwise/offers";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { BudgetBook } from "./budget-book.js";
import { ExpiryQueue } from "./expiry-queue.js";
import { Exploration } from "./exploration.js";
import { MarginBook } from "./margin-book.js";
import { OfferCounts } from "./offer-counts.js";
import type { LoggedOfferEvent, RecordedDecision } from "./recorded.js";

/** An offer with what its terms do not say. */
export interface BookedOffer {
  readonly state: OfferState;
  /** What arms hash, of the decision that issued it. */
  readonly assignmentKey: string;
  /** Whose guardrails hold at redemption. */
  readonly policyVersion: string;
  /** What of it each budget holds. */
  readonly holds: readonly Hold[];
}

/** Offers of which is remembered what happened before their issue was read: far more than one topic's reader can be ahead of the other's. */
const EARLY_MAX = 100_000;

/**
 * What the owner keeps: decision states, offers, budgets. A pure fold of `decisions` and `offers`: the same records give the same book, so
 * it can be dropped and read again.
 */
export class Book {
  readonly exploration = new Exploration();
  readonly margins = new MarginBook();
  readonly offerCounts = new OfferCounts();
  readonly #states = new Map<SubjectId, DecisionState>();
  readonly #offers = new Map<string, BookedOffer>();
  readonly #offerIdsByCode = new Map<string, string>();
  readonly #budgets = new BudgetBook();
  readonly #offerIdsByOrder = new Map<string, string>();
  readonly #expiries = new ExpiryQueue();
  /** What happened to offers of which nobody has heard yet, by offer: the two topics are read side by side. */
  readonly #early = new Map<string, LoggedOfferEvent[]>();

  /** The subject's decision state. */
  stateOf(subject: SubjectId): DecisionState {
    return this.#states.get(subject) ?? EMPTY_STATE;
  }

  /** The offer of a code in its canonical form. */
  offerOfCode(code: string): BookedOffer | undefined {
    const offerId = this.#offerIdsByCode.get(code);
    return offerId === undefined ? undefined : this.#offers.get(offerId);
  }

  offer(offerId: string): BookedOffer | undefined {
    return this.#offers.get(offerId);
  }

  /** The offer that was used on an order; the first one, should a log have more. */
  offerOnOrder(orderId: string): string | undefined {
    return this.#offerIdsByOrder.get(orderId);
  }

  /** What may still be spent of a budget at an instant. */
  lease(budget: CompiledBudget, nowMs: number): BudgetLease {
    return this.#budgets.lease(budget, nowMs);
  }

  /** Offers whose life is over at this moment and that nobody has said so of yet, at most so many. */
  due(nowMs: Millis, max: number): readonly string[] {
    return this.#expiries.due(nowMs, max).filter((offerId) => this.#offers.get(offerId)?.state.status === "issued");
  }

  /** Gives an offer out as due again from an instant on: it could not be ended yet. */
  lookAgain(offerId: string, atMs: Millis): void {
    this.#expiries.push(offerId, atMs);
  }

  /**
   * Takes a decision in, once however often it comes. What comes back takes it out again, for one that gave nothing and whose record did not
   * get onto the log; the subject's state only if nothing was decided on top of it.
   */
  decided(recorded: RecordedDecision): () => void {
    const { subject, facts, issued } = recorded;
    const before = this.stateOf(subject);
    const after = evolve(before, { kind: "decided", decision: facts });
    if (after === before) return () => undefined;
    this.#states.set(subject, after);
    this.exploration.count(recorded, 1);
    if (issued !== undefined) this.#issue(issued);
    return () => {
      if (issued !== undefined) throw new Error("what was issued is not taken back");
      if (this.#states.get(subject) === after) this.#states.set(subject, before);
      this.exploration.count(recorded, -1);
    };
  }

  #issue({ terms, assignmentKey, holds, policyVersion }: NonNullable<RecordedDecision["issued"]>): void {
    if (this.#offers.has(terms.offerId)) return;
    const state = evolveOffer(UNKNOWN_OFFER, { kind: "issued", terms });
    this.#offers.set(terms.offerId, { state, assignmentKey, holds, policyVersion });
    this.#offerIdsByCode.set(terms.code, terms.offerId);
    this.#budgets.hold(holds);
    this.offerCounts.count(terms.campaignId, terms.subject, 1);
    this.#expiries.push(terms.offerId, terms.expiresAtMs);
    const early = this.#early.get(terms.offerId) ?? [];
    this.#early.delete(terms.offerId);
    for (const event of early) this.happened(event);
  }

  /** Takes in what happened to an offer, also before the book has heard of its issue. What is impossible by its life changes nothing. */
  happened(event: LoggedOfferEvent): void {
    const booked = this.#offers.get(event.offerId);
    if (booked === undefined) this.#keepEarly(event);
    if (booked?.state.status !== "issued") return;
    const { terms } = booked.state;
    this.#offers.set(event.offerId, { ...booked, state: evolveOffer(booked.state, event) });
    if (event.kind === "redeemed" && !this.#offerIdsByOrder.has(event.orderId))
      this.#offerIdsByOrder.set(event.orderId, event.offerId);
    if (event.kind === "redeemed" && event.redemption.order !== undefined)
      this.margins.add(terms.campaignId, event.atMs, event.redemption.order);
    if (event.kind === "expired") this.offerCounts.count(terms.campaignId, terms.subject, -1);
    this.#budgets.end(booked.holds, terms.heldMinor, event.kind === "redeemed" ? event.redemption.costMinor : 0);
    const stateEvent =
      event.kind === "redeemed"
        ? {
            kind: "redeemed" as const,
            offerId: event.offerId,
            costMinor: event.redemption.costMinor,
          }
        : { kind: "expired" as const, offerId: event.offerId };
    this.#states.set(terms.subject, evolve(this.stateOf(terms.subject), stateEvent));
  }

  #keepEarly(event: LoggedOfferEvent): void {
    this.#early.set(event.offerId, [...(this.#early.get(event.offerId) ?? []), event]);
    const [oldest] = this.#early.keys();
    if (this.#early.size > EARLY_MAX && oldest !== undefined) this.#early.delete(oldest);
  }

  /** The subject placed an order. It counts before a first decision too: a start reads all decisions first. */
  ordered(subject: SubjectId, atMs: Millis): void {
    this.#states.set(subject, evolve(this.stateOf(subject), { kind: "ordered", atMs }));
  }
}
