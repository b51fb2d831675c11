/** @jest-environment ./scripts/jest-native-arrays.cjs */
import { CLICKSTREAM_RETENTION_MIN_MS, modelToWire, topicPlan, TOPICS, wire } from "@leastwise/contracts";
import { PRIOR_MODEL, type ResponseModel } from "@leastwise/decision";
import { openEmbeddedLog, type EventLog } from "@leastwise/eventlog";
import { loadCustom } from "@leastwise/onnx-response";
import { FEATURE_CATALOGUE, followModels, type LoadCustom, type Models } from "@leastwise/references";
import { callUnary, connect, startRpcServer, type RpcServer } from "@leastwise/rpc";
import type { Millis } from "@leastwise/vocabulary";
import { treeModel, type TreeModelOptions } from "@leastwise/testkit";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { modelService } from "./model-service.js";

const NOON = Date.UTC(2026, 10, 23, 12) as Millis;

/** Long enough for any machine. */
const patiently: LoadCustom = (model) => loadCustom(model, { budgetMs: 60_000 });

let directory: string;
let log: EventLog;
let models: Models;
let server: RpcServer;
let client: InstanceType<typeof wire.ModelServiceClient>;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "models-"));
  log = await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024 });
  await log.ensureTopics(topicPlan(1, CLICKSTREAM_RETENTION_MIN_MS));
  models = await followModels(log, {
    onInForce: () => undefined,
    onUnusable: () => undefined,
    loadCustom: patiently,
  });
  const clock = { nowMs: () => NOON };
  const started = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    services: [modelService({ log, clock, models, loadCustom: patiently })],
  });
  if (!started.ok) throw new Error(started.error.reason);
  server = started.value;
  client = connect(wire.ModelServiceClient, `127.0.0.1:${server.port}`);
});

afterEach(async () => {
  client.close();
  await server.drain(0);
  await models.stop();
  await log.close();
  await rm(directory, { recursive: true });
});

const modelOf = (version: string, changes: Partial<ResponseModel> = {}) =>
  modelToWire({ ...PRIOR_MODEL, version, ...changes });

const apply = (version: string, changes: Partial<ResponseModel> = {}, author = "ada", reason = "learned") =>
  callUnary(client.applyModel.bind(client), { model: modelOf(version, changes), author, reason });
const get = (version: string) => callUnary(client.getModel.bind(client), { version });
const rollBack = (version: string, author = "grace") =>
  callUnary(client.rollbackModel.bind(client), { version, author, reason: "it sold nothing" });
const list = async () => {
  const answer = await callUnary(client.listModels.bind(client), {});
  return answer.ok ? answer.value.models : [];
};

const [format] = PRIOR_MODEL.formats;
const falling = { formats: [{ ...format!, slopeMean: -1 }] };

const FEATURES = FEATURE_CATALOGUE.names.length;
const custom = (options: Partial<TreeModelOptions> = {}) => ({
  custom: { onnx: treeModel({ seed: "c", columns: FEATURES + 11, ...options }), featureCount: FEATURES },
});

describe("before a model is applied", () => {
  it("the priors are in force, which nobody applied", async () => {
    expect(await get("")).toEqual({
      ok: true,
      value: { model: modelToWire(PRIOR_MODEL), appliedAtMs: 0n, author: "", reason: "" },
    });
    expect(await get(PRIOR_MODEL.version)).toEqual(await get(""));
    expect(await list()).toEqual([]);
  });
});

