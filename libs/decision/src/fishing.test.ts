import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, MINUTE_MS, type AssignmentKey, type Millis } from "@leastwise/vocabulary";
import fc from "fast-check";
import { decide } from "./decide.js";
import { ineligibleFor } from "./explain/ineligible.js";
import {
  campaign,
  CART,
  compiled,
  compiledModel,
  features,
  guardrails,
  input,
  NOON,
  percentOff,
} from "./given/store.js";
import type { DecisionInput } from "./input.js";
import type { ResponseModel } from "./model/response-model.js";
import { PRIOR_MODEL } from "./priors.js";
import type { Approach, Campaign } from "./policy/policy.js";
import { EMPTY_STATE, type DecisionState } from "./state/decision-state.js";
import { evolve } from "./state/evolve.js";

// Shoppers who leave on purpose, wait, come back, and change their carts a little, to be offered more.

const EXPLOIT_ONLY = { floorBp: 0, coldStartDecisionsPerRung: 0 };
const LADDER = [500, 1_000, 2_000, 3_000].map((bp) => ({ incentive: percentOff(bp) }));
const EVERYONE = campaign({ campaignId: "everyone", ladder: LADDER.slice(0, 2), offerTtlMs: 2 * HOUR_MS });
const LEFT_A_CART: Approach = {
  ...{ kind: "propensity", of: "abandonment" },
  ...{ propensityMinBp: 0, propensityMaxBp: 0, awayMs: 0 },
};
const COME_BACK = campaign({
  ...{ campaignId: "come-back", ladder: LADDER.slice(1), offerTtlMs: 2 * HOUR_MS },
  approach: LEFT_A_CART,
});

/** To whoever leaves a cart it gives more: they buy less by themselves. */
const TEMPTED_MODEL: ResponseModel = {
  ...{ version: "tempted", horizonMs: PRIOR_MODEL.horizonMs },
  baseline: [
    { feature: "intercept", mean: 1.5, sd: 0.01 },
    { feature: "cart_abandoned", mean: -2.5, sd: 0.01 },
  ],
  formats: [{ format: "percent_off", slopeMean: 1.2, slopeSd: 0.01, nullProbability: 0, depthScaleBp: 1_000 }],
};
const TEMPTED = compiledModel(TEMPTED_MODEL);

function exploiting(of: Campaign): Campaign {
  return { ...of, exploration: EXPLOIT_ONLY };
}

function shop(
  campaigns: readonly Campaign[],
  more: Partial<Parameters<typeof guardrails>[0]> = {},
): Partial<DecisionInput> {
  return { policy: compiled({ campaigns, guardrails: guardrails({ maxDiscountBp: 5_000, ...more }) }), model: TEMPTED };
}

const SHOP = shop([EVERYONE, COME_BACK].map(exploiting));

function cartOf(goodsMinor: number): DecisionInput["cart"] {
  return { ...CART, lines: [{ productId: "shoe", quantity: 1, unitPriceMinor: goodsMinor }] };
}

/** A visit to the checkout: how long after the one before, and with what in the cart. */
interface Visit {
  readonly afterMs: number;
  readonly goodsMinor: number;
}

/** What a visit was answered. */
interface Shown {
  readonly atMs: number;
  readonly worthMinor: number;
  readonly depthBp: number;
  readonly offerId: string;
  readonly campaignId: string;
  readonly episodeId: string;
}

/** A shopper who never orders, and comes back as the visits say. After half an hour of silence the cart counts as left. */
function fish(visits: readonly Visit[], asked: Partial<DecisionInput>, key = "key-1"): readonly Shown[] {
  let state: DecisionState = EMPTY_STATE;
  let atMs: number = NOON;
  return visits.map(({ afterMs, goodsMinor }, visit): Shown => {
    atMs += afterMs;
    for (const { offer } of state.open)
      if (atMs >= offer.expiresAtMs) state = evolve(state, { kind: "expired", offerId: offer.offerId });
    const isLeft = visit > 0 && afterMs > 30 * MINUTE_MS;
    const outcome = decide(
      input({
        ...asked,
        ...{ assignmentKey: key as AssignmentKey, decisionState: state, nowMs: atMs as Millis },
        cause: { caller: "shop", requestId: `visit-${String(visit)}`, sessionId: `visit-${String(visit)}` },
        ...{ cart: cartOf(goodsMinor), features: features(isLeft ? { cart_abandoned: 1 } : { cart_abandoned: 0 }) },
      }),
    );
    if (outcome.kind !== "decided") throw new Error("repeated");
    state = outcome.nextState;
    const { offer } = outcome.decision;
    const worthMinor = offer?.faceValueMinor ?? 0;
    const { episodeId } = outcome.decision;
    return {
      ...{ atMs, worthMinor, depthBp: Math.round((worthMinor * 10_000) / goodsMinor), episodeId },
      ...{ offerId: offer?.offerId ?? "", campaignId: offer?.campaignId ?? "" },
    };
  });
}

const visits = fc.array(
  fc.record({
    afterMs: fc.constantFrom(MINUTE_MS, 31 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 25 * HOUR_MS, 3 * DAY_MS),
    goodsMinor: fc.constantFrom(8_000, 9_000, 10_000),
  }),
  { minLength: 2, maxLength: 12 },
);

