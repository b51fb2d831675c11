import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, MINUTE_MS, PURPOSES, type AssignmentKey, type Millis } from "@leastwise/vocabulary";
import fc from "fast-check";
import { decide } from "./decide.js";
import type { Decided } from "./decision.js";
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
import type { Approach, Campaign, Policy } from "./policy/policy.js";
import { EMPTY_STATE, type DecisionState } from "./state/decision-state.js";
import { answerOf, evolve } from "./state/evolve.js";

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

function decided(changes: Partial<DecisionInput>): Decided {
  const outcome = decide(input(changes));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome;
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

  it("is told why, on each rung: who was answered, and then left, and who was brought back a short while ago", () => {
    const blocks = (
      decisionState: DecisionState,
      nowMs: number,
      campaigns: readonly Campaign[],
      goodsMinor = 10_000,
    ) => {
      const left = { decisionState, nowMs: nowMs as Millis, features: features({ cart_abandoned: 1 }) };
      const outcome = decide(input({ ...shop(campaigns), ...left, cart: cartOf(goodsMinor) }));
      if (outcome.kind !== "decided") throw new Error("repeated");
      const { candidates } = outcome.decision;
      return new Set(candidates.filter(({ campaignId }) => campaignId === "come-back").map((one) => one.blockedBy));
    };
    const both = [EVERYONE, COME_BACK].map(exploiting);
    const first = decided({ ...SHOP, features: features({ cart_abandoned: 0 }) });
    expect(blocks(first.nextState, NOON + HOUR_MS, both, 90_000)).toEqual(new Set(["answered_before_left"]));
    expect(blocks(first.nextState, NOON + 25 * HOUR_MS, both, 90_000)).toEqual(new Set([""]));
    const back = decided({ ...shop([exploiting(COME_BACK)]), features: features({ cart_abandoned: 1 }) });
    expect(back.decision.offer?.campaignId).toBe("come-back");
    const since = evolve(back.nextState, { kind: "ordered", atMs: (NOON + 1) as Millis });
    const used = evolve(since, { kind: "redeemed", offerId: back.decision.offer!.offerId, costMinor: 1_000 });
    expect(blocks(used, NOON + 29 * DAY_MS, both)).toEqual(new Set(["recovered_before"]));
    expect(blocks(used, NOON + 30 * DAY_MS, both)).toEqual(new Set([""]));
  });

  it("is bound by every offer that was let go, be a larger cart in between", () => {
    const detour = [10_000, 100_000, 10_000].map((goodsMinor, visit) => ({
      afterMs: visit === 0 ? 0 : 25 * HOUR_MS,
      goodsMinor,
    }));
    const generous = compiledModel({ ...TEMPTED_MODEL, baseline: [{ feature: "intercept", mean: -0.2, sd: 0.01 }] });
    const least = { ...EVERYONE, ladder: LADDER.slice(0, 1) };
    const shown = fish(detour, { ...shop([least, COME_BACK].map(exploiting)), model: generous });
    expect(shown.map(({ depthBp }) => depthBp)).toEqual([500, 500, 500]);
  });

  it("looks for who is held out like who is given nothing", () => {
    const experiments = (holdoutBp: number) => [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp }];
    const told = (policyOf: Partial<Policy>, model: DecisionInput["model"], wait: number) => {
      const asked = { policy: compiled({ campaigns: [exploiting(COME_BACK)], ...policyOf }), model };
      const first = decided({ ...asked, features: features({ cart_abandoned: 1 }) });
      const again = { ...asked, decisionState: first.nextState, nowMs: (NOON + wait) as Millis };
      return answerOf(decided({ ...again, cart: cartOf(9_900), features: features({ cart_abandoned: 1 }) }).decision);
    };
    const useless = compiledModel({ ...TEMPTED_MODEL, formats: [] });
    for (const wait of [HOUR_MS, 2 * DAY_MS]) {
      const withheld = told({ experiments: experiments(9_999) }, TEMPTED, wait);
      const none = told({ experiments: experiments(0) }, useless, wait);
      expect({ ...withheld, decisionId: "" }).toEqual({ ...none, decisionId: "" });
    }
  });
});

describe("consent that was withdrawn", () => {
  it("takes with it what it had been found by: what was let go, and what was refused", () => {
    const segments = [
      { name: "everyone", expression: "true" },
      { name: "often", expression: "features.purchases_30d >= 2" },
    ];
    const often = exploiting(
      campaign({ campaignId: "often", ladder: LADDER.slice(0, 1), approach: { kind: "rules", segment: "often" } }),
    );
    const deeper = exploiting({ ...EVERYONE, ladder: LADDER.slice(1, 2) });
    const model = compiledModel({ ...TEMPTED_MODEL, baseline: [{ feature: "intercept", mean: -0.2, sd: 0.01 }] });
    const first = decided({
      policy: compiled({ segments, campaigns: [often] }),
      model,
      features: features({ purchases_30d: 3 }),
    });
    expect(first.decision.offer?.campaignId).toBe("often");
    const later = (consent: DecisionInput["consent"]) => {
      const state = evolve(first.nextState, { kind: "expired", offerId: first.decision.offer!.offerId });
      const policy = compiled({ segments, campaigns: [deeper, often] });
      const then = { policy, model, decisionState: state, nowMs: (NOON + 3 * DAY_MS) as Millis, consent };
      return decided({ ...then, features: features({ purchases_30d: 3 }) }).decision;
    };
    expect(later(PURPOSES).candidates.find(({ campaignId }) => campaignId === "everyone")?.blockedBy).toBe(
      "deeper_than_before",
    );
    expect(later([]).candidates.find(({ campaignId }) => campaignId === "everyone")?.blockedBy).toBe("");
    const none = decided({
      policy: compiled({ segments, campaigns: [often, deeper] }),
      model: compiledModel({ ...TEMPTED_MODEL, formats: [] }),
      features: features({ purchases_30d: 3 }),
    });
    const again = (consent: DecisionInput["consent"]) => {
      const then = {
        policy: compiled({ segments, campaigns: [often, deeper] }),
        model,
        decisionState: none.nextState,
        consent,
      };
      return decided({
        ...then,
        nowMs: (NOON + 1) as Millis,
        cart: cartOf(9_900),
        features: features({ purchases_30d: 3 }),
      }).decision;
    };
    expect(
      new Set(
        again(PURPOSES)
          .candidates.slice(1)
          .map(({ blockedBy }) => blockedBy),
      ),
    ).toEqual(new Set(["refused_before"]));
    expect(
      new Set(
        again([])
          .candidates.slice(1)
          .map(({ blockedBy }) => blockedBy),
      ),
    ).toEqual(new Set([""]));
  });
});

describe("who is owed something for having left a cart", () => {
  it("is owed it however often it is asked", () => {
    const owed = { ...COME_BACK, kind: "entitlement" as const, experimentId: "", ladder: LADDER.slice(0, 1) };
    const asked = { ...shop([owed]), features: features({ cart_abandoned: 1 }) };
    const first = decided(asked);
    const again = decided({
      ...asked,
      decisionState: first.nextState,
      nowMs: (NOON + 1_000) as Millis,
      cart: cartOf(9_900),
    });
    expect([first, again].map(({ decision }) => decision.reason)).toEqual(["entitlement", "entitlement"]);
    expect(again.decision.offer?.offerId).toBe(first.decision.offer?.offerId);
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
