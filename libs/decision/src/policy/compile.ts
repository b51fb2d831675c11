import {
  classOfInput,
  DAY_MS,
  err,
  hashKeyFromSalt,
  isCurrencyCode,
  ok,
  type CurrencyCode,
  type HashKey,
  type PersonalDataClass,
  type Result,
} from "@leastwise/vocabulary";
import type { CartGuardrails, Incentive, PriceBasis, Scope } from "@leastwise/offers";
import { OPEN_MAX } from "../state/decision-state.js";
import { compileBudget, type CompiledBudget } from "./budget-plan.js";
import type { LifetimeSlots } from "../lifetime/lifetime-of.js";
import { CampaignIndex } from "./campaign-index.js";
import { CivilClock } from "./civil-time.js";
import { compileBreaker, type CompiledBreaker } from "./compile-breaker.js";
import { compileExchange, type CompiledExchange } from "./consent-exchange.js";
import { compileDisclosures, type Disclosures } from "./disclosures.js";
import { featureFields, type FeatureUnit } from "./expression-fields.js";
import type { ExpressionPart } from "./expression-parts.js";
import type { Standing } from "./expression-types.js";
import { compileExpression, type PersonalReads } from "./expressions.js";
import type {
  Approach,
  Campaign,
  CampaignKind,
  DevicePolicy,
  Experiment,
  FrequencyCap,
  Guardrails,
  MessageTemplate,
  Objective,
  Policy,
} from "./policy.js";
import { noticesOf } from "./notices.js";
import { PeriodStarts } from "./period-starts.js";
import { Problems, type PolicyProblem } from "./problems.js";
import { compileRfm, type CompiledRfm } from "./rfm.js";
import { SegmentIndex, type CompiledSegment } from "./segment-index.js";
import { ToldTime } from "./told-time.js";
import { HORIZON_DEFAULT_MS } from "./validate-campaign.js";
import { validatePolicy } from "./validate-policy.js";
import { weekSpans, type WeekSpan } from "./weekly-hours.js";

/** Names of the catalogue, in the order of the vector that a decision is given. */
export interface FeatureCatalogue {
  readonly names: readonly string[];
  /** The unit of each, by which its values are known. Absent: any number may be a value. */
  readonly units?: readonly FeatureUnit[];
  /** Of which class of data each is. Absent: of `behaviour`. */
  readonly classes?: readonly PersonalDataClass[];
  /** Names of text features. Absent: none. */
  readonly textNames?: readonly string[];
}

/** A policy that was checked, with its defaults filled in and its expressions compiled. */
export interface CompiledPolicy {
  readonly version: string;
  readonly currency: CurrencyCode;
  readonly rounding: "half_even" | "half_up";
  /** Whether the prices that its amounts stand beside have tax in them; undefined: not said. */
  readonly prices: PriceBasis | undefined;
  /** The clock that expressions see. */
  readonly clock: CivilClock;
  /** When things end as shoppers are told, by the same zone. */
  readonly toldTime: ToldTime;
  readonly segments: readonly CompiledSegment[];
  /** The segments, by what they need to hold. */
  readonly segmentIndex: SegmentIndex;
  /** What of a person the segments read. */
  readonly segmentsRead: PersonalReads;
  /** In order of priority, however they were listed. */
  readonly campaigns: readonly CompiledCampaign[];
  /** The campaigns, by whom they are for. */
  readonly campaignIndex: CampaignIndex;
  /** Ids of those that are owed. */
  readonly entitlements: ReadonlySet<string>;
  /** Those that ask for consent in exchange. */
  readonly exchanges: readonly CompiledCampaign[];
  /** Ids of the incentives that bring back who left a cart. */
  readonly recoveries: ReadonlySet<string>;
  /** Ids of those that give goods away for less as they lose value. */
  readonly markdowns: ReadonlySet<string>;
  readonly experiments: readonly CompiledExperiment[];
  readonly budgets: readonly CompiledBudget[];
  /** Those of the campaigns that have one. */
  readonly breakers: readonly CompiledBreaker[];
  /** Those of the campaigns that have one. */
  readonly quantities: readonly Quantity[];
  readonly guardrails: CompiledGuardrails;
  readonly templates: readonly MessageTemplate[];
  /** What shoppers are told where personal data moved an answer. */
  readonly disclosures: Disclosures;
  readonly killSwitch: boolean;
  /** What devices are told; undefined: nothing. */
  readonly device: CompiledDevicePolicy | undefined;
  /** Features that expressions name: only these are looked up. */
  readonly featureSlots: readonly { readonly name: string; readonly slot: number }[];
  readonly textFeatures: readonly string[];
  /** Places of the features that propensities stand on; −1 where the catalogue has none of that name. */
  readonly propensitySlots: PropensitySlots;
  /** Place of the feature that tells how old a shopper's newest event is; −1 where the catalogue has none. */
  readonly sinceEventSlot: number;
  /** Where the features are that a shopper's lifetime is reckoned from; undefined: no segment asks. */
  readonly lifetimeSlots: LifetimeSlots | undefined;
  /** Bounds of the classes of purchase history; undefined: there are none. */
  readonly rfm: CompiledRfm | undefined;
  /** Length of the feature vector that it was compiled for. */
  readonly featureCount: number;
  /** What is allowed and yet worth knowing: learning is off, an approach does not run, a goal is decided as profit, a breaker stands below a floor. */
  readonly notices: readonly PolicyProblem[];
}

