import {
  CLICKSTREAM_RETENTION_MIN_MS,
  createSubjectHasher,
  decodeClickstreamRecord,
  topicPlan,
  TOPICS,
  wire,
} from "@leastwise/contracts";
import {
  LogError,
  openEmbeddedLog,
  type EmbeddedLog,
  type EventLog,
  type LogRecord,
  type Relay,
} from "@leastwise/eventlog";
import { follow, followLinks, type Following } from "@leastwise/references";
import type { Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createCollector } from "../collector.js";
import { RAW_GROUP, startRawIntake, type RawBatch } from "./raw-intake.js";

const PARTITIONS = 2;
const NOW = 1_760_000_000_000 as Millis;
const hasher = createSubjectHasher(Buffer.from("a secret of at least 16 bytes"));

let directory = "";
let log: EmbeddedLog;
const ends: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "raw-"));
  log = await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024, nowMs: () => NOW });
  await log.ensureTopics(topicPlan(PARTITIONS, CLICKSTREAM_RETENTION_MIN_MS, { withRaw: true }));
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await log.close();
  await rm(directory, { recursive: true });
});

async function start(on: EventLog = log) {
  const links = await followLinks(log, {});
  const collector = await createCollector({ log, clock: { nowMs: () => NOW }, hasher, links: links.book });
  const retried: string[] = [];
  const batches: RawBatch[] = [];
  const intake = await startRawIntake({
    ...{ log: on, collector },
    onBatch: (batch) => batches.push(batch),
    onRetry: ({ code }) => retried.push(code),
  });
  ends.push(
    () => links.stop(),
    () => intake.stop(),
  );
  return { intake, retried, batches };
}

const VIEW = { kind: "EVENT_KIND_PAGE_VIEW", occurredAtMs: String(NOW), anonymousId: "browser" };
const json = (fields: object): Uint8Array => Buffer.from(JSON.stringify({ ...VIEW, ...fields }));
const message = (fields: wire.DeepPartial<wire.Event>): Uint8Array =>
  wire.Event.encode(
    wire.Event.fromPartial({
      kind: wire.EventKind.EVENT_KIND_PAGE_VIEW,
      occurredAtMs: BigInt(NOW),
      anonymousId: "browser",
      ...fields,
    }),
  ).finish();

async function write(partition: number, ...values: readonly Uint8Array[]): Promise<void> {
  await log.append(
    values.map((value) => ({ topic: TOPICS.clickstreamRaw, partition, key: "any", value, timestampMs: NOW })),
  );
}

/** What stands on a topic, once it is so many records. */
async function standing(topic: string, count: number): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  let enough: () => void = () => undefined;
  const untilEnough = new Promise<void>((resolve) => (enough = resolve));
  const following: Following = await follow(log, topic, (record) => {
    records.push(record);
    if (records.length === count) enough();
  });
  await untilEnough;
  await following.stop();
  return records;
}

async function eventIds(count: number): Promise<readonly string[]> {
  const records = await standing(TOPICS.clickstream, count);
  return records.map(({ value }) => {
    const body = decodeClickstreamRecord(value);
    return body.ok && body.value.$case === "event" ? (body.value.value.event?.eventId ?? "") : "no event";
  });
}

async function letters(count: number): Promise<readonly wire.DeadLetter[]> {
  return (await standing(TOPICS.deadLetters, count)).map(({ value }) => wire.DeadLetter.decode(value));
}

/** The log, with relays whose appends fail when told to. */
function withFailing(
  fail: (relay: Relay, ...append: Parameters<Relay["append"]>) => Promise<never> | undefined,
): EventLog {
  return new Proxy(log, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (name !== "relay")
        return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      return async (place: Parameters<EventLog["relay"]>[0]): Promise<Relay> => {
        const relay = await target.relay(place);
        const append: Relay["append"] = (records, offset) =>
          fail(relay, records, offset) ?? relay.append(records, offset);
        return { committed: relay.committed, append, close: () => relay.close() };
      };
    },
  });
}

