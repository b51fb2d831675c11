import type { CartLine, CatalogRow } from "@leastwise/offers";
import { DAY_MS, HOUR_MS, PURPOSES, type AssignmentKey, type Millis } from "@leastwise/vocabulary";
import fc from "fast-check";
import { cartDigest } from "../digests.js";
import type { DecisionInput } from "../input.js";
import type { ResponseModel } from "../model/response-model.js";
import type { Campaign, Guardrails } from "../policy/policy.js";
import { PRIOR_MODEL } from "../priors.js";
import { EMPTY_STATE, type Grant } from "../state/decision-state.js";
import type { Scene } from "./reference-decision.js";
import {
  amountOff,
  campaign,
  compiledModel,
  compiled,
  EUR,
  features,
  guardrails,
  input,
  NOON,
  percentOff,
  PROFILE,
} from "./store.js";

/** A decision to be made, and the same for the reference. */
export interface ReferenceCase {
  readonly input: DecisionInput;
  readonly scene: Scene;
}

/** What a segment may ask for, in words and as a function. */
interface Asked {
  readonly expression: string;
  holds(seen: Seen): boolean;
}

interface Seen {
  /** Empty without consent. */
  readonly features: Readonly<Record<string, number>>;
  readonly hasProfile: boolean;
  readonly goodsMinor: number;
  readonly categories: readonly string[];
}

const SEGMENTS: readonly Asked[] = [
  { expression: "true", holds: () => true },
  { expression: "features.purchases_30d >= 2", holds: ({ features: { purchases_30d = -1 } }) => purchases_30d >= 2 },
  { expression: "profile.member == true", holds: ({ hasProfile }) => hasProfile },
  { expression: "cart.value_minor > 12000", holds: ({ goodsMinor }) => goodsMinor > 12_000 },
  { expression: '"shoes" in cart.categories', holds: ({ categories }) => categories.includes("shoes") },
  { expression: 'context.country == "DE"', holds: () => true },
  { expression: 'context.region == "BY" && cart.value_minor > 0', holds: () => false },
  {
    expression: "features.checkout_starts_24h >= 1 && cart.value_minor > 3000",
    holds: ({ features: { checkout_starts_24h = 0 }, goodsMinor }) => checkout_starts_24h >= 1 && goodsMinor > 3_000,
  },
];

const bp = (max: number) => fc.integer({ min: 1, max: max / 50 }).map((n) => n * 50);
/** One time in five it is there: what always blocks something leaves nothing to choose from. */
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 4 }, { arbitrary: of, weight: 1 });
const scope = fc
  .constantFrom(undefined, "shoes", "socks", "hats")
  .map((category) => (category === undefined ? undefined : { productIds: [], categories: [category], brands: [] }));
const eur = (minor: number) => ({ minor, currency: EUR });

/** Ladders of one kind, so that they ascend. */
const ladder: fc.Arbitrary<Campaign["ladder"]> = fc.oneof(
  fc
    .tuple(
      fc.uniqueArray(bp(3_000), { minLength: 1, maxLength: 8 }),
      scope,
      maybe(fc.integer({ min: 300, max: 4_000 })),
    )
    .map(([percents, of, maximum]) =>
      percents
        .toSorted((a, b) => a - b)
        .map((percent) => ({
          incentive: {
            ...percentOff(percent),
            ...(of === undefined ? {} : { scope: of }),
            ...(maximum === undefined ? {} : { maximum: eur(maximum) }),
          },
        })),
    ),
  fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: 50, max: 3_000 }), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(0, 2_000, 15_000),
    )
    .map(([amounts, cartMin]) =>
      amounts.toSorted((a, b) => a - b).map((minor) => ({ incentive: amountOff(minor, cartMin) })),
    ),
  maybe(fc.integer({ min: 100, max: 600 })).map((maximum) => [
    { incentive: { kind: "free_shipping", ...(maximum === undefined ? {} : { maximum: eur(maximum) }) } as const },
  ]),
  fc.uniqueArray(fc.integer({ min: 100, max: 2_000 }), { minLength: 1, maxLength: 4 }).map((amounts) =>
    amounts
      .toSorted((a, b) => a - b)
      .map((minor) => ({
        incentive: { kind: "loyalty_credit", amount: eur(minor), breakageBp: 1_500 } as const,
      })),
  ),
);

