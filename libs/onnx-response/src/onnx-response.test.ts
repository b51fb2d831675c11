/** @jest-environment ./scripts/jest-native-arrays.cjs */
import { afterEach, describe, expect, it } from "@jest/globals";
import { compileModel, PRIOR_MODEL, type CompiledModel, type ResponseQuestion } from "@leastwise/decision";
import { treeModel, type TreeModelOptions } from "@leastwise/testkit";
import { err, refusal, type Result } from "@leastwise/vocabulary";
import { FEATURES } from "@leastwise/windows";
import { loadCustom, type LoadOptions } from "./load.js";
import { columnsOf } from "./rows.js";
import type { StandingModel } from "./standing-model.js";

const NAMES = FEATURES.map(({ name }) => name);
const COLUMNS = columnsOf(NAMES.length);
/** Long enough for any machine: nothing here is about being quick. */
const PATIENCE_MS = 60_000;
const PATIENT: LoadOptions = { budgetMs: 60_000 };

const standing: StandingModel[] = [];

function custom(onnx: Uint8Array): CompiledModel {
  const model = { ...PRIOR_MODEL, version: "mine-1", custom: { onnx, featureCount: NAMES.length, shiftSd: 0.25 } };
  const result = compileModel(model, NAMES);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

async function load(onnx: Uint8Array, options = PATIENT) {
  const loaded = await loadCustom(custom(onnx), options);
  if (loaded.ok) standing.push(loaded.value);
  return loaded;
}

function taken<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const trees = (options: Partial<TreeModelOptions> = {}) => treeModel({ seed: "t", columns: COLUMNS, ...options });

/** A shopper of whom one feature is known, or nothing. */
function asked(slot?: number, value = 3): ResponseQuestion {
  return {
    features: NAMES.map((_, place) => (place === slot ? value : Number.NaN)),
    rows: [
      { kind: "percent_off", depthBp: 500 },
      { kind: "percent_off", depthBp: 1_500 },
      { kind: "gift", depthBp: 500 },
    ],
  };
}

afterEach(async () => {
  for (const model of standing.splice(0)) await model.close();
});

describe("a custom model", () => {
  it("answers all rows of a question at once, by kind, rising with depth", async () => {
    const model = taken(await load(trees()));
    const outcome = await model.ask(asked(3), PATIENCE_MS);
    if (outcome.outcome !== "answered") throw new Error(outcome.outcome);
    const { logit, logitSd, shifts } = outcome.answer;
    expect(logit).toBeCloseTo(-1, 0);
    expect(logitSd).toBe(0.2);
    expect(shifts.percent_off?.map(([depthBp]) => depthBp)).toEqual([500, 1_500]);
    expect(shifts.gift?.[0]?.[2]).toBe(0.25);
    const [first, second] = shifts.percent_off ?? [];
    expect(second?.[1]).toBeGreaterThan(first?.[1] ?? Infinity);
    // The same question, the same answer, and another shopper another one.
    expect(await model.ask(asked(3), PATIENCE_MS)).toEqual(outcome);
    expect(await model.ask(asked(), PATIENCE_MS)).not.toEqual(outcome);
  });

  it("may say its own standard deviations", async () => {
    const outcome = await taken(await load(trees({ outputs: 2 }))).ask(asked(), PATIENCE_MS);
    if (outcome.outcome !== "answered") throw new Error(outcome.outcome);
    expect(outcome.answer.logitSd).toBeCloseTo(0.1, 6);
    expect(outcome.answer.shifts.gift?.[0]?.[2]).toBeCloseTo(0.1, 6);
  });

  it("answers several at a time, each its own question", async () => {
    const model = taken(await load(trees()));
    const alone = await model.ask(asked(3), PATIENCE_MS);
    const together = await Promise.all([
      model.ask(asked(3), PATIENCE_MS),
      model.ask(asked(), PATIENCE_MS),
      model.ask(asked(3), PATIENCE_MS),
    ]);
    expect([together[0], together[2]]).toEqual([alone, alone]);
    expect(together[1]).not.toEqual(alone);
  });

  it.each<[string, Uint8Array, string]>([
    ["no ONNX", new Uint8Array(100), "onnx_unreadable"],
    ["too few columns", trees({ columns: COLUMNS - 1 }), "onnx_input_shape"],
    ["a falling response", trees({ rise: -1 }), "response_falls"],
    ["a leaf that is no number", trees({ oddLeaf: Number.NaN, depth: 1 }), "not_finite"],
    ["a chance of 1.0 for everybody", trees({ base: 40 }), "conversion_unbelievable"],
    ["a chance of 0 for everybody", trees({ base: -40 }), "conversion_unbelievable"],
    ["rungs that sell whatever they give", trees({ rise: 40 }), "conversion_unbelievable"],
  ])("with %s is refused", async (_what, onnx, reason) => {
    const refused = await load(onnx);
    expect(refused.ok ? [] : refused.error).toMatchObject([{ reason, field: "custom.onnx" }]);
  });

  it("that falls is told whole: where, and for whom", async () => {
    const refused = await load(trees({ rise: -1 }));
    expect(refused.ok ? [] : refused.error).toMatchObject([
      {
        came: expect.stringMatching(
          /^percent_off: -\d\.\d{4} from 0 to 250 bp, for a shopper of whom nothing is known$/,
        ),
      },
    ]);
  });

  it("that says nobody knows how is refused where the runtime is not installed", async () => {
    const missing = refusal("onnx_runtime_missing", "custom.onnx", "", "onnxruntime-node");
    const refused = await load(trees(), { ...PATIENT, runtime: () => Promise.resolve(err(missing)) });
    expect(refused).toEqual(err([missing]));
  });

  it("is asked one question at a time, and none pays for the others' time", async () => {
    // Each look at the clock takes a millisecond: a question alone takes one.
    let nowMs = 0;
    const model = taken(await load(trees(), { budgetMs: 5, nowMs: () => (nowMs += 1) }));
    const outcomes = await Promise.all(Array.from({ length: 32 }, () => model.ask(asked(3), PATIENCE_MS)));
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["answered"]));
    expect(model.isResting).toBe(false);
  });

  it("that takes too long is taken all the same by who has to follow what was taken", async () => {
    let nowMs = 0;
    const slow = { budgetMs: 5, nowMs: () => (nowMs += 6) };
    expect((await load(trees(), { ...slow, mayBeSlow: true })).ok).toBe(true);
  });

  it("that takes too long is refused", async () => {
    let nowMs = 0;
    const refused = await load(trees(), { budgetMs: 5, nowMs: () => (nowMs += 6) });
    expect(refused.ok ? [] : refused.error).toMatchObject([
      { reason: "too_slow", came: "6.0 ms", expected: expect.stringContaining("at most 5 ms for 64 rows") },
    ]);
  });

  it("is late, and after three times in a row is not asked for a minute", async () => {
    const time = { nowMs: 0, stepMs: 0 };
    const model = taken(await load(trees(), { budgetMs: 5, nowMs: () => (time.nowMs += time.stepMs) }));
    const outcomes = async (times: number) => {
      const said: string[] = [];
      for (let i = 0; i < times; i += 1) said.push((await model.ask(asked(), PATIENCE_MS)).outcome);
      return said;
    };
    time.stepMs = 6;
    expect(await outcomes(2)).toEqual(["late", "late"]);
    time.stepMs = 0;
    expect(await outcomes(1)).toEqual(["answered"]);
    expect(model.isResting).toBe(false);
    time.stepMs = 6;
    expect(await outcomes(3)).toEqual(["late", "late", "late"]);
    time.stepMs = 0;
    expect(model.isResting).toBe(true);
    time.nowMs += 60_000;
    expect(model.isResting).toBe(false);
  });

  it("that gives no number for a shopper unlike those that it was tried with has failed", async () => {
    const model = taken(await load(trees({ odd: { column: 3, above: 1_000, logit: Number.NaN } })));
    expect(await model.ask(asked(), PATIENCE_MS)).toMatchObject({ outcome: "answered" });
    expect(await model.ask(asked(3, 1_001), PATIENCE_MS)).toMatchObject({ outcome: "failed" });
  });

  it("is let go of once whoever asked has been answered, and has failed whoever asks then", async () => {
    const model = taken(await loadCustom(custom(trees()), PATIENT));
    const answer = model.ask(asked(), PATIENCE_MS);
    await model.close();
    expect(await answer).toMatchObject({ outcome: "answered" });
    expect(await model.ask(asked(), PATIENCE_MS)).toMatchObject({ outcome: "failed" });
  });
});
