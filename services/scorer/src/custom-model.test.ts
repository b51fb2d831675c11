/** @jest-environment ./scripts/jest-native-arrays.cjs */
import { TOPICS, wire } from "@leastwise/contracts";
import { decodeRecordedState, type ModelAnswer, type ResponseModel, type ResponseQuestion } from "@leastwise/decision";
import { loadCustom, type AskableModel, type AskedOutcome } from "@leastwise/onnx-response";
import { FEATURE_CATALOGUE, type LoadCustom } from "@leastwise/references";
import { treeModel, type TreeModelOptions } from "@leastwise/testkit";
import { ok } from "@leastwise/vocabulary";
import { featureIndex } from "@leastwise/windows";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { decidedAgain } from "./decided-again.js";
import { applied, did, kept, modelled, partitionOf, percentages } from "./given/records.js";
import {
  checkout,
  CODE_KEY,
  counted,
  givenLog,
  hasher,
  openShop,
  recordOf,
  standing,
  type GivenLog,
  type Shop,
} from "./given/shop.js";

const ADA = hasher.known("ada");
const FEATURES = FEATURE_CATALOGUE.names.length;
const COLUMNS = FEATURES + 11;
/** Long enough for any machine. */
const patiently: LoadCustom = (model) => loadCustom(model, { budgetMs: 10_000 });

let given: GivenLog;
const shops: Shop[] = [];

beforeEach(async () => {
  given = await givenLog();
  const consent = { purposes: [wire.Purpose.PURPOSE_PERSONALIZATION] };
  await given.log.append([applied(percentages()), kept(ADA, { consent }), did(ADA)]);
});

afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
  await given.end();
});

function custom(options: Partial<TreeModelOptions> = {}): Partial<ResponseModel> {
  return { custom: { onnx: treeModel({ seed: "s", columns: COLUMNS, ...options }), featureCount: FEATURES } };
}

async function open(model: Partial<ResponseModel>, load: LoadCustom = patiently): Promise<Shop> {
  await given.log.append([modelled("mine-1", model)]);
  const shop = await openShop(given.log, { loadCustom: load });
  shops.push(shop);
  return shop;
}

async function ask(shop: Shop, fields: wire.DeepPartial<wire.DecideRequest> = {}): Promise<wire.DecideResponse> {
  const answer = await shop.decider.decide(checkout(fields), undefined);
  if (!answer.ok) throw new Error(answer.error.reason);
  return answer.value;
}

async function recorded({ decisionId }: wire.DecideResponse) {
  const record = await recordOf(given.log, decisionId);
  const state = decodeRecordedState(Buffer.from(record.decisionState).toString());
  if (!state.ok) throw new Error(state.error.reason);
  return { record, answer: state.value.modelAnswer };
}

const outcomes = async (shop: Shop) =>
  Object.fromEntries(
    await Promise.all(
      ["answered", "late", "failed", "changed"].map(async (outcome) => [
        outcome,
        await counted(shop.telemetry, "leastwise_custom_model_total", `outcome="${outcome}"`),
      ]),
    ),
  ) as Record<string, number>;

/** A model that does something while it is asked, and then answers that everything works. */
function meanwhile(does: (asked: number) => Promise<AskedOutcome["outcome"]>): LoadCustom {
  let asked = 0;
  const part: AskableModel = {
    isResting: false,
    budgetMs: 5,
    ask: async (question) => {
      const outcome = await does((asked += 1));
      if (outcome === "late") return { outcome, tookMs: 6 };
      if (outcome === "failed") return { outcome, why: "it was told to" };
      return { outcome, answer: favourable(question) };
    },
    close: () => Promise.resolve(),
  };
  return () => Promise.resolve(ok(part));
}

/** A model that is late, and keeps how long it might wait. */
function waitsOf(waits: number[]): LoadCustom {
  const part: AskableModel = {
    isResting: false,
    budgetMs: 5,
    ask: (_question, waitMs) => {
      waits.push(waitMs);
      return Promise.resolve({ outcome: "late", tookMs: 6 });
    },
    close: () => Promise.resolve(),
  };
  return () => Promise.resolve(ok(part));
}

function favourable({ rows }: ResponseQuestion): ModelAnswer {
  const shifts = rows.map(({ depthBp }) => [depthBp, depthBp / 1_000, 0.1] as const);
  return { logit: -1, logitSd: 0.1, shifts: { percent_off: shifts } };
}

