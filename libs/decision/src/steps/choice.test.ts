import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decide } from "../decide.js";
import { amountOff, campaign, compiled, input, percentOff, sureModel } from "../given/store.js";
import { situationOf } from "../situation.js";
import { byCost, choiceStep, type ComparedRung } from "./choice.js";

const OPTIONS = { seed: 20_261_130, numRuns: 2_000 };
const SITUATION = situationOf(input());
const [CAMPAIGN] = SITUATION.policy.campaigns;

/** Rungs by cost, of whatever value and evidence. */
const rungs: fc.Arbitrary<readonly ComparedRung[]> = fc
  .array(
    fc.record({
      expectedCost: fc.integer({ min: 0, max: 50 }),
      value: fc.oneof(fc.integer({ min: -20, max: 100 }), fc.constantFrom(50, 50.5, 51)),
      evidence: fc.constantFrom(0, 0.5, 0.79, 0.8, 0.95, 1),
    }),
    { maxLength: 8 },
  )
  .map((some) =>
    some
      .map(
        (one, place) => ({ ...one, worstCostMinor: 0, rung: place + 1, campaign: CAMPAIGN }) as unknown as ComparedRung,
      )
      .toSorted(byCost),
  );
const chosenOf = (some: readonly ComparedRung[]) => some[choiceStep(SITUATION, some)];

describe("the choice", () => {
  it("costs no more than any rung that is worth as much or more (a law)", () => {
    const law = fc.property(rungs, (some) => {
      const choice = chosenOf(some);
      if (choice === undefined) return;
      for (const { value, expectedCost } of some)
        if (value >= choice.value) expect(choice.expectedCost).toBeLessThanOrEqual(expectedCost);
    });
    fc.assert(law, OPTIONS);
  });

  it("is worth something, and enough speaks for it (a law)", () => {
    const law = fc.property(rungs, (some) => {
      const choice = chosenOf(some);
      expect(choice === undefined || (choice.value > 0 && choice.evidence >= 0.8)).toBe(true);
    });
    fc.assert(law, OPTIONS);
  });

  it("at equal value is the cheapest or none, however much speaks for what is dearer (a law)", () => {
    const law = fc.property(rungs, fc.integer({ min: 1, max: 100 }), (some, value) => {
      const equal = some.map((rung) => ({ ...rung, value }));
      const surer = equal.map((rung) => ({ ...rung, evidence: Math.min(1, rung.evidence + 0.2) }));
      for (const sure of [equal, surer]) expect([-1, 0]).toContain(choiceStep(SITUATION, sure));
      if (choiceStep(SITUATION, equal) === 0) expect(choiceStep(SITUATION, surer)).toBe(0);
    });
    fc.assert(law, OPTIONS);
  });

  it("is none where the budget is gone, whatever could be given (a law)", () => {
    const ladders = fc.uniqueArray(fc.integer({ min: 100, max: 2_900 }), { minLength: 1, maxLength: 6 });
    const law = fc.property(
      ladders,
      fc.boolean(),
      fc.double({ min: 0, max: 6, noNaN: true }),
      (steps, isAmount, slope) => {
        const ladder = steps
          .toSorted((a, b) => a - b)
          .map((step) => ({ incentive: isAmount ? amountOff(step) : percentOff(step) }));
        const policy = compiled({ campaigns: [campaign({ ladder })] });
        for (const budgets of [{}, { marketing: { remainingMinor: 0, shadowPriceBp: 0 } }]) {
          const outcome = decide(input({ policy, model: sureModel(slope), budgets }));
          if (outcome.kind !== "decided") throw new Error("nothing was answered before");
          expect(outcome.decision).toMatchObject({ offer: undefined, chosen: 0, exploit: 0, heldMinor: 0 });
        }
      },
    );
    fc.assert(law, { ...OPTIONS, numRuns: 200 });
  });
});
