import { describe, expect, it } from "@jest/globals";
import type { Incentive } from "@leastwise/offers";
import type { Millis } from "@leastwise/vocabulary";
import { decide } from "./decide.js";
import { degradedDecision } from "./degraded.js";
import { amountOff, campaign, CART, compiled, EUR, input, NOON, percentOff, sureModel } from "./given/store.js";
import type { Decided } from "./decision.js";
import type { DecisionInput } from "./input.js";

const EXPLOIT_ONLY = { budget: { minor: 0, currency: EUR }, floorBp: 0, coldStartDecisionsPerRung: 0 };
const UP_TO_FORTY: Incentive = { kind: "percent_off", percentBp: 800, maximum: { minor: 4_000, currency: EUR } };

const cartOf = (goodsMinor: number): DecisionInput["cart"] => ({
  ...CART,
  lines: [{ productId: "shoe", quantity: 1, unitPriceMinor: goodsMinor }],
});

const decided = (changes: Partial<DecisionInput>): Decided => {
  const outcome = decide(input(changes));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome;
};

const incentive = {
  policy: compiled({ campaigns: [campaign({ exploration: EXPLOIT_ONLY, ladder: [{ incentive: UP_TO_FORTY }] })] }),
  model: sureModel(9),
};
const entitlement = {
  policy: compiled({
    campaigns: [
      campaign({ kind: "entitlement", experimentId: "", ladder: [{ incentive: amountOff(1_500) }] }),
      campaign({ campaignId: "other", exploration: EXPLOIT_ONLY }),
    ],
  }),
  model: sureModel(0),
};

describe.each([
  ["an outstanding incentive", incentive, "offer_outstanding", [4_000, 400], [8_000, undefined]],
  ["an open entitlement", entitlement, "entitlement", [1_500, 1_500], [undefined, undefined]],
] as const)("%s, asked about another cart", (_what, store, reason, worths, wanted) => {
  const first = decided({ ...store, cart: cartOf(100_000) });
  const then = { ...store, decisionState: first.nextState, nowMs: (NOON + 60_000) as Millis };
  const again = decided({ ...then, cart: cartOf(5_000) });

  it("is worth what that cart makes of it, and is the same offer in everything else", () => {
    expect([first, again].map(({ decision }) => decision.offer?.faceValueMinor)).toEqual(worths);
    expect([first, again].map(({ decision }) => decision.offer?.wantedMinor)).toEqual(wanted);
    expect(again.decision).toMatchObject({ reason, heldMinor: 0, budgetId: "", holds: [] });
    const { offerId, code, campaignId, incentive: terms, expiresAtMs } = first.decision.offer!;
    expect(again.decision.offer).toMatchObject({ offerId, code, campaignId, incentive: terms, expiresAtMs });
  });

  it("is held and counted as it was issued", () => {
    expect(again.nextState.open).toEqual(first.nextState.open);
    expect(again.nextState.history).toEqual(first.nextState.history);
    expect(again.nextState.recent.at(-1)!.answer.offer).toEqual(again.decision.offer);
  });

  it("is told for each cart as that cart was answered, and to a repeated request id the same as before", () => {
    const cause = { caller: "shop", requestId: "r1", sessionId: "visit-1" };
    const asked = decided({ ...then, cart: cartOf(5_000), cause });
    const back = { ...then, decisionState: asked.nextState };
    expect(decide(input({ ...back, cart: cartOf(100_000) }))).toEqual({
      kind: "repeated",
      answer: first.nextState.recent.at(-1)!.answer,
    });
    expect(decide(input({ ...back, cart: cartOf(70_000), cause }))).toEqual({
      kind: "repeated",
      answer: asked.nextState.recent.at(-1)!.answer,
    });
  });

  it("is worth as much in a degraded answer", () => {
    const outcome = degradedDecision(input({ ...then, cart: cartOf(5_000) }), "deadline_near");
    expect(outcome).toMatchObject({ kind: "decided", decision: { offer: { faceValueMinor: worths[1] } } });
  });
});

it("an offer that has less held for it than the grown cart would make of it is worth what is held", () => {
  const ladder = [{ incentive: percentOff(800) }];
  const store = { ...incentive, policy: compiled({ campaigns: [campaign({ exploration: EXPLOIT_ONLY, ladder })] }) };
  const small = decided({ ...store, cart: cartOf(5_000) });
  const grown = decided({ ...store, decisionState: small.nextState, cart: cartOf(100_000) });
  expect(small.decision.offer).toMatchObject({ faceValueMinor: 400 });
  expect(grown.decision.offer).toMatchObject({ faceValueMinor: 400, wantedMinor: 8_000 });
});

describe("the chosen rung of a continued decision", () => {
  it("says what shortens it, as the offer does", () => {
    const first = decided({ ...incentive, cart: cartOf(100_000) });
    const { decision } = decided({ ...incentive, decisionState: first.nextState, cart: cartOf(60_000) });
    expect(decision.candidates[decision.chosen]).toMatchObject({ faceValueMinor: 4_000, wantedMinor: 4_800 });
    expect(decision.offer).toMatchObject({ faceValueMinor: 4_000, wantedMinor: 4_800 });
  });
});
