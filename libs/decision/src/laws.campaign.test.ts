import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  appraise,
  brokenGuardrail,
  goodsMinor,
  withoutExcludedGoods,
  type AppraisalSetting,
  type Cart,
  type CatalogRow,
  type Incentive,
  type Scope,
} from "@leastwise/offers";
import { DAY_MS, type AssignmentKey, type Millis } from "@leastwise/vocabulary";
import { decide } from "./decide.js";
import type { Decision } from "./decision.js";
import { explorationCostOf } from "./exploration-cost.js";
import {
  amountOff,
  campaign,
  compiled,
  compiledModel,
  EUR,
  guardrails,
  input,
  NOON,
  percentOff,
  policy,
  sureModel,
} from "./given/store.js";
import type { DecisionInput } from "./input.js";
import { EMPTY_STATE, RECENT_MAX } from "./state/decision-state.js";
import { evolve, type StateEvent } from "./state/evolve.js";

/** Owed in every arm, thrice a week. */
const OWED = campaign({
  campaignId: "welcome",
  kind: "entitlement",
  experimentId: "",
  ladder: [{ incentive: amountOff(300, 9_000) }],
  frequencyCaps: [{ offersMax: 3, periodMs: 7 * 86_400_000 }],
});

/** `npm run test:long` draws for all keys, `npm test` for a part. */
const IS_CAMPAIGN = process.env["LEASTWISE_LONG"] === "true";
const KEYS = IS_CAMPAIGN ? 100_000 : 10_000;
const OPTIONS = { seed: 20_261_123, numRuns: 300 };

function decision(changes: Partial<DecisionInput>): Decision {
  const outcome = decide(input(changes));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome.decision;
}

const carts: fc.Arbitrary<Cart> = fc.record({
  currency: fc.constant(EUR),
  lines: fc.array(
    fc.record(
      {
        productId: fc.constantFrom("a", "b", "c", "d"),
        quantity: fc.integer({ min: 1, max: 9 }),
        unitPriceMinor: fc.integer({ min: 0, max: 50_000 }),
        discountMinor: fc.integer({ min: 0, max: 3_000 }),
      },
      { requiredKeys: ["productId", "quantity", "unitPriceMinor"] },
    ),
    { minLength: 1, maxLength: 8 },
  ),
  shippingMinor: fc.integer({ min: 0, max: 2_000 }),
});

const catalogs: fc.Arbitrary<readonly CatalogRow[]> = fc.uniqueArray(
  fc.record(
    {
      productId: fc.constantFrom("a", "b", "c", "d"),
      unitCostMinor: fc.integer({ min: 0, max: 50_000 }),
      floorPriceMinor: fc.integer({ min: 0, max: 50_000 }),
      maxDiscountBp: fc.integer({ min: 0, max: 10_000 }),
      category: fc.constantFrom("fruit", "tea"),
      brand: fc.constantFrom("Acme", "Zed"),
    },
    { requiredKeys: ["productId"] },
  ),
  { selector: (row) => row.productId },
);

const goods = fc.record({
  productIds: fc.subarray(["a", "b"]),
  categories: fc.subarray(["tea"]),
  brands: fc.subarray(["Acme"]),
});

const scopes: fc.Arbitrary<Scope> = fc
  .tuple(
    goods,
    fc.option(
      fc.record({
        kind: fc.constantFrom("cheapest" as const, "dearest" as const),
        count: fc.integer({ min: 1, max: 9 }),
      }),
      { nil: undefined },
    ),
  )
  .map(([lists, units]) => ({ ...lists, ...(units === undefined ? {} : { units }) }));

