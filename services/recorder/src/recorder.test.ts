import { CLICKSTREAM_RETENTION_MIN_MS, encodeClickstreamRecord, topicPlan, TOPICS, wire } from "@leastwise/contracts";
import { LogError, openEmbeddedLog, type EventLog, type NewRecord } from "@leastwise/eventlog";
import { createTelemetry, type Telemetry } from "@leastwise/telemetry";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ForgettingLog } from "./given/forgetting-log.js";
import { ADA, decided, did, euros, happened, ISSUED, NOON, torn, written } from "./given/records.js";
import { TableMemory } from "./given/table-memory.js";
import { RevokingLog } from "./given/revoking-log.js";
import { startRecorder, type Recorder, type RecorderOptions } from "./recorder.js";

const AWAY = new LogError("log_unavailable", "the test has it fail", "retry");
const REVOKED = new LogError("partition_revoked", "the test has it refused", "terminal");

let directory: string;
let log: EventLog;
let telemetry: Telemetry;
let warehouse: TableMemory;
const running: Recorder[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "recorder-"));
  log = await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024, batchRecordsMax: 4 });
  await log.ensureTopics(topicPlan(2, CLICKSTREAM_RETENTION_MIN_MS));
  telemetry = createTelemetry({ service: "recorder", version: "test", logLevel: "silent", pretty: false });
  warehouse = new TableMemory();
});
afterEach(async () => {
  for (const recorder of running.splice(0)) await recorder.stop();
  telemetry.close();
  await log.close();
  await rm(directory, { recursive: true });
});

async function start(options: Partial<RecorderOptions> = {}): Promise<Recorder> {
  const clock = { nowMs: () => NOON };
  const recorder = await startRecorder({
    ...{ log, warehouse, telemetry, clock },
    ...{ blockRowsMax: 100, blockIntervalMs: 60_000, retryMs: 0 },
    ...options,
  });
  running.push(recorder);
  return recorder;
}

const write = (...records: readonly NewRecord[]) => log.append(records);