describe("a model that is applied", () => {
  it("is in force when the answer comes, with who did it and why", async () => {
    expect(await apply("one")).toEqual({ ok: true, value: { version: "one" } });
    expect(models.active().version).toBe("one");
    const record = { model: modelOf("one"), appliedAtMs: BigInt(NOON), author: "ada", reason: "learned" };
    expect(await get("")).toEqual({ ok: true, value: record });
  });

  it("is in force with its custom part, which can be asked", async () => {
    expect(await apply("one", custom())).toEqual({ ok: true, value: { version: "one" } });
    expect(models.custom()).toBeDefined();
    expect(await get("one")).toMatchObject({ ok: true, value: { model: { custom: { featureCount: FEATURES } } } });
  });

  it("has one content for ever, though two come at once under one version", async () => {
    const both = await Promise.all([apply("one", { horizonMs: 1 }), apply("one", { horizonMs: 2 })]);
    expect(both.map(({ ok }) => ok).sort()).toEqual([false, true]);
    expect(both.find(({ ok }) => !ok)).toMatchObject({
      error: { code: "ALREADY_EXISTS", reason: "model_version_exists", field: "model.version" },
    });
    expect(await log.offsets(TOPICS.models, 0)).toMatchObject({ begin: 0, end: 1 });
  });

  it.each<[string, Parameters<typeof apply>, string]>([
    ["falls with depth", ["bad", falling], "response_falls"],
    ["is believed by nobody", ["bad", { baseline: [{ feature: "intercept", mean: 9, sd: 1 }] }], "conversion_unbelie"],
    ["falls with depth in ONNX", ["bad", custom({ rise: -1 })], "response_falls"],
    ["is believed by nobody in ONNX", ["bad", custom({ base: 40 })], "conversion_unbelie"],
    ["has other columns than it says", ["bad", custom({ columns: 20 })], "onnx_input_shape"],
    ["is called as the priors are", [PRIOR_MODEL.version], "model_version_reserved"],
    ["has no name", [""], "version_malformed"],
    ["nobody applies", ["one", {}, ""], "text_missing"],
    ["is applied for nothing", ["one", {}, "ada", ""], "text_missing"],
    ["is applied at length", ["one", {}, "ada", "x".repeat(1_025)], "text_too_long"],
  ])("is refused where it %s: the one in force stays", async (_what, proposed, reason) => {
    await apply("good");
    const refused = await apply(...proposed);
    expect(refused).toMatchObject({ ok: false, error: { code: "INVALID_ARGUMENT" } });
    expect(refused.ok ? "" : refused.error.reason).toMatch(new RegExp(`^${reason}`));
    expect([models.active().version, (await list()).length]).toEqual(["good", 1]);
  });

  it("is refused where there is none", async () => {
    const none = await callUnary(client.applyModel.bind(client), { model: undefined, author: "ada", reason: "r" });
    expect(none).toMatchObject({ error: { code: "INVALID_ARGUMENT", reason: "model_missing" } });
  });

  it("is validated without being applied, all that is wrong at once", async () => {
    const validate = (model: wire.ResponseModel | undefined) => callUnary(client.validateModel.bind(client), { model });
    expect(await validate(modelOf("one"))).toEqual({ ok: true, value: { problems: [] } });
    expect(await validate(modelOf("two", { ...falling, horizonMs: 0 }))).toMatchObject({
      value: { problems: [{ field: "horizon_ms" }, { field: "formats[0].slope_mean", came: "-1" }] },
    });
    expect(await validate(undefined)).toMatchObject({ error: { reason: "model_missing" } });
    expect(await list()).toEqual([]);
  });
});

describe("the history of models", () => {
  it("has who put what into force and why, the newest first, and each of them whole", async () => {
    for (const version of ["one", "two"]) await apply(version, {}, "ada", `reason of ${version}`);
    expect(await list()).toMatchObject([
      { model: { version: "two", baseline: [], formats: [] }, author: "ada", reason: "reason of two" },
      { model: { version: "one" }, reason: "reason of one", appliedAtMs: BigInt(NOON) },
    ]);
    expect(await get("one")).toMatchObject({ value: { model: modelOf("one") } });
    expect(await get("onne")).toMatchObject({
      error: {
        ...{ code: "NOT_FOUND", reason: "unknown_model_version" },
        message: expect.stringContaining("did you mean one?"),
      },
    });
  });

  it("goes on when somebody goes back, be it to the priors: with a name, an author and a reason of its own", async () => {
    for (const version of ["one", "two"]) await apply(version, { horizonMs: version.length });
    expect(await rollBack("one")).toEqual({ ok: true, value: { version: "one.back-1" } });
    expect(await get("")).toMatchObject({ value: { author: "grace", reason: "it sold nothing" } });
    expect(await rollBack(PRIOR_MODEL.version)).toEqual({
      ok: true,
      value: { version: `${PRIOR_MODEL.version}.back-1` },
    });
    expect(models.active()).toMatchObject({ horizonMs: PRIOR_MODEL.horizonMs });
    await rollBack("one.back-1");
    expect((await list()).map(({ model }) => model?.version)).toEqual([
      ...["one.back-2", `${PRIOR_MODEL.version}.back-1`, "one.back-1", "two", "one"],
    ]);
  });

  it("is not gone back to where that changes nothing, nor by nobody", async () => {
    expect(await rollBack(PRIOR_MODEL.version)).toMatchObject({
      error: { code: "FAILED_PRECONDITION", reason: "model_in_force" },
    });
    for (const version of ["one", "two"]) await apply(version);
    expect(await rollBack("none")).toMatchObject({ error: { code: "NOT_FOUND", reason: "unknown_model_version" } });
    expect(await rollBack("one", "")).toMatchObject({ error: { code: "INVALID_ARGUMENT", reason: "text_missing" } });
    expect(models.active().version).toBe("two");
  });
});
