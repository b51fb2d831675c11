import type { Millis } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { decide } from "../decide.js";
import { degradedDecision } from "../degraded.js";
import { campaign, CATALOGUE, input, NOON, policy, PROFILE, sureModel } from "../given/store.js";
import type { DataAges, DecisionInput } from "../input.js";
import { compilePolicy } from "../policy/compile.js";
import type { Policy } from "../policy/policy.js";
import { answerOf } from "../state/evolve.js";

const NAMES = [...CATALOGUE.names, "since_event_ms"];
const SEGMENTS = [
  { name: "everyone", expression: "true" },
  { name: "buyers", expression: "features.purchases_30d > 0" },
  { name: "app", expression: 'features.last_channel == "app"' },
  { name: "gold", expression: 'profile.loyalty_tier == "gold"' },
  { name: "bank", expression: '"bank/gold" in context.partner_segments' },
];

function compiled(changes: Partial<Policy> = {}) {
  const result = compilePolicy(policy({ segments: SEGMENTS, ...changes }), { ...CATALOGUE, names: NAMES });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const values: Readonly<Record<string, number>> = { purchases_30d: 2, since_purchase_ms: 9_000, since_event_ms: 40 };

/** A shopper of whom something of every class is known. */
function known(ages: DataAges, changes: Partial<DecisionInput> = {}): DecisionInput {
  return input({
    policy: compiled(),
    channel: "",
    profile: PROFILE,
    partnerSegments: ["bank/gold"],
    features: {
      ...{ catalogue: "test", asOfOffset: 41, partition: 3 },
      values: NAMES.map((name) => values[name] ?? Number.NaN),
      texts: { last_channel: "app", last_place: "DE-BW" },
    },
    ages: { textAgesMs: { last_channel: 70, last_place: 80 }, profileAgeMs: 90, ...ages },
    ...changes,
  });
}

function decided(asked: DecisionInput) {
  const outcome = decide(asked);
  if (outcome.kind === "repeated") throw new Error("nothing was answered before");
  return outcome.decision;
}

describe("how good what is known of a shopper was", () => {
  it("is told class by class, with the age of the newest event", () => {
    expect(decided(known({})).classFreshness).toEqual([
      { dataClass: "behaviour", newestAgeMs: 40 },
      { dataClass: "purchase", newestAgeMs: 9_000 },
      { dataClass: "device", newestAgeMs: 70 },
      { dataClass: "coarse_location", newestAgeMs: 80 },
      { dataClass: "profile", newestAgeMs: 90 },
      { dataClass: "partner_group" },
    ]);
  });

  it("tells how far each log is behind, and lets it be read as far as the caller accepts it", () => {
    const late = decided(known({ clickstreamLagMs: 1_500, subjectsLagMs: 300, acceptedLagMs: 1_500 }));
    expect(late.segments).toEqual(["everyone", "buyers", "app", "gold", "bank"]);
    const lags = late.classFreshness.map(({ dataClass, lagMs = 0 }) => [dataClass, lagMs]);
    expect(Object.fromEntries(lags)).toEqual({
      ...{ behaviour: 1_500, purchase: 1_500, device: 1_500, coarse_location: 1_500, profile: 300, partner_group: 0 },
    });
  });

  it("leaves out what lags more than the caller accepts, as if it were unknown", () => {
    const late = decided(known({ clickstreamLagMs: 1_501, subjectsLagMs: 300, acceptedLagMs: 1_500 }));
    expect(late.segments).toEqual(["everyone", "gold", "bank"]);
    expect(late.classFreshness.map(({ dataClass }) => dataClass)).toEqual(["profile", "partner_group"]);
    expect(late.features.values.every(Number.isNaN)).toBe(true);
    expect(late.personalDataClasses).toEqual(["profile", "partner_group"]);
    const nothing = decided(known({ clickstreamLagMs: 1, subjectsLagMs: 1, acceptedLagMs: 0 }));
    expect(nothing.classFreshness).toEqual([{ dataClass: "partner_group" }]);
  });

  it("has what is too late decide nothing: the answer is that of somebody of whom it is unknown", () => {
    const features = { ...known({}).features, values: NAMES.map(() => NaN), texts: {} };
    const unknown = decided(known({}, { profile: undefined, partnerSegments: [], features }));
    const late = { clickstreamLagMs: 5, subjectsLagMs: 5, acceptedLagMs: 0 };
    const tooLate = decided(known(late, { partnerSegments: [] }));
    // Whether data could have moved it is another matter: of who is unknown they could.
    const { personalDataUsed, personalDataClasses, ...answer } = unknown;
    expect([personalDataUsed, personalDataClasses]).toEqual([
      true,
      ["behaviour", "device", "profile", "partner_group"],
    ]);
    expect(tooLate).toEqual({ ...answer, personalDataUsed: true, personalDataClasses: ["partner_group"] });
  });

  it("says nothing of classes without consent, nor of a safe answer", () => {
    const classes = (changes: Partial<DecisionInput>) =>
      decided(known({}, changes)).classFreshness.map(({ dataClass }) => dataClass);
    expect(classes({ consent: [] })).toEqual([]);
    expect(classes({ consent: ["personalization"] })).toEqual(["behaviour", "purchase"]);
    const safe = degradedDecision(known({}), "deadline_near");
    expect(safe.kind === "decided" && safe.decision.classFreshness).toEqual([]);
  });

  it("lets a none that lagged more than the caller accepts now stand no longer; an offer was promised", () => {
    const again = (slope: number, acceptedLagMs: number) => {
      const sure = campaign({ exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 } });
      const shop = { model: sureModel(slope), policy: compiled({ campaigns: [sure] }) };
      const first = decide(known({ clickstreamLagMs: 1_500 }, shop));
      if (first.kind === "repeated") throw new Error("nothing was answered before");
      expect(first.decision.offer === undefined).toBe(slope === 0);
      const later = { ...shop, nowMs: (NOON + 5_000) as Millis, decisionState: first.nextState };
      return decide(known({ clickstreamLagMs: 1_500, acceptedLagMs }, later)).kind;
    };
    expect([again(0, 1_500), again(0, 1_499), again(3, 1_499)]).toEqual(["repeated", "decided", "repeated"]);
  });

  it("is kept with the answer, which says the same when it is given again", () => {
    const asked = known({ clickstreamLagMs: 1_500 }, { cause: { caller: "shop", requestId: "r", sessionId: "" } });
    const outcome = decide(asked);
    if (outcome.kind === "repeated") throw new Error("nothing was answered before");
    const later = { ...asked, nowMs: (NOON + 5_000) as Millis, decisionState: outcome.nextState, ages: {} };
    expect(decide(later)).toEqual({ kind: "repeated", answer: answerOf(outcome.decision) });
  });
});
