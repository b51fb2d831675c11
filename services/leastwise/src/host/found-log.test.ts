import { modelToWire, TOPICS, wire } from "@leastwise/contracts";
import { PRIOR_MODEL } from "@leastwise/decision";
import { openEmbeddedLog, type EmbeddedLog } from "@leastwise/eventlog";
import { COMPILED_PRIOR } from "@leastwise/references";
import type { Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { foundModels } from "./found-log.js";

let directory: string;
let log: EmbeddedLog;
let unreadable: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "leastwise-found-log-"));
  log = await openEmbeddedLog({ directory });
  unreadable = [];
});

afterEach(async () => {
  await log.close();
  rmSync(directory, { recursive: true });
});

const find = () => foundModels(log, ({ place }) => unreadable.push(place));

describe("the models of a log as it was found", () => {
  it("are the priors alone where an earlier version wrote it, which had no topic for them; none is made", async () => {
    const { active, version } = await find();
    expect(active()).toBe(COMPILED_PRIOR);
    expect(version(COMPILED_PRIOR.version)).toBe(COMPILED_PRIOR);
    expect(version("one")).toBeUndefined();
    await expect(log.partitions(TOPICS.models)).rejects.toMatchObject({ code: "unknown_topic" });
  });

  it("are what stands there, and what is none of ours is told", async () => {
    await log.ensureTopics([{ name: TOPICS.models, partitions: 1, compacted: true }]);
    const value = wire.ModelRecord.encode(
      wire.ModelRecord.fromPartial({ model: modelToWire({ ...PRIOR_MODEL, version: "one" }) }),
    ).finish();
    const at = { topic: TOPICS.models, partition: 0, key: "one", timestampMs: 0 as Millis };
    await log.append([
      { ...at, value },
      { ...at, value: Buffer.from("what is this?") },
    ]);
    const { active, version } = await find();
    expect([active().version, version("one")?.version]).toEqual(["one", "one"]);
    expect(version(COMPILED_PRIOR.version)).toBe(COMPILED_PRIOR);
    expect(unreadable).toEqual(["models/0@1"]);
  });
});
