import type { GoodsLimit, Incentive, PriceBasis } from "@leastwise/offers";
import type { Money, Purpose } from "@leastwise/vocabulary";
import type { Rfm } from "./rfm.js";

/** What a merchant allows, as it was written and not yet checked. Mirrors `policy.proto`, where ranges and defaults stand. */
export interface Policy {
  readonly version: string;
  readonly author: string;
  readonly reason: string;
  /** ISO 4217. All amounts of the policy are in it. */
  readonly currency: string;
  readonly segments: readonly Segment[];
  /** In any order: see {@link Campaign.priority}. */
  readonly campaigns: readonly Campaign[];
  readonly guardrails?: Guardrails;
  readonly stackingGroups: readonly StackingGroup[];
  readonly experiments: readonly Experiment[];
  readonly budgets: readonly Budget[];
  readonly templates: readonly MessageTemplate[];
  /** Absent: none. */
  readonly disclosures?: readonly Disclosure[];
  readonly killSwitch: boolean;
  /** Absent: half to even. */
  readonly rounding?: "half_even" | "half_up";
  /** Whether the prices of carts have tax in them. Absent: tax is not looked at. */
  readonly prices?: PriceBasis;
  /** Tax on goods of which the catalog names no rate, basis points of the price without tax. Absent: 0. */
  readonly taxBp?: number;
  /** IANA time zone of schedules that name none, and of the hour and the weekday in expressions. Empty: UTC. */
  readonly timeZone: string;
  readonly partners: readonly Partner[];
  /** Absent: nothing is found out by devices. */
  readonly device?: DevicePolicy;
  /** Absent: no classes of purchase history. */
  readonly rfm?: Rfm;
}

/** What devices find out by themselves. */
export interface DevicePolicy {
  readonly signals: readonly string[];
  /** A device proposes the first that holds. */
  readonly classes: readonly DeviceClass[];
  /** 0: 24 hours. */
  readonly bundleTtlMs: number;
}

/** Shoppers of whom a device says that a CEL expression over its signals holds. */
export interface DeviceClass {
  readonly name: string;
  readonly expression: string;
}

/** Shoppers for whom a CEL expression holds. */
export interface Segment {
  readonly name: string;
  readonly expression: string;
}

/** Whether a campaign may be withheld. */
export type CampaignKind = "incentive" | "entitlement";

/** What a marketer writes. */
export interface Campaign {
  readonly campaignId: string;
  /** Absent: refused (`campaign_kind_missing`). */
  readonly kind?: CampaignKind;
  readonly approach?: Approach;
  /** From the least upward, without rung 0. */
  readonly ladder: readonly Rung[];
  readonly schedule?: Schedule;
  /** Empty: none. */
  readonly experimentId: string;
  readonly budgetId: string;
  /** Absent or 0: 7 days. */
  readonly horizonMs?: number;
  readonly offerTtlMs: number;
  readonly objective?: Objective;
  readonly exploration?: Exploration;
  readonly frequencyCaps: readonly FrequencyCap[];
  /** Empty: it stacks with everything. */
  readonly stackingGroup: string;
  /** Absent or 0: 24 hours. */
  readonly episodeCoolDownMs?: number;
  /** Of campaigns worth the same, the greater wins; of those with the same, the lesser id. */
  readonly priority: number;
  /** In the place of the guardrails'. Absent: the guardrails'. */
  readonly marginFloorBp?: number;
  /** Absent: none. */
  readonly breaker?: MarginBreaker;
  /** Offers that stand or were used. Absent or 0: no maximum. */
  readonly offersMax?: number;
}

/** What stops a campaign whose realised margin leaves its band. */
export interface MarginBreaker {
  /** Of what was paid. Absent: no lower bound. */
  readonly marginMinBp?: number;
  /** Of what was paid. Absent: no upper bound. */
  readonly marginMaxBp?: number;
  /** Absent: 50. */
  readonly ordersMin?: number;
  /** Absent: refused (`period_missing`). */
  readonly period?: BudgetPeriod;
  /** Absent: never. */
  readonly resumedAtMs?: number;
}

