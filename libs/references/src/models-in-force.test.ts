import { wire } from "@leastwise/contracts";
import type { AskableModel } from "@leastwise/onnx-response";
import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { ModelsInForce } from "./models-in-force.js";
import { COMPILED_PRIOR } from "./models.js";

let told: string[];
/** How the loading of each version ends, as soon as the test says so. */
let loading: Map<string, (outcome: Result<AskableModel, readonly Refusal[]>) => void>;
let models: ModelsInForce;

beforeEach(() => {
  told = [];
  loading = new Map();
  models = new ModelsInForce({
    priors: COMPILED_PRIOR,
    loadCustom: ({ version }) => {
      told.push(`load ${version}`);
      return new Promise((resolve) => loading.set(version, resolve));
    },
    onInForce: ({ version }) => told.push(`in force ${version}`),
    onUnusable: (version, problems) => told.push(`unusable ${version}: ${problems[0]?.reason}`),
    onPassed: ({ version }) => told.push(`passed ${version}`),
  });
});

const CUSTOM = {
  ...{ onnx: new Uint8Array(1), featureCount: 1, baselineSd: 1, shiftSd: 1, nullProbability: 0 },
  classBits: [0],
};

function come(version: string, hasCustom = true): void {
  models.take({ ...COMPILED_PRIOR, version, custom: hasCustom ? CUSTOM : undefined }, wire.ModelRecord.fromPartial({}));
}

function part(name: string): AskableModel {
  return {
    isResting: false,
    budgetMs: 5,
    ask: () => Promise.resolve({ outcome: "failed", why: name }),
    close: () => {
      told.push(`close ${name}`);
      return Promise.resolve();
    },
  };
}

/** Ends a loading, and waits until that has had its effect. */
async function loaded(version: string, outcome: Result<AskableModel, readonly Refusal[]>): Promise<void> {
  loading.get(version)?.(outcome);
  await new Promise(setImmediate);
}

const REFUSED = err([refusal("response_falls", "custom.onnx", "", "")]);

describe("models with custom parts", () => {
  it("come into force once their part stands; till then the one before holds", async () => {
    come("a");
    expect([models.active.version, models.custom]).toEqual([COMPILED_PRIOR.version, undefined]);
    const a = part("a");
    await loaded("a", ok(a));
    expect([models.active.version, models.custom]).toEqual(["a", a]);
    come("b");
    expect([models.active.version, models.custom]).toEqual(["a", a]);
    await loaded("b", ok(part("b")));
    expect(told).toEqual(["load a", "in force a", "load b", "in force b", "close a"]);
    await models.close();
    expect(told.at(-1)).toBe("close b");
  });

  it("leave the one before in force where theirs is refused", async () => {
    come("a", false);
    come("b");
    await loaded("b", REFUSED);
    expect(models.active.version).toBe("a");
    expect(told).toEqual(["in force a", "load b", "unusable b: response_falls"]);
  });

  it("are loaded from the newest on, as far as one is needed", async () => {
    for (const version of ["a", "b", "c", "d"]) come(version);
    await loaded("a", ok(part("a")));
    await loaded("d", REFUSED);
    await loaded("c", ok(part("c")));
    await models.settled();
    expect(models.active.version).toBe("c");
    expect(told).toEqual([
      ...["load a", "in force a", "load d", "unusable d: response_falls"],
      ...["load c", "passed b", "in force c", "close a"],
    ]);
  });

  it("are passed where one without came meanwhile", async () => {
    come("a");
    come("b");
    come("c", false);
    expect([models.active.version, models.custom]).toEqual(["c", undefined]);
    await loaded("a", ok(part("a")));
    expect(told).toEqual(["load a", "passed b", "in force c", "passed a", "close a"]);
    expect([models.active.version, models.custom]).toEqual(["c", undefined]);
  });
});
