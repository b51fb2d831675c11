import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decide } from "./decide.js";
import type { Candidate, Decision } from "./decision.js";
import { CASES_PER_POLICY, referenceCases, type ReferenceCase } from "./given/reference-cases.js";
import { referenceDecision, type ReferenceDecision, type ReferenceRung } from "./given/reference-decision.js";

/** `npm run test:long` compares 100,000 decisions, `npm test` a part. */
const IS_CAMPAIGN = process.env["LEASTWISE_LONG"] === "true";
const DECISIONS = IS_CAMPAIGN ? 100_000 : 2_000;
const OPTIONS = { seed: 20_261_130, numRuns: DECISIONS / CASES_PER_POLICY };

/** What of an answer has to be the same, as text: to compare texts takes a fraction of what matchers take. */
interface Told {
  readonly rungs: readonly (readonly (string | number)[])[];
  readonly choice: readonly unknown[];
}

function told({ candidates, exploit, chosen, offer }: Decision, rungs: number): Told {
  return {
    rungs: candidates
      .slice(1, 1 + rungs)
      .map(({ campaignId, rung, faceValueMinor, worstCostMinor, blockedBy, weight }) => [
        ...[campaignId, rung, faceValueMinor, worstCostMinor, blockedBy, weight],
      ]),
    choice: [
      candidates[0]?.faceValueMinor,
      candidates[0]?.weight,
      exploit,
      chosen,
      offer?.campaignId,
      offer?.faceValueMinor,
    ],
  };
}

function toldByReference({ rungs, weights, exploit, owed }: ReferenceDecision, draw: number): Told {
  const admissible = rungs.filter(({ blockedBy }) => blockedBy === "");
  const weightOf = (rung: ReferenceRung): number => weights[admissible.indexOf(rung) + 1] ?? 0;
  let below = 0;
  const drawn = admissible[weights.findIndex((weight) => draw < (below += weight)) - 1];
  const given = drawn ?? owed;
  const placeOf = (rung: ReferenceRung | undefined): number => (rung === undefined ? 0 : 1 + rungs.indexOf(rung));
  return {
    rungs: rungs.map((rung) => [
      ...[rung.campaignId, rung.rung, rung.worthMinor, rung.worstMinor, rung.blockedBy],
      rung.blockedBy === "" ? weightOf(rung) : 0,
    ]),
    choice: [owed?.worthMinor ?? 0, weights[0], placeOf(exploit), placeOf(drawn), given?.campaignId, given?.worthMinor],
  };
}

/** The reference adds up in another order: the last bits may differ. */
function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) <= 1e-7 * (1 + Math.abs(other));
}

function areNear(candidate: Candidate, { conversion, value, evidence }: ReferenceRung): boolean {
  const { conversion: c, valueMinor, evidence: e } = candidate;
  return isNear(c, conversion) && isNear(valueMinor, value) && isNear(e, evidence);
}

/** Compares one decision with the reference's. True if an incentive was drawn. */
function agrees({ input, scene }: ReferenceCase): boolean {
  const outcome = decide(input);
  if (outcome.kind !== "decided") throw new Error("nothing was answered before");
  const { decision } = outcome;
  const reference = referenceDecision(scene);
  const fast = told(decision, reference.rungs.length);
  const slow = toldByReference(reference, decision.draw);
  if (JSON.stringify(fast) !== JSON.stringify(slow)) expect(fast).toEqual(slow);
  const apart = reference.rungs.find((rung, place) => {
    const candidate = decision.candidates[place + 1];
    return candidate === undefined || !areNear(candidate, rung);
  });
  if (apart !== undefined) expect(decision.candidates).toContainEqual(apart);
  return decision.chosen > 0;
}

describe("a decision and the slow, obvious one", () => {
  it("agree in every rung, what blocks it, the choice, the weights and what is given", () => {
    let granted = 0;
    fc.assert(
      fc.property(referenceCases, (cases) => {
        granted += cases.filter(agrees).length;
      }),
      OPTIONS,
    );
    // It would be no comparison if hardly anything were given.
    expect(granted).toBeGreaterThan(DECISIONS / 20);
  });
});