/** How shoppers are found: values of one type that may stand side by side. */
export type Approach =
  RulesApproach | PropensityApproach | DynamicApproach | OnDeviceApproach | PartnerApproach | ConsentExchangeApproach;

/** Shoppers of a segment. */
export interface RulesApproach {
  readonly kind: "rules";
  readonly segment: string;
}

/** Shoppers whose chance of buying without us is between two bounds. */
export interface PropensityApproach {
  readonly kind: "propensity";
  /** Absent: refused (`propensity_kind_missing`). */
  readonly of?: "abandonment" | "dormant" | "churn";
  readonly propensityMinBp: number;
  /** 0: 10 000. */
  readonly propensityMaxBp: number;
  /** Time without an order after which a shopper counts as away, ms. 0: 30 days. */
  readonly awayMs: number;
  /** Least chance that a shopper will never order again, basis points. Of churn, and 1 at least there. Absent: 0. */
  readonly churnMinBp?: number;
  /** Greatest. Of churn. Absent or 0: 10 000. */
  readonly churnMaxBp?: number;
  /** Of abandonment. Absent: 30 days. */
  readonly againAfterMs?: number;
}

/** Goods that lose value. */
export interface DynamicApproach {
  readonly kind: "dynamic";
  /** Empty: all. */
  readonly categories: readonly string[];
  /** 0: no condition on stock. */
  readonly inventoryMin: number;
  /** 0: no condition on shelf life. */
  readonly shelfLifeMaxMs: number;
  /** In descending `leftBp`. Empty: no cap of its own. */
  readonly markdown: readonly MarkdownPoint[];
  /** Units of each product that are kept for full price. 0: none. */
  readonly inventoryReserved: number;
}

/** One point of a markdown curve. */
export interface MarkdownPoint {
  readonly leftBp: number;
  readonly depthMaxBp: number;
}

/** Shoppers whose device proposes a class. */
export interface OnDeviceApproach {
  readonly kind: "on_device";
  /** Of {@link DevicePolicy.classes}. */
  readonly classes: readonly string[];
}

/** Shoppers whom a partner brings. */
export interface PartnerApproach {
  readonly kind: "partner";
  readonly partnerId: string;
  readonly segment: string;
  /** Always 0: the share stands in {@link Partner}. */
  readonly partnerShareBp: number;
}

/** Shoppers who agree to something in exchange for an offer, once. */
export interface ConsentExchangeApproach {
  readonly kind: "consent_exchange";
  /** Who is asked. */
  readonly segment: string;
  /** What they are to agree to; undefined: one that was not said, which is refused. */
  readonly purposes: readonly (Purpose | undefined)[];
  /** Empty: a wording of our own. */
  readonly words: readonly ExchangeWords[];
  /** How long after accepting the offer may be taken. Absent: 30 days. */
  readonly acceptedWithinMs?: number;
}

/** What a shopper is asked, in one language. */
export interface ExchangeWords {
  readonly language: string;
  /** With `{offer}` once. */
  readonly text: string;
}

/** Who shares the cost of campaigns. */
export interface Partner {
  readonly partnerId: string;
  /** Of what incentives cost. */
  readonly partnerShareBp: number;
  /** The two are 10 000 together. */
  readonly merchantShareBp: number;
  /** Empty: none, where the partner pays nothing. */
  readonly budgetId: string;
  readonly exclusive: readonly ExclusiveWindow[];
}

/** A time in which only one partner's campaigns of a stacking group run. */
export interface ExclusiveWindow {
  readonly stackingGroup: string;
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
}

/** One step of a ladder. */
export interface Rung {
  readonly incentive?: Incentive;
}

/** When a campaign runs: half-open, in civil time. */
export interface Schedule {
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
  /** Empty: the policy's. */
  readonly timeZone: string;
  /** Empty: all hours. */
  readonly weekly: readonly WeeklyHours[];
}

