import { describe, expect, it } from "@jest/globals";
import type { AssignmentKey, Millis } from "@leastwise/vocabulary";
import fc from "fast-check";
import { decide } from "../decide.js";
import type { Decision } from "../decision.js";
import { campaign, compiled, input, NOON, percentOff, sureModel } from "../given/store.js";
import type { DecisionInput } from "../input.js";
import { decodeRecordedState, encodeRecordedState } from "../state/encoding.js";

const LIMITED = compiled({ campaigns: [campaign({ offersMax: 500 })] });
const OWED = compiled({ campaigns: [campaign({ offersMax: 500, kind: "entitlement", experimentId: "" })] });

function decision(changes: Partial<DecisionInput>): Decision {
  const outcome = decide(input({ policy: LIMITED, ...changes }));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome.decision;
}

const blockedBy = (changes: Partial<DecisionInput>) =>
  new Set(
    decision(changes)
      .candidates.slice(1)
      .map((candidate) => candidate.blockedBy),
  );

describe("a campaign's quantity", () => {
  it("lets offers through while one is left", () => {
    expect([2, 1, 0].map((autumn) => [...blockedBy({ offersLeft: { autumn } })])).toEqual([
      ...[[""], [""], ["quantity_exhausted"]],
    ]);
  });

  it("gives nothing where nobody knows what is left, and binds no campaign without one", () => {
    expect(blockedBy({ offersLeft: { winter: 9 } })).toEqual(new Set(["quantity_unknown"]));
    expect(blockedBy({ policy: compiled(), offersLeft: { autumn: 0 } })).toEqual(new Set([""]));
  });

  it("binds what is owed, too", () => {
    const offers = [1, 0].map((autumn) => decision({ policy: OWED, offersLeft: { autumn } }).offer?.campaignId);
    expect(offers).toEqual(["autumn", undefined]);
  });

  it("that is gone, as a kill switch, says none for a moment: the same cart is decided on anew, and opens its episode then", () => {
    const exploration = { floorBp: 0, coldStartDecisionsPerRung: 0 };
    const policy = compiled({ campaigns: [campaign({ offersMax: 1, exploration })] });
    const shopper = { policy, model: sureModel(4), assignmentKey: "always" as AssignmentKey };
    for (const stop of [{ offersLeft: { autumn: 0 } }, { offersLeft: { autumn: 1 }, killSwitch: true }]) {
      const stopped = decide(input({ ...shopper, ...stop }));
      if (stopped.kind !== "decided") throw new Error("repeated");
      expect(stopped.decision).toMatchObject({ offer: undefined, validUntilMs: NOON });
      expect(stopped.nextState.episode).toBeUndefined();
      const later = { nowMs: (NOON + 1_000) as Millis, decisionState: stopped.nextState, offersLeft: { autumn: 1 } };
      const again = decision({ ...shopper, ...later, cause: { caller: "shop", requestId: "2", sessionId: "v" } });
      expect(again).toMatchObject({ reason: "granted", continued: false, offer: { campaignId: "autumn" } });
    }
  });

  it("does not take back what was given", () => {
    const exploration = { floorBp: 0, coldStartDecisionsPerRung: 0 };
    const policy = compiled({ campaigns: [campaign({ offersMax: 1, exploration })] });
    const shopper = { policy, model: sureModel(4), assignmentKey: "always" as AssignmentKey };
    const first = decide(input({ ...shopper, offersLeft: { autumn: 1 } }));
    if (first.kind !== "decided" || first.decision.offer === undefined) throw new Error("nothing was given");
    const later = { nowMs: (NOON + 1_000) as Millis, decisionState: first.nextState, offersLeft: { autumn: 0 } };
    const again = decision({ ...shopper, ...later, cause: { caller: "shop", requestId: "2", sessionId: "v" } });
    expect(again).toMatchObject({ reason: "offer_outstanding", offer: { offerId: first.decision.offer.offerId } });
  });

  it("lets nothing through once it is exhausted, whatever else the decision is made on", () => {
    const law = fc.property(
      fc.dictionary(fc.constantFrom("a", "b", "c"), fc.nat(2)),
      fc.subarray(["a", "b", "c"]),
      fc.string(),
      fc.integer({ min: 0, max: 6 }),
      (offersLeft, owed, key, slope) => {
        const campaigns = ["a", "b", "c"].map((campaignId) =>
          campaign({
            ...{ campaignId, offersMax: 2, ladder: [300, 1_500].map((bp) => ({ incentive: percentOff(bp) })) },
            ...(owed.includes(campaignId) ? { kind: "entitlement", experimentId: "" } : {}),
          }),
        );
        const shopper = { assignmentKey: key as AssignmentKey, model: sureModel(slope) };
        const { offer, candidates } = decision({ ...shopper, policy: compiled({ campaigns }), offersLeft });
        if (offer !== undefined) expect(offersLeft[offer.campaignId]).toBeGreaterThan(0);
        for (const { campaignId, blockedBy: reason } of candidates.slice(1))
          if ((offersLeft[campaignId] ?? 0) === 0) expect(reason).not.toBe("");
      },
    );
    fc.assert(law, { seed: 20_261_130, numRuns: 300 });
  });

  it("stands on the record as the decision was told it, of campaigns that have one alone", () => {
    const told = input({ policy: LIMITED, offersLeft: { autumn: 3, winter: 9 } });
    expect(decodeRecordedState(encodeRecordedState(told))).toMatchObject({
      ok: true,
      value: { offersLeft: { autumn: 3 } },
    });
    const without = encodeRecordedState(input({ offersLeft: { autumn: 3 } }));
    expect(without).not.toContain("offersLeft");
    expect(decodeRecordedState(without)).toMatchObject({ ok: true, value: { offersLeft: {} } });
  });
});
