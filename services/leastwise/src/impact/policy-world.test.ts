import type { Approach, CompiledPolicy } from "@leastwise/decision";
import type { CatalogRow } from "@leastwise/offers";
import type { Millis } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { ADA, BEN, campaign, cartOf, COAT, compiled, EUR, factsOf, GUARDRAILS, MODEL, NOON } from "./given/shop.js";
import { PolicyWorld } from "./policy-world.js";

const soon = (ms: number) => (NOON + ms) as Millis;

const coats = { productIds: [], categories: ["coats"], brands: [] };

/** Ada is given an offer under a policy, and buys with it by what the catalog says then. */
function boughtUnder(policy: CompiledPolicy, catalog: readonly CatalogRow[] = [COAT], cart = cartOf("coat")) {
  const world = new PolicyWorld(MODEL);
  expect(world.decide(policy, factsOf("r-1")).offer).toBeDefined();
  world.order({ subject: ADA, goods: { cart, catalog }, atMs: soon(1) });
  return world;
}

describe("a decision in a replayed shop", () => {
  it("tells the segments of a shopper whose offer goes on, or whose answer stands, as of any other", () => {
    const policy = compiled([campaign()]);
    const world = new PolicyWorld(MODEL);
    const both = [world.decide(policy, factsOf("r-1")), world.decide(policy, factsOf("r-2", { nowMs: soon(1) }))];
    expect(both.map(({ reason }) => reason)).toEqual(["granted", "offer_outstanding"]);
    expect(both.map(({ segments }) => segments)).toEqual([["everyone"], ["everyone"]]);
  });
});

describe("an order in a replayed shop", () => {
  it("uses an offer of a category, as the catalog has it", () => {
    const policy = compiled([
      campaign({ ladder: [{ incentive: { kind: "percent_off", percentBp: 2_000, scope: coats } }] }),
    ]);
    expect(boughtUnder(policy).used).toEqual({ offers: 1, costMinor: 2_000 });
    expect(boughtUnder(policy, []).used).toEqual({ offers: 0, costMinor: 0 });
  });

  it("feeds the breaker with what the goods cost, and stops the campaign by it", () => {
    const breaker = { marginMinBp: 1_000, ordersMin: 1, period: "month" } as const;
    const policy = compiled([campaign({ breaker })]);
    const dear = { ...COAT, unitCostMinor: 7_900 };
    const offerAfter = (catalog: readonly CatalogRow[]) =>
      boughtUnder(policy, catalog).decide(policy, factsOf("r-2", { subject: BEN, nowMs: soon(2) })).offer;
    expect(offerAfter([COAT])).toBeDefined();
    expect(offerAfter([dear])).toBeUndefined();
  });

  it("does not use an offer on excluded goods", () => {
    const policy = compiled([campaign()], {
      guardrails: {
        ...GUARDRAILS,
        goodsLimits: [{ productIds: [], categories: ["hats"], brands: [], excluded: true }],
      },
    });
    const hat = { productId: "hat", category: "hats" };
    expect(boughtUnder(policy, [COAT, hat], cartOf("coat", "hat")).used).toEqual({ offers: 1, costMinor: 2_000 });
    expect(boughtUnder(policy, [hat], cartOf("hat")).used.offers).toBe(0);
  });

  it("takes no more off a line than a dynamic campaign's curve", () => {
    const day = 24 * 3_600_000;
    const approach: Approach = {
      kind: "dynamic",
      ...{ inventoryMin: 0, inventoryReserved: 0, shelfLifeMaxMs: 10 * day, categories: [] },
      markdown: [
        { leftBp: 10_000, depthMaxBp: 500 },
        { leftBp: 0, depthMaxBp: 5_000 },
      ],
    };
    const lasting = (days: number) => ({ ...COAT, inventory: 5, perishableUntilMs: NOON + days * day });
    const world = new PolicyWorld(MODEL);
    const { offer } = world.decide(compiled([campaign({ approach })]), factsOf("r-1", { catalog: [lasting(8)] }));
    world.order({ subject: ADA, goods: { cart: cartOf("coat"), catalog: [lasting(10)] }, atMs: soon(1) });
    expect([offer?.faceValueMinor, world.used]).toEqual([1_400, { offers: 1, costMinor: 500 }]);
  });

  it("holds an offer against the version that it was issued under, whatever came since", () => {
    const lax = compiled([campaign()]);
    const strict = compiled([campaign()], {
      guardrails: { ...GUARDRAILS, floorPriceBp: 9_500, maxDiscountBp: 500 },
    });
    const world = new PolicyWorld(MODEL);
    world.decide(lax, factsOf("r-1"));
    world.decide(strict, factsOf("r-2", { subject: BEN, nowMs: soon(1) }));
    world.order({ subject: ADA, goods: { cart: cartOf("coat"), catalog: [COAT] }, atMs: soon(2) });
    expect(world.used).toEqual({ offers: 1, costMinor: 2_000 });
  });

  it("uses none on prices of the other kind, nor without knowing the goods", () => {
    const policy = compiled([campaign()], { prices: "with_tax" });
    expect(boughtUnder(policy, [COAT], { ...cartOf("coat"), prices: "without_tax" }).used.offers).toBe(0);
    const world = new PolicyWorld(MODEL);
    world.decide(policy, factsOf("r-1"));
    world.order({ subject: ADA, atMs: soon(1) });
    expect(world.used.offers).toBe(0);
  });

  it("uses the offer that is worth most on it, and no offer twice", () => {
    const world = new PolicyWorld(MODEL);
    const amount = { kind: "amount_off", amount: { minor: 3_000, currency: EUR } } as const;
    const big = campaign({
      campaignId: "big",
      ladder: [{ incentive: { ...amount, cartMin: { minor: 15_000, currency: EUR } } }],
    });
    world.decide(compiled([big]), factsOf("r-1", { cart: cartOf("coat", "coat") }));
    world.decide(compiled([campaign()]), factsOf("r-2", { nowMs: soon(1) }));
    const uses = [2, 3, 4].map((ms) => {
      world.order({ subject: ADA, goods: { cart: cartOf("coat", "coat"), catalog: [COAT] }, atMs: soon(ms) });
      return world.used;
    });
    expect(uses).toEqual([
      { offers: 1, costMinor: 3_000 },
      { offers: 2, costMinor: 5_000 },
      { offers: 2, costMinor: 5_000 },
    ]);
  });
});
