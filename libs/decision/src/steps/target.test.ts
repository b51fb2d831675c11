import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decide } from "../decide.js";
import type { Decision } from "../decision.js";
import { campaign, compiled, compiledModel, EUR, input, percentOff, sureModel } from "../given/store.js";
import type { CompiledModel } from "../model/response-model.js";
import type { Campaign } from "../policy/policy.js";
import { PRIOR_MODEL } from "../priors.js";
import { situationOf } from "../situation.js";
import { weigh } from "../weighing.js";
import { respond } from "./custom.js";
import { targetStep } from "./target.js";

const EXPLOIT_ONLY = { floorBp: 0, coldStartDecisionsPerRung: 0 };

function working(conversionBp: number, costPerOrderMaxMinor: number, changes: Partial<Campaign> = {}): Campaign {
  return campaign({
    ladder: [500, 1_000, 1_500, 2_000].map((bp) => ({ incentive: percentOff(bp) })),
    exploration: EXPLOIT_ONLY,
    objective: {
      goal: {
        ...{ kind: "target_conversion", conversionBp },
        costPerOrderMax: { minor: costPerOrderMaxMinor, currency: EUR },
      },
    },
    ...changes,
  });
}

function decision(one: Campaign, model: CompiledModel): Decision {
  const outcome = decide(input({ policy: compiled({ campaigns: [one] }), model }));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome.decision;
}

/** What an order counts for under it; undefined where no rung reaches the rate. */
function worthOf(one: Campaign, model: CompiledModel): number | undefined {
  const policy = compiled({ campaigns: [one] });
  const situation = situationOf(input({ policy, model }));
  const weighed = weigh(situation);
  const response = respond(situation, weighed, undefined);
  return targetStep(situation, response, undefined, weighed.rungs).get(policy.campaigns[0]!);
}

const choiceOf = ({ candidates, exploit }: Decision) => candidates[exploit]!;
/** Whose shoppers buy with the given chance, and respond to percentages. */
const buying = (logit: number, slopeMean = 2): CompiledModel =>
  compiledModel({
    ...{ version: "m", horizonMs: PRIOR_MODEL.horizonMs },
    baseline: [{ feature: "intercept", mean: logit, sd: 0.01 }],
    formats: [
      { ...{ format: "percent_off", slopeMean, slopeSd: 0.01 }, ...{ nullProbability: 0, depthScaleBp: 1_000 } },
    ],
  });

