import {
  compileModel,
  EMPTY_STATE,
  PRIOR_MODEL,
  situationOf,
  weigh,
  type CompiledModel,
  type CompiledPolicy,
  type ResponseModel,
  type Situation,
} from "@leastwise/decision";
import { readPolicyDocument } from "@leastwise/policy";
import { compileWritten, FEATURE_CATALOGUE } from "@leastwise/references";
import { happens, oneOf, RandomStreams, wholeNumber, type Xoshiro128 } from "@leastwise/testkit";
import { PURPOSES, type AssignmentKey, type CurrencyCode, type Millis, type SubjectId } from "@leastwise/vocabulary";

/** How large a policy is to be. */
export interface PolicySize {
  readonly regions: number;
  /** Campaigns of each region, with eight rungs each. */
  readonly campaigns: number;
  /** Segments of each region. */
  readonly segments: number;
  /** What only this region has, in the same words as in the whole. Absent: all. */
  readonly only?: number;
}

const NOON = Date.UTC(2026, 10, 23, 12) as Millis;
const EUR = "EUR" as CurrencyCode;
const RUNGS = 8;
const TIERS = ["silver", "gold", "platinum"];
const DEVICES = ["mobile", "desktop"];
const CATEGORIES = ["shoes", "coats", "socks", "bags", "shirts", "hats"];
const BRANDS = ["Acme", "Borea", "Cirro", "Dorn", "Elva"];
const PRODUCTS = 400;
const LIMITS = [
  "{brands: [Acme], max_discount: 25%}",
  "{brands: [Zenith, Yonder], excluded: true}",
  "{categories: [bags], floor_price: 70%}",
  "{categories: [hats, gloves], max_discount: 20%}",
  "{product_ids: [p7, p11, p13, p17, p19, p23], max_discount: 15%}",
  "{product_ids: [p1, p2, p3, p5], excluded: true}",
];

/** Who a segment is of, beside its region; the marks of a shopper that each of them asks for are plain ones. */
const CONDITIONS: readonly ((random: Xoshiro128) => string)[] = [
  (random) => `profile.loyalty_tier == "${oneOf(random, TIERS)}"`,
  (random) => `features.purchases_30d >= ${wholeNumber(random, 1, 6)}`,
  (random) => `cart.value_minor > ${wholeNumber(random, 20, 400) * 100}`,
  (random) => `context.device == "${oneOf(random, DEVICES)}"`,
  (random) => `features.checkout_starts_24h > 0 && features.purchases_30d < ${wholeNumber(random, 1, 4)}`,
  (random) => `"${oneOf(random, CATEGORIES)}" in cart.categories`,
  () => `profile.member == true`,
];

const LADDERS: readonly ((rung: number) => string)[] = [
  (rung) => `percent_off: {percent: ${2 + rung}%, maximum: ${20 + rung * 5}.00}`,
  (rung) => `amount_off: {amount: ${rung}.50, cart_min: 20.00}`,
  (rung) => `percent_off: {percent: ${3 + rung}%, scope: {categories: [shoes, coats]}}`,
  (rung) => `loyalty_credit: {amount: ${rung + 1}.00, breakage: 20%}`,
];

/**
 * A policy document of a group of shops in several regions: each region has its own segments and campaigns, as a group's shops do, and a shopper
 * is in one of them.
 */
export function policyDocument({ regions, campaigns, segments, only }: PolicySize, seed: string): string {
  const random = new RandomStreams(seed).stream("policy");
  const written = { segments: [] as string[], campaigns: [] as string[] };
  for (let region = 0; region < regions; region += 1) {
    const isKept = only === undefined || region === only;
    for (let i = 0; i < segments; i += 1) {
      const condition = oneOf(random, CONDITIONS)(random);
      if (isKept)
        written.segments.push(`  - {name: r${region}-s${i}, expression: '${inRegion(region)} && ${condition}'}`);
    }
    for (let i = 0; i < campaigns; i += 1) {
      const segment = Math.floor((i * segments) / campaigns);
      if (isKept) written.campaigns.push(campaignText(`r${region}-c${i}`, `r${region}-s${segment}`, i));
    }
  }
  return documentText(written);
}

/** The same campaigns for everybody: every rung of every campaign is weighed. */
export function policyForAll(campaigns: number): string {
  return documentText(forEverybody(campaigns));
}

/** The same campaigns for everybody, and nothing left to chance: nobody is held out, and nothing is tried. */
export function policyWithoutChance(campaigns: number, currency: string): string {
  const { segments, campaigns: texts } = forEverybody(campaigns);
  const certain = texts.map((text) => `${text}\n    exploration: ${NO_EXPLORATION}`);
  return documentText({ segments, campaigns: certain }, { currency, holdout: "0%" });
}

const NO_EXPLORATION = "{floor: 0%, cold_start_decisions_per_rung: 0, budget: 100.00}";

function forEverybody(campaigns: number) {
  const texts = Array.from({ length: campaigns }, (_, i) => campaignText(`c${i}`, "everybody", i));
  return { segments: ['  - {name: everybody, expression: "true"}'], campaigns: texts };
}

function inRegion(region: number): string {
  return `context.region == "R${region}"`;
}

function campaignText(id: string, segment: string, place: number): string {
  const ladder = oneOfAll(LADDERS, place);
  const rungs = Array.from({ length: RUNGS }, (_, i) => `      - {incentive: {${ladder(i + 1)}}}`);
  return `  - campaign_id: ${id}
    kind: incentive
    rules: {segment: ${segment}}
    ladder:
${rungs.join("\n")}
    experiment_id: all
    budget_id: group
    offer_ttl: 24h
    priority: ${place}
    frequency_caps: [{offers_max: 2, period: 7d}]`;
}