/** What devices are told, with its defaults filled in. */
interface CompiledDevicePolicy extends DevicePolicy {
  /** The policy's. */
  readonly timeZone: string;
}

/** See {@link CompiledPolicy.propensitySlots}. */
interface PropensitySlots {
  readonly cartAbandoned: number;
  readonly sinceCheckoutStartMs: number;
  readonly sincePurchaseMs: number;
  readonly sinceFirstPurchaseMs: number;
  readonly purchaseDays: number;
}

function propensitySlots(names: readonly string[]): PropensitySlots {
  return {
    cartAbandoned: names.indexOf("cart_abandoned"),
    sinceCheckoutStartMs: names.indexOf("since_checkout_start_ms"),
    sincePurchaseMs: names.indexOf("since_purchase_ms"),
    sinceFirstPurchaseMs: names.indexOf("since_first_purchase_ms"),
    purchaseDays: names.indexOf("purchase_days_all"),
  };
}

/** A campaign with its defaults filled in. */
export interface CompiledCampaign {
  readonly campaignId: string;
  /** Place by priority and id, from 0: of campaigns worth the same, the lower wins. */
  readonly place: number;
  readonly kind: CampaignKind;
  readonly approach: Approach;
  /** What the shopper is asked to agree to for it; undefined: nothing. */
  readonly exchange: CompiledExchange | undefined;
  /** From the least upward; rung numbers start at 1. */
  readonly ladder: readonly { readonly rung: number; readonly incentive: Incentive }[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  /** Hours of the week in which it runs; undefined: all. */
  readonly weekly: { readonly clock: CivilClock; readonly spans: readonly WeekSpan[] } | undefined;
  /** The policy's guardrails of a cart, with the campaign's own margin floor where it has one. */
  readonly guardrails: CartGuardrails;
  readonly experimentId: string;
  readonly budgetId: string;
  /** What a grant draws on: the campaign's budget and those that it is part of by the shop's share, the partner's likewise by the partner's. */
  readonly draws: readonly Draw[];
  /** The shop's share of what its incentives cost, basis points. */
  readonly merchantShareBp: number;
  /** When it does not run, since a partner's campaigns of its stacking group do alone. */
  readonly excludedBetween: readonly { readonly startsAtMs: number; readonly endsAtMs: number }[];
  readonly horizonMs: number;
  readonly offerTtlMs: number;
  /** At the most from an episode's first Decide to its end: the cool-down, or the offer's life if that is shorter. */
  readonly episodeMaxMs: number;
  /** The rate that it works towards; undefined: it works for profit. */
  readonly target: TargetRate | undefined;
  readonly toleranceBp: number;
  readonly evidenceBp: number;
  readonly floorBp: number;
  readonly coldStartDecisionsPerRung: number;
  /** Share of draws that its cheapest admissible rung has, whatever the model makes of it. */
  readonly curatedBp: number;
  /** 0: no exploration above the exploit choice. */
  readonly explorationBudgetMinor: number;
  readonly frequencyCaps: readonly FrequencyCap[];
  readonly stackingGroup: string;
  /** What stops it where its realised margin leaves its band; undefined: nothing. */
  readonly breaker: CompiledBreaker | undefined;
  /** Offers that may stand or be used; 0: as many as there are shoppers. */
  readonly offersMax: number;
}

/** A rate of conversion under a ceiling of cost. */
export interface TargetRate {
  /** Chance of an order that is wanted, above 0, at most 1. */
  readonly conversion: number;
  /** Most that an incremental order may cost, minor units, positive. */
  readonly costPerOrderMaxMinor: number;
}

/** How many offers of a campaign may stand or be used, over all shoppers. */
export interface Quantity {
  readonly campaignId: string;
  readonly offersMax: number;
}

/** A budget that a campaign's grants are held against. */
export interface Draw {
  readonly budget: CompiledBudget;
  /** By whose share of the cost. */
  readonly by: "merchant" | "partner" | "both";
}

/** An experiment with the key that its arms are hashed with. */
export interface CompiledExperiment extends Experiment {
  readonly key: HashKey;
}

/** Guardrails with their defaults filled in. */
interface CompiledGuardrails {
  readonly cart: CartGuardrails;
  readonly openOffersMax: number;
  /** Over all incentive campaigns. */
  readonly frequencyCaps: readonly FrequencyCap[];
  /** 0: none. */
  readonly coolDownMs: number;
  readonly noEscalationMs: number;
  /** Undefined: no limit. */
  readonly perSubjectMaxMinor: number | undefined;
  readonly perSubjectPeriodMs: number;
}

/** Defaults that `policy.proto` documents. */
const NO_ESCALATION_DEFAULT_MS = 14 * DAY_MS;
export const EPISODE_COOL_DOWN_DEFAULT_MS = DAY_MS;
const BUNDLE_TTL_DEFAULT_MS = DAY_MS;
const TOLERANCE_DEFAULT_BP = 200;
const EVIDENCE_DEFAULT_BP = 8_000;
const FLOOR_DEFAULT_BP = 100;
const COLD_START_DEFAULT = 400;

/**
 * Checks a policy against everything that `policy.proto` states and compiles it, or says all that is wrong with it.
 *
 * @param standing of what stands on the log, types of expressions are not asked beyond what it takes to run them
 */
export function compilePolicy(
  policy: Policy,
  catalogue: FeatureCatalogue,
  standing: Standing = "proposed",
): Result<CompiledPolicy, PolicyProblem[]> {
  const problems = new Problems();
  validatePolicy(problems, policy, standing);
  const parts = new Map<string, ExpressionPart>();
  const segments = compileSegments(problems, policy, { catalogue, parts, standing });
  const { currency, guardrails } = policy;
  if (problems.found.length > 0 || !isCurrencyCode(currency) || guardrails === undefined) return err(problems.found);
  const cart = cartGuardrailsOf(guardrails, policy);
  const clocks = new Clocks(policy.timeZone);
  const budgets = policy.budgets.map((budget) => compileBudget(budget, clocks.of("")));
  const drawing = new Drawing(policy, budgets);
  const incentives = new Incentives();
  const starts = new PeriodStarts(clocks.of(""));
  const campaigns = policy.campaigns
    .toSorted(byPriority)
    .map((campaign, place) => compileCampaign(campaign, place, { cart, clocks, drawing, starts, incentives }));
  const named = new Set(segments.flatMap(({ expression }) => expression.features));
  return ok({
    version: policy.version,
    currency,
    rounding: policy.rounding ?? "half_even",
    prices: policy.prices,
    clock: clocks.of(""),
    toldTime: new ToldTime(policy.timeZone === "" ? "UTC" : policy.timeZone),
    segments,
    segmentIndex: new SegmentIndex(segments, parts.size),
    segmentsRead: {
      classes: new Set([
        ...segments.flatMap(({ expression }) => [...expression.reads.classes]),
        ...[...named].map((name) => classOfFeature(name, catalogue)),
      ]),
      context: new Set(segments.flatMap(({ expression }) => [...expression.reads.context])),
    },
    campaigns,
    campaignIndex: new CampaignIndex(campaigns),
    entitlements: new Set(campaigns.filter(({ kind }) => kind === "entitlement").map(({ campaignId }) => campaignId)),
    exchanges: campaigns.filter(({ exchange }) => exchange !== undefined),
    recoveries: new Set(campaigns.filter(isRecovery).map(({ campaignId }) => campaignId)),
    markdowns: new Set(campaigns.filter(isMarkdown).map(({ campaignId }) => campaignId)),
    budgets,
    breakers: campaigns.flatMap(({ breaker }) => breaker ?? []),
    quantities: campaigns.filter(({ offersMax }) => offersMax > 0),
    experiments: policy.experiments.map((experiment) => ({ ...experiment, key: hashKeyFromSalt(experiment.salt) })),
    guardrails: compileGuardrails(guardrails, cart),
    templates: policy.templates,
    disclosures: compileDisclosures(policy.disclosures ?? []),
    killSwitch: policy.killSwitch,
    device: policy.device && {
      ...policy.device,
      bundleTtlMs: orDefault(policy.device.bundleTtlMs, BUNDLE_TTL_DEFAULT_MS),
      timeZone: policy.timeZone === "" ? "UTC" : policy.timeZone,
    },
    featureSlots: catalogue.names.flatMap((name, slot) => (named.has(name) ? [{ name, slot }] : [])),
    textFeatures: (catalogue.textNames ?? []).filter((name) => named.has(name)),
    propensitySlots: propensitySlots(catalogue.names),
    sinceEventSlot: catalogue.names.indexOf("since_event_ms"),
    lifetimeSlots: segments.some(({ expression }) => expression.readsLifetime) ? lifetimeSlots(catalogue) : undefined,
    rfm: policy.rfm && compileRfm(policy.rfm, catalogue.names),
    featureCount: catalogue.names.length,
    notices: noticesOf(policy, standing === "proposed" ? featureFields(catalogue) : undefined),
  });
}

function lifetimeSlots({ names }: FeatureCatalogue): LifetimeSlots {
  return {
    sincePurchaseMs: names.indexOf("since_purchase_ms"),
    sinceFirstPurchaseMs: names.indexOf("since_first_purchase_ms"),
    purchaseDays: names.indexOf("purchase_days_all"),
    revenueMinor: names.indexOf("revenue_minor_all"),
  };
}

/** Incentives alone: what is owed is owed again. */
function isRecovery({ kind, approach }: CompiledCampaign): boolean {
  return kind === "incentive" && approach.kind === "propensity" && approach.of === "abandonment";
}

function isMarkdown({ approach }: CompiledCampaign): boolean {
  return approach.kind === "dynamic";
}

function classOfFeature(name: string, { names, classes = [] }: FeatureCatalogue): PersonalDataClass {
  return classOfInput(name) ?? classes[names.indexOf(name)] ?? "behaviour";
}

/** What segments are compiled among. */
interface SegmentSurroundings {
  readonly catalogue: FeatureCatalogue;
  readonly parts: Map<string, ExpressionPart>;
  readonly standing: Standing;
}

function compileSegments(
  problems: Problems,
  policy: Policy,
  { catalogue, parts, standing }: SegmentSurroundings,
): CompiledSegment[] {
  const features = featureFields(catalogue);
  return policy.segments.flatMap(({ name, expression }, index) => {
    const compiled = compileExpression(expression, features, parts, standing);
    if (compiled.ok) {
      if (compiled.value.readsRfm && policy.rfm === undefined)
        problems.add(
          "rfm_missing",
          `segments[${String(index)}].expression`,
          expression,
          "an expression without rfm, or bounds of its classes in the policy's rfm",
        );
      return [{ name, expression: compiled.value }];
    }
    problems.addInText(`segments[${String(index)}].expression`, compiled.error);
    return [];
  });
}

/** The greater priority first, of the same the lesser id by code units: the order in which campaigns are listed means nothing. */
function byPriority(a: Campaign, b: Campaign): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  return a.campaignId < b.campaignId ? -1 : 1;
}

