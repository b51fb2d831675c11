import { describe, expect, it } from "@jest/globals";
import type { Incentive } from "@leastwise/offers";
import { EMPTY_STATE } from "../state/decision-state.js";
import { beginDecision, decide } from "../decide.js";
import type { Decision } from "../decision.js";
import { accountOf } from "../explain/account.js";
import { explainDecision } from "../explain/sentences.js";
import {
  amountOff,
  campaign,
  CATALOGUE,
  compiled,
  compiledModel,
  features,
  input,
  percentOff,
} from "../given/store.js";
import type { DecisionInput } from "../input.js";
import { isSameQuestion, type CustomResponse, type ModelAnswer } from "../model/custom-response.js";
import { compileModel, type CompiledModel } from "../model/response-model.js";
import { PRIOR_MODEL } from "../priors.js";
import { decodeRecordedState, encodeRecordedState } from "../state/encoding.js";

const CUSTOM: CustomResponse = { onnx: new Uint8Array(8), featureCount: CATALOGUE.names.length };

function problemsOf(custom: Partial<CustomResponse>) {
  const result = compileModel({ ...PRIOR_MODEL, custom: { ...CUSTOM, ...custom } }, CATALOGUE.names);
  return result.ok ? [] : result.error.map(({ reason, field }) => `${field} ${reason}`);
}