describe("a target of conversion", () => {
  const model = sureModel(2);

  it("is reached by the cheapest rung that does", () => {
    const { candidates, exploit } = decision(working(5_000, 9_000), model);
    const reaching = candidates.filter(({ conversion }) => conversion >= 0.5);
    expect(choiceOf({ candidates, exploit } as Decision)).toBe(reaching[0]);
    expect(reaching.length).toBeGreaterThan(1);
  });

  it("gives nothing to who buys as often without", () => {
    expect(decision(working(2_600, 9_000), model).exploit).toBe(0);
    expect(worthOf(working(2_600, 9_000), model)).toBe(0);
  });

  it("that no rung reaches under the ceiling leaves the answer to profit", () => {
    const profit = decision(working(5_000, 9_000, { objective: {} }), model);
    for (const unreached of [working(9_900, 9_000), working(5_000, 100)]) {
      expect(worthOf(unreached, model)).toBeUndefined();
      expect(choiceOf(decision(unreached, model))).toEqual(choiceOf(profit));
    }
    expect(profit.exploit).toBeGreaterThan(0);
  });

  it("gives a lost cause nothing, though the rate is beyond them", () => {
    expect(decision(working(3_000, 9_000), buying(-7, 0.3)).exploit).toBe(0);
  });

  it("is worth giving more for than the margin, if the merchant says so, and less", () => {
    // The cart leaves 64.00 of margin: an order of these shoppers is bought for up to 500.00, or for no more than 1.00.
    const hardlyMoved = buying(-1, 0.4);
    expect(choiceOf(decision(working(3_500, 50_000, { objective: {} }), hardlyMoved)).rung).toBe(1);
    expect(choiceOf(decision(working(3_500, 50_000), hardlyMoved)).rung).toBe(4);
    expect(worthOf(working(3_500, 50_000), hardlyMoved)).toBeGreaterThan(6_500);
    expect(worthOf(working(3_500, 100), hardlyMoved)).toBeUndefined();
  });

  it("was by earlier rules worked towards by none: profit decided", () => {
    const earlierRules = { owedUntold: false, purposesUntold: false };
    const policy = (objective: Campaign["objective"] & object) =>
      compiled({ campaigns: [working(5_000, 9_000, { objective })] });
    const made = (under: ReturnType<typeof policy>) => {
      const outcome = decide(input({ policy: under, model, earlierRules }));
      if (outcome.kind !== "decided") throw new Error("repeated");
      return outcome.decision.candidates;
    };
    expect(made(policy(working(5_000, 9_000).objective!))).toEqual(made(policy({})));
  });

  it("is reached below the ceiling where the choice at the ceiling moves less", () => {
    // A gift costs less than a tenth off, and of prices with tax leaves less: at 400.00 an order it is good enough, and cheaper.
    const format = (name: string, slopeMean: number) => ({
      ...{ format: name, slopeMean, slopeSd: 0.01, nullProbability: 0, depthScaleBp: 1_000 },
    });
    const responding = compiledModel({
      ...{ version: "m", horizonMs: PRIOR_MODEL.horizonMs },
      baseline: [{ feature: "intercept", mean: -0.8473, sd: 0.01 }],
      formats: [format("percent_off", 1.8074), format("gift", 1.7897)],
    });
    const minor = (amount: number) => ({ minor: amount, currency: EUR });
    const gift = {
      kind: "gift",
      productId: "scarf",
      worth: minor(1_000),
      cost: minor(950),
      cartMin: minor(0),
    } as const;
    const choice = (objective: Campaign["objective"] & object) => {
      const one = working(5_990, 40_000, {
        ladder: [{ incentive: gift }, { incentive: percentOff(1_000) }],
        objective,
      });
      const policy = compiled({ campaigns: [one], prices: "with_tax", taxBp: 2_500 });
      const outcome = decide(input({ policy, model: responding }));
      if (outcome.kind !== "decided") throw new Error("repeated");
      return outcome.decision.candidates[outcome.decision.exploit]!;
    };
    const towards = (conversionBp: number) => choice(working(conversionBp, 40_000).objective!);
    expect(towards(5_960)).toMatchObject({ incentive: { kind: "percent_off" } });
    expect(towards(5_990)).toMatchObject({ incentive: { kind: "percent_off" } });
    expect(towards(5_990).conversion).toBeGreaterThanOrEqual(0.599);
  });

  it("counts an order for the least that reaches the rate, and pays no more for an incremental one (a law)", () => {
    const law = fc.property(
      fc.integer({ min: 500, max: 9_500 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.double({ min: -6, max: 2, noNaN: true }),
      fc.double({ min: 0, max: 4, noNaN: true }),
      (conversionBp, ceiling, logit, slope) => {
        const responding = buying(logit, slope);
        const one = working(conversionBp, ceiling);
        const worth = worthOf(one, responding);
        if (worth === undefined) return;
        const { candidates, exploit } = decision(one, responding);
        const [none, choice] = [candidates[0]!, candidates[exploit]!];
        expect(choice.conversion).toBeGreaterThanOrEqual(conversionBp / 10_000 - 1e-9);
        // Half a minor unit of the recorded cost is rounding.
        if (exploit > 0)
          expect(choice.expectedCostMinor - 0.5).toBeLessThanOrEqual((choice.conversion - none.conversion) * worth);
        if (worth > 0) expect(worthOf(working(conversionBp, worth - 1), responding)).toBeUndefined();
      },
    );
    fc.assert(law, { seed: 20_261_130, numRuns: 150 });
  });

  it("that is higher never gives less (a law)", () => {
    const law = fc.property(
      fc.tuple(fc.integer({ min: 500, max: 9_500 }), fc.integer({ min: 500, max: 9_500 })),
      fc.double({ min: -4, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 4, noNaN: true }),
      (rates, logit, slope) => {
        const responding = buying(logit, slope);
        const [lower, higher] = rates
          .toSorted((a, b) => a - b)
          .map((bp) => [worthOf(working(bp, 40_000), responding), decision(working(bp, 40_000), responding)] as const);
        if (higher![0] === undefined) return;
        expect(lower![0]).toBeLessThanOrEqual(higher![0]);
        expect(choiceOf(lower![1]).faceValueMinor).toBeLessThanOrEqual(choiceOf(higher![1]).faceValueMinor);
      },
    );
    fc.assert(law, { seed: 20_261_130, numRuns: 80 });
  });
});