/** The clocks of a policy, one a time zone. */
class Clocks {
  readonly #own: string;
  readonly #clocks = new Map<string, CivilClock>();

  constructor(timeZone: string) {
    this.#own = timeZone === "" ? "UTC" : timeZone;
  }

  /** The clock of a time zone; of the policy's where it is empty. */
  of(timeZone: string): CivilClock {
    const zone = timeZone === "" ? this.#own : timeZone;
    const clock = this.#clocks.get(zone) ?? new CivilClock(zone);
    this.#clocks.set(zone, clock);
    return clock;
  }
}

function targetOf(goal: Objective["goal"]): TargetRate | undefined {
  if (goal?.kind !== "target_conversion" || goal.costPerOrderMax === undefined) return undefined;
  return { conversion: goal.conversionBp / 10_000, costPerOrderMaxMinor: goal.costPerOrderMax.minor };
}

/** Who pays for campaigns, and which budgets hold it. */
class Drawing {
  readonly #policy: Policy;
  readonly #budgets: ReadonlyMap<string, CompiledBudget>;

  constructor(policy: Policy, budgets: readonly CompiledBudget[]) {
    this.#policy = policy;
    this.#budgets = new Map(budgets.map((budget) => [budget.budgetId, budget]));
  }

  of({ approach, budgetId, stackingGroup }: Campaign) {
    const partnerId = approach?.kind === "partner" ? approach.partnerId : undefined;
    const partner = this.#policy.partners.find((one) => one.partnerId === partnerId);
    const others = this.#policy.partners.filter((one) => one.partnerId !== partnerId);
    const windows = others.flatMap(({ exclusive }) => exclusive);
    return {
      draws: this.#draws(budgetId, partner?.budgetId ?? ""),
      merchantShareBp: partner?.merchantShareBp ?? 10_000,
      excludedBetween: windows
        .filter((window) => window.stackingGroup === stackingGroup)
        .map(({ startsAtMs = Number.NEGATIVE_INFINITY, endsAtMs = Number.POSITIVE_INFINITY }) => ({
          startsAtMs,
          endsAtMs,
        })),
    };
  }

