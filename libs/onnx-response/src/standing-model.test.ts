import { describe, expect, it } from "@jest/globals";
import type { ResponseQuestion } from "@leastwise/decision";
import { QUEUE_MAX, StandingModel } from "./standing-model.js";
import type { OnnxSession } from "./runtime.js";

const QUESTION: ResponseQuestion = { features: [1], rows: [{ kind: "percent_off", depthBp: 500 }] };
const BUDGET_MS = 8;

/** A model that each question keeps busy for so long on its own clock. */
function givenModel(busyMs: number, runs: () => Promise<void> = () => Promise.resolve()) {
  const seen = { nowMs: 0, runs: 0, released: 0 };
  const session = {
    run: async () => {
      seen.runs += 1;
      await runs();
      seen.nowMs += busyMs;
      return { out: { data: Float32Array.from([-1, 0]), dims: [2] } };
    },
    release: () => {
      seen.released += 1;
      return Promise.resolve();
    },
  } as unknown as OnnxSession;
  const custom = {
    ...{ onnx: new Uint8Array(1), featureCount: 1, baselineSd: 1, shiftSd: 1, nullProbability: 0 },
    classBits: [0],
  };
  const shaped = { runtime: { Tensor: Object } as never, session, custom, input: "in", output: "out" };
  return { model: new StandingModel(shaped, { budgetMs: BUDGET_MS, nowMs: () => seen.nowMs }), seen };
}

const outcomesOf = async (asked: readonly Promise<{ outcome: string }>[]) =>
  (await Promise.all(asked)).map(({ outcome }) => outcome);

const times = <T>(count: number, make: (place: number) => T) =>
  Array.from({ length: count }, (_, place) => make(place));

describe("questions that wait for their turn", () => {
  it("are late, and not asked, once it comes after they may begin", async () => {
    const { model, seen } = givenModel(4);
    const outcomes = await outcomesOf(times(50, () => model.ask(QUESTION, 40)));
    // At 0, 4, 8 … 40 ms.
    expect(outcomes.filter((outcome) => outcome === "answered")).toHaveLength(11);
    expect([seen.runs, seen.nowMs, model.isResting]).toEqual([11, 44, false]);
  });

  it("come in the order in which they have to begin: who has time lets a checkout go first", async () => {
    const { model } = givenModel(4);
    const order: string[] = [];
    const asked = ["patient-1", "patient-2", "patient-3", "checkout"].map((who) =>
      model.ask(QUESTION, who === "checkout" ? 20 : 1_000).then(() => order.push(who)),
    );
    await Promise.all(asked);
    expect(order).toEqual(["patient-1", "checkout", "patient-2", "patient-3"]);
  });

  it("are a bounded number: beyond it, who has most time is late at once", async () => {
    const { model, seen } = givenModel(0);
    const patient = times(QUEUE_MAX + 1, () => model.ask(QUESTION, 1_000));
    const outcomes = await outcomesOf([...patient, model.ask(QUESTION, 20)]);
    expect([outcomes.filter((outcome) => outcome === "late").length, outcomes.at(-1)]).toEqual([1, "answered"]);
    expect(seen.runs).toBe(QUEUE_MAX + 1);
  });

  it("are late, and not asked, once the model rests", async () => {
    const { model, seen } = givenModel(BUDGET_MS + 1);
    expect(await outcomesOf(times(10, () => model.ask(QUESTION, 1_000)))).toEqual(times(10, () => "late"));
    expect([seen.runs, model.isResting]).toEqual([3, true]);
  });
});

describe("a run that does not end", () => {
  it("is late at the end of its budget, and nobody is asked until it has ended", async () => {
    let end: () => void = () => undefined;
    const { model, seen } = givenModel(0, () => new Promise((resolve) => (end = resolve)));
    expect(await outcomesOf(times(3, () => model.ask(QUESTION, 1_000)))).toEqual(["late", "late", "late"]);
    expect(model.isResting).toBe(true);
    expect(await outcomesOf([model.ask(QUESTION, 1_000)])).toEqual(["late"]);
    expect(seen.runs).toBe(1);
    end();
    await new Promise(setImmediate);
    expect(model.isResting).toBe(false);
  });

  it("does not hold up who lets go of the model, and keeps its session", async () => {
    const { model, seen } = givenModel(0, () => new Promise(() => undefined));
    const asked = times(3, () => model.ask(QUESTION, 1_000));
    await model.close();
    expect(await outcomesOf(asked)).toEqual(["late", "late", "late"]);
    expect(seen.released).toBe(0);
  });
});
