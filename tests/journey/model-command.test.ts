import { wire } from "@leastwise/contracts";
import { callUnary, connect } from "@leastwise/rpc";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { FEATURE_CATALOGUE } from "@leastwise/references";
import { treeModel } from "@leastwise/testkit";
import { newFolder, runToEnd, serve, type Program } from "./program.js";
import { CART, need, refusalOf, Shop } from "./shop.js";

// `leastwise model`, as a data team's machine runs it, against a service that runs; and what is decided by whichever model is in force.

const DOCUMENT = `version: learned-1
horizon: 7d
baseline:
  - {feature: intercept, mean: -1.2, sd: 0.05}
  - {feature: purchases_30d, mean: 0.31, sd: 0.04, min: 0, max: 12}
formats:
  - {format: percent_off, slope_mean: 0.8, slope_sd: 0.1, null_probability: 0.05, depth_scale_bp: 1000}
`;

// Each command is a process of its own, and a machine at work on other tests takes seconds to begin one.
jest.setTimeout(180_000);

let program: Program;
let shop: Shop;
let folder: string;
let data: string;

beforeAll(async () => {
  [folder, data] = [newFolder(), newFolder()];
  program = await serve(data);
  shop = new Shop(program.ports);
}, 60_000);

afterAll(() => program.stop());

function fileOf(text: string): string {
  const file = path.join(folder, "model.yaml");
  writeFileSync(file, text);
  return file;
}

async function leastwise(...args: readonly string[]) {
  const { exit, stdout, stderr } = await runToEnd({ args });
  return { code: exit.code, out: stdout.join("\n"), err: stderr.join("\n") };
}

const model = (...args: readonly string[]) => leastwise("model", ...args);
const asked = (...args: readonly string[]) => model(...args, "--address", `localhost:${program.ports.rpc}`);
const SIGNED = ["--author", "ada", "--reason", "the first that was learned"];

/** The model that the next decision is made with, and its id. */
async function decidedWith(
  requestId: string,
  userId = "ada",
): Promise<readonly [version: string | undefined, decisionId: string]> {
  const answer = need(await shop.decide({ subject: { userId }, requestId, cart: CART }));
  expect(answer.degradedReason).toBe("");
  return [need(await shop.explain(answer.decisionId)).record?.modelVersion, answer.decisionId];
}

