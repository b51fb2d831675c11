import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, type AssignmentKey, type Millis } from "@leastwise/vocabulary";
import fc from "fast-check";
import { decide } from "../decide.js";
import type { Decision } from "../decision.js";
import { campaign, compiled, input, NOON, percentOff, sureModel } from "../given/store.js";
import type { DecisionInput, RealisedMargin } from "../input.js";
import type { Campaign, MarginBreaker } from "../policy/policy.js";
import { decodeRecordedState, encodeRecordedState } from "../state/encoding.js";
import { isOutsideBand } from "./margin-breaker.js";

const OPTIONS = { seed: 20_261_130, numRuns: 300 };
const BREAKER: MarginBreaker = { marginMinBp: 1_000, marginMaxBp: 5_000, ordersMin: 3, period: "day" };

const policyWith = (breaker: MarginBreaker, changes: Partial<Campaign> = {}) =>
  compiled({ campaigns: [campaign({ breaker, ...changes })] });

function decision(changes: Partial<DecisionInput>): Decision {
  const outcome = decide(input({ policy: policyWith(BREAKER), ...changes }));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome.decision;
}

/** Ten thousand paid, of which so much was kept, on so many orders. */
const realised = (marginMinor: number, orders = 3): Record<string, RealisedMargin> => ({
  autumn: { orders, paidMinor: 10_000, marginMinor },
});
const blockedBy = (realisedMargins: Record<string, RealisedMargin>) =>
  new Set(
    decision({ realisedMargins })
      .candidates.slice(1)
      .map((candidate) => candidate.blockedBy),
  );

const owed = (realisedMargins: Record<string, RealisedMargin>) =>
  decision({ policy: policyWith(BREAKER, { kind: "entitlement", experimentId: "" }), realisedMargins }).offer;

describe("the breaker", () => {
  it("stops a campaign below its band and above it, and at neither of its ends", () => {
    const margins = [999, 1_000, 3_000, 5_000, 5_001];
    const stopped = margins.map((minor) => [...blockedBy(realised(minor))]);
    expect(stopped).toEqual([["margin_breaker"], [""], [""], [""], ["margin_breaker"]]);
  });

  it("waits until enough orders say so", () => {
    expect([2, 3].map((orders) => [...blockedBy(realised(-5_000, orders))])).toEqual([[""], ["margin_breaker"]]);
    const [fifty] = policyWith({ marginMinBp: 1_000, period: "day" }).breakers;
    expect(fifty?.ordersMin).toBe(50);
  });

  it("gives nothing new of a campaign of which nobody knows what it has brought in", () => {
    expect(blockedBy({})).toEqual(new Set(["margin_unknown"]));
    expect(blockedBy({ winter: { orders: 0, paidMinor: 0, marginMinor: 0 } })).toEqual(new Set(["margin_unknown"]));
  });

  it("stops what is owed, too, and says nothing of campaigns without one", () => {
    expect([owed(realised(3_000)), owed(realised(999)), owed({})].map((offer) => offer?.campaignId)).toEqual([
      ...["autumn", undefined, undefined],
    ]);
    const candidates = decision({ policy: compiled(), realisedMargins: realised(-10_000) }).candidates.slice(1);
    expect(new Set(candidates.map((candidate) => candidate.blockedBy))).toEqual(new Set([""]));
  });

  it("honours what was given", () => {
    const given = { model: sureModel(4), assignmentKey: "always" as AssignmentKey };
    const exploration = { floorBp: 0, coldStartDecisionsPerRung: 0 };
    const policy = policyWith(BREAKER, { exploration });
    const first = decide(input({ ...given, policy, realisedMargins: realised(3_000) }));
    if (first.kind !== "decided" || first.decision.offer === undefined) throw new Error("nothing was given");
    const later = { nowMs: (NOON + 1_000) as Millis, decisionState: first.nextState, realisedMargins: realised(0) };
    const again = decision({ ...given, policy, ...later, cause: { caller: "shop", requestId: "2", sessionId: "v" } });
    expect(again).toMatchObject({ reason: "offer_outstanding", offer: { offerId: first.decision.offer.offerId } });
  });

  it("knows a campaign that gave all away for nothing", () => {
    const [breaker] = policyWith({ marginMinBp: 0, ordersMin: 1, period: "day" }).breakers;
    const paidNothing = [-1, 0].map((marginMinor) => isOutsideBand(breaker!, { orders: 1, paidMinor: 0, marginMinor }));
    expect(paidNothing).toEqual([true, false]);
  });

  it("may have one end alone", () => {
    const [breaker] = policyWith({ marginMaxBp: 5_000, ordersMin: 1, period: "day" }).breakers;
    const kept = [-9_000, 5_000, 5_001].map((marginMinor) =>
      isOutsideBand(breaker!, { orders: 1, paidMinor: 10_000, marginMinor }),
    );
    expect(kept).toEqual([false, false, true]);
  });

  it("is exact for sums that no product of numbers would be", () => {
    const [breaker] = policyWith({ marginMinBp: 3_333, ordersMin: 1, period: "day" }).breakers;
    const paidMinor = 9_007_199_254_740_000;
    const least = (paidMinor / 10_000) * 3_333;
    const isOut = (marginMinor: number) => isOutsideBand(breaker!, { orders: 9, paidMinor, marginMinor });
    expect([isOut(least), isOut(least - 1)]).toEqual([false, true]);
  });

  it("lets nothing of a campaign outside of its band through, whatever else the decision is made on", () => {
    const law = fc.property(
      fc.record({
        margins: fc.dictionary(
          fc.constantFrom("a", "b", "c"),
          fc.record({
            orders: fc.integer({ min: 0, max: 6 }),
            paidMinor: fc.integer({ min: 0, max: 1_000_000 }),
            marginMinor: fc.integer({ min: -1_000_000, max: 1_000_000 }),
          }),
        ),
        bounds: fc.tuple(fc.integer({ min: -10_000, max: 10_000 }), fc.integer({ min: -10_000, max: 10_000 })),
        isOwed: fc.subarray(["a", "b", "c"]),
        key: fc.string(),
        slope: fc.integer({ min: 0, max: 6 }),
      }),
      ({ margins, bounds, isOwed, key, slope }) => {
        const [marginMinBp, marginMaxBp] = [Math.min(...bounds), Math.max(...bounds)];
        const breaker: MarginBreaker = { marginMinBp, marginMaxBp, ordersMin: 3, period: "week" };
        const policy = compiled({
          campaigns: ["a", "b", "c"].map((campaignId) =>
            campaign({
              ...{ campaignId, breaker, ladder: [300, 1_500].map((bp) => ({ incentive: percentOff(bp) })) },
              ...(isOwed.includes(campaignId) ? { kind: "entitlement", experimentId: "" } : {}),
            }),
          ),
        });
        const { offer, candidates } = decision({
          ...{ policy, realisedMargins: margins, assignmentKey: key as AssignmentKey, model: sureModel(slope) },
        });
        const mayGive = (campaignId: string): boolean => {
          const margin = margins[campaignId];
          if (margin === undefined) return false;
          const keptBp = (margin.marginMinor / margin.paidMinor) * 10_000;
          return margin.orders < 3 || (keptBp >= marginMinBp && keptBp <= marginMaxBp) || margin.paidMinor === 0;
        };
        if (offer !== undefined) expect(mayGive(offer.campaignId)).toBe(true);
        for (const candidate of candidates.slice(1))
          if (!mayGive(candidate.campaignId)) expect(candidate.blockedBy).not.toBe("");
      },
    );
    fc.assert(law, OPTIONS);
  });
});