/** The priors as the parametric part of a model that has a custom one. */
function custom(changes: Partial<CustomResponse> = {}): CompiledModel {
  const model = { ...PRIOR_MODEL, version: "mine-1", custom: { ...CUSTOM, ...changes } };
  const result = compileModel(model, CATALOGUE.names);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const exploration = { floorBp: 0, coldStartDecisionsPerRung: 0 };
const ladder = (...incentives: readonly Incentive[]) => ({ ladder: incentives.map((incentive) => ({ incentive })) });

/** Rungs of 5, 10 and 15 % and, in a campaign of its own, of 10.00. */
const ladders = compiled({
  campaigns: [
    campaign({ exploration }),
    campaign({ campaignId: "other", ...ladder(amountOff(1_000), amountOff(2_000)), exploration }),
  ],
});

function asked(changes: Partial<DecisionInput> = {}): DecisionInput {
  return input({ policy: ladders, model: custom(), features: features({ purchases_30d: 2 }), ...changes });
}

const ANSWER: ModelAnswer = {
  logit: -1,
  logitSd: 0.01,
  shifts: {
    percent_off: [
      [500, 1, 0.01],
      [1_000, 0.5, 0.01],
      [1_500, 1.25, 0.01],
    ],
    amount_off: [
      [1_000, -0.5, 0.01],
      [2_000, 0.1, 0.01],
    ],
  },
};

function decided(given: DecisionInput): Decision {
  const outcome = decide(given);
  if (outcome.kind === "repeated") throw new Error("repeated");
  return outcome.decision;
}

const chance = (logit: number) => 1 / (1 + Math.exp(-logit));

describe("a custom model", () => {
  it.each([
    ["no model", { onnx: new Uint8Array() }, "custom.onnx out_of_range"],
    ["one that no record holds", { onnx: new Uint8Array(921_601) }, "custom.onnx out_of_range"],
    ["no features", { featureCount: 0 }, "custom.feature_count out_of_range"],
    ["features of another build", { featureCount: 1_000 }, "custom.feature_count out_of_range"],
    ["no doubt of the baseline", { baselineSd: 0 }, "custom.baseline_sd not_positive"],
    ["a doubt that is none", { shiftSd: Number.NaN }, "custom.shift_sd not_positive"],
    ["a probability of 2", { nullProbability: 2 }, "custom.null_probability out_of_range"],
  ])("given %s, is refused", (_what, changes, problem) => {
    expect(problemsOf(changes)).toEqual([problem]);
  });

  it("is asked about each kind at each depth once, and about as many features as it takes", () => {
    const twice = compiled({
      campaigns: [
        campaign({ campaignId: "a", ...ladder(amountOff(1_000), amountOff(2_000)) }),
        campaign({ campaignId: "b", ...ladder(percentOff(1_000), percentOff(2_000)) }),
        campaign({ campaignId: "c", ...ladder(percentOff(500), percentOff(1_000)) }),
      ],
    });
    const { question } = beginDecision(asked({ policy: twice, model: custom({ featureCount: 3 }) }));
    expect(question?.features).toHaveLength(3);
    expect(question?.rows).toEqual([
      ...[500, 1_000, 2_000].map((depthBp) => ({ kind: "percent_off", depthBp })),
      ...[1_000, 2_000].map((depthBp) => ({ kind: "amount_off", depthBp })),
    ]);
  });

  it("is told nothing of a shopper who has not agreed", () => {
    const told = beginDecision(asked()).question;
    const untold = beginDecision(asked({ consent: [] })).question;
    expect(told?.features.filter((value) => !Number.isNaN(value))).toEqual([2]);
    expect(untold?.features.every((value) => Number.isNaN(value))).toBe(true);
    expect(told && untold && isSameQuestion(told, untold)).toBe(false);
    expect(told && isSameQuestion(told, { ...told, features: [...told.features] })).toBe(true);
    expect(told && isSameQuestion(told, { ...told, rows: told.rows.slice(1) })).toBe(false);
  });

  it.each([
    ["has no such model", { model: compiledModel() }],
    ["could give nothing", { killSwitch: true }],
  ])("is asked nothing where the decision %s", (_what, changes) => {
    expect(beginDecision(asked(changes)).question).toBeUndefined();
  });

  it("is asked nothing where the answer stands", () => {
    const first = decide(asked());
    if (first.kind === "repeated") throw new Error("repeated");
    expect(beginDecision(asked({ decisionState: first.nextState })).question).toBeUndefined();
    expect(first.nextState).not.toEqual(EMPTY_STATE);
  });

  it("answers instead of the parametric part, and never falls with depth nor below nothing", () => {
    const { candidates, personalDataClasses } = decided(asked({ modelAnswer: ANSWER }));
    const said = new Map(candidates.map((candidate) => [`${candidate.campaignId}/${candidate.rung}`, candidate]));
    const none = 0.1 * chance(-1);
    expect(said.get("/0")?.conversion).toBeCloseTo(chance(-1), 8);
    expect(said.get("autumn/1")?.conversion).toBeCloseTo(none + 0.9 * chance(0), 8);
    expect(said.get("autumn/2")?.conversion).toBe(said.get("autumn/1")?.conversion);
    expect(said.get("autumn/3")?.conversion).toBeCloseTo(none + 0.9 * chance(0.25), 8);
    expect(said.get("other/1")?.conversion).toBe(said.get("/0")?.conversion);
    expect(personalDataClasses).toEqual(["behaviour"]);
  });

  it.each<[string, ModelAnswer | undefined]>([
    ["does not answer", undefined],
    ["answers another question", { ...ANSWER, shifts: { percent_off: [[500, 1, 0.01]] } }],
  ])("leaves the decision to the parametric part where it %s", (_what, answer) => {
    const parametric = decided(asked({ model: { ...custom(), custom: undefined } }));
    expect(decided(asked({ modelAnswer: answer })).candidates).toEqual(parametric.candidates);
  });

  it.each([40, -40, Number.NaN])(
    "that says what nobody would believe (a logit of %d) gets the safe answer",
    (logit) => {
      const { degradedReason, offer, candidates } = decided(asked({ modelAnswer: { ...ANSWER, logit } }));
      expect({ degradedReason, offer }).toEqual({ degradedReason: "model_unbelievable", offer: undefined });
      expect(candidates[0]?.conversion).toBe(chance(logit));
    },
  );

  it("has its answer in the record, so that the decision is made again without it", () => {
    const given = asked({ modelAnswer: ANSWER });
    const recorded = decodeRecordedState(encodeRecordedState(given));
    if (!recorded.ok) throw new Error(recorded.error.reason);
    expect(recorded.value.modelAnswer).toEqual(ANSWER);
    expect(decided({ ...asked(), ...recorded.value })).toEqual(decided(given));
    expect(encodeRecordedState(asked())).not.toContain('"modelAnswer"');
  });

  it("is said to have answered, and nothing of what would have been on another cart", () => {
    const given = asked({ modelAnswer: ANSWER });
    const account = accountOf(given, decided(given), CATALOGUE.names);
    expect(account).toMatchObject({ terms: [], counterfactuals: [], isCustomUnanswered: false });
    expect(explainDecision(decided(given), account)).toContain(
      "Chance of an order at rung 0: 26.89 %, as the model's ONNX answered (logit −1.000): it was asked about this cart alone, so that nothing is said of others.",
    );
  });

  it("is said not to have answered, where it was asked and the parametric part decided", () => {
    const said = (given: DecisionInput) => {
      const account = accountOf(given, decided(given), CATALOGUE.names);
      return [account.isCustomUnanswered, explainDecision(decided(given), account).join("\n")] as const;
    };
    const [isUnanswered, words] = said(asked());
    expect(isUnanswered).toBe(true);
    expect(words).toContain(
      "The model's custom part (ONNX) was asked and did not answer: its parametric part decided.",
    );
    const [isAsked, others] = said({ ...asked(), killSwitch: true });
    expect([isAsked, others.includes("did not answer")]).toEqual([false, false]);
  });
});