const campaigns: fc.Arbitrary<readonly Campaign[]> = fc
  .uniqueArray(
    fc.record({
      campaignId: fc.constantFrom("a", "b", "c", "d", "e", "f"),
      isOwed: fc.constantFrom(false, false, false, true),
      segment: fc.constantFrom(0, 0, 0, ...SEGMENTS.keys()),
      ladder,
      priority: fc.nat(2),
      budgetId: fc.constantFrom("marketing", "other"),
      cap: maybe(fc.integer({ min: 1, max: 3 })),
      marginFloorBp: maybe(fc.constantFrom(-2_000, 0, 1_500)),
      objective: maybe(
        fc.record(
          {
            toleranceBp: fc.constantFrom(50, 200, 2_000),
            evidenceBp: fc.constantFrom(3_000, 5_000, 8_000, 9_500),
            goal: fc.record({
              kind: fc.constant("target_conversion" as const),
              conversionBp: fc.constantFrom(2_000, 3_500, 5_000, 8_000),
              costPerOrderMax: fc.constantFrom(300, 2_000, 9_000).map(eur),
            }),
          },
          { requiredKeys: ["toleranceBp", "evidenceBp"] },
        ),
      ),
      exploration: fc.record({
        floorBp: fc.constantFrom(0, 100, 2_000),
        coldStartDecisionsPerRung: fc.constantFrom(0, 10),
        budget: fc.constantFrom(0, 40, 1_000_000),
        curatedBp: fc.constantFrom(0, 0, 150),
      }),
    }),
    { selector: ({ campaignId }) => campaignId, minLength: 2, maxLength: 6 },
  )
  .map((some) =>
    some.map(({ isOwed, segment, cap, marginFloorBp, objective, exploration, ...rest }) =>
      campaign({
        ...rest,
        approach: { kind: "rules", segment: `s${String(segment)}` },
        ...(isOwed ? { kind: "entitlement", experimentId: "" } : {}),
        frequencyCaps: cap === undefined ? [] : [{ offersMax: cap, periodMs: 3 * DAY_MS }],
        ...(marginFloorBp === undefined ? {} : { marginFloorBp }),
        ...(objective === undefined ? {} : { objective }),
        exploration: {
          ...exploration,
          budget: eur(exploration.budget),
          curatedBp: isOwed || exploration.budget === 0 ? 0 : exploration.curatedBp,
        },
      }),
    ),
  );

const limits: fc.Arbitrary<Guardrails> = fc
  .record({
    floorPriceBp: fc.constantFrom(0, 0, 0, 5_000, 8_050, 9_000),
    maxDiscountBp: fc.constantFrom(500, 1_550, 3_000, 10_000, 10_000),
    marginFloorBp: fc.constantFrom(-10_000, -10_000, 0, 500, 3_000),
    assumedMarginBp: fc.constantFrom(0, 3_333, 6_000, 6_000),
    cartMax: maybe(fc.constantFrom(1_000, 2_050)),
    incentiveMax: maybe(fc.integer({ min: 200, max: 3_000 })),
    perSubjectMax: maybe(fc.integer({ min: 200, max: 4_000 })),
    shoesMaxBp: maybe(fc.constantFrom(400, 1_250)),
    areHatsExcluded: fc.boolean(),
    cap: maybe(fc.integer({ min: 1, max: 4 })),
    coolDownMs: fc.constantFrom(0, 0, HOUR_MS, DAY_MS),
    noEscalationMs: maybe(fc.constantFrom(0, DAY_MS, 2 * DAY_MS)),
  })
  .map(({ cartMax, noEscalationMs, incentiveMax, perSubjectMax, shoesMaxBp, areHatsExcluded, cap, ...rest }) =>
    guardrails({
      ...rest,
      ...(cartMax === undefined ? {} : { cartMaxDiscountBp: cartMax }),
      ...(noEscalationMs === undefined ? {} : { noEscalationMs }),
      ...(incentiveMax === undefined ? {} : { incentiveMax: eur(incentiveMax) }),
      ...(perSubjectMax === undefined ? {} : { perSubjectMax: eur(perSubjectMax), perSubjectPeriodMs: 5 * DAY_MS }),
      goodsLimits: [
        ...(shoesMaxBp === undefined
          ? []
          : [
              {
                ...NAMING_NOTHING,
                categories: ["shoes"],
                excluded: false,
                maxDiscountBp: Math.min(shoesMaxBp, rest.maxDiscountBp),
              },
            ]),
        ...(areHatsExcluded ? [{ ...NAMING_NOTHING, categories: ["hats"], excluded: true }] : []),
      ],
      frequencyCaps: cap === undefined ? [] : [{ offersMax: cap, periodMs: 10 * DAY_MS }],
    }),
  );
const NAMING_NOTHING = { productIds: [], categories: [], brands: [] };

