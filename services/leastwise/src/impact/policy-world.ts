import {
  decide,
  EMPTY_STATE,
  evolve,
  segmentsHolding,
  useRules,
  type CompiledModel,
  type CompiledPolicy,
  type Decision,
  type DecisionInput,
  type DecisionState,
  type Hold,
} from "@leastwise/decision";
import { BudgetBook, ExpiryQueue, Exploration, MarginBook, OfferCounts } from "@leastwise/ledger";
import {
  evolve as evolveOffer,
  UNKNOWN_OFFER,
  validate,
  type OfferTerms,
  type OfferUse,
  type Redemption,
} from "@leastwise/offers";
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

/** What was bought, and what the catalog said of it. */
export type OrderedGoods = Pick<OfferUse, "cart" | "catalog">;

/** An order that a shopper placed. */
export interface PlacedOrder {
  readonly subject: SubjectId;
  /** Absent: not known, and no offer is used on it. */
  readonly goods?: OrderedGoods;
  readonly atMs: Millis;
}

/** An offer that was issued and has not ended. */
interface OpenHold {
  readonly terms: OfferTerms;
  /** That it was issued under. */
  readonly policy: CompiledPolicy;
  readonly holds: readonly Hold[];
}

/** The use of any offer, before the rules of its own policy. */
type UseOfAny = OrderedGoods & Pick<OfferUse, "subject" | "nowMs">;

/** An open offer on an order. */
interface FittingHold {
  readonly terms: OfferTerms;
  readonly redemption: Redemption;
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
    const { subject, nowMs } = facts;
    this.#expire(nowMs);
    const budgets = Object.fromEntries(
      policy.budgets.map((budget) => [budget.budgetId, this.#budgets.lease(budget, nowMs)]),
    );
    const input = {
      ...facts,
      policy,
      model: this.#model,
      decisionState: this.#states.get(subject) ?? EMPTY_STATE,
      budgets,
      explorationSpentMinor: this.#exploration.spentMinor(),
      decisionsPerRung: this.#exploration.decisionsPerRung(),
      realisedMargins: this.#margins.of(policy.breakers, nowMs),
      offersLeft: this.#offersLeft(policy),
    };
    const outcome = decide(input);
    if (outcome.kind === "repeated") throw new Error(`request ${facts.cause.requestId} was asked before`);
    const { decision, nextState } = outcome;
    this.#states.set(subject, nextState);
    this.#exploration.count({ facts: decision, explorationCostMinor: decision.explorationCostMinor }, 1);
    this.#hold(decision, policy);
    // Who goes on with an earlier answer is in segments as anybody is.
    return decision.continued && decision.segments.length === 0
      ? { ...decision, segments: segmentsHolding(input) }
      : decision;
  }

  /**
   * The shopper placed an order: a good offer of theirs is used on it as Redeem would, the one worth most. Of an order without goods only the time
   * is known.
   */
  order({ subject, goods, atMs }: PlacedOrder): void {
    this.#expire(atMs);
    const state = this.#states.get(subject);
    if (state === undefined) return;
    if (goods !== undefined) this.#useBest(state, { subject, nowMs: atMs, ...goods });
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

  #useBest(state: DecisionState, use: UseOfAny): void {
    const best = this.#bestOf(state, use);
    if (best === undefined) return;
    const { offerId, campaignId } = best.terms;
    const { costMinor, order } = best.redemption;
    this.#end(offerId, costMinor, { kind: "redeemed", offerId, costMinor });
    this.#usedOffers += 1;
    this.#usedMinor += costMinor;
    if (order !== undefined) this.#margins.add(campaignId, use.nowMs, order);
  }

  #bestOf({ open }: DecisionState, use: UseOfAny): FittingHold | undefined {
    let best: FittingHold | undefined;
    for (const { offer } of open) {
      const held = this.#open.get(offer.offerId);
      if (held === undefined) continue;
      const { terms, policy } = held;
      const rules = useRules(policy, terms.campaignId, use);
      const redemption = validate({ ...use, ...rules }, evolveOffer(UNKNOWN_OFFER, { kind: "issued", terms }));
      if (!redemption.ok || (best !== undefined && best.redemption.discountMinor >= redemption.value.discountMinor))
        continue;
      best = { terms, redemption: redemption.value };
    }
    return best;
  }

  #hold({ subject, decisionId, offer, holds, heldMinor }: Decision, policy: CompiledPolicy): void {
    if (offer === undefined || heldMinor === 0) return;
    this.#budgets.hold(holds);
    this.#offerCounts.count(offer.campaignId, subject, 1);
    this.#open.set(offer.offerId, { terms: { ...offer, subject, decisionId, heldMinor }, policy, holds });
    this.#expiries.push(offer.offerId, offer.expiresAtMs);
  }

  #expire(nowMs: Millis): void {
    for (const offerId of this.#expiries.due(nowMs, Number.POSITIVE_INFINITY))
      if (this.#open.has(offerId)) this.#end(offerId, 0, { kind: "expired", offerId });
  }

  #end(offerId: string, costMinor: number, event: Parameters<typeof evolve>[1]): void {
    const open = this.#open.get(offerId);
    if (open === undefined) throw new Error(`offer ${offerId} is not open`);
    const { terms, holds } = open;
    this.#open.delete(offerId);
    if (event.kind === "expired") this.#offerCounts.count(terms.campaignId, terms.subject, -1);
    this.#budgets.end(holds, terms.heldMinor, costMinor);
    this.#states.set(terms.subject, evolve(this.#states.get(terms.subject) ?? EMPTY_STATE, event));
  }
}
