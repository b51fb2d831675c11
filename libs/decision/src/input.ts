import type { Cart, CatalogRow } from "@leastwise/offers";
import type { AssignmentKey, HashKey, Millis, Purpose, SubjectId } from "@leastwise/vocabulary";
import type { ModelAnswer } from "./model/custom-response.js";
import type { CompiledModel } from "./model/response-model.js";
import type { CompiledPolicy } from "./policy/compile.js";
import type { DecisionState } from "./state/decision-state.js";

/** Everything that a decision is a function of. The core reads nothing else. */
export interface DecisionInput {
  readonly cause: Cause;
  readonly subject: SubjectId;
  /** What arms and exploration hash. */
  readonly assignmentKey: AssignmentKey;
  /** The clock, given. */
  readonly nowMs: Millis;
  readonly clock: "wall" | "event";
  /** Checked by the door: at least one line, one currency, sums within the safe range. */
  readonly cart: Cart;
  /** `web`, `app`, …, as the caller says; empty: not said, and the last one that is known where consent allows it. */
  readonly channel: string;
  /** `desktop`, `mobile`, …, likewise. */
  readonly device: string;
  readonly place: Place;
  /** Groups that partners say the shopper is in. Personal data. */
  readonly partnerSegments: readonly string[];
  /** The class that the shopper's device proposes; empty: none. Untrusted, and personal data. */
  readonly proposedClass: string;
  readonly features: FeatureVector;
  /** Absent: none is known. */
  readonly profile?: Profile | undefined;
  /** Purposes that the shopper agreed to. */
  readonly consent: readonly Purpose[];
  /** What the shopper said to exchanges of consent. Absent: nothing. */
  readonly exchanges?: readonly AnsweredExchange[] | undefined;
  /** What the catalog says of the cart's products, one row a product. */
  readonly catalog: readonly CatalogRow[];
  readonly decisionState: DecisionState;
  /** The owner's lease by budget id. A budget that is not here is not known, and nothing is granted from it. */
  readonly budgets: Readonly<Record<string, BudgetLease>>;
  /** What exploration has cost so far, by campaign, minor units. */
  readonly explorationSpentMinor: Readonly<Record<string, number>>;
  /** Decisions so far by campaign and rung, rung 0 first: tells when the cold start is over. */
  readonly decisionsPerRung: Readonly<Record<string, readonly number[]>>;
  /**
   * What campaigns with a breaker have brought in since their breakers count, by campaign. A campaign with a breaker that is not here gives nothing
   * new: nobody knows what it has brought in.
   */
  readonly realisedMargins: Readonly<Record<string, RealisedMargin>>;
  /**
   * How many offers may still be issued of campaigns with a quantity, by campaign. One with a quantity that is not here gives nothing new: nobody
   * knows what is left.
   */
  readonly offersLeft: Readonly<Record<string, number>>;
  readonly policy: CompiledPolicy;
  readonly model: CompiledModel;
  /** What the model's custom part answered to what this decision asks it. Absent: it has none, was not asked, or did not answer: the parametric part holds. */
  readonly modelAnswer?: ModelAnswer | undefined;
  /** Stops every new offer; offers already issued are honoured. */
  readonly killSwitch: boolean;
  /** By which rules the decision was made that this one makes again. Absent: by those of now. */
  readonly earlierRules?: EarlierRules | undefined;
  /** True where nothing may be issued whatever comes out, as in a replay of what has already happened. */
  readonly observeOnly: boolean;
  /** BCP 47 language of the message. */
  readonly language: string;
  /** The secret that codes are minted with, and its version. */
  readonly codeKey: { readonly secret: HashKey; readonly version: number };
  /** How good the state is: `stale` if something asked for was not seen yet. */
  readonly freshness: "fresh" | "stale";
  /** How far behind the log what is known of the person is. Absent: not at all. */
  readonly ages?: DataAges | undefined;
}

/** What a shopper said to an exchange of consent, once and for ever. */
export interface AnsweredExchange {
  readonly campaignId: string;
  /** False: declined. */
  readonly accepted: boolean;
  readonly answeredAtMs: number;
}

/** How far behind the log what is known of a person is, and how old its newest parts are that no feature tells the age of. */
export interface DataAges {
  /** How long ago the windows were last known to have all of the clickstream, ms. Absent: they have. */
  readonly clickstreamLagMs?: number;
  /** How long ago the profiles here were last known to be all that there are, ms. Absent: they are. */
  readonly subjectsLagMs?: number;
  /** Most that data may lag and be read, ms, as the caller says. Absent: however far. */
  readonly acceptedLagMs?: number;
  /** How old the newest event is that told a word among the features, ms, by its name. */
  readonly textAgesMs?: Readonly<Record<string, number>>;
  /** How long ago the profile was written, ms. */
  readonly profileAgeMs?: number;
}

/**
 * What was otherwise when a decision was made, which comes out the same when it is made again. Of all of them: what a discount teaches was the same share of
 * it, however deep, and whatever was given before.
 */
export interface EarlierRules {
  /** There was not told what blocks an entitlement. */
  readonly owedUntold: boolean;
  /** Consent to personalization stood for consent to all. */
  readonly purposesUntold: boolean;
}

/** What identifies a decision. */
export interface Cause {
  /** `default` where none was given. */
  readonly caller: string;
  /** Empty: the episode and the cart identify it. */
  readonly requestId: string;
  readonly sessionId: string;
}

/** Where the shopper is, never closer than a region; empty: not known. */
export interface Place {
  readonly country: string;
  readonly region: string;
}

/** The features, in the catalogue's order. */
export interface FeatureVector {
  /** Digest of the catalogue that names the values. */
  readonly catalogue: string;
  /** NaN: absent. */
  readonly values: readonly number[];
  /** Text features by name. */
  readonly texts: Readonly<Record<string, string>>;
  /** Offset of the newest event seen of the subject's partition; −1: none. */
  readonly asOfOffset: number;
  readonly partition: number;
}

/** What the shop's customer records say. Mirrors `subjects.proto`. */
export interface Profile {
  /** Empty: none. */
  readonly loyaltyTier: string;
  readonly member: boolean;
  readonly customerSinceMs?: number;
  /** `MM-DD`; empty: not known. */
  readonly birthday: string;
  readonly tags: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

/** What the owner may still spend of a budget. */
export interface BudgetLease {
  readonly remainingMinor: number;
  /** Worth of spending a unit elsewhere, basis points added to every unit of cost. */
  readonly shadowPriceBp: number;
}

/** What the orders brought in on which offers of a campaign were used, minor units. */
export interface RealisedMargin {
  readonly orders: number;
  /** What was paid for their goods. */
  readonly paidMinor: number;
  /** What the shop keeps of that after all that the incentives cost it. */
  readonly marginMinor: number;
}
