import type { Incentive, PriceBasis } from "@leastwise/offers";
import type { ClassFreshness } from "../steps/class-freshness.js";
import type { CurrencyCode, Millis, PersonalDataClass, Purpose } from "@leastwise/vocabulary";

/**
 * What the owner of a subject keeps between decisions, apart from the windows: written only by decisions and by what
 * happens to offers and orders, and rebuilt by folding those with `evolve`.
 */
export interface DecisionState {
  readonly enrolments: readonly StoredEnrolment[];
  /** The newest episode; it may be over. */
  readonly episode?: Episode;
  /** Offers that were issued and that the ledger has not ended; withheld ones of held-out subjects included. */
  readonly open: readonly OpenOffer[];
  /** Grants of the last 366 days, oldest first: with {@link HISTORY_MAX} nothing more is granted. */
  readonly history: readonly Grant[];
  /**
   * When the subject's orders were placed, oldest first: those of the 366 days before the newest, at most {@link ORDERS_MAX}. What they end
   * is asked when it is looked at, so that it does not matter in which order orders and decisions are folded.
   */
  readonly orders: readonly Millis[];
  /** Newest answers of the last 24 hours, oldest first, at most {@link RECENT_MAX}. */
  readonly recent: readonly RecentAnswer[];
  /** What the subject was asked last by each exchange of consent in 366 days, oldest first, at most {@link EXCHANGES_MAX}. Absent: nothing. */
  readonly invited?: readonly Invited[];
}

/** An exchange that a subject was asked to agree to: what was said is what is given to who agrees, whatever the policy gives by then. */
export interface Invited {
  readonly campaignId: string;
  readonly incentive: Incentive;
  readonly atMs: Millis;
}

/** Membership of an experiment: the first one holds for ever. */
export interface StoredEnrolment {
  readonly experimentId: string;
  readonly arm: Arm;
  readonly enrolledAtMs: Millis;
  readonly holdoutBp: number;
}

/** `holdout`: gets what the merchant gives everybody. */
export type Arm = "treatment" | "holdout";

/** The unit of chance: opens at a first Decide and lasts until order, offer end or cool-down, across sessions. */
export interface Episode {
  readonly id: string;
  /** An order from this instant on ends it: when it was opened, or just after the newest order that was known then. */
  readonly ordersFromMs: Millis;
  /** First instant no longer in it. */
  readonly endsAtMs: Millis;
  /** Its one uniform draw, 0 to 2^32 − 1. */
  readonly draw: number;
  /** Propensity of its first answer. */
  readonly propensity: number;
  /** What would last have been chosen without exploration: the evidence gate holds on to it. */
  readonly exploit: RungRef;
  /** What the shopper agreed to when it was found, where personal data moved it. Absent: none did, or it is from before this was kept. */
  readonly exploitConsent?: readonly Purpose[];
  /** What it has answered none about, one entry a campaign. Absent: nothing, or it is from before this was kept. */
  readonly refused?: readonly Refused[];
}

/** A campaign that an episode answered none about although a rung of it could have been given. */
export interface Refused {
  readonly campaignId: string;
  /** Most that the goods of such a cart were worth. */
  readonly goodsMinor: number;
  /** What the shopper agreed to then, where personal data moved any of it. Absent: none did. */
  readonly consent?: readonly Purpose[];
}

/** A rung by its campaign; the baseline is the empty campaign's rung 0. */
export interface RungRef {
  readonly campaignId: string;
  readonly rung: number;
}

/** An offer as a subject's state remembers it. */
export interface OpenOffer extends RungRef {
  readonly offer: IssuedOffer;
  readonly worstCostMinor: number;
  /** Whether the prices that it is good for have tax in them. Absent: any. */
  readonly prices?: PriceBasis;
  /** True for a held-out subject's or an observed replay's: nobody was told, nothing is held. */
  readonly withheld: boolean;
  readonly episodeId: string;
  readonly draw: number;
  readonly propensity: number;
  /** Classes of personal data that moved it. Absent: from before they were kept. */
  readonly personalDataClasses?: readonly PersonalDataClass[];
}

