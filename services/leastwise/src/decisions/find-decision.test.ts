import { framed, TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog, type EmbeddedLog } from "@leastwise/eventlog";
import type { Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findDecision } from "./find-decision.js";

let directory: string;
let log: EmbeddedLog;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "leastwise-find-"));
  log = await openEmbeddedLog({ directory, batchRecordsMax: 2 });
  await log.ensureTopics([{ name: TOPICS.decisions, partitions: 2, compacted: false }]);
});

afterEach(async () => {
  await log.close();
  rmSync(directory, { recursive: true });
});

const record = (decisionId: string, ownerEpoch = 0n) =>
  wire.DecisionRecord.encode(
    wire.DecisionRecord.fromPartial({ decisionId, subject: "5b".repeat(16), ownerEpoch }),
  ).finish();

async function append(partition: number, ...values: readonly Uint8Array[]): Promise<void> {
  await log.append(values.map((value) => ({ topic: TOPICS.decisions, partition, value, timestampMs: 0 as Millis })));
}

async function find(decisionId: string) {
  const read: number[] = [];
  const found = await findDecision(log, decisionId, (count, total) => read.push(count, total));
  return { found, read };
}

describe("a decision on the log", () => {
  it("is found by its id in any partition, alone among others, as it stands there", async () => {
    await append(0, record("d-1"), record("d-12"), record("d-2"));
    await append(1, record("d-3"), record("d-4"));
    const { found, read } = await find("d-4");
    expect(found).toMatchObject({ place: "decisions/1@1", isVoid: false, record: { decisionId: "d-4" } });
    expect(Buffer.from(found!.bytes).equals(record("d-4"))).toBe(true);
    expect(read.slice(-2)).toEqual([5, 5]);
    expect((await find("d-1")).found).toMatchObject({ place: "decisions/0@0" });
    expect((await find("d-5")).found).toBeUndefined();
  });

  it("is found in a registry's frame, and told without it", async () => {
    await append(0, framed(7, [0], record("d-1")), Buffer.from("not ours"));
    const { found } = await find("d-1");
    expect(Buffer.from(found!.bytes).equals(record("d-1"))).toBe(true);
    expect((await find("not ours")).found).toBeUndefined();
  });

  it("is void behind the beginning of an owner of a higher epoch", async () => {
    await append(0, record("", 3n), record("d-1", 3n), record("", 5n), record("d-2", 3n), record("d-3", 5n));
    const isVoid = async (id: string) => (await find(id)).found?.isVoid;
    expect([await isVoid("d-1"), await isVoid("d-2"), await isVoid("d-3")]).toEqual([false, true, false]);
  });
});
