import { modelToWire, TOPICS, wire } from "@leastwise/contracts";
import { PRIOR_MODEL, type ResponseModel } from "@leastwise/decision";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { givenLog, NOON, put, takeBack, type GivenLog } from "./given/log.js";
import { withStrangers } from "./given/strangers.js";
import { COMPILED_PRIOR, compileWrittenModel, followModels, PRIOR_RECORD, type Models } from "./models.js";
import type { PassedOver } from "./passed-over.js";

let given: GivenLog;
let told: string[];
let passedOver: PassedOver[];
const followed: Models[] = [];

beforeEach(async () => {
  given = await givenLog();
  told = [];
  passedOver = [];
});

afterEach(async () => {
  for (const models of followed.splice(0)) await models.stop();
  await given.end();
});

async function start(): Promise<Models> {
  const models = await followModels(given.log, {
    onInForce: ({ version }, { author }) => told.push(`in force ${version} by ${author}`),
    onUnusable: (version, problems) =>
      told.push(`unusable ${version}: ${problems.map(({ reason, field }) => `${reason} at ${field}`).join(", ")}`),
    onPassedOver: (one) => passedOver.push(one),
  });
  followed.push(models);
  return models;
}

function model(version: string, changes: Partial<ResponseModel> = {}): wire.ResponseModel {
  return modelToWire({ ...PRIOR_MODEL, version, ...changes });
}

function written(one: wire.ResponseModel | undefined): Uint8Array {
  return wire.ModelRecord.encode({ model: one, appliedAtMs: BigInt(NOON), author: "ada", reason: "" }).finish();
}

async function apply(...models: readonly wire.ResponseModel[]): Promise<void> {
  await given.log.append(models.map((one) => put(TOPICS.models, one.version, written(one))));
}

const format = PRIOR_MODEL.formats[0]!;
const falling: Partial<ResponseModel> = { formats: [{ ...format, slopeMean: -1 }] };

describe("the models", () => {
  it("are the priors before the first", async () => {
    const models = await start();
    expect(models.active()).toBe(COMPILED_PRIOR);
    expect(models.version(PRIOR_MODEL.version)).toBe(COMPILED_PRIOR);
    expect(models.version("one")).toBeUndefined();
    expect([models.history(), told]).toEqual([[], []]);
    expect(PRIOR_RECORD).toMatchObject({ appliedAtMs: 0n, author: "", model: { version: PRIOR_MODEL.version } });
  });

  it("have the newest in force, and the older by their versions, the priors among them", async () => {
    await apply(model("one", { horizonMs: 111 }), model("two", { horizonMs: 222 }));
    const models = await start();
    expect(models.active()).toMatchObject({ version: "two", horizonMs: 222 });
    expect(models.version("one")).toMatchObject({ horizonMs: 111 });
    expect(models.version(PRIOR_MODEL.version)).toBe(COMPILED_PRIOR);
    expect(models.history().map((record) => record.model?.version)).toEqual(["two", "one"]);
    expect(told).toEqual(["in force one by ada", "in force two by ada"]);
  });

  it("take a version that is put into force later", async () => {
    const models = await start();
    await apply(model("one"));
    await models.appears("one");
    expect(models.active().version).toBe("one");
  });

  it("know the features that the windows have, and the range that each was trained on", async () => {
    const baseline = [
      { feature: "intercept", mean: -1, sd: 1 },
      { feature: "cart_removes_1h", mean: -1, sd: 1, min: 0, max: 4 },
    ];
    await apply(model("one", { baseline }));
    expect((await start()).active().coefficients).toMatchObject([{ mean: -1, min: 0, max: 4 }]);
  });

  it.each<[string, wire.ResponseModel, string]>([
    ["with a number that is none", model("bad", { formats: [{ ...format, slopeSd: NaN }] }), "not_positive"],
    [
      "with a feature that nobody knows",
      model("bad", {
        baseline: [
          { feature: "intercept", mean: 0, sd: 1 },
          { feature: "x", mean: 0, sd: 1 },
        ],
      }),
      "unknown_f",
    ],
    ["whose response falls", model("bad", falling), "response_falls"],
    ["that nobody believes", model("bad", { baseline: [{ feature: "intercept", mean: 9, sd: 1 }] }), "conversion_un"],
    ["of a horizon that is no number", { ...model("bad"), horizonMs: 2n ** 60n }, "out_of_range"],
    ["under the name of the priors", model(PRIOR_MODEL.version), "model_version_reserved"],
  ])("report one %s, and leave the one before in force", async (_, unusable, reason) => {
    await apply(model("good"), unusable);
    const models = await start();
    expect(models.active().version).toBe("good");
    expect(models.version("bad")).toBeUndefined();
    expect(models.version(PRIOR_MODEL.version)).toBe(COMPILED_PRIOR);
    expect(told).toEqual(["in force good by ada", expect.stringMatching(`^unusable ${unusable.version}: ${reason}`)]);
    expect(models.history()).toHaveLength(2);
  });

  it("leave the priors in force where there is none that can be used", async () => {
    await apply(model("bad", falling));
    expect((await start()).active()).toBe(COMPILED_PRIOR);
    expect(told).toHaveLength(1);
  });

  it("pass over a version that was taken back: what is in force stays", async () => {
    await apply(model("one"));
    await given.log.append([takeBack(TOPICS.models, "one")]);
    expect((await start()).active().version).toBe("one");
  });
});

