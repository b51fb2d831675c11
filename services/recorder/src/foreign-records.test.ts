import { CLICKSTREAM_RETENTION_MIN_MS, topicPlan, TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog, type EventLog, type NewRecord } from "@leastwise/eventlog";
import type { PassedOver } from "@leastwise/references";
import { createTelemetry, type Telemetry } from "@leastwise/telemetry";
import type { Millis } from "@leastwise/vocabulary";
import { applyMigrations, openEmbeddedWarehouse, type Warehouse } from "@leastwise/warehouse";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { decided, did, happened, NOON, written } from "./given/records.js";
import { startRecorder, type Recorder } from "./recorder.js";

const RECORDED = [TOPICS.clickstream, TOPICS.decisions, TOPICS.offers, TOPICS.deadLetters];

let directory: string;
let warehouse: Warehouse;
let log: EventLog;
let telemetry: Telemetry;
let recorder: Recorder | undefined;
let lines: string[];
let passedOver: PassedOver[];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "recorder-foreign-"));
  warehouse = await openEmbeddedWarehouse({ directory: path.join(directory, "warehouse") });
  await applyMigrations(warehouse);
});
afterAll(async () => {
  await warehouse.close();
  await rm(directory, { recursive: true });
});
beforeEach(async () => {
  const own = await mkdtemp(path.join(directory, "log-"));
  log = await openEmbeddedLog({ directory: own, mapSizeBytes: 64 * 1024 * 1024 });
  await log.ensureTopics(topicPlan(2, CLICKSTREAM_RETENTION_MIN_MS));
  lines = [];
  passedOver = [];
  const stream = { write: (line: string) => void lines.push(line) };
  telemetry = createTelemetry({ service: "recorder", version: "test", logLevel: "warn", pretty: false, stream });
});
afterEach(async () => {
  await recorder?.stop();
  telemetry.close();
  await log.close();
});

/** Has all of it recorded by the real engine. */
async function recordAll(records: readonly NewRecord[]): Promise<void> {
  await log.append(records);
  recorder = await startRecorder({
    ...{ log, warehouse, telemetry, clock: { nowMs: () => NOON } },
    ...{ blockRowsMax: 1_000, blockIntervalMs: 60_000, retryMs: 0 },
    onPassedOver: (one) => passedOver.push(one),
  });
  await recorder.catchUp();
}

/** How many rows each table has of this log. */
async function rowsOfThisLog(table: string): Promise<number> {
  const sql = `SELECT toUInt32(count()) AS n FROM ${table} WHERE log_incarnation = {log:String}`;
  const [row] = await warehouse.query<{ n: number }>(sql, { log: log.incarnation });
  return row?.n ?? -1;
}

async function setAside(): Promise<readonly string[]> {
  const sql = "SELECT topic, reason, field FROM dead_letters WHERE log_incarnation = {log:String}";
  const rows = await warehouse.query<{ topic: string; reason: string; field: string }>(sql, { log: log.incarnation });
  return rows.map(({ topic, reason, field }) => `${topic}: ${reason} ${field}`).sort();
}

const letter = (fields: wire.DeepPartial<wire.DeadLetter>) =>
  written(TOPICS.deadLetters, wire.DeadLetter.encode(wire.DeadLetter.fromPartial(fields)).finish());

describe("what others write to our topics", () => {
  it("stops nothing: what is ours beside and behind it is recorded", async () => {
    await recordAll([
      ...RECORDED.map((topic) => written(topic, Buffer.from("hello"))),
      ...RECORDED.map((topic) => written(topic, Buffer.alloc(0))),
      ...[did({}), decided({}), happened({ kind: { $case: "expired", value: {} } })],
      letter({ reason: "ours", receivedAtMs: BigInt(NOON) }),
    ]);
    expect(await Promise.all(["clickstream", "decisions", "offers"].map(rowsOfThisLog))).toEqual([1, 1, 1]);
    expect((await setAside()).filter((line) => !line.startsWith("clickstream"))).toEqual([
      ": ours ",
      "decisions: empty_record decision_id",
      "decisions: empty_record decision_id",
      "offers: empty_record kind",
      "offers: empty_record kind",
    ]);
  });

  it("is passed over where it is no dead letter of ours, and said once, with its place and what is wrong", async () => {
    await recordAll([written(TOPICS.deadLetters, Buffer.from("hello"))]);
    const problem = "reason: expected why a record was set aside, got nothing (empty_record)";
    expect(passedOver).toEqual([{ topic: "dead_letters", partition: 0, offset: 0, problem }]);
    expect(await rowsOfThisLog("dead_letters")).toBe(0);
  });

  it("is named in one line with topic, partition, offset and field where it is set aside", async () => {
    await recordAll([decided({ decidedAtMs: 1n << 62n })]);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        ...{ topic: "decisions", partition: 0, offset: 0, reason: "value_out_of_range", field: "decided_at" },
        msg: "a record could not be taken",
      }),
    ]);
  });

  it("may bear any time", async () => {
    const times = [-(1n << 63n), -1n, 0n, 1n, 999n, 9_999n, 10_000_000n, 4_102_444_799_999n, 4_102_444_800_000n];
    const most = (1n << 63n) - 1n;
    await recordAll(
      [...times, most].flatMap((ms) => [
        did({ occurredAtMs: ms }),
        decided({ decidedAtMs: ms }),
        happened({ atMs: ms, kind: { $case: "expired", value: {} } }),
        letter({ reason: "ours", receivedAtMs: ms }),
      ]),
    );
    const counts = await Promise.all(["clickstream", "decisions", "offers"].map(rowsOfThisLog));
    expect(counts).toEqual([6, 6, 6]);
    expect(await rowsOfThisLog("dead_letters")).toBe(10 + 3 * 4);
  });

  it("may have been written at any time", async () => {
    const times = [0, 1, Number.MAX_SAFE_INTEGER] as Millis[];
    const torn = Buffer.from([0xff, 0xff, 0xff]);
    await recordAll(
      RECORDED.flatMap((topic) => times.map((timestampMs) => ({ ...written(topic, torn), timestampMs }))),
    );
    expect(await rowsOfThisLog("dead_letters")).toBe(RECORDED.length * times.length);
  });

  it("may name an owner of any epoch", async () => {
    const ownerEpoch = (1n << 63n) - 1n;
    await recordAll([
      decided({ ownerEpoch }),
      happened({ ownerEpoch, kind: { $case: "expired", value: {} } }),
      decided({}),
    ]);
    expect(await setAside()).toEqual([
      "decisions: value_out_of_range owner_epoch",
      "offers: value_out_of_range owner_epoch",
    ]);
    expect(await rowsOfThisLog("decisions")).toBe(1);
  });

  it("may be any bytes at all", async () => {
    const field = fc.tuple(
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(0, 2),
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    );
    const message = fc.array(field, { maxLength: 12 }).map((fields) => Buffer.concat(fields.map(encoded)));
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), message);
    const records = fc.sample(fc.tuple(fc.constantFrom(...RECORDED), bytes), { seed: 7, numRuns: 2_000 });
    await recordAll(records.map(([topic, value]) => written(topic, value)));
  });
});

/** A field of a protobuf message: a number, or the number's digits as text. */
function encoded([field, wireType, value]: readonly [number, number, bigint]): Buffer {
  const text = Buffer.from(value.toString());
  const tag = varint(BigInt(field * 8 + wireType));
  return wireType === 0 ? Buffer.concat([tag, varint(value)]) : Buffer.concat([tag, varint(BigInt(text.length)), text]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
}
