import {
  decide,
  EMPTY_STATE,
  evolve,
  type CompiledModel,
  type CompiledPolicy,
  type Decision,
  type DecisionInput,
  type DecisionState,
  type Hold,
} from "@leastwise/decision";
import { BudgetBook, ExpiryQueue, Exploration, MarginBook, OfferCounts } from "@leastwise/ledger";
import { appraise, orderMargin, type Appraisal, type Cart } from "@leastwise/offers";
import type { Millis, SubjectId } from "@leastwise/vocabulary";

/** What is decided on that no policy moves. */
export type SharedFacts = Omit<
  DecisionInput,
  | "policy"
  | "model"
  | "decisionState"
  | "budgets"
  | "explorationSpentMinor"
  | "decisionsPerRung"
  | "realisedMargins"
  | "offersLeft"
>;

/** An offer that was issued and has not ended. */
interface OpenHold {
  readonly subject: SubjectId;
  readonly campaignId: string;
  readonly holds: readonly Hold[];
  readonly heldMinor: number;
}

/** A shop under one policy, or under what was in force one after the other: what it offered, to whom, and what its budgets hold, as the ledger would have it. */
export class PolicyWorld {
  readonly #model: CompiledModel;
  readonly #states = new Map<SubjectId, DecisionState>();
  readonly #budgets = new BudgetBook();
  readonly #exploration = new Exploration();
  readonly #margins = new MarginBook();
  readonly #offerCounts = new OfferCounts();
  readonly #expiries = new ExpiryQueue();
  readonly #open = new Map<string, OpenHold>();
  /** The one that was decided under last. */
  #policy: CompiledPolicy | undefined;
  #usedOffers = 0;
  #usedMinor = 0;

  constructor(model: CompiledModel) {
    this.#model = model;
  }

  /** Offers that shoppers held who bought in the clickstream, and what those would have cost, minor units. */
  get used(): { readonly offers: number; readonly costMinor: number } {
    return { offers: this.#usedOffers, costMinor: this.#usedMinor };
  }

  /** Decides as the scorer would under the policy in force, at the facts' instant. Request ids must differ. */
  decide(policy: CompiledPolicy, facts: SharedFacts): Decision {
    this.#policy = policy;
    const { subject, nowMs } = facts;
    this.#expire(nowMs);
    const budgets = Object.fromEntries(
      policy.budgets.map((budget) => [budget.budgetId, this.#budgets.lease(budget, nowMs)]),
    );
    const outcome = decide({
      ...facts,
      policy,
      model: this.#model,
      decisionState: this.#states.get(subject) ?? EMPTY_STATE,
      budgets,
      explorationSpentMinor: this.#exploration.spentMinor(),
      decisionsPerRung: this.#exploration.decisionsPerRung(),
      realisedMargins: this.#margins.of(policy.breakers, nowMs),
      offersLeft: this.#offersLeft(policy),
    });
    if (outcome.kind === "repeated") throw new Error(`request ${facts.cause.requestId} was asked before`);
    const { decision, nextState } = outcome;
    this.#states.set(subject, nextState);
    this.#exploration.count({ facts: decision, explorationCostMinor: decision.explorationCostMinor }, 1);
    this.#hold(decision);
    return decision;
  }

  /** The shopper placed an order: a good offer of theirs is used on it, the one worth most. Of an order without goods only the time is known. */
  order(subject: SubjectId, cart: Cart | undefined, atMs: Millis): void {
    this.#expire(atMs);
    const state = this.#states.get(subject);
    if (state === undefined || this.#policy === undefined) return;
    if (cart !== undefined) this.#useBest(state, cart, this.#policy, atMs);
    this.#states.set(subject, evolve(this.#states.get(subject) ?? state, { kind: "ordered", atMs }));
  }

  #offersLeft({ quantities }: CompiledPolicy): Readonly<Record<string, number>> {
    return Object.fromEntries(
      quantities.map(({ campaignId, offersMax }) => [
        campaignId,
        Math.max(0, offersMax - this.#offerCounts.of(campaignId)),
      ]),
    );
  }

  #useBest(state: DecisionState, cart: Cart, policy: CompiledPolicy, atMs: Millis): void {
    const best = this.#bestOf(state, cart, policy, atMs);
    if (best === undefined) return;
    const { offerId, campaignId, appraisal } = best;
    const { costMinor } = appraisal;
    this.#end(offerId, costMinor, { kind: "redeemed", offerId, costMinor });
    this.#usedOffers += 1;
    this.#usedMinor += costMinor;
    // By the assumed margin: an order says nothing of what its goods cost.
    const { campaigns, guardrails } = policy;
    const merchantShareBp = campaigns.find((one) => one.campaignId === campaignId)?.merchantShareBp ?? 10_000;
    const { assumedMarginBp, priceTax } = guardrails.cart;
    this.#margins.add(
      campaignId,
      atMs,
      orderMargin({ cart, rows: [], appraisal, assumedMarginBp, priceTax, merchantShareBp }),
    );
  }

  #hold({ subject, offer, holds, heldMinor }: Decision): void {
    if (offer === undefined || heldMinor === 0) return;
    this.#budgets.hold(holds);
    this.#offerCounts.count(offer.campaignId, subject, 1);
    this.#open.set(offer.offerId, { subject, campaignId: offer.campaignId, holds, heldMinor });
    this.#expiries.push(offer.offerId, offer.expiresAtMs);
  }

  #expire(nowMs: Millis): void {
    for (const offerId of this.#expiries.due(nowMs, Number.POSITIVE_INFINITY))
      if (this.#open.has(offerId)) this.#end(offerId, 0, { kind: "expired", offerId });
  }

  #end(offerId: string, costMinor: number, event: Parameters<typeof evolve>[1]): void {
    const open = this.#open.get(offerId);
    if (open === undefined) throw new Error(`offer ${offerId} is not open`);
    this.#open.delete(offerId);
    if (event.kind === "expired") this.#offerCounts.count(open.campaignId, open.subject, -1);
    this.#budgets.end(open.holds, open.heldMinor, costMinor);
    this.#states.set(open.subject, evolve(this.#states.get(open.subject) ?? EMPTY_STATE, event));
  }

  #bestOf({ open }: DecisionState, cart: Cart, { rounding }: CompiledPolicy, atMs: Millis) {
    let best: { readonly offerId: string; readonly campaignId: string; readonly appraisal: Appraisal } | undefined;
    for (const { offer, worstCostMinor } of open) {
      if (!this.#open.has(offer.offerId) || atMs >= offer.expiresAtMs || offer.currency !== cart.currency) continue;
      const setting = { rounding, ceilingMinor: worstCostMinor };
      const appraisal = appraise(offer.incentive, cart, setting);
      if (appraisal === undefined || (best !== undefined && best.appraisal.worthMinor >= appraisal.worthMinor))
        continue;
      best = { offerId: offer.offerId, campaignId: offer.campaignId, appraisal };
    }
    return best;
  }
}