/** Hours on certain days of the week, as a clock on the wall shows them. */
export interface WeeklyHours {
  /** 1 Monday to 7 Sunday, 0 one that was not said. Empty: every day. */
  readonly days: readonly number[];
  /** First minute in it, from midnight. */
  readonly fromMinute: number;
  /** First minute no longer in it; not after `fromMinute`: of the day after. 0: midnight. */
  readonly toMinute: number;
}

/** Towards what a campaign works. */
export interface Objective {
  /** Absent: profit. */
  readonly goal?: { readonly kind: "profit" } | TargetConversion;
  /** Absent: 200. */
  readonly toleranceBp?: number;
  /** Absent: 8 000. */
  readonly evidenceBp?: number;
}

/** A rate of conversion under a ceiling of cost. */
export interface TargetConversion {
  readonly kind: "target_conversion";
  readonly conversionBp: number;
  readonly costPerOrderMax?: Money;
}

/** What is tried out, to learn. */
export interface Exploration {
  /** Absent: 100. */
  readonly floorBp?: number;
  /** Absent: 400. */
  readonly coldStartDecisionsPerRung?: number;
  /** Absent: no exploration above the exploit choice. */
  readonly budget?: Money;
  /** Absent: 0. */
  readonly curatedBp?: number;
}

/** How often one shopper may get a campaign. */
export interface FrequencyCap {
  readonly offersMax: number;
  readonly periodMs: number;
}

/** What must never happen. */
export interface Guardrails {
  readonly floorPriceBp: number;
  readonly maxDiscountBp: number;
  readonly marginFloorBp: number;
  readonly assumedMarginBp: number;
  readonly perSubjectMax?: Money;
  readonly perSubjectPeriodMs?: number;
  /** Absent: no limit of its own. */
  readonly cartMaxDiscountBp?: number;
  /** Absent: no limit. */
  readonly incentiveMax?: Money;
  readonly goodsLimits: readonly GoodsLimit[];
  /** 0: as many as are kept. */
  readonly openOffersMax: number;
  /** Over all incentive campaigns. */
  readonly frequencyCaps: readonly FrequencyCap[];
  /** 0: none. */
  readonly coolDownMs: number;
  /** Absent: 14 days. */
  readonly noEscalationMs?: number;
}

/** Campaigns of which a shopper holds one offer at most. */
export interface StackingGroup {
  readonly name: string;
}

/** Who is held out, to measure. */
export interface Experiment {
  readonly experimentId: string;
  readonly salt: string;
  readonly holdoutBp: number;
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
}

/** How much may be spent. */
export interface Budget {
  readonly budgetId: string;
  readonly amount?: Money;
  readonly shadowPriceBp: number;
  /** The larger budget that it is part of. Empty: none. */
  readonly partOf: string;
  /** How often it begins anew. Absent: never. */
  readonly period?: BudgetPeriod;
  /** Absent: as fast as shoppers come. */
  readonly pacing?: Pacing;
}

/** How often a budget begins anew, by the policy's calendar. */
export type BudgetPeriod = "day" | "week" | "month";

/** How much of a budget may be spent by when. */
export interface Pacing {
  /** For a budget without a period. */
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
  /** Ascending. Empty: a straight line. */
  readonly plan: readonly PacingPoint[];
  readonly aheadBp: number;
}

/** One point of a pacing plan. */
export interface PacingPoint {
  readonly elapsedBp: number;
  readonly spentBp: number;
}

/** What a shopper is told. */
export interface MessageTemplate {
  readonly language: string;
  readonly placement: string;
  /** Empty: all. */
  readonly campaignId: string;
  readonly text: string;
}

/** What a shopper is told where personal data moved an answer. */
export interface Disclosure {
  /** Where: empty: everywhere else. */
  readonly jurisdictions: readonly string[];
  readonly language: string;
  readonly text: string;
}