describe("what a breaker counts", () => {
  const countsFrom = (changes: Partial<MarginBreaker>, nowMs: number, timeZone = "") =>
    compiled({ timeZone, campaigns: [campaign({ breaker: { ...BREAKER, ...changes } })] }).breakers[0]!.countsFromMs(
      nowMs,
    );
  const MIDNIGHT = NOON - 12 * HOUR_MS;

  it("begins with the period of the policy's calendar", () => {
    expect(countsFrom({}, NOON)).toBe(MIDNIGHT);
    expect(countsFrom({ period: "month" }, NOON)).toBe(MIDNIGHT - 22 * DAY_MS);
    expect(countsFrom({}, NOON, "Europe/Berlin")).toBe(MIDNIGHT - HOUR_MS);
  });

  it("begins where somebody resumed in the period, and with the next one as ever; not where that is still to come", () => {
    const resumedAtMs = NOON - HOUR_MS;
    const instants = [resumedAtMs - 1, resumedAtMs, NOON, NOON + DAY_MS];
    expect(instants.map((nowMs) => countsFrom({ resumedAtMs }, nowMs))).toEqual([
      ...[MIDNIGHT, resumedAtMs, resumedAtMs, MIDNIGHT + DAY_MS],
    ]);
  });
});

describe("the record of a decision under a breaker", () => {
  it("has what the decision was told, of campaigns that have one alone", () => {
    const margins = { ...realised(999), winter: { orders: 1, paidMinor: 2, marginMinor: 3 } };
    const made = input({ policy: policyWith(BREAKER), realisedMargins: margins });
    const read = decodeRecordedState(encodeRecordedState(made));
    expect(read).toMatchObject({ ok: true, value: { realisedMargins: realised(999) } });
    expect(encodeRecordedState(made)).not.toContain("winter");
  });

  it("is what it was before there were breakers, where the policy has none", () => {
    const text = encodeRecordedState(input({ realisedMargins: realised(1) }));
    expect(text).not.toContain("realisedMargins");
    expect(decodeRecordedState(text)).toMatchObject({ ok: true, value: { realisedMargins: {} } });
  });
});