const incentives: fc.Arbitrary<Incentive> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 10_000 }), scopes)
    .map(([percentBp, scope]): Incentive => ({ kind: "percent_off", percentBp, scope })),
  fc
    .tuple(fc.integer({ min: 1, max: 5_000 }), fc.constantFrom("line" as const, "unit" as const))
    .map(([minor, per]): Incentive => ({ kind: "amount_off", amount: { minor, currency: EUR }, per })),
  fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), goods)
    .map(([buy, get, getScope]): Incentive => ({
      ...{ kind: "buy_x_get_y", buy, get, percentBp: 10_000, setsMax: 2, getScope },
    })),
  fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 0, max: 5_000 })).map(([worth, cost]): Incentive => ({
    ...{ kind: "gift", productId: "g" },
    worth: { minor: worth, currency: EUR },
    cost: { minor: cost, currency: EUR },
  })),
  fc
    .integer({ min: 1, max: 3_000 })
    .map((percentBp): Incentive => ({ kind: "payment_discount", method: "sepa", percentBp })),
  fc.integer({ min: 1, max: 10_000 }).map(percentOff),
  fc.integer({ min: 1, max: 20_000 }).map((minor) => amountOff(minor)),
  fc.constant<Incentive>({ kind: "free_shipping" }),
  fc
    .integer({ min: 1, max: 5_000 })
    .map((minor): Incentive => ({ kind: "loyalty_credit", amount: { minor, currency: EUR } })),
  fc
    .integer({ min: 1, max: 5_000 })
    .map((minor): Incentive => ({ kind: "bundle_credit", productIds: ["a", "b"], amount: { minor, currency: EUR } })),
  fc.integer({ min: 1, max: 3_000 }).map((bp): Incentive => ({
    kind: "tiered_cashback",
    tiers: [{ cartMin: { minor: 0, currency: EUR }, cashbackBp: bp }],
  })),
);

const guardrailSets = fc.record({
  floorPriceBp: fc.integer({ min: 0, max: 10_000 }),
  maxDiscountBp: fc.integer({ min: 0, max: 10_000 }),
  marginFloorBp: fc.integer({ min: -10_000, max: 10_000 }),
  assumedMarginBp: fc.integer({ min: 0, max: 10_000 }),
  cartMaxDiscountBp: fc.integer({ min: 0, max: 10_000 }),
  incentiveMaxMinor: fc.integer({ min: 1, max: 50_000 }),
  excluded: goods,
});