  /** A budget that holds both shares holds them together. */
  #draws(ofMerchant: string, ofPartner: string): Draw[] {
    const [merchant, partner] = [this.#withWholes(ofMerchant), this.#withWholes(ofPartner)];
    return [
      ...merchant.map((budget): Draw => ({ budget, by: partner.includes(budget) ? "both" : "merchant" })),
      ...partner.filter((budget) => !merchant.includes(budget)).map((budget): Draw => ({ budget, by: "partner" })),
    ];
  }

  /** A budget and all that it is part of. */
  #withWholes(budgetId: string): CompiledBudget[] {
    const budget = this.#budgets.get(budgetId);
    if (budget === undefined) return [];
    const partOf = this.#policy.budgets.find((one) => one.budgetId === budgetId)?.partOf ?? "";
    return [budget, ...this.#withWholes(partOf)];
  }
}

function compileGuardrails(guardrails: Guardrails, cart: CartGuardrails): CompiledGuardrails {
  const { perSubjectMax, perSubjectPeriodMs = 0, openOffersMax, frequencyCaps, coolDownMs } = guardrails;
  const { noEscalationMs = NO_ESCALATION_DEFAULT_MS } = guardrails;
  return {
    cart,
    perSubjectMaxMinor: perSubjectMax?.minor,
    perSubjectPeriodMs,
    openOffersMax: orDefault(openOffersMax, OPEN_MAX),
    frequencyCaps,
    coolDownMs,
    noEscalationMs,
  };
}

