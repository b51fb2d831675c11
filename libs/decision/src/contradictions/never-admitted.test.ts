import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Cart, CatalogRow, GoodsLimit, Incentive } from "@leastwise/offers";
import { DAY_MS, type AssignmentKey, type Money } from "@leastwise/vocabulary";
import { decide } from "../decide.js";
import { campaign, CATALOGUE, compiled, EUR, guardrails, input, NOON, policy, sureModel } from "../given/store.js";
import { compilePolicy } from "../policy/compile.js";
import type { Approach, Campaign, Guardrails, Policy } from "../policy/policy.js";
import { contradictionsOf } from "./contradictions.js";

// Whatever is refused as "never admitted" is never given, on no cart: rungs and guardrails are drawn so that about half of them collide.

const OPTIONS = { seed: 20_261_130, numRuns: 1_500 };

const eur = (least: number, most: number): fc.Arbitrary<Money> =>
  fc.integer({ min: least, max: most }).map((minor) => ({ minor, currency: EUR }));
const some = <T>(names: readonly T[]) => fc.subarray([...names]);
const bp = fc.oneof(fc.constantFrom(0, 1, 20, 5_000, 9_900, 10_000), fc.integer({ min: 0, max: 10_000 }));
const share = fc.integer({ min: 1, max: 10_000 });
const scope = fc.record(
  {
    ...{ productIds: some(["p0", "p1"]), categories: some(["c0", "c1"]), brands: some(["b0"]) },
    units: fc.record({
      kind: fc.constantFrom("cheapest" as const, "dearest" as const),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { requiredKeys: ["productIds", "categories", "brands"] },
);
const lineScope = scope.map(({ productIds, categories, brands }) => ({ productIds, categories, brands }));
const tiers = fc
  .uniqueArray(fc.record({ cartMin: eur(0, 30_000), cashbackBp: share }), {
    ...{ selector: ({ cartMin }: { cartMin: Money }) => cartMin.minor, minLength: 1, maxLength: 3 },
  })
  .map((given) => given.toSorted((a, b) => a.cartMin.minor - b.cartMin.minor));

const incentive: fc.Arbitrary<Incentive> = fc.oneof(
  fc.record(
    { kind: fc.constant("percent_off" as const), percentBp: share, maximum: eur(1, 5_000), scope },
    { requiredKeys: ["kind", "percentBp"] },
  ),
  fc.record(
    {
      ...{ kind: fc.constant("amount_off" as const), amount: eur(1, 5_000), cartMin: eur(0, 5_000), scope },
      per: fc.constantFrom("line" as const, "unit" as const),
    },
    { requiredKeys: ["kind", "amount"] },
  ),
  fc.record({ kind: fc.constant("free_shipping" as const), maximum: eur(1, 1_000) }, { requiredKeys: ["kind"] }),
  fc.record({
    ...{ kind: fc.constant("bundle_credit" as const), productIds: fc.constant(["p0", "p1"]), amount: eur(1, 5_000) },
  }),
  fc.record({ kind: fc.constant("loyalty_credit" as const), amount: eur(1, 5_000) }),
  fc.record({ kind: fc.constant("tiered_cashback" as const), tiers }),
  fc.record({
    ...{ kind: fc.constant("partner_exclusive" as const), partnerId: fc.constant("bank"), amount: eur(1, 5_000) },
  }),
  fc.record(
    {
      ...{ kind: fc.constant("buy_x_get_y" as const), buy: fc.integer({ min: 1, max: 2 }), get: fc.constant(1) },
      ...{ percentBp: share, setsMax: fc.integer({ min: 1, max: 3 }), buyScope: lineScope, getScope: lineScope },
    },
    { requiredKeys: ["kind", "buy", "get", "percentBp", "setsMax"] },
  ),
  fc.record({
    ...{ kind: fc.constant("gift" as const), productId: fc.constant("g"), worth: eur(1, 5_000), cost: eur(0, 5_000) },
  }),
  fc.record(
    {
      ...{ kind: fc.constant("payment_discount" as const), method: fc.constant("sepa"), percentBp: share },
      maximum: eur(1, 5_000),
    },
    { requiredKeys: ["kind", "method", "percentBp"] },
  ),
);

const goodsLimit: fc.Arbitrary<GoodsLimit> = fc.record({
  ...{ productIds: some(["p0", "p1"]), categories: some(["c0", "c1"]), brands: fc.constant(["b0"]) },
  ...{ excluded: fc.boolean(), floorPriceBp: fc.constant(10_000), maxDiscountBp: fc.constant(0) },
});
const limits: fc.Arbitrary<Guardrails> = fc
  .record(
    {
      ...{ floorPriceBp: bp, maxDiscountBp: bp, cartMaxDiscountBp: bp, incentiveMax: eur(1, 5_000) },
      ...{ perSubjectMax: eur(0, 5_000), marginFloorBp: fc.oneof(fc.integer({ min: -10_000, max: 10_000 }), bp) },
      goodsLimits: fc.array(goodsLimit, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ["floorPriceBp", "maxDiscountBp", "marginFloorBp"] },
  )
  .map((given) => guardrails({ perSubjectPeriodMs: DAY_MS, assumedMarginBp: 10_000, ...given }));
const curve = [
  { leftBp: 10_000, depthMaxBp: 500 },
  { leftBp: 0, depthMaxBp: 10_000 },
];
const approach: fc.Arbitrary<Approach> = fc.oneof(
  fc.constant<Approach>({ kind: "rules", segment: "everyone" }),
  fc.record({
    ...{
      kind: fc.constant("dynamic" as const),
      categories: some(["c0", "c1"]),
      shelfLifeMaxMs: fc.constant(7 * DAY_MS),
    },
    ...{ inventoryMin: fc.constant(0), inventoryReserved: fc.constant(0), markdown: fc.constantFrom([], curve) },
  }),
);
const drawn = fc.record({
  ...{ incentive, limits, approach, isOwed: fc.boolean() },
  budget: fc.oneof(fc.constant<Money>({ minor: 10_000_000, currency: EUR }), eur(1, 5_000)),
});

/** Lines from 250 minor units on: see `BEYOND_ROUNDING_BP`. */
const line = fc
  .record({
    productId: fc.constantFrom("p0", "p1", "p2"),
    ...{ quantity: fc.integer({ min: 1, max: 30 }), unitPriceMinor: fc.integer({ min: 250, max: 9_000 }) },
    discountShare: fc.constantFrom(0, 0, 0, 0.3, 1),
  })
  .map(({ discountShare, ...one }) => ({
    ...one,
    discountMinor: Math.floor((one.quantity * one.unitPriceMinor - 250) * discountShare),
  }));
const row = fc.record(
  {
    unitCostMinor: fc.constantFrom(0, 0, 300),
    category: fc.constantFrom("c0", "c1", "c2"),
    brand: fc.constantFrom("b0", "b1"),
    perishableUntilMs: fc.integer({ min: 0, max: 7 * DAY_MS - 1 }).map((left) => NOON + left),
  },
  { requiredKeys: [] },
);
const world = fc.record({
  lines: fc.array(line, { minLength: 1, maxLength: 3 }),
  rows: fc.tuple(row, row, row),
  shippingMinor: fc.constantFrom(0, 1, 490),
  key: fc.string(),
});

function policyOf({
  incentive: given,
  limits: guards,
  approach: how,
  isOwed,
  budget,
}: typeof drawn extends fc.Arbitrary<infer T> ? T : never) {
  const owed: Partial<Campaign> = isOwed ? { kind: "entitlement", experimentId: "" } : {};
  const changes: Partial<Policy> = {
    campaigns: [campaign({ ladder: [{ incentive: given }], approach: how, ...owed })],
    guardrails: guards,
    budgets: [{ budgetId: "marketing", amount: budget, shadowPriceBp: 0, partOf: "" }],
    partners: [{ partnerId: "bank", partnerShareBp: 0, merchantShareBp: 10_000, budgetId: "", exclusive: [] }],
  };
  return changes;
}

describe("a rung that is refused as one that is never admitted", () => {
  it("is given on no cart, and every other policy still compiles and is asked", () => {
    const seen = { refused: 0, given: 0 };
    const law = fc.property(drawn, fc.array(world, { minLength: 3, maxLength: 3 }), (one, worlds) => {
      const changes = policyOf(one);
      if (!compilePolicy(policy(changes), CATALOGUE).ok) return;
      const isRefused = contradictionsOf(policy(changes)).some(({ reason }) => reason === "rung_never_admitted");
      if (isRefused) seen.refused += 1;
      for (const { lines, rows, shippingMinor, key } of worlds) {
        const cart: Cart = { currency: EUR, lines, shippingMinor };
        const catalog: CatalogRow[] = rows.map((known, index) => ({ productId: `p${index}`, ...known }));
        const outcome = decide(
          input({
            ...{ policy: compiled(changes), cart, catalog, assignmentKey: key as AssignmentKey, model: sureModel(4) },
            budgets: { marketing: { remainingMinor: one.budget.minor, shadowPriceBp: 0 } },
          }),
        );
        if (outcome.kind !== "decided") throw new Error("repeated");
        const { offer, candidates } = outcome.decision;
        const isAdmitted = offer !== undefined || candidates.slice(1).some(({ blockedBy }) => blockedBy === "");
        if (isAdmitted) seen.given += 1;
        expect(isRefused && isAdmitted).toBe(false);
      }
    });
    fc.assert(law, OPTIONS);
    expect(seen.refused).toBeGreaterThan(OPTIONS.numRuns / 8);
    expect(seen.given).toBeGreaterThan(OPTIONS.numRuns / 8);
  });
});
