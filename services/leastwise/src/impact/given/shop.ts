import {
  compileModel,
  compilePolicy,
  type Campaign,
  type CompiledModel,
  type CompiledPolicy,
  type Guardrails,
  type Policy,
} from "@leastwise/decision";
import type { Cart, CatalogRow } from "@leastwise/offers";
import { FEATURE_CATALOGUE } from "@leastwise/references";
import { catalogueDigest } from "@leastwise/scorer";
import type { AssignmentKey, CurrencyCode, Millis, SubjectId } from "@leastwise/vocabulary";
import { CODE_KEY } from "../moment.js";
import type { SharedFacts } from "../policy-world.js";

/** A shop of coats whose policies tests of the impact compare: a fifth off, always given where it may be. */
export const EUR = "EUR" as CurrencyCode;

/** Monday 23 November 2026, 12:00 UTC. */
export const NOON = Date.UTC(2026, 10, 23, 12) as Millis;

export const ADA = "ad".repeat(16) as SubjectId;
export const BEN = "be".repeat(16) as SubjectId;

/** Knows no feature, and is sure that a share off works. */
export const MODEL: CompiledModel = sureModel();

export const COAT: CatalogRow = { productId: "coat", unitCostMinor: 3_000, category: "coats" };

export const cartOf = (...productIds: readonly string[]): Cart => ({
  currency: EUR,
  lines: productIds.map((productId) => ({ productId, quantity: 1, unitPriceMinor: 10_000 })),
  shippingMinor: 0,
});

export function campaign(changes: Partial<Campaign> = {}): Campaign {
  return {
    campaignId: "autumn",
    kind: "incentive",
    approach: { kind: "rules", segment: "everyone" },
    ladder: [{ incentive: { kind: "percent_off", percentBp: 2_000 } }],
    experimentId: "everybody",
    budgetId: "ours",
    offerTtlMs: 24 * 3_600_000,
    objective: { evidenceBp: 0 },
    exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 },
    ...{ frequencyCaps: [], stackingGroup: "", priority: 0 },
    ...changes,
  };
}

export const GUARDRAILS: Guardrails = {
  ...{ floorPriceBp: 3_000, maxDiscountBp: 7_000, marginFloorBp: 0, assumedMarginBp: 4_000 },
  ...{ goodsLimits: [], openOffersMax: 0, frequencyCaps: [], coolDownMs: 0 },
};

export function compiled(campaigns: readonly Campaign[], changes: Partial<Policy> = {}): CompiledPolicy {
  const policy: Policy = {
    ...{ version: "v-1", author: "ada", reason: "to be compared", currency: EUR, timeZone: "" },
    segments: [{ name: "everyone", expression: "true" }],
    campaigns,
    guardrails: GUARDRAILS,
    experiments: [{ experimentId: "everybody", salt: "impact/1", holdoutBp: 0 }],
    budgets: [{ budgetId: "ours", amount: { minor: 1_000_000, currency: EUR }, shadowPriceBp: 0, partOf: "" }],
    ...{ stackingGroups: [], partners: [], templates: [], killSwitch: false },
    ...changes,
  };
  const result = compilePolicy(policy, FEATURE_CATALOGUE);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const FEATURES = FEATURE_CATALOGUE.names.length;

/** Of a shopper of whom nothing is known. */
const UNKNOWN = {
  catalogue: catalogueDigest(FEATURES) ?? "",
  values: Array<number>(FEATURES).fill(Number.NaN),
  ...{ texts: {}, asOfOffset: 1, partition: 0 },
};

export function factsOf(requestId: string, changes: Partial<SharedFacts> = {}): SharedFacts {
  return {
    cause: { caller: "shop", requestId, sessionId: "" },
    ...{ subject: ADA, assignmentKey: "key-1" as AssignmentKey, nowMs: NOON, clock: "event" },
    ...{ cart: cartOf("coat"), channel: "web", device: "mobile", place: { country: "DE", region: "" } },
    ...{ partnerSegments: [], proposedClass: "", consent: [], catalog: [COAT] },
    features: UNKNOWN,
    ...{ killSwitch: false, observeOnly: false, language: "en", codeKey: CODE_KEY, freshness: "fresh" },
    ...changes,
  };
}

function sureModel(): CompiledModel {
  const certain = { slopeMean: 3, slopeSd: 0.01, nullProbability: 0, depthScaleBp: 1_000 };
  const result = compileModel(
    {
      ...{ version: "sure", horizonMs: 7 * 24 * 3_600_000 },
      baseline: [{ feature: "intercept", mean: -1, sd: 0.01 }],
      formats: ["percent_off", "amount_off"].map((format) => ({ format, ...certain })),
    },
    [],
  );
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