function cartGuardrailsOf(guardrails: Guardrails, { prices, taxBp = 0, rounding }: Policy): CartGuardrails {
  const { floorPriceBp, maxDiscountBp, marginFloorBp, assumedMarginBp, goodsLimits } = guardrails;
  return {
    ...{ floorPriceBp, maxDiscountBp, marginFloorBp, assumedMarginBp },
    cartMaxDiscountBp: guardrails.cartMaxDiscountBp,
    incentiveMaxMinor: guardrails.incentiveMax?.minor,
    goodsLimits: goodsLimits.length === 0 ? undefined : goodsLimits,
    priceTax: prices === "with_tax" ? { defaultBp: taxBp, rounding: rounding ?? "half_even" } : undefined,
  };
}

/** What of a policy its campaigns share. */
interface Surroundings {
  readonly cart: CartGuardrails;
  readonly clocks: Clocks;
  readonly drawing: Drawing;
  readonly starts: PeriodStarts;
  readonly incentives: Incentives;
}

/**
 * Ladders, incentives and their scopes by what they say: those that say the same become one object, so that what is in reach, and what is given, is reckoned once
 * a decision.
 */
class Incentives {
  readonly #known = new Map<string, Incentive>();
  readonly #ladders = new Map<string, CompiledCampaign["ladder"]>();
  readonly #scopes = new Map<string, Scope>();