async function metric(name: string, label = ""): Promise<number | undefined> {
  const lines = (await telemetry.render()).split("\n").filter((line) => line.startsWith(name) && line.includes(label));
  return lines.length === 0 ? undefined : lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** Waits until so much of the clickstream has been read and not written. */
async function untilBehindBy(records: number): Promise<void> {
  const lag = () => metric("leastwise_consumer_lag_records", 'topic="clickstream"');
  while ((await lag()) !== records) await new Promise(setImmediate);
}

describe("the recorder", () => {
  it("has each record in its table when it has caught up, and again after a new start nothing twice", async () => {
    await write(
      did({}),
      did({ kind: wire.EventKind.EVENT_KIND_PURCHASE, order: { orderId: "order-1", total: euros(9_000) } }),
      decided(ISSUED),
      happened({ kind: { $case: "redeemed", value: { orderId: "order-1", discount: euros(900) } } }),
    );
    const first = await start();
    await first.catchUp();
    await first.stop();
    await write(did({ eventId: "later" }));
    await (await start()).catchUp();
    expect(warehouse.rows("clickstream").map(({ event_id }) => event_id)).toEqual(["e1", "e1", "later"]);
    expect(warehouse.rows("orders")).toMatchObject([{ order_id: "order-1", revenue_minor: 9_000 }]);
    expect(warehouse.rows("decisions")).toMatchObject([{ decision_id: "d1", reason: "granted" }]);
    expect(warehouse.rows("offers").map(({ kind }) => kind)).toEqual(["issued", "redeemed"]);
  });

  it("writes a record that cannot be read as a dead letter, in the block of those beside it", async () => {
    await write(did({}), torn(TOPICS.clickstream), did({ eventId: "e2" }));
    await (await start()).catchUp();
    expect(warehouse.rows("clickstream")).toHaveLength(2);
    expect(warehouse.rows("dead_letters")).toMatchObject([
      { reason: "record_malformed", topic: "clickstream", partition: 0, offset: 1, payload: "////" },
    ]);
    expect(new Set(warehouse.inserts.map(({ token }) => token)).size).toBe(1);
    expect(await metric("leastwise_dead_letters_total", "record_malformed")).toBe(1);
    expect(await metric("leastwise_consumer_records_total", 'topic="clickstream",outcome="dead_letter"')).toBe(1);
  });

  it("sends a block again to a warehouse that was away", async () => {
    warehouse.failNext(5, "retry");
    await write(did({}));
    await (await start()).catchUp();
    expect(warehouse.rows("clickstream")).toHaveLength(1);
    expect(warehouse.attempts).toBe(6);
    expect(await metric("leastwise_recorder_insert_failures_total")).toBe(5);
  });

  it("sends a block again whose answer was lost: it counts once", async () => {
    warehouse.loseAnswers(3);
    await write(did({}), did({ eventId: "e2" }));
    await (await start()).catchUp();
    expect(warehouse.attempts).toBe(4);
    expect(warehouse.rows("clickstream").map(({ event_id }) => event_id)).toEqual(["e1", "e2"]);
  });

  it("that ended between two tables of a block writes both again, as it was cut, and each counts once", async () => {
    const order = { orderId: "order-1", total: euros(9_000) };
    await write(did({}), did({ eventId: "e2", kind: wire.EventKind.EVENT_KIND_PURCHASE, order }));
    warehouse.brokenTable = "clickstream";
    await expect((await start({ blockRowsMax: 2 })).finished).rejects.toMatchObject({ code: "statement_refused" });
    expect([warehouse.rows("clickstream").length, warehouse.rows("orders").length]).toEqual([0, 1]);
    await running.pop()?.stop();
    warehouse.brokenTable = undefined;
    await write(did({ eventId: "e3" }));
    await (await start()).catchUp();
    expect(warehouse.rows("clickstream").map(({ event_id }) => event_id)).toEqual(["e1", "e2", "e3"]);
    expect(warehouse.rows("orders").map(({ order_id }) => order_id)).toEqual(["order-1"]);
  });

  it("gives up after sixty tries, and says so: whoever supervises the process decides", async () => {
    warehouse.setAway(true);
    await write(did({}));
    const recorder = await start({ blockRowsMax: 1 });
    await expect(recorder.finished).rejects.toMatchObject({ code: "warehouse_unavailable" });
    expect(warehouse.attempts).toBe(60);
  });

  it("writes what has waited for its interval, without being asked", async () => {
    await start({ blockIntervalMs: 1 });
    await write(did({}));
    while (warehouse.rows("clickstream").length === 0) await new Promise(setImmediate);
    expect(warehouse.rows("clickstream")).toMatchObject([{ event_id: "e1" }]);
  });

  it("passes over what is nobody's row, and counts it", async () => {
    const value = wire.SubjectLink.fromPartial({ anonymousSubject: ADA, knownSubject: ADA });
    await write(written(TOPICS.clickstream, encodeClickstreamRecord({ $case: "link", value })), did({}));
    await (await start()).catchUp();
    expect(warehouse.rows("clickstream")).toHaveLength(1);
    expect(await metric("leastwise_consumer_records_total", 'topic="clickstream",outcome="drop"')).toBe(1);
  });

  it("does not send again what a warehouse refuses for good", async () => {
    warehouse.failNext(1, "terminal");
    await write(did({}));
    const recorder = await start({ blockRowsMax: 1 });
    await expect(recorder.finished).rejects.toMatchObject({
      code: "statement_refused",
      message: "the table clickstream does not take offsets 0 to 0 of clickstream, partition 0",
    });
    expect(warehouse.attempts).toBe(1);
  });

  it("does not let anybody wait for it when it can no longer read", async () => {
    warehouse.failNext(1, "terminal");
    await write(did({}));
    const recorder = await start({ blockRowsMax: 1 });
    await expect(recorder.finished).rejects.toMatchObject({ code: "statement_refused" });
    await write(did({ eventId: "e2" }));
    await expect(recorder.catchUp()).rejects.toMatchObject({ code: "statement_refused" });
  });

  it("ends where the log does not remember how far it is, and its next start counts nothing twice", async () => {
    await write(did({}), did({ eventId: "e2" }));
    const recorder = await start({ log: new ForgettingLog(log, (which) => (which >= 2 ? AWAY : undefined)) });
    await expect(recorder.catchUp()).rejects.toMatchObject({ code: "log_unavailable" });
    expect(warehouse.rows("clickstream")).toHaveLength(2);
    await running.pop()?.stop();
    await write(did({ eventId: "e3" }));
    await (await start()).catchUp();
    expect(warehouse.rows("clickstream").map(({ event_id }) => event_id)).toEqual(["e1", "e2", "e3"]);
  });

  it("commits again where the log was away, as often as it inserts again", async () => {
    const around = new ForgettingLog(log, (which) => (which >= 2 && which < 60 ? AWAY : undefined));
    await write(did({}));
    await (await start({ log: around })).catchUp();
    expect([around.commits, warehouse.attempts]).toEqual([60, 1]);
  });

  it("goes on where the group refuses a commit: it may be about to take the partition away", async () => {
    const around = new ForgettingLog(log, (which) => (which >= 2 && which < 5 ? REVOKED : undefined));
    await write(did({}));
    const recorder = await start({ log: around, blockIntervalMs: 1 });
    await recorder.catchUp();
    await recorder.stop();
    await recorder.finished;
    expect(warehouse.rows("clickstream")).toHaveLength(1);
  });

  it("whose partitions are taken away during a flush leaves its block to their next owner, who cuts the same", async () => {
    const revoking = new RevokingLog(log);
    warehouse.setAway(true);
    await write(did({}), did({ eventId: "e2" }));
    const recorder = await start({ log: revoking, blockIntervalMs: 1, retryMs: 3_600_000 });
    while (warehouse.attempts === 0) await new Promise(setImmediate);
    await revoking.revoke([0, 1]);
    await recorder.stop();
    await recorder.finished;
    warehouse.setAway(false);
    await write(did({ eventId: "e3" }));
    await (await start()).catchUp();
    expect(warehouse.rows("clickstream").map(({ event_id }) => event_id)).toEqual(["e1", "e2", "e3"]);
  });

  it("whose partitions are taken away after a block was written, and before that is committed: it counts once", async () => {
    const around = new ForgettingLog(log, (which) => (which >= 2 ? REVOKED : undefined));
    await write(did({}));
    const recorder = await start({ log: around, blockIntervalMs: 1 });
    while (around.commits < 3) await new Promise(setImmediate);
    await recorder.stop();
    await recorder.finished;
    await write(did({ eventId: "e2" }));
    await (await start()).catchUp();
    expect(warehouse.rows("clickstream").map(({ event_id }) => event_id)).toEqual(["e1", "e2"]);
  });

  it("goes on after what the tables have when the group's offsets have expired: nothing counts twice", async () => {
    await write(did({}), decided(ISSUED), happened({ kind: { $case: "expired", value: {} } }), did({ eventId: "e2" }));
    await (await start({ blockRowsMax: 1 })).catchUp();
    await running.pop()?.stop();
    await write(did({ eventId: "e3" }));
    const forgetful = new ForgettingLog(log);
    forgetful.hasForgotten = true;
    await (await start({ log: forgetful })).catchUp();
    expect(warehouse.rows("clickstream").map(({ event_id }) => event_id)).toEqual(["e1", "e2", "e3"]);
    expect(warehouse.rows("decisions")).toHaveLength(1);
    expect(warehouse.rows("offers")).toHaveLength(2);
  });

  it("writes what is missing of a block that was under way when the group's offsets expired", async () => {
    const enrolments = [{ experimentId: "x", arm: "treatment", enrolledAtMs: BigInt(NOON), first: true }];
    await write(decided({ decisionId: "d0" }), decided({ ...ISSUED, enrolments }), decided({ decisionId: "d2" }));
    warehouse.brokenTable = "enrolments";
    await expect((await start({ blockRowsMax: 3 })).finished).rejects.toMatchObject({ code: "statement_refused" });
    await running.pop()?.stop();
    warehouse.brokenTable = undefined;
    const forgetful = new ForgettingLog(log);
    forgetful.hasForgotten = true;
    await (await start({ log: forgetful })).catchUp();
    expect(warehouse.rows("decisions").map(({ decision_id }) => decision_id)).toEqual(["d0", "d1", "d2"]);
    expect([warehouse.rows("enrolments").length, warehouse.rows("offers").length]).toEqual([1, 1]);
  });

  it("holds little while the warehouse is away, and has everything once when it is back", async () => {
    warehouse.setAway(true);
    const eventIds = Array.from({ length: 200 }, (_, index) => `e${String(index)}`);
    await write(...eventIds.map((eventId) => did({ eventId })));
    const recorder = await start({ heldBytesMax: 4_000, blockRowsMax: 1_000, retryMs: 1 });
    await untilBehindBy(200);
    warehouse.setAway(false);
    await recorder.catchUp();
    expect(warehouse.rows("clickstream").map(({ event_id }) => event_id)).toEqual(eventIds);
    expect(warehouse.inserts.length).toBeGreaterThan(10);
  });

  it("does not wait long for a silent warehouse when it is stopped", async () => {
    warehouse.isSilent = true;
    await write(did({}));
    const recorder = await start({ blockRowsMax: 1, stopTimeoutMs: 1 });
    while (warehouse.attempts === 0) await new Promise(setImmediate);
    await recorder.stop();
    warehouse.isSilent = false;
    await (await start()).catchUp();
    expect(warehouse.rows("clickstream")).toHaveLength(1);
  });

  it("keeps no code in the payload of a decision that it sets aside", async () => {
    await write(
      decided({ ...ISSUED, propensity: Number.NaN, decisionState: Buffer.from(JSON.stringify([ISSUED.offer.code])) }),
    );
    await (await start()).catchUp();
    const [letter] = warehouse.rows("dead_letters");
    const payload = Buffer.from(letter?.payload ?? "", "base64");
    expect(payload.includes(ISSUED.offer.code)).toBe(false);
    expect(wire.DecisionRecord.decode(payload).offer).toMatchObject({ offerId: "o1", code: "*".repeat(19) });
  });

  it("passes over what is none of ours where it reads what goods cost, and says so", async () => {
    const passedOver: string[] = [];
    const recorder = await start({ onPassedOver: ({ topic, offset }) => void passedOver.push(`${topic}:${offset}`) });
    await write(torn(TOPICS.catalog), did({}));
    await recorder.catchUp();
    while (passedOver.length === 0) await new Promise(setImmediate);
    expect(passedOver).toEqual(["catalog:0"]);
    expect(warehouse.rows("clickstream")).toHaveLength(1);
  });

  it("sets aside what no table can hold, and goes on with what stands beside and behind it", async () => {
    const letter = wire.DeadLetter.fromPartial({ reason: "odd", receivedAtMs: -1n });
    const enrolments = [
      { experimentId: "x", arm: "treatment", first: true, holdoutBp: -1, enrolledAtMs: BigInt(NOON) },
    ];
    await write(
      did({ occurredAtMs: 1n << 62n }),
      did({ eventId: "e2", product: { productId: "shoe", unitPrice: euros(1n << 62n) } }),
      did({ eventId: "e3" }),
      decided({ enrolments }),
      decided({ decisionId: "d2", propensity: Number.NaN }),
      happened({ kind: { $case: "redeemed", value: { discount: euros(1n << 62n) } } }),
      written(TOPICS.deadLetters, wire.DeadLetter.encode(letter).finish()),
    );
    await (await start()).catchUp();
    expect(warehouse.rows("clickstream").map(({ event_id }) => event_id)).toEqual(["e3"]);
    const letters = warehouse.rows("dead_letters").map(({ topic, reason, field }) => `${topic}: ${reason} ${field}`);
    expect(letters.sort()).toEqual([
      "clickstream: amount_out_of_range unit_price_minor",
      "clickstream: value_out_of_range occurred_at",
      "dead_letters: value_out_of_range received_at",
      "decisions: value_out_of_range holdout_bp",
      "decisions: value_out_of_range propensity",
      "offers: amount_out_of_range cost_minor",
    ]);
    expect([warehouse.rows("decisions"), warehouse.rows("enrolments"), warehouse.rows("offers")]).toEqual([[], [], []]);
  });

  it("knows what goods cost", async () => {
    const cost = { product: { productId: "shoe", unitCost: euros(2_000) } };
    const row = written(TOPICS.catalog, wire.CatalogRecord.encode(wire.CatalogRecord.fromPartial(cost)).finish());
    await write({ ...row, key: "shoe" });
    const lines = [{ productId: "shoe", quantity: 2n, unitPrice: euros(5_000) }];
    await write(did({ kind: wire.EventKind.EVENT_KIND_PURCHASE, order: { orderId: "order-1", lines } }));
    await (await start()).catchUp();
    expect(warehouse.rows("orders")).toMatchObject([{ revenue_minor: 10_000, cost_of_goods_minor: 4_000 }]);
  });

  it("does not sit out the wait for a warehouse when it is stopped", async () => {
    warehouse.setAway(true);
    await write(did({}));
    const recorder = await start({ blockRowsMax: 1, retryMs: 3_600_000 });
    while (warehouse.attempts === 0) await new Promise(setImmediate);
    await Promise.all([recorder.stop(), recorder.stop()]);
    await recorder.finished;
    expect(warehouse.rows("clickstream")).toEqual([]);
  });

  it("that stops while the warehouse is away leaves what it has read on the log, for its next start", async () => {
    warehouse.setAway(true);
    await write(did({}));
    const recorder = await start();
    await untilBehindBy(1);
    await recorder.stop();
    await recorder.finished;
    expect(warehouse.attempts).toBe(1); // one last try, and no waiting
    warehouse.setAway(false);
    await (await start()).catchUp();
    expect(warehouse.rows("clickstream")).toHaveLength(1);
  });

  it("shows how far it is behind", async () => {
    warehouse.setAway(true);
    await write(did({}), did({ eventId: "e2" }));
    const recorder = await start({ clock: { nowMs: () => (NOON + 4_000) as typeof NOON } });
    await untilBehindBy(2);
    expect(await metric("leastwise_consumer_lag_seconds", 'topic="clickstream"')).toBe(4);
    warehouse.setAway(false);
    await recorder.catchUp();
    expect(await metric("leastwise_consumer_lag_records", 'topic="clickstream"')).toBe(0);
    expect(await metric("leastwise_consumer_records_total", 'topic="clickstream",outcome="ok"')).toBe(2);
  });

  it("shows that it falls ever further behind while the warehouse is away", async () => {
    warehouse.setAway(true);
    let nowMs = NOON;
    await write(...["e1", "e2", "e3", "e4", "e5"].map((eventId) => did({ eventId })));
    await start({ blockRowsMax: 1, blockIntervalMs: 1, retryMs: 3_600_000, clock: { nowMs: () => nowMs } });
    await untilBehindBy(5); // those in hand, and those that are not even read
    nowMs = (NOON + 600_000) as typeof NOON;
    while ((await metric("leastwise_consumer_lag_seconds", 'topic="clickstream"')) !== 600) {
      await new Promise(setImmediate);
    }
  });

  it("counts a decision that gave a held-out subject an incentive: there must be none", async () => {
    const enrolments = [{ experimentId: "autumn-holdout", arm: "holdout" }];
    await write(
      decided({ ...ISSUED, enrolments, ghost: true }),
      decided({ decisionId: "d2", enrolments, ghost: true }),
    );
    await (await start()).catchUp();
    expect(await metric("leastwise_holdout_leaks_total", "autumn-holdout")).toBe(1);
  });
});