const CATEGORIES = ["shoes", "socks", "hats", undefined];
const line = fc.record({
  product: fc.nat(11),
  quantity: fc.integer({ min: 1, max: 4 }),
  unitPriceMinor: fc.oneof(
    { arbitrary: fc.integer({ min: 1_000, max: 9_999 }), weight: 9 },
    { arbitrary: fc.nat(40), weight: 1 },
  ),
  discountBp: fc.constantFrom(0, 0, 0, 700),
});
const lines: fc.Arbitrary<readonly CartLine[]> = fc.array(line, { minLength: 1, maxLength: 8 }).map((some) =>
  some.map(({ product, quantity, unitPriceMinor, discountBp }) => ({
    ...{ productId: `p${String(product)}`, quantity, unitPriceMinor },
    ...(discountBp === 0 ? {} : { discountMinor: Math.floor((quantity * unitPriceMinor * discountBp) / 10_000) }),
  })),
);
const rows: fc.Arbitrary<readonly CatalogRow[]> = fc
  .array(
    fc.record({
      cost: fc.option(fc.integer({ min: 0, max: 2_000 }), { nil: undefined, freq: 3 }),
      floor: maybe(fc.integer({ min: 0, max: 8_000 })),
      maxBp: maybe(fc.constantFrom(0, 800, 2_000)),
      category: fc.constantFrom(...CATEGORIES),
    }),
    { minLength: 12, maxLength: 12 },
  )
  .map((some) =>
    some.map(({ cost, floor, maxBp, category }, at) => ({
      productId: `p${String(at)}`,
      ...(cost === undefined ? {} : { unitCostMinor: cost }),
      ...(floor === undefined ? {} : { floorPriceMinor: floor }),
      ...(maxBp === undefined ? {} : { maxDiscountBp: maxBp }),
      ...(category === undefined ? {} : { category }),
    })),
  );

const model: fc.Arbitrary<ResponseModel> = fc
  .record({
    // Steeper ones would sell whatever is given: such a model is refused.
    slopes: fc.array(fc.constantFrom(0, 0.4, 1, 2, 2.5), { minLength: 4, maxLength: 4 }),
    sd: fc.constantFrom(0.01, 0.3, 1, 2),
    none: fc.constantFrom(0, 0, 0.25, 0.9),
    intercept: fc.integer({ min: -30, max: 15 }).map((tenths) => tenths / 10),
    trainedOn: fc.constantFrom({}, {}, { max: 2 }, { min: 1 }, { min: 1, max: 3 }),
  })
  .map(({ slopes, sd, none, intercept, trainedOn }) => ({
    version: "generated",
    horizonMs: PRIOR_MODEL.horizonMs,
    baseline: [
      { feature: "intercept", mean: intercept, sd: 0.3 },
      { feature: "purchases_30d", mean: 0.2, sd: 0.2, ...trainedOn },
    ],
    formats: ["percent_off", "amount_off", "free_shipping", "loyalty_credit"].map((format, at) => ({
      ...{ format, slopeMean: slopes[at] ?? 0, slopeSd: sd, nullProbability: none, depthScaleBp: 1_000 },
    })),
  }));

interface Past {
  readonly campaignId: string;
  readonly agoMs: number;
  readonly costMinor: number;
  readonly depthBp: number | undefined;
  readonly isSameCart: boolean;
  readonly isEnded: boolean;
}
const past: fc.Arbitrary<readonly Past[]> = fc.array(
  fc.record({
    campaignId: fc.constantFrom("a", "b", "c", "gone"),
    agoMs: fc.constantFrom(HOUR_MS - 1, HOUR_MS, DAY_MS - 1, DAY_MS, 2 * DAY_MS, 6 * DAY_MS),
    costMinor: fc.integer({ min: 0, max: 1_500 }),
    depthBp: maybe(fc.integer({ min: 0, max: 1_500 })),
    isSameCart: fc.boolean(),
    isEnded: fc.boolean(),
  }),
  { maxLength: 3, size: "-1" },
);

/** Decisions of a policy: to compile one takes longer than all the rest. */
export const CASES_PER_POLICY = 20;

/** One shopper at one checkout. */
const checkout = fc.record({
  ...{ lines, past },
  orderedAgoMs: fc.option(fc.constantFrom(HOUR_MS, DAY_MS, 6 * DAY_MS), { nil: undefined, freq: 2 }),
  shippingMinor: fc.constantFrom(0, 290, 490),
  known: fc.record({
    purchases_30d: fc.option(fc.nat(4), { nil: undefined }),
    checkout_starts_24h: fc.option(fc.nat(2), { nil: undefined }),
  }),
  isConsented: fc.boolean(),
  leases: fc.record({
    marketing: fc.constantFrom(0, 500, 10_000_000, 10_000_000, 10_000_000),
    other: fc.option(fc.constantFrom(900, 1_000_000, 1_000_000), { nil: undefined }),
    shadowPriceBp: fc.constantFrom(0, 2_500),
  }),
  spent: fc.constantFrom(0, 30),
  counts: fc.constantFrom(0, 5, 20),
  stopped: maybe(fc.boolean()).map((stopped) => stopped === true),
  key: fc.nat(1_000_000),
});
type Checkout = typeof checkout extends fc.Arbitrary<infer T> ? T : never;