  /** The ladder, shared with all campaigns that have the same. */
  ladder(rungs: Campaign["ladder"]): CompiledCampaign["ladder"] {
    const ladder = rungs.flatMap(({ incentive }, index) =>
      incentive === undefined ? [] : [{ rung: index + 1, incentive: this.#shared(incentive) }],
    );
    const text = JSON.stringify(ladder);
    const known = this.#ladders.get(text) ?? ladder;
    this.#ladders.set(text, known);
    return known;
  }

  /** The incentive, shared with all others that are the same, and its scope with all that have the same. */
  #shared(incentive: Incentive): Incentive {
    const text = JSON.stringify(incentive);
    const known = this.#known.get(text) ?? this.#withSharedScope(incentive);
    this.#known.set(text, known);
    return known;
  }

  #withSharedScope(incentive: Incentive): Incentive {
    if (incentive.kind !== "percent_off" && incentive.kind !== "amount_off") return incentive;
    const { scope } = incentive;
    if (scope === undefined) return incentive;
    const text = JSON.stringify([scope.productIds, scope.categories, scope.brands, scope.units ?? null]);
    const known = this.#scopes.get(text) ?? scope;
    this.#scopes.set(text, known);
    return { ...incentive, scope: known };
  }
}

function compileCampaign(
  campaign: Campaign,
  place: number,
  { cart, clocks, drawing, starts, incentives }: Surroundings,
): CompiledCampaign {
  const { kind, approach, objective, exploration, schedule } = campaign;
  if (kind === undefined || approach === undefined) throw new Error("a campaign is compiled after it was validated");
  const coolDown = orDefault(campaign.episodeCoolDownMs, EPISODE_COOL_DOWN_DEFAULT_MS);
  return {
    campaignId: campaign.campaignId,
    place,
    kind,
    approach,
    exchange: compileExchange(approach),
    ladder: incentives.ladder(campaign.ladder),
    startsAtMs: schedule?.startsAtMs ?? Number.NEGATIVE_INFINITY,
    endsAtMs: schedule?.endsAtMs ?? Number.POSITIVE_INFINITY,
    weekly:
      schedule === undefined || schedule.weekly.length === 0
        ? undefined
        : { clock: clocks.of(schedule.timeZone), spans: schedule.weekly.flatMap(weekSpans) },
    guardrails: campaign.marginFloorBp === undefined ? cart : { ...cart, marginFloorBp: campaign.marginFloorBp },
    experimentId: campaign.experimentId,
    budgetId: campaign.budgetId,
    ...drawing.of(campaign),
    horizonMs: orDefault(campaign.horizonMs, HORIZON_DEFAULT_MS),
    offerTtlMs: campaign.offerTtlMs,
    episodeMaxMs: Math.min(coolDown, campaign.offerTtlMs),
    target: targetOf(objective?.goal),
    toleranceBp: objective?.toleranceBp ?? TOLERANCE_DEFAULT_BP,
    evidenceBp: objective?.evidenceBp ?? EVIDENCE_DEFAULT_BP,
    floorBp: exploration?.floorBp ?? FLOOR_DEFAULT_BP,
    coldStartDecisionsPerRung: exploration?.coldStartDecisionsPerRung ?? COLD_START_DEFAULT,
    curatedBp: exploration?.curatedBp ?? 0,
    explorationBudgetMinor: exploration?.budget?.minor ?? 0,
    frequencyCaps: campaign.frequencyCaps,
    stackingGroup: campaign.stackingGroup,
    breaker: compileBreaker(campaign, starts),
    offersMax: campaign.offersMax ?? 0,
  };
}

function orDefault(value: number | undefined, absent: number): number {
  return value === undefined || value === 0 ? absent : value;
}