describe("laws of the decision", () => {
  it("no input gets past the guardrails: what may be drawn breaks none, fits its budget and the cart", () => {
    const law = fc.property(
      carts,
      catalogs,
      guardrailSets,
      fc.array(incentives, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 30_000 }),
      fc.integer({ min: 0, max: 5 }),
      fc.string(),
      (cart, catalog, limits, ladder, remainingMinor, slope, key) => {
        const campaigns = ladder.map((incentive, i) =>
          campaign({ campaignId: `c${String(i)}`, ladder: [{ incentive }] }),
        );
        const { excluded, incentiveMaxMinor, ...bounds } = limits;
        const isAnyExcluded = excluded.productIds.length + excluded.categories.length + excluded.brands.length > 0;
        const under = compiled({
          campaigns,
          guardrails: guardrails({
            ...bounds,
            incentiveMax: { minor: incentiveMaxMinor, currency: EUR },
            goodsLimits: isAnyExcluded ? [{ ...excluded, excluded: true }] : [],
          }),
        });
        const made = decision({
          policy: under,
          model: sureModel(slope),
          cart,
          catalog,
          budgets: { marketing: { remainingMinor, shadowPriceBp: 0 } },
          assignmentKey: key as AssignmentKey,
        });
        const rows = cart.lines.map((line) => catalog.find((row) => row.productId === line.productId));
        for (const { incentive, weight, faceValueMinor, worstCostMinor, expectedCostMinor } of made.candidates.slice(
          1,
        )) {
          if (weight === 0 || incentive === undefined) continue;
          const lineCapsMinor = withoutExcludedGoods(under.guardrails.cart, cart, rows, undefined);
          const share = shareOf(incentive, cart, { rows, lineCapsMinor });
          expect(faceValueMinor).toBe(share.worthMinor);
          expect(brokenGuardrail({ cart, rows, appraisal: share, guardrails: under.guardrails.cart })).toBeUndefined();
          expect(share.worthMinor).toBeLessThanOrEqual(incentiveMaxMinor);
          for (const [i, { productId }] of cart.lines.entries()) {
            const { category = "", brand = "" } = rows[i] ?? {};
            const isExcluded =
              excluded.productIds.includes(productId) ||
              excluded.categories.includes(category) ||
              excluded.brands.includes(brand);
            if (isExcluded) expect(share.shares[i]).toBe(0);
          }
          expect(worstCostMinor).toBeLessThanOrEqual(remainingMinor);
          expect(expectedCostMinor).toBeLessThanOrEqual(worstCostMinor);
          expect(share.goodsMinor).toBeLessThanOrEqual(goodsMinor(cart));
        }
        expect(made.candidates.reduce((sum, { weight }) => sum + weight, 0)).toBe(2 ** 32);
        expect(made.candidates[made.chosen]!.weight).toBeGreaterThan(0);
      },
    );
    fc.assert(law, OPTIONS);
  });

  it("conversion grows with what the shopper gains, within a format", () => {
    const law = fc.property(carts, fc.integer({ min: 0, max: 4 }), (cart, slope) => {
      const ladder = [300, 900, 2_000, 4_500].map((bp) => ({ incentive: percentOff(bp) }));
      const { candidates } = decision({
        cart,
        catalog: [],
        model: sureModel(slope),
        policy: compiled({ campaigns: [campaign({ ladder })] }),
      });
      const rungs = candidates.slice(1).toSorted((a, b) => a.faceValueMinor - b.faceValueMinor);
      let before = candidates[0]!.conversion;
      for (const { conversion } of rungs) {
        expect(conversion).toBeGreaterThanOrEqual(before);
        before = conversion;
      }
    });
    fc.assert(law, OPTIONS);
  });

  it("a wider posterior at equal mean never deepens an exploit answer", () => {
    const exploration = { floorBp: 0, coldStartDecisionsPerRung: 0 };
    const both = compiled({
      campaigns: [
        campaign({ exploration }),
        campaign({
          campaignId: "ship",
          exploration,
          ladder: [{ incentive: { kind: "free_shipping" } }, { incentive: amountOff(700) }],
        }),
      ],
    });
    const model = (means: readonly number[], sds: readonly number[], baselineSd: number) =>
      compiledModel({
        version: "wide",
        horizonMs: 1,
        baseline: [{ feature: "intercept", mean: -1, sd: baselineSd }],
        formats: ["percent_off", "free_shipping", "amount_off"].map((format, i) => ({
          format,
          slopeMean: means[i]!,
          slopeSd: sds[i]!,
          nullProbability: 0.1,
          depthScaleBp: 1_000,
        })),
      });
    const slopes = fc.array(fc.double({ min: 0, max: 4, noNaN: true }), { minLength: 3, maxLength: 3 });
    const widths = fc.array(fc.double({ min: 0.01, max: 2, noNaN: true }), { minLength: 3, maxLength: 3 });
    const more = fc.array(fc.double({ min: 1, max: 5, noNaN: true }), { minLength: 4, maxLength: 4 });
    const law = fc.property(
      slopes,
      widths,
      more,
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (means, sds, by, sd) => {
        const costOf = (made: Decision) => made.candidates[made.exploit]!.expectedCostMinor;
        const narrow = decision({ policy: both, model: model(means, sds, sd) });
        const wide = decision({
          policy: both,
          model: model(
            means,
            sds.map((s, i) => s * by[i]!),
            sd * by[3]!,
          ),
        });
        expect(costOf(wide)).toBeLessThanOrEqual(costOf(narrow));
      },
    );
    fc.assert(law, OPTIONS);
  });

  it("folding the log in whatever order its topics are read gives the state that deciding live left", () => {
    const step = fc.constantFrom("decide", "decide", "other cart", "redeem", "order", "order ahead", "wait", "stand");
    const law = fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.string(),
      fc.integer({ min: 0, max: 9_999 }),
      fc.infiniteStream(fc.nat()),
      (steps, key, holdoutBp, picks) => {
        const experiments = [{ experimentId: "autumn-holdout", salt: "s", holdoutBp }];
        const { live, log } = shopping(steps, {
          policy: compiled({ experiments, campaigns: [campaign(), OWED] }),
          assignmentKey: key as AssignmentKey,
        });
        expect(log.reduce(evolve, EMPTY_STATE)).toEqual(live);
        expect(interleaved(log, picks).reduce(evolve, EMPTY_STATE)).toEqual(live);
        expect(live.recent.length).toBeLessThanOrEqual(RECENT_MAX);
      },
    );
    fc.assert(law, { ...OPTIONS, numRuns: 200 });
  });

  it("draws once an episode, also where orders and decisions share an instant", () => {
    const step = fc.constantFrom("other cart", "order", "stand");
    const law = fc.property(fc.array(step, { maxLength: 25 }), fc.string(), (steps, key) => {
      const { log } = shopping(steps, { model: sureModel(0), assignmentKey: key as AssignmentKey });
      let ordered = true;
      for (const event of log) {
        if (event.kind === "decided") expect(event.decision.continued).toBe(!ordered);
        ordered = event.kind === "ordered";
      }
    });
    fc.assert(law, { ...OPTIONS, numRuns: 100 });
  });

  it("what is withheld leads where its twin's offer leads", () => {
    const step = fc.constantFrom("decide", "other cart", "other cart", "order", "wait", "stand");
    const guardrails = {
      ...policy().guardrails!,
      perSubjectMax: { minor: 2_500, currency: EUR },
      perSubjectPeriodMs: 5 * DAY_MS,
    };
    const campaigns = [campaign({ frequencyCaps: [{ offersMax: 3, periodMs: 10 * DAY_MS }] })];
    const law = fc.property(fc.array(step, { maxLength: 30 }), fc.string(), (steps, key) => {
      const [twin, ghost] = [0, 9_999].map((holdoutBp) => {
        const experiments = [{ experimentId: "autumn-holdout", salt: "s", holdoutBp }];
        const { log } = shopping(steps, {
          policy: compiled({ experiments, campaigns, guardrails }),
          model: sureModel(1.2),
          assignmentKey: key as AssignmentKey,
        });
        return log.flatMap((event) => (event.kind === "decided" ? [event.decision] : []));
      });
      const path = (decisions: readonly Decision[] | undefined) =>
        decisions?.map(({ episodeId, continued, candidates, chosen, exploit, draw, propensity }) => {
          return { episodeId, continued, candidates, chosen, exploit, draw, propensity };
        });
      expect(path(ghost)).toEqual(path(twin));
    });
    fc.assert(law, { ...OPTIONS, numRuns: 150 });
  });
});

