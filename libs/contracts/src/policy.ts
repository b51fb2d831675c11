import type {
  Approach,
  BudgetPeriod,
  Campaign,
  DevicePolicy,
  FrequencyCap,
  Guardrails,
  MarginBreaker,
  Objective,
  Pacing,
  Partner,
  Policy,
  Schedule,
} from "@leastwise/decision";
import { err, ok, type Money, type Refusal, type Result } from "@leastwise/vocabulary";
import { purposeName } from "./enum-names.js";
import { given } from "./given.js";
import { incentiveFrom } from "./incentive.js";
import { checkMoney, moneyOf } from "./money.js";
import { readPriceBasis } from "./price-basis.js";
import * as wire from "./wire.js";

/**
 * Reads a policy as it was written. What it means is checked by `compilePolicy`; here only what the pure types cannot hold is
 * refused: `unknown_currency`, `amount_out_of_range`, `unknown_price_basis`, each with its path.
 */
export function readPolicy(policy: wire.Policy): Result<Policy, Refusal[]> {
  const amounts = new Amounts();
  const prices = readPriceBasis(policy.prices, "prices");
  if (!prices.ok) amounts.refused.push(prices.error);
  const read: Policy = {
    version: policy.version,
    author: policy.author,
    reason: policy.reason,
    currency: policy.currency,
    segments: policy.segments,
    campaigns: policy.campaigns.map((campaign, index) => campaignOf(campaign, amounts.below(`campaigns[${index}]`))),
    ...given("guardrails", policy.guardrails && guardrailsOf(policy.guardrails, amounts.below("guardrails"))),
    stackingGroups: policy.stackingGroups,
    experiments: policy.experiments.map(({ startsAtMs, endsAtMs, ...experiment }) => ({
      ...experiment,
      ...given("startsAtMs", numberOf(startsAtMs)),
      ...given("endsAtMs", numberOf(endsAtMs)),
    })),
    budgets: policy.budgets.map(({ amount, period, pacing, ...budget }, index) => ({
      ...budget,
      ...given("amount", amounts.below(`budgets[${index}]`).read(amount, "amount")),
      ...given("period", BUDGET_PERIODS.get(period)),
      ...given("pacing", pacing && pacingOf(pacing)),
    })),
    templates: policy.templates,
    disclosures: policy.disclosures,
    killSwitch: policy.killSwitch,
    ...given("rounding", ROUNDINGS.get(policy.rounding)),
    ...given("prices", prices.ok ? prices.value : undefined),
    ...given("taxBp", policy.taxBp),
    timeZone: policy.timeZone,
    partners: policy.partners.map(partnerOf),
    ...given("rfm", policy.rfm && rfmOf(policy.rfm, amounts.below("rfm"))),
    ...given("device", policy.device && deviceOf(policy.device)),
  };
  return amounts.refused.length === 0 ? ok(read) : err(amounts.refused);
}

/** Reads amounts below a path, and keeps what it had to refuse. */
class Amounts {
  readonly refused: Refusal[];
  readonly #at: string;

  constructor(at = "", refused: Refusal[] = []) {
    this.#at = at;
    this.refused = refused;
  }