/** An incentive issued to a shopper. */
export interface IssuedOffer {
  readonly offerId: string;
  readonly code: string;
  readonly campaignId: string;
  readonly incentive: Incentive;
  readonly currency: CurrencyCode;
  readonly faceValueMinor: number;
  /** What it would be worth if nothing shortened it, minor units. Absent: as much. */
  readonly wantedMinor?: number;
  readonly issuedAtMs: Millis;
  readonly expiresAtMs: Millis;
}

/** A grant as frequency caps and per-subject limits count it. */
export interface Grant {
  readonly offerId: string;
  readonly campaignId: string;
  readonly atMs: Millis;
  /** Worst case while it is open, what was given once it is used, 0 once it has run out. */
  readonly costMinor: number;
  readonly faceValueMinor: number;
  /** What it was worth as a share of the goods, basis points. Absent: what is owed, or from before it was kept. */
  readonly depthBp?: number;
  /** What the shopper agreed to then, where personal data moved it. Absent: none did, or it is from before this was kept. */
  readonly consent?: readonly Purpose[];
  readonly cartDigest: string;
  /** The episode that it was given in, which its end ends. */
  readonly episodeId: string;
  /** True once the ledger has said that its offer was used or has run out. */
  readonly ended: boolean;
  /** Absent: it was given, and the ledger says what became of it. */
  readonly withheld?: WithheldLife;
}

/** The life of an offer that nobody was told of. Like its twin's it ends with an order, which would have used it, or runs out. */
export interface WithheldLife {
  /** An order from this instant on would have used it: when it was withheld, or just after the newest order that was known then. */
  readonly ordersFromMs: Millis;
  /** First instant at which it has run out. */
  readonly expiresAtMs: Millis;
}

/** An answer that may have to be repeated. */
export interface RecentAnswer {
  readonly caller: string;
  /** Empty: the cart identifies it. */
  readonly requestId: string;
  readonly cartDigest: string;
  readonly episodeId: string;
  readonly atMs: Millis;
  readonly answer: Answer;
  /** What the shopper agreed to then, where personal data moved an answer of none. Absent: it is no such, or from before this was kept. */
  readonly consent?: readonly Purpose[];
}

/** What the checkout is told. */
export interface Answer {
  readonly decisionId: string;
  readonly offer?: IssuedOffer | undefined;
  readonly message: string;
  readonly freshness: Freshness;
  readonly degradedReason: string;
  readonly policyVersion: string;
  readonly personalDataUsed: boolean;
  /** Which classes of it. Absent: none, or not said. */
  readonly personalDataClasses?: readonly PersonalDataClass[];
  /** What the shopper is told of it. Absent: nothing. */
  readonly disclosure?: string;
  /** What the shopper is asked to agree to. Absent: nothing. */
  readonly consentExchange?: ConsentExchange | undefined;
  /** How good what was known of the person was. Absent: nothing was read, or not said. */
  readonly classFreshness?: readonly ClassFreshness[];
  readonly validUntilMs: Millis;
}

/** Consent for a better offer: what a shopper is asked, and nothing of which is given yet. */
export interface ConsentExchange {
  readonly campaignId: string;
  /** What is asked for that was not agreed to yet. */
  readonly purposes: readonly Purpose[];
  readonly incentive: Incentive;
  readonly currency: CurrencyCode;
  /** What would be given on the cart. */
  readonly worthMinor: number;
  /** As they are shown. */
  readonly words: string;
}

/** How good the state was that an answer stands on. */
export type Freshness = "fresh" | "stale" | "degraded";

/** Grants remembered of a subject. Frequency caps may not count further. */
export const HISTORY_MAX = 64;
/**
 * Answers remembered of a subject: more than a shopper asks for in a day. Each record has them all, some 40 kB at the most.
 * Whose request id is asked for again behind so many others is decided on anew, and gets another id.
 */
export const RECENT_MAX = 64;
/** Offers open at a time. */
export const OPEN_MAX = 16;
/** Orders remembered of a subject. */
export const ORDERS_MAX = 64;

/** Answers to exchanges of consent that are kept of a subject. Who has given so many is asked no more. */
export const EXCHANGES_MAX = 64;

/** A subject that nothing was decided for yet. */
export const EMPTY_STATE: DecisionState = { enrolments: [], open: [], history: [], orders: [], recent: [] };