type Step = "decide" | "other cart" | "redeem" | "order" | "order ahead" | "wait" | "stand";

/** A shopper's log and the state that deciding live left. An order of a shopper who holds an offer uses it; the ledger ends what ran out. */
function shopping(steps: readonly Step[], changes: Partial<DecisionInput>) {
  let live = EMPTY_STATE;
  const log: (Exclude<StateEvent, { kind: "decided" }> | { kind: "decided"; decision: Decision })[] = [];
  let nowMs: number = NOON;
  let requests = 0;
  let carts = 0;
  const happen = (event: Exclude<StateEvent, { kind: "decided" }>) => {
    log.push(event);
    live = evolve(live, event);
  };
  const redeem = () => {
    const open = live.open.find((offer) => !offer.withheld);
    if (open !== undefined) happen({ kind: "redeemed", offerId: open.offer.offerId, costMinor: open.worstCostMinor });
  };
  for (const [index, what] of steps.entries()) {
    // Two acts may share a millisecond.
    if (what !== "stand" && steps[index - 1] !== "stand") nowMs += what === "wait" ? 30 * 3_600_000 : 60_000;
    for (const { offer, withheld } of live.open)
      if (!withheld && offer.expiresAtMs <= nowMs) happen({ kind: "expired", offerId: offer.offerId });
    if (what === "redeem" || what === "order") redeem();
    if (what === "order") happen({ kind: "ordered", atMs: nowMs as Millis });
    if (what === "order ahead") happen({ kind: "ordered", atMs: (nowMs + 240_000) as Millis });
    if (what !== "decide" && what !== "other cart") continue;
    requests += 1;
    if (what === "other cart") carts += 1;
    const outcome = decide(
      input({
        decisionState: live,
        nowMs: nowMs as Millis,
        cart: { ...input().cart, shippingMinor: 490 + carts },
        cause: { caller: "shop", requestId: String(requests), sessionId: "" },
        ...changes,
      }),
    );
    if (outcome.kind !== "decided") throw new Error("a new request id is decided on");
    log.push({ kind: "decided", decision: outcome.decision });
    live = outcome.nextState;
  }
  return { live, log };
}

