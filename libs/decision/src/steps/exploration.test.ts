import { describe, expect, it } from "@jest/globals";
import type { AssignmentKey } from "@leastwise/vocabulary";
import { decide } from "../decide.js";
import type { Decision } from "../decision.js";
import {
  campaign,
  CATALOGUE,
  compiled,
  compiledModel,
  EUR,
  guardrails,
  input,
  percentOff,
  policy,
  sureModel,
} from "../given/store.js";
import type { DecisionInput } from "../input.js";
import { compilePolicy } from "../policy/compile.js";
import type { Campaign, Exploration } from "../policy/policy.js";

const LADDER = [500, 1_000].map((bp) => ({ incentive: percentOff(bp) }));
const QUIET = { floorBp: 0, coldStartDecisionsPerRung: 0 };
const eur = (minor: number) => ({ minor, currency: EUR });

function curated(curatedBp: number, more: Partial<Exploration> = {}, changes: Partial<Campaign> = {}): Campaign {
  const exploration = { ...QUIET, budget: eur(1_000_000), curatedBp, ...more };
  return campaign({ campaignId: "curated", ladder: LADDER, exploration, ...changes });
}

function decision(changes: Partial<DecisionInput>): Decision {
  const outcome = decide(input(changes));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome.decision;
}

/** Weights by campaign and rung, as shares of all draws. */
function shares({ candidates }: Decision): Record<string, number> {
  return Object.fromEntries(
    candidates.map(({ campaignId, rung, weight }) => [`${campaignId} ${String(rung)}`, weight / 2 ** 32]),
  );
}

/** To whom nothing is worth anything: what is given is given for another reason. */
const USELESS = sureModel(0);

describe("curation", () => {
  it("has its share of the draws for the cheapest rung, though the model sees nothing in it", () => {
    const { exploit, candidates, ...rest } = decision({
      policy: compiled({ campaigns: [curated(500)] }),
      model: USELESS,
    });
    expect(exploit).toBe(0);
    expect(shares({ exploit, candidates, ...rest })).toEqual({
      " 0": expect.closeTo(0.95, 8),
      "curated 1": expect.closeTo(0.05, 8),
      "curated 2": 0,
    });
    expect(candidates.reduce((sum, { weight }) => sum + weight, 0)).toBe(2 ** 32);
  });

  it("gets through as often as it says, with its exact propensity on the record, and is charged to its budget", () => {
    const asked = { policy: compiled({ campaigns: [curated(500)] }), model: USELESS };
    const decisions = Array.from({ length: 4_000 }, (_, i) =>
      decision({ ...asked, assignmentKey: `key-${String(i)}` as AssignmentKey }),
    );
    const through = decisions.filter(({ chosen }) => chosen !== 0);
    // 200 expected, with a standard deviation of 14.
    expect(through.length).toBeGreaterThan(140);
    expect(through.length).toBeLessThan(260);
    for (const { offer, propensity, explorationCostMinor, reason } of through) {
      expect(offer).toMatchObject({ campaignId: "curated", faceValueMinor: 500 });
      expect(propensity).toBeCloseTo(0.05, 8);
      expect([reason, explorationCostMinor > 0]).toEqual(["granted", true]);
    }
  });

  it("stands beside what is worth most, which has the rest", () => {
    const best = campaign({ campaignId: "best", exploration: QUIET });
    const made = decision({ policy: compiled({ campaigns: [best, curated(300)] }), model: sureModel(3) });
    expect(made.candidates[made.exploit]?.campaignId).toBe("best");
    expect(shares(made)["curated 1"]).toBeCloseTo(0.03, 8);
    expect(made.candidates[made.exploit]!.weight / 2 ** 32).toBeCloseTo(0.97, 8);
  });

  it("passes no guardrail, and nothing that its exploration budget no longer bears", () => {
    const narrow = guardrails({ maxDiscountBp: 400 });
    const blocked = decision({ policy: compiled({ campaigns: [curated(500)], guardrails: narrow }), model: USELESS });
    expect(shares(blocked)[" 0"]).toBe(1);
    const gone = { explorationSpentMinor: { curated: 1_000_000 } };
    const spent = decision({ policy: compiled({ campaigns: [curated(500)] }), model: USELESS, ...gone });
    expect(shares(spent)[" 0"]).toBe(1);
  });

  it("costs its budget what is given up beside a dearer choice, too, and ends with it", () => {
    const best = campaign({ campaignId: "best", ladder: LADDER.slice(1), exploration: QUIET });
    const cheap = curated(500, {}, { ladder: [{ incentive: percentOff(100) }] });
    const of = (spent: number) => {
      const asked = { policy: compiled({ campaigns: [best, cheap] }), model: sureModel(3) };
      return decision({ ...asked, explorationSpentMinor: { curated: spent } });
    };
    expect(of(0).candidates[of(0).exploit]).toMatchObject({ campaignId: "best" });
    expect(shares(of(0))["curated 1"]).toBeCloseTo(0.05, 8);
    expect(shares(of(1_000_000))["curated 1"]).toBe(0);
  });

  it("leaves the floors of what else is tried, and the cold start", () => {
    const cold = { coldStartDecisionsPerRung: 10, floorBp: 100 };
    const made = decision({ policy: compiled({ campaigns: [curated(500, cold)] }), model: compiledModel() });
    const { " 0": none, "curated 1": least, "curated 2": next } = shares(made);
    expect(none).toBeCloseTo(0.7, 8);
    expect(least! + next!).toBeCloseTo(0.3, 8);
    expect(least).toBeGreaterThan(0.05);
  });

  it.each([
    ["out_of_range campaigns[0].exploration.curated_bp", [curated(1_001)]],
    ["out_of_range campaigns[0].exploration.curated_bp", [curated(-1)]],
    ["curation_without_budget campaigns[0].exploration.curated_bp", [curated(500, { budget: eur(0) })]],
    [
      "curated_entitlement campaigns[0].exploration.curated_bp",
      [curated(500, {}, { kind: "entitlement", experimentId: "" })],
    ],
    ["curated_too_much campaigns", [curated(600), curated(401, {}, { campaignId: "another" })]],
  ])("is refused: %s", (problem, campaigns) => {
    const refused = compilePolicy(policy({ campaigns }), CATALOGUE);
    expect(refused.ok ? [] : refused.error.map(({ reason, field }) => `${reason} ${field}`)).toContain(problem);
  });
});