/** Decisions of all that the reference knows, from a policy to its answer. */
export const referenceCases: fc.Arbitrary<readonly ReferenceCase[]> = fc
  .record({
    ...{ campaigns, limits, rows, model },
    checkouts: fc.array(checkout, { minLength: CASES_PER_POLICY, maxLength: CASES_PER_POLICY }),
  })
  .map(({ checkouts, ...shop }) => {
    const ready = { policy: policyOf(shop.campaigns, shop.limits), model: compiledModel(shop.model) };
    return checkouts.map((at) => caseOf(shop, at, ready));
  });

/** What the shop has set. */
interface ShopSet {
  readonly campaigns: readonly Campaign[];
  readonly limits: Guardrails;
  readonly rows: readonly CatalogRow[];
  readonly model: ResponseModel;
}

/** What is there of what may be absent. */
function present(values: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

function caseOf(shop: ShopSet, given: Checkout, ready: Pick<DecisionInput, "policy" | "model">): ReferenceCase {
  const { campaigns: listed, limits: guarded, rows: catalog } = shop;
  const { lines: cartLines, shippingMinor, isConsented } = given;
  const cart = { currency: EUR, lines: cartLines, shippingMinor };
  const ids = listed.map(({ campaignId }) => campaignId);
  const told = {
    history: historyOf(given.past, cartDigest(cart)),
    budgets: budgetsOf(given.leases),
    explorationSpentMinor: Object.fromEntries(ids.map((id) => [id, given.spent])),
    decisionsPerRung: Object.fromEntries(ids.map((id) => [id, Array.from({ length: 9 }, () => given.counts)])),
  };
  const cartRows = cartLines.map(({ productId }) => catalog.find((row) => row.productId === productId));
  const seen: Seen = {
    features: isConsented ? present(given.known) : {},
    hasProfile: isConsented,
    goodsMinor: cartLines.reduce(
      (sum, { quantity, unitPriceMinor, discountMinor = 0 }) => sum + quantity * unitPriceMinor - discountMinor,
      0,
    ),
    categories: cartRows.flatMap((row) => row?.category ?? []),
  };
  const { history, budgets, ...books } = told;
  const orders = given.orderedAgoMs === undefined ? [] : [(NOON - given.orderedAgoMs) as Millis];
  return {
    input: input({
      ...{ cart, catalog, budgets, ...books, ...ready },
      ...{ features: features(present(given.known)), profile: PROFILE, killSwitch: given.stopped },
      consent: isConsented ? PURPOSES : [],
      decisionState: { ...EMPTY_STATE, history, orders },
      assignmentKey: `key-${String(given.key)}` as AssignmentKey,
    }),
    scene: {
      ...{
        campaigns: listed,
        guardrails: guarded,
        lines: cartLines,
        rows: cartRows,
        shippingMinor,
        model: shop.model,
      },
      holds: (segment) => SEGMENTS[Number(segment.slice(1))]?.holds(seen) === true,
      ...{
        features: seen.features,
        isPersonal: isConsented,
        leases: budgets,
        ...{ history, orders },
        ...books,
        stopped: given.stopped,
      },
      ...{ cartDigest: cartDigest(cart), nowMs: NOON },
    },
  };
}

function policyOf(listed: readonly Campaign[], guarded: Guardrails) {
  return compiled({
    ...{ campaigns: listed, guardrails: guarded },
    segments: SEGMENTS.map(({ expression }, at) => ({ name: `s${String(at)}`, expression })),
    budgets: ["marketing", "other"].map((budgetId) => ({
      ...{ budgetId, amount: eur(10_000_000), shadowPriceBp: 0, partOf: "" },
    })),
  });
}

function historyOf(past: readonly Past[], digest: string): readonly Grant[] {
  return past
    .toSorted((a, b) => b.agoMs - a.agoMs)
    .map(({ campaignId, agoMs, costMinor, depthBp, isSameCart, isEnded }, at) => ({
      ...{
        offerId: `o${String(at)}`,
        campaignId,
        atMs: (NOON - agoMs) as Millis,
        costMinor,
        faceValueMinor: costMinor,
        ...(depthBp === undefined ? {} : { depthBp }),
      },
      ...{ cartDigest: isSameCart ? digest : "other", episodeId: "earlier", ended: isEnded },
    }));
}

function budgetsOf({ marketing, other, shadowPriceBp }: Checkout["leases"]): DecisionInput["budgets"] {
  return {
    marketing: { remainingMinor: marketing, shadowPriceBp },
    ...(other === undefined ? {} : { other: { remainingMinor: other, shadowPriceBp: 0 } }),
  };
}