describe("a custom model in force", () => {
  it("answers for the parametric part, and the record is made again without it, byte for byte", async () => {
    const shop = await open(custom());
    const { record, answer } = await recorded(await ask(shop));
    expect(answer?.shifts.percent_off?.map(([depthBp]) => depthBp)).toEqual([500, 1_000]);
    expect(record.candidates[0]?.conversion).toBeCloseTo(1 / (1 + Math.exp(-(answer?.logit ?? 0))), 8);
    expect(await outcomes(shop)).toEqual({ answered: 1, late: 0, failed: 0, changed: 0 });
    const again = decidedAgain(record, {
      policyOf: (version) => shop.policies.version(version)?.compiled,
      modelOf: (version) => shop.models.version(version),
      codeKey: CODE_KEY,
    });
    if (!again.ok) throw new Error(again.error.reason);
    const bytes = (one: wire.DecisionRecord) =>
      Buffer.from(wire.DecisionRecord.encode({ ...one, ownerEpoch: 0n }).finish()).toString("hex");
    expect(bytes(again.value.record)).toBe(bytes(record));
    expect(shop.recent.explain(record.decisionId)?.sentences.join("\n")).toContain("as the model's ONNX answered");
  });

  it("is asked by What if, too", async () => {
    const shop = await open(custom());
    const supposed = await shop.decider.whatIf(wire.WhatIfRequest.fromPartial({ request: checkout() }));
    const really = await ask(shop);
    if (!supposed.ok) throw new Error(supposed.error.refusal.reason);
    const { record } = await recorded(really);
    expect(supposed.value.explanation?.record?.candidates).toEqual(record.candidates);
  });

  it("that is not to be believed of a shopper gives the safe answer", async () => {
    const column = featureIndex("page_views_24h");
    const shop = await open(custom({ odd: { column, above: 200, logit: 40 } }));
    expect(shop.models.active().version).toBe("mine-1");
    expect(await ask(shop, { subject: { userId: "bob" } })).toMatchObject({ degradedReason: "" });
    await given.log.append(Array.from({ length: 300 }, () => did(ADA)));
    const [end] = [...(await given.log.ends(TOPICS.clickstream))].filter(([at]) => at === partitionOf(ADA));
    await shop.feed.waitFor(partitionOf(ADA), (end?.[1] ?? 0) - 1, 20_000);
    const safe = await ask(shop);
    expect(safe).toMatchObject({ degradedReason: "model_unbelievable" });
    const { record } = await recorded(safe);
    expect(record.candidates[0]?.conversion).toBe(1);
    expect(await counted(shop.telemetry, "leastwise_degraded_total", 'reason="model_unbelievable"')).toBe(1);
  });

  it("is the one before where the newest is refused", async () => {
    const shop = await open(custom());
    await given.log.append([modelled("mine-2", custom({ rise: -1 }))]);
    expect(await shop.models.reachesEnd(new AbortController().signal)).toBe(true);
    expect(shop.models.active().version).toBe("mine-1");
    expect((await recorded(await ask(shop))).answer).toBeDefined();
  });

  it.each(["late", "failed"] as const)("that is %s leaves the decision to the parametric part", async (outcome) => {
    const shop = await open(
      custom(),
      meanwhile(() => Promise.resolve(outcome)),
    );
    const { record, answer } = await recorded(await ask(shop));
    expect(answer).toBeUndefined();
    expect(record.modelVersion).toBe("mine-1");
    expect(shop.recent.explain(record.decisionId)).toMatchObject({
      isCustomUnanswered: true,
      sentences: expect.arrayContaining([expect.stringContaining("was asked and did not answer")]),
    });
    expect(await outcomes(shop)).toEqual({ answered: 0, late: 0, failed: 0, changed: 0, [outcome]: 1 });
  });

  it.each([
    [1, { answered: 1, late: 0, failed: 0, changed: 1 }],
    [2, { answered: 0, late: 0, failed: 0, changed: 2 }],
  ])("is asked anew, once, where the shopper does something meanwhile: %d times", async (times, counts) => {
    const shop: Shop = await open(
      custom(),
      meanwhile(async (asked) => {
        if (asked > times) return "answered";
        const [{ offset } = { offset: 0 }] = await given.log.append([did(ADA)]);
        await shop.feed.waitFor(partitionOf(ADA), offset, 20_000);
        return "answered";
      }),
    );
    const { answer } = await recorded(await ask(shop));
    expect(answer !== undefined).toBe(counts.answered === 1);
    expect(await outcomes(shop)).toEqual(counts);
  });

  it("that never says anything does not keep an answer from leaving in time", async () => {
    const never = () => new Promise<never>(() => undefined);
    const shop = await open(custom(), meanwhile(never));
    // The wall stands still: only who looks at what is left ends the wait.
    const deadlineMs = shop.time.wallMs + 50;
    const answer = await shop.decider.decide(checkout(), deadlineMs);
    if (!answer.ok) throw new Error(answer.error.reason);
    expect(answer.value).toMatchObject({ degradedReason: "" });
    expect((await recorded(answer.value)).answer).toBeUndefined();
    expect(await outcomes(shop)).toEqual({ answered: 0, late: 1, failed: 0, changed: 0 });
    const supposed = await shop.decider.whatIf(wire.WhatIfRequest.fromPartial({ request: checkout() }));
    expect(supposed.ok).toBe(true);
  });

  it("is told how long a question may wait, so that its answer is there before ours leaves", async () => {
    const waits: number[] = [];
    const shop = await open(custom(), waitsOf(waits));
    await shop.decider.whatIf(wire.WhatIfRequest.fromPartial({ request: checkout() }));
    await shop.decider.decide(checkout(), shop.time.wallMs + 100);
    // Who only supposes waits longer. Of a checkout's 100 ms its answer leaves 10 early, 5 are the model's, and 2 the decision's own.
    expect(waits).toEqual([998, 83]);
  });

  it("does not hold up what was stopped meanwhile", async () => {
    const shop: Shop = await open(
      custom(),
      meanwhile(async () => {
        await given.log.append([applied(percentages({ version: "stopped-1", killSwitch: true }))]);
        await shop.policies.appears("stopped-1");
        return "answered";
      }),
    );
    const { record } = await recorded(await ask(shop));
    expect(record).toMatchObject({ policyVersion: "stopped-1", reason: "kill_switch", offer: undefined });
    expect(await standing(given.log, TOPICS.decisions)).toHaveLength(1);
  });
});