/** The log with its topics read in another order: decisions, orders and what became of offers each in theirs, an offer after its decision. */
function interleaved(log: readonly StateEvent[], picks: fc.Stream<number>): readonly StateEvent[] {
  const decisions = log.filter((event) => event.kind === "decided");
  const orders = log.filter((event) => event.kind === "ordered");
  const ends = log.flatMap((event) => (event.kind === "redeemed" || event.kind === "expired" ? [event] : []));
  const issued = new Set<string | undefined>();
  const mixed: StateEvent[] = [];
  while (mixed.length < log.length) {
    const end = ends[0];
    const ready = [decisions, orders, ...(end !== undefined && issued.has(end.offerId) ? [ends] : [])].filter(
      (topic) => topic.length > 0,
    );
    const event = ready[(picks.next().value ?? 0) % ready.length]?.shift();
    if (event === undefined) throw new Error("every end has its decision");
    if (event.kind === "decided") issued.add(event.decision.offer?.offerId);
    mixed.push(event);
  }
  return mixed;
}

describe("chance", () => {
  it(`draws each rung with its recorded propensity: ${String(KEYS)} keys, chi-square`, () => {
    const asked = input({ policy: compiled({ guardrails: policy().guardrails! }) });
    const counts = [0, 0, 0, 0];
    let weights: readonly number[] = [];
    for (let i = 0; i < KEYS; i += 1) {
      const outcome = decide({ ...asked, assignmentKey: `shopper-${String(i)}` as AssignmentKey });
      if (outcome.kind !== "decided") throw new Error("repeated");
      const { chosen, candidates, propensity } = outcome.decision;
      counts[chosen]! += 1;
      weights = candidates.map(({ weight }) => weight);
      if (propensity !== weights[chosen]! / 2 ** 32) throw new Error("propensity");
    }
    expect(weights[0]! / 2 ** 32).toBeCloseTo(0.7, 6);
    const expected = weights.map((weight) => (weight / 2 ** 32) * KEYS);
    const chi2 = counts.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);
    expect(chi2).toBeLessThan(30.7); // 3 degrees of freedom, the tail of one in a million
  });

  it.each([
    ["cold start", {}, {}, [true, true, true, true]],
    ["warm, by the floor", { autumn: [400, 400, 400, 400] }, {}, [true, true, true, true]],
    ["exploration budget gone", {}, { autumn: 1_000_000 }, [true, false, false, false]],
  ] as const)("given %s, tries %s", (_name, decisionsPerRung, explorationSpentMinor, tried) => {
    const { candidates } = decision({ decisionsPerRung, explorationSpentMinor });
    expect(candidates.map(({ weight }) => weight > 0)).toEqual(tried);
    if ("autumn" in decisionsPerRung) expect(candidates[1]!.weight).toBe(Math.floor(2 ** 32 / 100));
  });

  it("charges the exploration budget what was given up and spent more, and nothing for the exploit choice or a ghost", () => {
    const costs = Array.from({ length: 60 }, (_, i) => {
      const made = decision({ assignmentKey: `e${String(i)}` as AssignmentKey });
      expect(explorationCostOf(made)).toBe(made.explorationCostMinor);
      expect(explorationCostOf({ ...made, ghost: true })).toBe(0);
      if (made.chosen === made.exploit) expect(made.explorationCostMinor).toBe(0);
      else expect(made.explorationCostMinor).toBeGreaterThanOrEqual(made.candidates[made.chosen]!.expectedCostMinor);
      return made.explorationCostMinor;
    });
    expect(costs.some((cost) => cost > 0)).toBe(true);
  });

  it("whatever is cold, tries rung 0 and the rung below the exploit choice, and nothing dearer than the budget", () => {
    const floorsBp = fc.integer({ min: 0, max: 2_000 });
    const campaigns = fc.array(
      fc.record({
        ladder: fc.oneof(
          incentives.map((incentive) => [incentive]),
          fc
            .uniqueArray(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 4 })
            .map((bps) => bps.sort((a, b) => a - b).map(percentOff)),
        ),
        floorBp: floorsBp,
        isCold: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    );
    const law = fc.property(
      campaigns,
      carts,
      fc.double({ min: 0, max: 4, noNaN: true }),
      fc.integer({ min: 0, max: 5_000 }),
      fc.string(),
      fc.boolean(),
      (given, cart, slope, spentMinor, key, isOwed) => {
        const ids = given.map((_, i) => `c${String(i)}`);
        const floorBpOf = new Map(ids.map((id, i) => [id, given[i]!.floorBp]));
        const made = decision({
          policy: compiled({
            guardrails: guardrails({
              floorPriceBp: 0,
              maxDiscountBp: 10_000,
              marginFloorBp: -10_000,
              assumedMarginBp: 6_000,
            }),
            campaigns: [
              ...given.map(({ ladder, floorBp }, i) =>
                campaign({
                  campaignId: ids[i]!,
                  ladder: ladder.map((incentive) => ({ incentive })),
                  exploration: { floorBp, budget: { minor: 5_000, currency: EUR } },
                }),
              ),
              ...(isOwed ? [OWED] : []),
            ],
          }),
          decisionsPerRung: Object.fromEntries(
            given.flatMap(({ isCold }, i) => (isCold ? [] : [[ids[i]!, [400, 400, 400, 400, 400]]])),
          ),
          explorationSpentMinor: Object.fromEntries(ids.map((id) => [id, spentMinor])),
          model: sureModel(slope),
          catalog: [],
          cart,
          assignmentKey: key as AssignmentKey,
        });
        const { candidates, exploit } = made;
        expect(candidates.every(({ weight }) => Number.isInteger(weight) && weight >= 0)).toBe(true);
        expect(candidates.reduce((sum, { weight }) => sum + weight, 0)).toBe(2 ** 32);
        const floorBp = floorBpOf.get(candidates[exploit]!.campaignId) ?? 1;
        if (floorBp > 0) expect(candidates[0]!.weight).toBeGreaterThan(0);
        const below = candidates.slice(1, exploit).findLast(({ blockedBy }) => blockedBy === "");
        if (below !== undefined && floorBpOf.get(below.campaignId)! > 0) expect(below.weight).toBeGreaterThan(0);
        // What is charged, should it be drawn, is what was asked of the budget.
        for (const [chosen, { weight }] of candidates.entries())
          if (chosen > exploit && weight > 0)
            expect(spentMinor + explorationCostOf({ ...made, chosen })).toBeLessThanOrEqual(5_000);
      },
    );
    fc.assert(law, OPTIONS);
  });

  it("gives the baseline its floor where a warm campaign has the exploit choice and another is cold", () => {
    const { candidates, exploit } = decision({
      policy: compiled({
        campaigns: [
          campaign({ campaignId: "warm", ladder: [{ incentive: percentOff(500) }, { incentive: percentOff(1_500) }] }),
          campaign({ campaignId: "cold", ladder: [{ incentive: amountOff(200) }] }),
        ],
      }),
      model: sureModel(1.2),
      decisionsPerRung: { warm: [1_000, 1_000, 1_000] },
    });
    const floor = Math.floor(2 ** 32 / 100);
    expect(candidates[exploit]!.campaignId).toBe("warm");
    expect(candidates[0]!.weight).toBe(floor);
    for (const { campaignId, weight } of candidates.slice(1, exploit))
      expect(weight).toBe(campaignId === "warm" ? floor : Math.floor((2 ** 32 / 10_000) * 3_000));
  });

  it("always tries rung 0 and the rung below an exploit choice, budget or none", () => {
    const { candidates, exploit } = decision({
      policy: compiled({ campaigns: [campaign({ exploration: { coldStartDecisionsPerRung: 0 } })] }),
      model: sureModel(3),
    });
    expect(exploit).toBeGreaterThan(1);
    expect(candidates.map(({ weight }) => weight > 0)).toEqual(candidates.map((_, place) => place <= exploit));
  });
});

function shareOf(incentive: Incentive, cart: Cart, setting: AppraisalSetting = {}) {
  const share = appraise(incentive, cart, setting);
  if (share === undefined) throw new Error("what may be drawn gives something");
  return share;
}