function oneOfAll<T>(items: readonly T[], place: number): T {
  const item = items[place % items.length];
  if (item === undefined) throw new RangeError("nothing to choose from");
  return item;
}

function documentText(
  { segments, campaigns }: { segments: readonly string[]; campaigns: readonly string[] },
  { currency, holdout } = { currency: "EUR", holdout: "10%" },
): string {
  return `version: bench-1
author: bench
reason: to measure
currency: ${currency}
segments:
${segments.join("\n")}
campaigns:
${campaigns.join("\n")}
guardrails:
  floor_price: 60%
  max_discount: 30%
  margin_floor: 5%
  assumed_margin: 40%
  cart_max_discount: 25%
  frequency_caps: [{offers_max: 4, period: 30d}]
  cool_down: 1h
  goods_limits:
${LIMITS.map((limit) => `    - ${limit}`).join("\n")}
experiments:
  - {experiment_id: all, salt: bench/1, holdout: ${holdout}}
budgets:
  - {budget_id: group, amount: 1000000.00}
`;
}

/** Reads, checks and compiles a document, as a scorer and the command do. */
export function loaded(document: string): CompiledPolicy {
  const read = readPolicyDocument(document);
  if (!read.ok) throw new Error(`the policy of the benchmark cannot be read: ${JSON.stringify(read.error[0])}`);
  const compiled = compileWritten(read.value.policy);
  if (!compiled.ok) throw new Error(`the policy of the benchmark is refused: ${JSON.stringify(compiled.error[0])}`);
  return compiled.value;
}

/** What the steps from consent to guardrails took, and what they weighed. */
export interface WeighingRound {
  readonly meanUs: number;
  /** Rungs a decision. */
  readonly rungs: number;
}

const ROUND_MS = 400;

/** Weighs for all shoppers, again and again for a while. */
export function weighingRound(asked: readonly Situation[]): () => Promise<WeighingRound> {
  return () => {
    let rungs = 0;
    let decisions = 0;
    const startedMs = performance.now();
    let tookMs = 0;
    while (tookMs < ROUND_MS) {
      for (const situation of asked) rungs += weigh(situation).rungs.length;
      decisions += asked.length;
      tookMs = performance.now() - startedMs;
    }
    return Promise.resolve({ meanUs: (tookMs * 1_000) / decisions, rungs: rungs / decisions });
  };
}

/** Situations of a region's shoppers under a policy, each with a cart of so many lines; the same for the same seed, whatever the policy. */
export function situations(
  policy: CompiledPolicy,
  region: number,
  count: number,
  lines: number,
  seed: string,
): Situation[] {
  const random = new RandomStreams(seed).stream(`shoppers/${region}`);
  const model = modelOfPriors();
  return Array.from({ length: count }, (_, i) => situationOf({ ...shopper(random, region, i, lines), policy, model }));
}

/** The priors, with what is said otherwise of them. */
export function modelOfPriors(changes: Partial<ResponseModel> = {}): CompiledModel {
  const compiled = compileModel({ ...PRIOR_MODEL, ...changes }, FEATURE_CATALOGUE.names);
  if (!compiled.ok) throw new Error("the built-in model is not valid");
  return compiled.value;
}

function shopper(random: Xoshiro128, region: number, place: number, lines: number) {
  const features: Record<string, number> = {
    purchases_30d: wholeNumber(random, 0, 6),
    checkout_starts_24h: wholeNumber(random, 0, 2),
  };
  const cartLines = Array.from({ length: lines }, () => ({
    productId: `p${wholeNumber(random, 30, PRODUCTS)}`,
    quantity: wholeNumber(random, 1, 3),
    unitPriceMinor: wholeNumber(random, 499, 9_999),
    ...(happens(random, 0.2) ? { discountMinor: 50 } : {}),
  }));
  const catalog = [...new Set(cartLines.map(({ productId }) => productId))].map((productId) => ({
    productId,
    unitCostMinor: 250,
    category: oneOf(random, CATEGORIES),
    brand: oneOf(random, BRANDS),
  }));
  return {
    cause: { caller: "bench", requestId: "", sessionId: `s${place}` },
    subject: place.toString(16).padStart(32, "0") as SubjectId,
    assignmentKey: `key-${place}` as AssignmentKey,
    nowMs: (NOON + place * 1_000) as Millis,
    clock: "wall" as const,
    cart: { currency: EUR, lines: cartLines, shippingMinor: 490 },
    channel: "web",
    device: oneOf(random, DEVICES),
    place: { country: "DE", region: `R${region}` },
    partnerSegments: [],
    proposedClass: "",
    features: {
      catalogue: "bench",
      values: FEATURE_CATALOGUE.names.map((name) => features[name] ?? Number.NaN),
      texts: {},
      asOfOffset: place,
      partition: 0,
    },
    profile: {
      loyaltyTier: oneOf(random, TIERS),
      member: happens(random, 0.5),
      birthday: "",
      tags: [],
      attributes: {},
    },
    consent: PURPOSES,
    catalog,
    decisionState: EMPTY_STATE,
    budgets: { group: { remainingMinor: 100_000_000, shadowPriceBp: 0 } },
    explorationSpentMinor: {},
    realisedMargins: {},
    offersLeft: {},
    decisionsPerRung: {},
    killSwitch: false,
    observeOnly: false,
    language: "en",
    codeKey: { secret: { k0: 1n, k1: 2n }, version: 1 },
    freshness: "fresh" as const,
  };
}