describe("what others write to clickstream.raw", () => {
  it("is taken in, JSON and protobuf, by the subject's own partition, whatever key and partition it came by", async () => {
    await start();
    await write(0, json({ eventId: "one" }), message({ eventId: "two" }));
    await write(1, Buffer.from(`\n ${JSON.stringify({ ...VIEW, eventId: "three" })}`));
    expect([...(await eventIds(3))].sort()).toEqual(["one", "three", "two"]);
    const partitions = new Set(
      (await standing(TOPICS.clickstream, 3)).map(({ partition, key }) => `${partition} ${key}`),
    );
    expect(partitions.size).toBe(1);
  });

  it("is taken in behind the header of a schema registry's serializer, JSON and protobuf", async () => {
    await start();
    const schema = [0, 0, 0, 1, 44];
    const framed = (...parts: readonly (Uint8Array | readonly number[])[]) =>
      Buffer.concat(parts.map((part) => Buffer.from(part)));
    await write(
      0,
      framed(schema, json({ eventId: "json" })),
      framed(schema, [0], message({ eventId: "first message" })),
      // Two steps: the message of index 3, and in it that of index 1.
      framed(schema, [4, 6, 2], message({ eventId: "inner message" })),
    );
    expect(await eventIds(3)).toEqual(["json", "first message", "inner message"]);
  });

  it("is a dead letter where it cannot be taken, with its place, and the rest goes on", async () => {
    await start();
    const ahead = String(NOW + 3_600_000);
    await write(
      0,
      Buffer.from("{"),
      json({ kind: "EVENT_KIND_UNSPECIFIED" }),
      message({ occurredAtMs: BigInt(ahead) }),
    );
    await write(0, Buffer.alloc(0), Buffer.from([0x0a, 0xff]), json({ colour: "red" }), json({ eventId: "good" }));
    const kept = await letters(6);
    expect(kept.map(({ reason, source, cause }) => [reason, source, cause])).toEqual(
      ["json_malformed", "kind_missing", "ahead_of_received", "body_empty", "message_malformed", "unknown_field"].map(
        (reason, offset) => [reason, "raw", `${log.incarnation}/clickstream.raw/0/${offset}`],
      ),
    );
    // Raw ids stand in no dead letter.
    expect(kept.every(({ payload }) => !payload.includes("browser"))).toBe(true);
    expect(await eventIds(1)).toEqual(["good"]);
  });

  it.each([
    ["at once", 0],
    ["after the log had failed, and nobody knows whether it was written", 2],
  ])("is counted by what became of it, %s", async (_, times) => {
    let failures = times;
    const failing = withFailing((relay, ...append) => {
      if (failures === 0) return undefined;
      failures -= 1;
      return relay.append(...append).then(() => {
        throw new LogError("log_unavailable", "the test says so", "retry");
      });
    });
    const { batches, intake } = await start(failing);
    const bad = [Buffer.from("{"), Buffer.alloc(0), json({ colour: "red" })];
    await write(0, json({ eventId: "one" }), ...bad, json({ eventId: "two" }));
    await Promise.all([eventIds(2), letters(3)]);
    await intake.stop();
    const sum = (of: (batch: RawBatch) => number) => batches.reduce((all, batch) => all + of(batch), 0);
    expect([sum(({ taken }) => taken), sum(({ setAside }) => setAside)]).toEqual([2, 3]);
  });

  it("is read on where it was left, each record once", async () => {
    const first = await start();
    await write(0, json({ eventId: "one" }), json({ eventId: "two" }));
    await eventIds(2);
    await first.intake.stop();
    await write(0, json({ eventId: "three" }));
    await start();
    expect(await eventIds(3)).toEqual(["one", "two", "three"]);
    expect(await log.committed(RAW_GROUP, TOPICS.clickstreamRaw, 0)).toEqual({ offset: 3, note: "" });
  });

  it.each<[string, (relay: Relay, ...append: Parameters<Relay["append"]>) => Promise<unknown>]>([
    ["before it was written", () => Promise.resolve()],
    ["after it was written", (relay, ...append) => relay.append(...append)],
  ])("is there once when the log fails %s", async (_, before) => {
    let failures = 2;
    const failing = withFailing((relay, ...append) => {
      if (failures === 0) return undefined;
      failures -= 1;
      return before(relay, ...append).then(() => {
        throw new LogError("log_unavailable", "the test says so", "retry");
      });
    });
    const { retried } = await start(failing);
    await write(0, json({ eventId: "one" }), json({ eventId: "two" }));
    expect(await eventIds(2)).toEqual(["one", "two"]);
    await write(0, json({ eventId: "three" }));
    expect(await eventIds(3)).toEqual(["one", "two", "three"]);
    expect(retried.length).toBeGreaterThan(0);
  });

  it("ends the intake when the log will not take it whatever one does", async () => {
    const failing = withFailing(() => Promise.reject(new LogError("record_too_large", "the test says so", "terminal")));
    const { intake } = await start(failing);
    await write(0, json({ eventId: "one" }));
    await expect(intake.finished).rejects.toMatchObject({ code: "record_too_large" });
  });
});
