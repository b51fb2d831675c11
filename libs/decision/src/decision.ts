import type { Cart, CatalogRow, Incentive, PriceBasis } from "@leastwise/offers";
import type { AssignmentKey, Millis, PersonalDataClass, Purpose, SubjectId } from "@leastwise/vocabulary";
import type { FeatureVector, Place } from "./input.js";
import type { BlockReason, DecisionReason, DegradedReason } from "./reasons.js";
import type { ClassFreshness } from "./steps/class-freshness.js";
import type { Answer, Arm, ConsentExchange, DecisionState, Freshness, IssuedOffer } from "./state/decision-state.js";

/** One decision, whole: it fills `DecisionRecord`. Money is in minor units of the cart's currency. */
export interface Decision {
  readonly decisionId: string;
  readonly subject: SubjectId;
  readonly assignmentKey: AssignmentKey;
  readonly decidedAtMs: Millis;
  readonly clock: "wall" | "event";
  readonly caller: string;
  readonly requestId: string;
  readonly sessionId: string;
  readonly cart: Cart;
  readonly cartDigest: string;
  readonly channel: string;
  readonly device: string;
  readonly place: Place;
  /** None without consent to them. */
  readonly partnerSegments: readonly string[];
  /** Empty without consent to what devices tell. */
  readonly proposedClass: string;
  readonly features: FeatureVector;
  readonly consent: readonly Purpose[];
  readonly enrolments: readonly Enrolment[];
  /** Empty on a degraded answer: it opens no episode. */
  readonly episodeId: string;
  /** True if this answers within an episode that was answered before; its propensity is the first answer's. */
  readonly continued: boolean;
  /** All rungs weighed, rung 0 first, then by expected cost; behind them those of entitlements that something blocks, of none of which anything is drawn. */
  readonly candidates: readonly Candidate[];
  /** Place of the chosen rung in `candidates`; for a ghost what would have been given. */
  readonly chosen: number;
  /** Place of the rung that would have been chosen without exploration. */
  readonly exploit: number;
  /** The episode's uniform draw, 0 to 2^32 − 1. */
  readonly draw: number;
  readonly propensity: number;
  /** True for a held-out subject. An entitlement is issued all the same: it is owed in every arm. */
  readonly ghost: boolean;
  readonly observeOnly: boolean;
  /** The answer's offer, issued now or before; undefined: nothing is given. */
  readonly offer: IssuedOffer | undefined;
  /** What is newly held for it; 0 where nothing was newly issued. */
  readonly heldMinor: number;
  /** The budget that it is held of; empty where nothing was newly issued. */
  readonly budgetId: string;
  /** What of it each budget holds. */
  readonly holds: readonly Hold[];
  /** First instant at which what was newly withheld would have run out; 0 where nothing was. */
  readonly withheldUntilMs: Millis;
  /** When the newest of the orders was placed that were known; 0: none was. */
  readonly lastOrderMs: Millis;
  readonly reason: DecisionReason;
  readonly freshness: Freshness;
  readonly degradedReason: DegradedReason | "";
  readonly policyVersion: string;
  /** Whether the policy's prices have tax in them, and so those that an offer it issued is good for; undefined: not said. */
  readonly policyPrices: PriceBasis | undefined;
  readonly modelVersion: string;
  /** How long outcomes count, ms: the chosen campaign's, or the longest of the campaigns weighed. */
  readonly horizonMs: number;
  readonly message: string;
  readonly segments: readonly string[];
  readonly personalDataUsed: boolean;
  /** Which classes of it moved the answer; of an answer by earlier rules none is said. */
  readonly personalDataClasses: readonly PersonalDataClass[];
  /** What the shopper is told of it; empty: nothing. */
  readonly disclosure: string;
  /** How good what was known of the person was, by class of personal data; those are left out of which nothing was there to be read. */
  readonly classFreshness: readonly ClassFreshness[];
  /** What the shopper is asked to agree to; undefined: nothing. */
  readonly consentExchange: ConsentExchange | undefined;
  /** How long the answer stands: the episode's end. */
  readonly validUntilMs: Millis;
  readonly catalog: readonly CatalogRow[];
  /** Empty where no profile was known or none might be read. */
  readonly profileDigest: string;
  /** What this decision takes of its campaign's exploration budget: `explorationCostOf` of the record gives it again. */
  readonly explorationCostMinor: number;
}

/** A rung as it was weighed. */
export interface Candidate {
  /** Empty for rung 0. */
  readonly campaignId: string;
  /** From 1; 0 for the baseline. */
  readonly rung: number;
  /** Absent for rung 0. */
  readonly incentive?: Incentive;
  /** What it would cost, basis points of the cart's goods. */
  readonly depthBp: number;
  /** What the shopper would gain now. For rung 0: what the shopper is owed anyway. */
  readonly faceValueMinor: number;
  /** Of the chosen rung: what the shopper would gain if nothing shortened it. Absent: as much, or not the chosen one. */
  readonly wantedMinor?: number;
  readonly expectedCostMinor: number;
  readonly worstCostMinor: number;
  /** Chance of an order within the horizon, 0 to 1. */
  readonly conversion: number;
  /** Expected incremental value over rung 0, minor units, not rounded. */
  readonly valueMinor: number;
  /** Probability that the value is above 0. */
  readonly evidence: number;
  /** Weight in the draw; all weights of a decision sum to 2^32. */
  readonly weight: number;
  readonly blockedBy: BlockReason | "";
  /** True of a rung of an entitlement that something blocks: it is told, and was never weighed. Absent: false. */
  readonly isOwed?: boolean;
}

/** Membership of an experiment as the record states it. */
export interface Enrolment {
  readonly experimentId: string;
  readonly arm: Arm;
  readonly enrolledAtMs: Millis;
  /** True on the decision that enrolled the subject. */
  readonly first: boolean;
  readonly holdoutBp: number;
}

/** A decision and the subject's state after it. */
export interface Decided {
  readonly kind: "decided";
  readonly decision: Decision;
  readonly nextState: DecisionState;
}

/** The call was answered before: nothing is recorded, the state stays, and the answer is the same. */
export interface Repeated {
  readonly kind: "repeated";
  readonly answer: Answer;
}

/** What became of a call. */
export type DecideOutcome = Decided | Repeated;

/** What a budget holds for an offer. */
export interface Hold {
  readonly budgetId: string;
  /** The period that it is held in, by its first day; empty for a budget without periods. */
  readonly period: string;
  readonly minor: number;
  /** True for a partner's share. */
  readonly isPartners: boolean;
}