describe("who fishes for a better offer", () => {
  it("gets no better one in the same episode, with the same cart or another one like it (a law)", () => {
    fc.assert(
      fc.property(visits, fc.nat(1_000), (visited, key) => {
        const shown = fish(visited, SHOP, `key-${String(key)}`);
        for (const [at, later] of shown.entries()) {
          const first = shown.find(({ episodeId }) => episodeId === later.episodeId)!;
          if (first !== later && first.worthMinor === 0) expect([at, later.worthMinor]).toEqual([at, 0]);
          expect(later.worthMinor <= first.worthMinor || later.depthBp <= first.depthBp).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("gets nothing that is both more and a larger share than an offer that was let go, for two weeks (a law)", () => {
    fc.assert(
      fc.property(visits, fc.nat(1_000), (visited, key) => {
        const shown = fish(visited, SHOP, `key-${String(key)}`);
        let bound: Shown | undefined;
        for (const offered of shown) {
          const isNew = offered.offerId !== "" && offered.offerId !== bound?.offerId;
          if (!isNew) continue;
          if (bound !== undefined && offered.atMs - bound.atMs < 14 * DAY_MS)
            expect(offered.worthMinor <= bound.worthMinor || offered.depthBp <= bound.depthBp).toBe(true);
          bound = offered;
        }
      }),
      { numRuns: 150 },
    );
  });

  it("would get more without these rules: what is let go bounds nothing where the policy says so, and then a smaller offer is followed by a larger one", () => {
    const leaving = [
      { afterMs: 0, goodsMinor: 10_000 },
      { afterMs: 25 * HOUR_MS, goodsMinor: 9_900 },
    ];
    const generous = compiledModel({ ...TEMPTED_MODEL, baseline: [{ feature: "intercept", mean: -0.2, sd: 0.01 }] });
    const campaigns = [{ ...EVERYONE, ladder: LADDER.slice(0, 1) }, COME_BACK].map(exploiting);
    const [bound, unbound] = [{}, { noEscalationMs: 0 }].map((limits) =>
      fish(leaving, { ...shop(campaigns, limits), model: generous }),
    ) as [readonly Shown[], readonly Shown[]];
    expect(unbound[1]!.depthBp).toBeGreaterThan(unbound[0]!.depthBp);
    expect(bound[1]!.depthBp).toBe(bound[0]!.depthBp);
  });

  it("is brought back once a month, however many carts are left", () => {
    const habit = Array.from({ length: 30 }, () => ({ afterMs: 3 * DAY_MS, goodsMinor: 10_000 }));
    const broughtBack = (againAfterMs?: number) => {
      const approach = { ...LEFT_A_CART, ...(againAfterMs === undefined ? {} : { againAfterMs }) };
      const shown = fish(habit, shop([exploiting({ ...COME_BACK, approach })]));
      return shown.filter(({ campaignId }) => campaignId === "come-back").length;
    };
    expect(broughtBack()).toBe(3);
    expect(broughtBack(0)).toBe(29);
    expect(broughtBack(10 * DAY_MS)).toBe(8);
  });

  it("is told why: who was answered, and then left, and who was brought back a short while ago", () => {
    const reasons = (decisionState: DecisionState, nowMs: number) =>
      ineligibleFor(
        input({ ...SHOP, decisionState, nowMs: nowMs as Millis, features: features({ cart_abandoned: 1 }) }),
      ).map(({ reason }) => reason);
    const first = decide(input({ ...SHOP, features: features({ cart_abandoned: 0 }) }));
    if (first.kind !== "decided") throw new Error("repeated");
    expect(reasons(first.nextState, NOON + HOUR_MS)).toEqual(["answered_before_left"]);
    expect(reasons(EMPTY_STATE, NOON)).toEqual([]);
    const back = decide(input({ ...shop([exploiting(COME_BACK)]), features: features({ cart_abandoned: 1 }) }));
    if (back.kind !== "decided") throw new Error("repeated");
    expect(back.decision.offer?.campaignId).toBe("come-back");
    expect(reasons(back.nextState, NOON + 29 * DAY_MS)).toEqual(["recovered_before"]);
    expect(reasons(back.nextState, NOON + 30 * DAY_MS)).toEqual([]);
  });
});

describe("who does not fish", () => {
  it("is answered anew after an order, and on a cart that has grown by more than a quarter", () => {
    const asked = { ...SHOP, features: features({ cart_abandoned: 0 }) };
    const first = decide(input(asked));
    if (first.kind !== "decided") throw new Error("repeated");
    expect(first.decision).toMatchObject({ reason: "least_is_none" });
    const blocks = (goodsMinor: number, state = first.nextState) => {
      const outcome = decide(
        input({ ...asked, decisionState: state, nowMs: (NOON + 1) as Millis, cart: cartOf(goodsMinor) }),
      );
      if (outcome.kind !== "decided") throw new Error("repeated");
      return new Set(outcome.decision.candidates.slice(1).map(({ blockedBy }) => blockedBy));
    };
    expect(blocks(12_500)).toEqual(new Set(["refused_before"]));
    expect(blocks(12_501)).toEqual(new Set([""]));
    expect(blocks(9_000, evolve(first.nextState, { kind: "ordered", atMs: NOON }))).toEqual(new Set([""]));
  });
});