  below(path: string): Amounts {
    return new Amounts(this.#at === "" ? path : `${this.#at}.${path}`, this.refused);
  }

  read(money: wire.Money | undefined, field: string): Money | undefined {
    if (money === undefined) return undefined;
    const refused = checkMoney(money, this.#at, field, "any");
    if (refused === undefined) return moneyOf(money);
    this.refused.push(refused);
    return undefined;
  }
}

function campaignOf(campaign: wire.Campaign, amounts: Amounts): Campaign {
  return {
    campaignId: campaign.campaignId,
    ...given("kind", CAMPAIGN_KINDS.get(campaign.kind)),
    ...given("approach", approachOf(campaign.approach)),
    ladder: campaign.ladder.map(({ incentive }, index) => {
      const at = amounts.below(`ladder[${index}].incentive`);
      return given("incentive", incentive && incentiveFrom(incentive, (money, field) => at.read(money, field)));
    }),
    ...given("schedule", campaign.schedule && scheduleOf(campaign.schedule)),
    experimentId: campaign.experimentId,
    budgetId: campaign.budgetId,
    horizonMs: Number(campaign.horizonMs),
    offerTtlMs: Number(campaign.offerTtlMs),
    ...given("objective", campaign.objective && objectiveOf(campaign.objective, amounts)),
    ...given("exploration", campaign.exploration && explorationOf(campaign.exploration, amounts)),
    frequencyCaps: campaign.frequencyCaps.map(capOf),
    stackingGroup: campaign.stackingGroup,
    episodeCoolDownMs: Number(campaign.episodeCoolDownMs),
    priority: campaign.priority,
    ...given("marginFloorBp", campaign.marginFloorBp),
    ...given("breaker", campaign.breaker && breakerOf(campaign.breaker)),
    ...given("offersMax", numberOf(campaign.offersMax)),
  };
}

function breakerOf({ marginMinBp, marginMaxBp, ordersMin, period, resumedAtMs }: wire.MarginBreaker): MarginBreaker {
  return {
    ...given("marginMinBp", marginMinBp),
    ...given("marginMaxBp", marginMaxBp),
    ...given("ordersMin", ordersMin),
    ...given("period", BUDGET_PERIODS.get(period)),
    ...given("resumedAtMs", numberOf(resumedAtMs)),
  };
}

function partnerOf({ exclusive, ...partner }: wire.Partner): Partner {
  return {
    ...partner,
    exclusive: exclusive.map(({ startsAtMs, endsAtMs, stackingGroup }) => ({
      stackingGroup,
      ...given("startsAtMs", numberOf(startsAtMs)),
      ...given("endsAtMs", numberOf(endsAtMs)),
    })),
  };
}

function rfmOf({ recencyMs, frequency, monetary }: wire.RfmBounds, amounts: Amounts): NonNullable<Policy["rfm"]> {
  return {
    recencyMs: recencyMs.map(Number),
    frequency: frequency.map(Number),
    monetary: monetary.flatMap((amount, index) => amounts.read(amount, `monetary[${index}]`) ?? []),
  };
}

function deviceOf({ bundleTtlMs, ...device }: wire.DevicePolicy): DevicePolicy {
  return { ...device, bundleTtlMs: Number(bundleTtlMs) };
}

function pacingOf({ startsAtMs, endsAtMs, plan, aheadBp }: wire.Pacing): Pacing {
  return {
    ...given("startsAtMs", numberOf(startsAtMs)),
    ...given("endsAtMs", numberOf(endsAtMs)),
    plan,
    aheadBp,
  };
}

const BUDGET_PERIODS = new Map<number, BudgetPeriod>([
  [wire.BudgetPeriod.BUDGET_PERIOD_DAY, "day"],
  [wire.BudgetPeriod.BUDGET_PERIOD_WEEK, "week"],
  [wire.BudgetPeriod.BUDGET_PERIOD_MONTH, "month"],
]);

const ROUNDINGS = new Map<number, "half_even" | "half_up">([
  [wire.Rounding.ROUNDING_HALF_EVEN, "half_even"],
  [wire.Rounding.ROUNDING_HALF_UP, "half_up"],
]);

const CAMPAIGN_KINDS = new Map<number, "incentive" | "entitlement">([
  [wire.CampaignKind.CAMPAIGN_KIND_INCENTIVE, "incentive"],
  [wire.CampaignKind.CAMPAIGN_KIND_ENTITLEMENT, "entitlement"],
]);

const PROPENSITY_KINDS = new Map<number, "abandonment" | "dormant" | "churn">([
  [wire.PropensityKind.PROPENSITY_KIND_ABANDONMENT, "abandonment"],
  [wire.PropensityKind.PROPENSITY_KIND_DORMANT, "dormant"],
  [wire.PropensityKind.PROPENSITY_KIND_CHURN, "churn"],
]);

function approachOf(approach: wire.Campaign["approach"]): Approach | undefined {
  switch (approach?.$case) {
    case undefined:
      return undefined;
    case "rules":
      return { kind: "rules", segment: approach.value.segment };
    case "propensity": {
      const { kind, propensityMinBp, propensityMaxBp, awayMs, churnMinBp, churnMaxBp, againAfterMs } = approach.value;
      const bounds = { propensityMinBp, propensityMaxBp, awayMs: Number(awayMs) };
      const churn = kind === wire.PropensityKind.PROPENSITY_KIND_CHURN || churnMinBp !== 0 || churnMaxBp !== 0;
      return {
        kind: "propensity",
        ...given("of", PROPENSITY_KINDS.get(kind)),
        ...bounds,
        ...(churn ? { churnMinBp, churnMaxBp } : {}),
        ...given("againAfterMs", numberOf(againAfterMs)),
      };
    }
    case "dynamic": {
      const { categories, inventoryMin, inventoryReserved, shelfLifeMaxMs, markdown } = approach.value;
      const stock = { inventoryMin: Number(inventoryMin), inventoryReserved: Number(inventoryReserved) };
      return { kind: "dynamic", categories, ...stock, shelfLifeMaxMs: Number(shelfLifeMaxMs), markdown };
    }
    case "onDevice":
      return { kind: "on_device", classes: approach.value.classes };
    case "partner":
      return { kind: "partner", ...approach.value };
    case "consentExchange": {
      const { segment, purposes, words, acceptedWithinMs } = approach.value;
      const within = given("acceptedWithinMs", numberOf(acceptedWithinMs));
      return { kind: "consent_exchange", segment, purposes: purposes.map(purposeName), words, ...within };
    }
  }
}

function capOf({ offersMax, periodMs }: wire.FrequencyCap): FrequencyCap {
  return { offersMax, periodMs: Number(periodMs) };
}

function scheduleOf({ startsAtMs, endsAtMs, timeZone, weekly }: wire.Schedule): Schedule {
  return {
    ...given("startsAtMs", numberOf(startsAtMs)),
    ...given("endsAtMs", numberOf(endsAtMs)),
    timeZone,
    weekly,
  };
}

function objectiveOf({ goal, toleranceBp, evidenceBp }: wire.Objective, amounts: Amounts): Objective {
  return {
    ...given("goal", goalOf(goal, amounts)),
    ...given("toleranceBp", toleranceBp),
    ...given("evidenceBp", evidenceBp),
  };
}

function goalOf(goal: wire.Objective["goal"], amounts: Amounts): Objective["goal"] {
  switch (goal?.$case) {
    case undefined:
      return undefined;
    case "profit":
      return { kind: "profit" };
    case "targetConversion": {
      const maximum = amounts.read(goal.value.costPerOrderMax, "objective.target_conversion.cost_per_order_max");
      return { kind: "target_conversion", conversionBp: goal.value.conversionBp, ...given("costPerOrderMax", maximum) };
    }
  }
}

function explorationOf(exploration: wire.Exploration, amounts: Amounts) {
  return {
    ...given("floorBp", exploration.floorBp),
    ...given("coldStartDecisionsPerRung", exploration.coldStartDecisionsPerRung),
    ...given("curatedBp", exploration.curatedBp),
    ...given("budget", amounts.read(exploration.budget, "exploration.budget")),
  };
}

function guardrailsOf(guardrails: wire.Guardrails, amounts: Amounts): Guardrails {
  const { floorPriceBp, maxDiscountBp, marginFloorBp, assumedMarginBp, perSubjectMax, perSubjectPeriodMs } = guardrails;
  return {
    floorPriceBp,
    maxDiscountBp,
    marginFloorBp,
    assumedMarginBp,
    ...given("perSubjectMax", amounts.read(perSubjectMax, "per_subject_max")),
    perSubjectPeriodMs: Number(perSubjectPeriodMs),
    ...given("cartMaxDiscountBp", guardrails.cartMaxDiscountBp),
    ...given("incentiveMax", amounts.read(guardrails.incentiveMax, "incentive_max")),
    goodsLimits: guardrails.goodsLimits,
    openOffersMax: guardrails.openOffersMax,
    frequencyCaps: guardrails.frequencyCaps.map(capOf),
    coolDownMs: Number(guardrails.coolDownMs),
    ...given("noEscalationMs", numberOf(guardrails.noEscalationMs)),
  };
}

function numberOf(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
