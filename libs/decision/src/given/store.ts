import type { Cart, CatalogRow, Incentive } from "@leastwise/offers";
import { PURPOSES, type AssignmentKey, type CurrencyCode, type Millis, type SubjectId } from "@leastwise/vocabulary";
import type { DecisionInput, FeatureVector, Profile } from "../input.js";
import { compileModel, type CompiledModel, type ResponseModel } from "../model/response-model.js";
import { compilePolicy, type CompiledPolicy, type FeatureCatalogue } from "../policy/compile.js";
import type { Campaign, Guardrails, Policy } from "../policy/policy.js";
import { PRIOR_MODEL } from "../priors.js";
import { EMPTY_STATE } from "../state/decision-state.js";

/** A small store that tests and the README begin from: one campaign of percentages, one experiment, one budget. */
export const EUR = "EUR" as CurrencyCode;

/** Monday 23 November 2026, 12:00 UTC. */
export const NOON = Date.UTC(2026, 10, 23, 12) as Millis;

export const CATALOGUE: FeatureCatalogue = {
  names: [
    "purchases_30d",
    "checkout_starts_24h",
    "cart_removes_1h",
    "cart_abandoned",
    "since_checkout_start_ms",
    "since_purchase_ms",
  ],
  textNames: ["last_channel"],
};

export function percentOff(percentBp: number): Incentive {
  return { kind: "percent_off", percentBp };
}

export function amountOff(minor: number, cartMinMinor = 0): Incentive {
  return { kind: "amount_off", amount: { minor, currency: EUR }, cartMin: { minor: cartMinMinor, currency: EUR } };
}

export function campaign(changes: Partial<Campaign> = {}): Campaign {
  return {
    campaignId: "autumn",
    kind: "incentive",
    approach: { kind: "rules", segment: "everyone" },
    ladder: [500, 1_000, 1_500].map((bp) => ({ incentive: percentOff(bp) })),
    experimentId: "autumn-holdout",
    budgetId: "marketing",
    offerTtlMs: 2 * 3_600_000,
    exploration: { budget: { minor: 1_000_000, currency: EUR } },
    frequencyCaps: [],
    stackingGroup: "",
    priority: 0,
    ...changes,
  };
}

export function policy(changes: Partial<Policy> = {}): Policy {
  return {
    version: "2026-11-23.1",
    author: "merchant",
    reason: "autumn",
    currency: "EUR",
    segments: [{ name: "everyone", expression: "true" }],
    campaigns: [campaign()],
    guardrails: guardrails(),
    stackingGroups: [{ name: "one-at-a-time" }],
    experiments: [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp: 0 }],
    budgets: [{ budgetId: "marketing", amount: { minor: 10_000_000, currency: EUR }, shadowPriceBp: 0, partOf: "" }],
    partners: [],
    templates: [],
    killSwitch: false,
    timeZone: "",
    ...changes,
  };
}

export function guardrails(changes: Partial<Guardrails> = {}): Guardrails {
  return {
    ...{ floorPriceBp: 5_000, maxDiscountBp: 3_000, marginFloorBp: 500, assumedMarginBp: 4_000 },
    ...{ goodsLimits: [], openOffersMax: 0, frequencyCaps: [], coolDownMs: 0 },
    ...changes,
  };
}

export function compiled(changes: Partial<Policy> = {}): CompiledPolicy {
  const result = compilePolicy(policy(changes), CATALOGUE);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

export function compiledModel(model: ResponseModel = PRIOR_MODEL): CompiledModel {
  const result = compileModel(model, CATALOGUE.names);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** A model that is sure: percentages and amounts work, with this slope and hardly any doubt. */
export function sureModel(slopeMean: number, slopeSd = 0.01): CompiledModel {
  return compiledModel({
    version: "sure",
    horizonMs: PRIOR_MODEL.horizonMs,
    baseline: [{ feature: "intercept", mean: -1, sd: 0.01 }],
    formats: ["percent_off", "amount_off", "free_shipping"].map((format) => ({
      format,
      slopeMean,
      slopeSd,
      nullProbability: 0,
      depthScaleBp: 1_000,
    })),
  });
}

export const CART: Cart = {
  currency: EUR,
  lines: [
    { productId: "shoe", quantity: 1, unitPriceMinor: 8_000 },
    { productId: "sock", quantity: 2, unitPriceMinor: 1_000 },
  ],
  shippingMinor: 490,
};

const CATALOG: readonly CatalogRow[] = [
  { productId: "shoe", unitCostMinor: 3_000, category: "shoes" },
  { productId: "sock", unitCostMinor: 300, category: "socks" },
];

/** Features in the catalogue's order; what is not named is absent. */
export function features(values: Readonly<Record<string, number>> = {}): FeatureVector {
  return {
    catalogue: "test",
    values: CATALOGUE.names.map((name) => values[name] ?? Number.NaN),
    texts: {},
    asOfOffset: 41,
    partition: 3,
  };
}

export const PROFILE: Profile = {
  loyaltyTier: "gold",
  member: true,
  birthday: "11-23",
  tags: ["vip"],
  attributes: { city: "Ulm" },
};

export function input(changes: Partial<DecisionInput> = {}): DecisionInput {
  return {
    cause: { caller: "shop", requestId: "", sessionId: "visit-1" },
    subject: "5f".repeat(16) as SubjectId,
    assignmentKey: "key-1" as AssignmentKey,
    nowMs: NOON,
    clock: "wall",
    cart: CART,
    channel: "web",
    device: "mobile",
    place: { country: "DE", region: "BW" },
    partnerSegments: [],
    proposedClass: "",
    features: features(),
    consent: PURPOSES,
    catalog: CATALOG,
    decisionState: EMPTY_STATE,
    budgets: { marketing: { remainingMinor: 10_000_000, shadowPriceBp: 0 } },
    explorationSpentMinor: {},
    decisionsPerRung: {},
    realisedMargins: {},
    offersLeft: {},
    policy: compiled(),
    model: compiledModel(),
    killSwitch: false,
    observeOnly: false,
    language: "en",
    codeKey: { secret: { k0: 7n, k1: 11n }, version: 1 },
    freshness: "fresh",
    ...changes,
  };
}