describe("leastwise model", () => {
  let byPriors: string;
  let byLearned: string;
  let byOwn: string;

  it("shows the priors before the first, as a document that can be changed and put into force", async () => {
    const shown = await asked("show");
    expect(shown).toMatchObject({ code: 0, err: "" });
    expect(shown.out).toMatch(/^version: prior-2026-11\nhorizon: 7d\nbaseline:/);
    expect((await asked("history")).out).toBe("none was put into force: the priors hold, prior-2026-11");
    expect(await model("validate", fileOf(shown.out.replace("prior-2026-11", "mine-1")))).toMatchObject({
      ...{ code: 0, out: expect.stringContaining("mine-1 could be put into force: 5 coefficients, 10 formats") },
    });
    const [version, decisionId] = await decidedWith("r-1");
    expect(version).toBe("prior-2026-11");
    byPriors = decisionId;
  });

  it("validates a document, and says where it is wrong and what was meant", async () => {
    const wrong = DOCUMENT.replace("purchases_30d", "purchase_30d")
      .replace("slope_mean: 0.8", "slope_mean: -0.8")
      .replace("mean: -1.2", "mean: 40");
    const file = fileOf(wrong);
    expect(await model("validate", file)).toEqual({
      code: 1,
      out: [
        `${file}:4:32: baseline[0].mean: expected a chance to buy of 0.0005 to 0.95 for a shopper of whom nothing is known, got 1 (conversion_unbelievable)`,
        `${file}:5:15: baseline[1].feature: expected a feature, perhaps purchases_30d, got "purchase_30d" (unknown_feature)`,
        `${file}:7:39: formats[0].slope_mean: expected a number, not negative, got -0.8 (response_falls)`,
      ].join("\n"),
      err: "leastwise: 3 problems",
    });
    const json = await model("validate", fileOf(DOCUMENT.replace("0.05}", "-1}")), "--json");
    expect(JSON.parse(json.out)).toMatchObject({ valid: false, problems: [{ reason: "not_positive", line: 4 }] });
  });

  it("puts one into force: the next decision names it", async () => {
    expect(await asked("apply", fileOf(DOCUMENT), ...SIGNED)).toEqual({
      ...{ code: 0, out: "learned-1 is in force", err: "" },
    });
    const [version, decisionId] = await decidedWith("r-2");
    expect(version).toBe("learned-1");
    byLearned = decisionId;
    const shown = await asked("show");
    expect(await model("validate", fileOf(shown.out))).toMatchObject({ code: 0 });
    expect(shown.out).toContain("max: 12");
    expect(await shop.metric("leastwise_model_applied_timestamp_seconds")).toBeGreaterThan(0);
  });

  it("refuses a bad one, from the command and at the door, and a version twice: the old one stays", async () => {
    const falling = fileOf(DOCUMENT.replace("slope_mean: 0.8", "slope_mean: -0.8").replace("learned-1", "bad"));
    expect(await asked("apply", falling, ...SIGNED)).toMatchObject({
      ...{ code: 1, out: "", err: expect.stringContaining("1 problem: nothing was done") },
    });
    expect(await asked("apply", fileOf(DOCUMENT), ...SIGNED)).toMatchObject({
      ...{ code: 1, err: expect.stringContaining("a version never used before") },
    });
    const models = connect(wire.ModelServiceClient, `127.0.0.1:${program.ports.rpc}`);
    const sure = { version: "sure", horizonMs: 1n, baseline: [{ feature: "intercept", mean: 99, sd: 1 }] };
    const bad = { author: "ada", reason: "r", model: sure };
    const refused = await callUnary(models.applyModel.bind(models), wire.ApplyModelRequest.fromPartial(bad));
    models.close();
    expect(refusalOf(refused)).toBe("INVALID_ARGUMENT conversion_unbelievable");
    expect((await decidedWith("r-3"))[0]).toBe("learned-1");
  });

  it("goes back, be it to the priors, and tells who did what", async () => {
    const args = ["prior-2026-11", "--author", "grace", "--reason", "it sold nothing"];
    expect(await asked("rollback", ...args)).toMatchObject({
      out: "prior-2026-11.back-1 is in force: it says what prior-2026-11 said",
    });
    expect((await decidedWith("r-4"))[0]).toBe("prior-2026-11.back-1");
    const history = (await asked("history")).out.split("\n");
    expect(history).toEqual([
      expect.stringMatching(/^\S+Z {2}prior-2026-11\.back-1 {6}grace: it sold nothing$/),
      expect.stringMatching(/^\S+Z {2}learned-1 {17}ada: the first that was learned$/),
    ]);
    expect(JSON.parse((await asked("history", "--json")).out)).toMatchObject({
      models: [{ author: "grace" }, { version: "learned-1", reason: "the first that was learned" }],
    });
    expect(await asked("show", "learned-9")).toMatchObject({
      ...{ code: 1, err: expect.stringContaining("did you mean learned-1?") },
    });
  });

  it("puts a model in ONNX into force, and makes what it decided again without it; one that falls changes nothing", async () => {
    const features = FEATURE_CATALOGUE.names.length;
    const onnx = (name: string, rise: number) => {
      const file = path.join(folder, name);
      writeFileSync(file, treeModel({ seed: "journey", columns: features + 11, rise }));
      return ["--onnx", file];
    };
    const own = `${DOCUMENT}custom: {feature_count: ${features}}\n`;
    const falling = [fileOf(own.replace("learned-1", "falling-1")), ...onnx("falling.onnx", -1)];
    expect(await model("validate", ...falling)).toMatchObject({
      code: 1,
      out: expect.stringContaining("response_falls"),
    });
    expect(await asked("apply", ...falling, ...SIGNED)).toMatchObject({
      err: expect.stringContaining("response_falls"),
    });
    expect((await decidedWith("r-5"))[0]).toBe("prior-2026-11.back-1");
    const rising = [fileOf(own.replace("learned-1", "own-1")), ...onnx("rising.onnx", 1)];
    expect(await asked("apply", ...rising, ...SIGNED)).toMatchObject({ code: 0, out: "own-1 is in force" });
    const [version, decisionId] = await decidedWith("r-6", "grace");
    expect(version).toBe("own-1");
    byOwn = decisionId;
  });

  it("leaves every decision what it was: each comes out the same by the model that it names", async () => {
    shop.close();
    await program.stop();
    for (const [decisionId, version] of [
      [byPriors, "prior-2026-11"],
      [byLearned, "learned-1"],
      [byOwn, "own-1"],
    ] as const) {
      const { code, out } = await leastwise("replay-decision", decisionId, "--data", data);
      expect(code).toBe(0);
      expect(out).toContain(`with ${version}\n`);
      expect(out).toContain("decided again, it comes out the same: all ");
    }
    const told = await leastwise("explain", byLearned, "--log", "--data", data);
    expect(told).toMatchObject({ code: 0, out: expect.stringContaining("with model learned-1") });
    const toldOfOwn = await leastwise("explain", byOwn, "--log", "--data", data);
    expect(toldOfOwn).toMatchObject({ code: 0, out: expect.stringContaining("as the model's ONNX answered") });
  });
});