describe("a model that is written", () => {
  it("says all that is wrong with it", () => {
    const wrong = compileWrittenModel(model("one", { ...falling, horizonMs: 0 }));
    expect(wrong.ok ? [] : wrong.error.map(({ field }) => field)).toEqual(["horizon_ms", "formats[0].slope_mean"]);
  });
});

describe("whoever waits for a model", () => {
  it("goes on at once where it is or was in force, as the priors were", async () => {
    await apply(model("one"), model("two"));
    const models = await start();
    for (const version of ["one", "two", PRIOR_MODEL.version]) await models.appears(version);
  });

  it("goes on when it comes, however many wait, and not at one that is unusable", async () => {
    const models = await start();
    const came: string[] = [];
    const both = ["a", "b"].map((name) => models.appears("two").then(() => came.push(name)));
    void models.appears("bad").then(() => came.push("bad"));
    await apply(model("bad", falling), model("one"));
    await models.appears("one");
    expect(came).toEqual([]);
    await apply(model("two"));
    await Promise.all(both);
    expect(came).toEqual(["a", "b"]);
  });

  it("is not left waiting when nobody follows any more", async () => {
    const models = await start();
    const waiting = models.appears("never");
    await models.stop();
    await waiting;
    expect(models.version("never")).toBeUndefined();
  });
});

describe("what somebody else wrote onto the models", () => {
  it("is passed over, and it is said where it stands and what is wrong with it", async () => {
    await apply(model("one"));
    await given.log.append([
      put(TOPICS.models, "one", Buffer.from([0x0a, 0xff, 0xff])),
      put(TOPICS.models, "one", written(undefined)),
      put(TOPICS.models, "one", written(model(""))),
      put(TOPICS.models, "one", written(model("two"))),
    ]);
    const models = await start();
    expect([models.active().version, models.version("two"), told]).toEqual(["one", undefined, ["in force one by ada"]]);
    expect(passedOver.map(({ topic, offset, problem }) => [`${topic}/${offset}`, problem])).toEqual([
      ["models/1", "premature EOF"],
      ["models/2", "model is missing"],
      ["models/3", "model.version is missing"],
      ["models/4", "its key is not its model.version"],
    ]);
  });

  it("changes nothing, wherever it stands", async () => {
    const own = ["one", "two"].map((version) => put(TOPICS.models, version, written(model(version))));
    await fc.assert(
      fc.asyncProperty(withStrangers(TOPICS.models, own, ["one", "two"]), async ({ records, strangers }) => {
        const mixed = await givenLog();
        await mixed.log.append(records);
        const heard: string[] = [];
        const following = await followModels(mixed.log, {
          onInForce: ({ version }) => heard.push(version),
          onUnusable: (version) => heard.push(`unusable ${version}`),
          onPassedOver: () => (strangers -= 1),
        });
        const { version } = following.active();
        await following.stop();
        await mixed.end();
        expect([version, heard, strangers]).toEqual(["two", ["one", "two"], 0]);
      }),
      { numRuns: 25 },
    );
  });
});
