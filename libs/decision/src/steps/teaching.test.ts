import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DAY_MS, type Millis } from "@leastwise/vocabulary";
import { decide } from "../decide.js";
import { campaign, compiled, input, NOON, percentOff, sureModel } from "../given/store.js";
import type { DecisionInput } from "../input.js";
import { situationOf } from "../situation.js";
import { EMPTY_STATE, type Grant } from "../state/decision-state.js";
import { lastGivenMs, teachingOf } from "./teaching.js";

const given = (days: number, changes: Partial<Grant> = {}): Grant => ({
  ...{ offerId: "o", campaignId: "autumn", atMs: (NOON - days * DAY_MS) as Millis, costMinor: 0, faceValueMinor: 1 },
  ...{ cartDigest: "another", episodeId: "e", ended: true },
  ...changes,
});
const after = (grants: readonly Grant[], changes: Partial<DecisionInput> = {}) =>
  situationOf(input({ decisionState: { ...EMPTY_STATE, history: grants }, ...changes }));

describe("what a discount teaches", () => {
  it("is 5 % of a tenth off, and more of what is deeper", () => {
    const teaching = teachingOf(after([]));
    expect([0, 500, 1_000, 3_000].map(teaching)).toEqual([0.02, 0.035, 0.05, 0.11]);
    expect(teaching(10_000_000)).toBe(teaching(10_000));
  });

  it("is twice as much just after something was given, and falls by half of that in 30 days", () => {
    expect([0, 30, 60].map((days) => teachingOf(after([given(days)]))(1_000))).toEqual([0.1, 0.075, 0.0625]);
  });

  it("is no more than twice as much where a clock was wrong when something was given", () => {
    expect(teachingOf(after([given(-300)]))(1_000)).toBe(0.1);
  });

  it("counts what was withheld, as the twin in the other arm was given it, and nothing that was owed", () => {
    const withheld = { ordersFromMs: NOON, expiresAtMs: NOON };
    expect(lastGivenMs(after([given(3, { withheld })]))).toBe(NOON - 3 * DAY_MS);
    const policy = compiled({ campaigns: [campaign({ kind: "entitlement", experimentId: "" })] });
    expect(lastGivenMs(after([given(3)], { policy }))).toBeUndefined();
  });

  it("is not asked of what was given before without consent, and says that it was with it", () => {
    const history = [given(3)];
    expect(lastGivenMs(after(history, { consent: [] }))).toBeUndefined();
    const decided = (changes: Partial<DecisionInput>) => {
      const outcome = decide(input({ decisionState: { ...EMPTY_STATE, history }, ...changes }));
      return outcome.kind === "decided" && outcome.decision.personalDataUsed;
    };
    expect([decided({}), decided({ consent: [] }), decided({ decisionState: EMPTY_STATE })]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("was by earlier rules a share of it", () => {
    const earlierRules = { owedUntold: false, purposesUntold: false };
    expect([0, 1_000, 5_000].map(teachingOf(after([given(0)], { earlierRules })))).toEqual([0.05, 0.05, 0.05]);
  });

  it("lets nobody get more for having been given something lately (a law)", () => {
    const ladder = [300, 700, 1_500, 2_500].map((bp) => ({ incentive: percentOff(bp) }));
    const policy = compiled({
      campaigns: [campaign({ ladder, exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 } })],
    });
    const worthAfter = (grants: readonly Grant[], slope: number): number => {
      const state = { ...EMPTY_STATE, history: grants };
      const outcome = decide(input({ policy, model: sureModel(slope), decisionState: state }));
      if (outcome.kind !== "decided") throw new Error("repeated");
      return outcome.decision.candidates[outcome.decision.exploit]?.faceValueMinor ?? 0;
    };
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4, noNaN: true }), fc.nat(300), fc.nat(300), (slope, days, more) => {
        const [lately, longAgo] = [worthAfter([given(days)], slope), worthAfter([given(days + more)], slope)];
        expect(lately).toBeLessThanOrEqual(longAgo);
        expect(longAgo).toBeLessThanOrEqual(worthAfter([], slope));
      }),
      { seed: 20_261_130, numRuns: 200 },
    );
  });
});
