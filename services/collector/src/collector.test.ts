import {
  CLICKSTREAM_RETENTION_MIN_MS,
  createSubjectHasher,
  decodeClickstreamRecord,
  parsePosition,
  topicPlan,
  TOPICS,
  wire,
} from "@leastwise/contracts";
import { LogError, openEmbeddedLog, type EmbeddedLog, type EventLog, type LogRecord } from "@leastwise/eventlog";
import { bucketOf, partitionOfBucket, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { followLinks, type FollowLinksOptions, type Following } from "@leastwise/references";
import { callUnary, connect, startRpcServer } from "@leastwise/rpc";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CollectorMetrics } from "./collector-metrics.js";
import { collectorService } from "./collector-service.js";
import { createCollector, type Collector, type CollectorOptions } from "./collector.js";

const PARTITIONS = 4;
const NOW = 1_760_000_000_000;
const KEY = Buffer.from("a secret of at least 16 bytes");
const hasher = createSubjectHasher(KEY);
const { EventKind } = wire;

let directory = "";
let log: EmbeddedLog;
let nowMs = NOW;
const collectors: Collector[] = [];
const followed: Following[] = [];

beforeEach(async () => {
  nowMs = NOW;
  directory = await mkdtemp(path.join(tmpdir(), "collector-"));
  log = await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024, nowMs: () => NOW });
  await log.ensureTopics(topicPlan(PARTITIONS, CLICKSTREAM_RETENTION_MIN_MS));
});

afterEach(async () => {
  for (const collector of collectors.splice(0)) await collector.close();
  for (const links of followed.splice(0)) await links.stop();
  await log.close();
  await rm(directory, { recursive: true });
});

async function open(options: Partial<CollectorOptions> = {}, linkOptions: FollowLinksOptions = {}): Promise<Collector> {
  const links = await followLinks(log, linkOptions);
  const clock = { nowMs: () => nowMs as Millis };
  const collector = await createCollector({ log, clock, hasher, links: links.book, ...options });
  collectors.push(collector);
  followed.push(links);
  return collector;
}

const event = (fields: wire.DeepPartial<wire.Event> = {}) =>
  wire.Event.fromPartial({
    eventId: "e",
    kind: EventKind.EVENT_KIND_PAGE_VIEW,
    occurredAtMs: BigInt(nowMs),
    anonymousId: "browser-1",
    ...fields,
  });

/** Everything on a topic, by partition and offset. */
async function readAll(topic: string): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
    const { begin, end } = await log.offsets(topic, partition);
    if (begin === end) continue;
    await new Promise<void>((resolve, reject) => {
      log
        .subscribe({
          topic,
          from: (asked) => log.offsets(topic, asked).then((offsets) => (asked === partition ? begin : offsets.end)),
          onBatch(batch) {
            if (batch.partition === partition) all.push(...batch.records);
            if ((batch.records.at(-1)?.offset ?? -1) + 1 >= end) resolve();
            return Promise.resolve();
          },
        })
        .then((running) => running.finished)
        .catch(reject);
    });
  }
  return all;
}

interface Seen {
  readonly subject: string;
  readonly assignmentKey: string;
  readonly eventId: string;
}

async function events(): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const record of await readAll(TOPICS.clickstream)) {
    const body = decodeClickstreamRecord(record.value);
    if (!body.ok) throw new Error(body.error.reason);
    if (body.value.$case !== "event") continue;
    const { subject, assignmentKey, event: inner } = body.value.value;
    seen.push({ subject, assignmentKey, eventId: inner?.eventId ?? "" });
  }
  return seen.sort((a, b) => (a.eventId < b.eventId ? -1 : 1));
}

/** Everything on the topic `links`: links, and keys of known subjects, which have no anonymous one. */
async function linksAndKeys(): Promise<wire.SubjectLink[]> {
  return (await readAll(TOPICS.links)).map(({ value }) => wire.SubjectLink.decode(value));
}

async function links(): Promise<wire.SubjectLink[]> {
  return (await linksAndKeys()).filter(({ anonymousSubject }) => anonymousSubject !== "");
}

async function keys(): Promise<(readonly [known: string, key: string])[]> {
  const all = (await linksAndKeys()).filter(({ anonymousSubject }) => anonymousSubject === "");
  return all.map(({ knownSubject, assignmentKey }) => [knownSubject, assignmentKey]);
}

async function record(collector: Collector, batch: readonly wire.Event[]): Promise<wire.RecordResponse> {
  const outcome = await collector.record(batch, "http");
  if (!outcome.ok) throw new Error(outcome.error.reason);
  return outcome.value;
}

describe("record", () => {
  it("keeps the good events, says which were refused and why, and where the good ones stand", async () => {
    const told: string[] = [];
    const metrics: CollectorMetrics = {
      accepted: (kind, source) => told.push(`accepted ${kind} ${source}`),
      refused: (reason) => told.push(`refused ${reason}`),
      deadLettered: (reason) => told.push(`dead ${reason}`),
      withoutId: () => told.push("withoutId"),
    };
    const collector = await open({ metrics });
    const answer = await record(collector, [
      event({ eventId: "a" }),
      event({ kind: 0 }),
      event({ eventId: "" }),
      event({ occurredAtMs: BigInt(NOW + 300_001) }),
    ]);
    expect(answer.accepted).toBe(2);
    expect(answer.verdicts.map(({ index, reason, field, warnings }) => [index, reason, field, warnings])).toEqual([
      [0, "ok", "", []],
      [1, "kind_missing", "events[1].kind", []],
      [2, "ok", "", ["no_event_id"]],
      [3, "ahead_of_received", "events[3].occurred_at_ms", []],
    ]);
    const subject = hasher.anonymous("browser-1");
    const partition = partitionOfBucket(bucketOf(subject), PARTITIONS);
    expect(parsePosition(answer.position)).toEqual({
      ok: true,
      value: { incarnation: log.incarnation, offsets: new Map([[partition, 1]]) },
    });
    expect(told).toEqual([
      "accepted page_view http",
      "accepted page_view http",
      "refused kind_missing",
      "refused ahead_of_received",
      "dead ahead_of_received",
      "withoutId",
    ]);
  });

  it("stamps the arrival, the door and the subject, and lets no raw id into the log", async () => {
    const collector = await open();
    await record(collector, [event({ userId: "user-77" }), event({ occurredAtMs: BigInt(NOW + 86_400_000) })]);
    const [first] = await readAll(TOPICS.clickstream).then((all) =>
      all.filter(({ key }) => key === hasher.known("user-77")),
    );
    const body = decodeClickstreamRecord(first!.value);
    expect(body).toMatchObject({
      ok: true,
      value: {
        $case: "event",
        value: {
          subject: hasher.known("user-77"),
          receivedAtMs: BigInt(NOW),
          source: "http",
          event: { userId: "", anonymousId: "" },
        },
      },
    });
    for (const topic of [TOPICS.clickstream, TOPICS.links, TOPICS.deadLetters]) {
      for (const { value, key } of await readAll(topic)) {
        expect(Buffer.from(value).toString("latin1") + String(key)).not.toMatch(/browser-1|user-77/);
      }
    }
    const [letter] = (await readAll(TOPICS.deadLetters)).map(({ value }) => wire.DeadLetter.decode(value));
    expect(letter).toMatchObject({ reason: "ahead_of_received", source: "http", receivedAtMs: BigInt(NOW) });
    expect(wire.Event.decode(letter!.payload).anonymousId).toBe(hasher.anonymous("browser-1"));
  });

  it("answers without a position when nothing was taken", async () => {
    expect(await record(await open(), [event({ kind: 0 })])).toMatchObject({ accepted: 0, position: "" });
  });

  it.each([
    [0, "batch_empty"],
    [1_001, "batch_too_large"],
  ])("refuses %d events as %s", async (count, reason) => {
    const collector = await open();
    const outcome = await collector.record(
      Array.from({ length: count }, () => event()),
      "http",
    );
    expect(outcome).toMatchObject({ ok: false, error: { reason, field: "events" } });
  });

  it.each([
    ["disk_full", new LogError("disk_full", "no room for browser-1", "terminal"), "disk_full"],
    ["log_unavailable", new LogError("log_unavailable", "no broker", "retry"), "log_unavailable"],
    ["log_closed", new LogError("log_closed", "closed", "terminal"), "draining"],
  ] as const)("promises nothing when the log says %s, and links nothing", async (_, failure, reason) => {
    let isBroken = true;
    const broken: EventLog = new Proxy(log, {
      get(target, name) {
        if (name === "append" && isBroken) return () => Promise.reject(failure);
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const bound: unknown = value.bind(target);
        return bound;
      },
    });
    const collector = await open({ log: broken });
    const outcome = await collector.record([event({ userId: "u" })], "http");
    expect(outcome).toMatchObject({ ok: false, error: { reason } });
    expect(JSON.stringify(outcome)).not.toContain("browser-1");
    isBroken = false;
    await record(collector, [event({ userId: "u" })]);
    expect(await links()).toHaveLength(1);
  });

  it("refuses what is more than may wait, and everything once it closes, after what was under way", async () => {
    const collector = await open({ waitingEventsMax: 2 });
    const first = collector.record([event(), event()], "http");
    expect(await collector.record([event()], "http")).toMatchObject({ ok: false, error: { reason: "overloaded" } });
    const closing = collector.close();
    expect(await collector.record([event()], "http")).toMatchObject({ ok: false, error: { reason: "draining" } });
    await closing;
    expect(await first).toMatchObject({ ok: true, value: { accepted: 2 } });
  });

  it("refuses what is more in bytes than may wait, but never a request for its own size, and counts none twice", async () => {
    const collector = await open({ waitingBytesMax: 1_000 });
    const large = () => event({ sessionId: "s".repeat(200), product: { productId: "p", category: "c".repeat(250) } });
    const first = collector.record([large(), large(), large()], "http");
    expect(await collector.record([large()], "http")).toMatchObject({ ok: false, error: { reason: "overloaded" } });
    expect(await first).toMatchObject({ ok: true, value: { accepted: 3 } });
    const two = await Promise.all([collector.record([event()], "http"), collector.record([event()], "http")]);
    expect(two.map(({ ok }) => ok)).toEqual([true, true]);
  });
});

describe("links", () => {
  const anonymous = hasher.anonymous("browser-1");
  const ada = hasher.known("ada");
  const bob = hasher.known("bob");
  const seen = (subject: SubjectId, assignmentKey: SubjectId, eventId: string): Seen => ({
    subject,
    assignmentKey,
    eventId,
  });

  it("an event with both ids links, and what comes later in the session is the known subject's", async () => {
    const collector = await open();
    await record(collector, [
      event({ eventId: "1", sessionId: "s1" }),
      event({ eventId: "2", sessionId: "s1", userId: "ada", kind: EventKind.EVENT_KIND_LOGIN }),
    ]);
    await record(collector, [event({ eventId: "3", sessionId: "s1" })]);
    await record(collector, [event({ eventId: "4", sessionId: "s1", userId: "ada" })]);
    expect(await events()).toEqual([
      seen(anonymous, anonymous, "1"),
      seen(ada, anonymous, "2"),
      seen(ada, anonymous, "3"),
      seen(ada, anonymous, "4"),
    ]);
    expect(await links()).toEqual([
      {
        anonymousSubject: anonymous,
        knownSubject: ada,
        assignmentKey: anonymous,
        linkedAtMs: BigInt(NOW),
        sessionId: "s1",
      },
    ]);
  });

  it("the link stands on clickstream, too, in the anonymous subject's partition and before the event", async () => {
    await record(await open(), [event({ eventId: "1" }), event({ eventId: "2", userId: "ada" })]);
    const records = (await readAll(TOPICS.clickstream)).filter(({ key }) => key === anonymous);
    expect(
      records.map(({ value }) => decodeClickstreamRecord(value)).map((body) => body.ok && body.value.$case),
    ).toEqual(["event", "link"]);
  });

  it("on a shared device the next visit is nobody's, and the next login another's", async () => {
    const collector = await open();
    await record(collector, [
      event({ eventId: "1", sessionId: "s1", userId: "ada" }),
      event({ eventId: "2", sessionId: "s2" }),
      event({ eventId: "3", sessionId: "s2", userId: "bob" }),
      event({ eventId: "4", sessionId: "s2" }),
      event({ eventId: "5", sessionId: "s3", userId: "ada" }),
    ]);
    expect((await events()).map(({ subject }) => subject)).toEqual([ada, anonymous, bob, bob, ada]);
    expect((await readAll(TOPICS.clickstream)).filter(({ value }) => value[0] === 0x12)).toHaveLength(3);
  });

  it("without session ids a login holds until 30 minutes of silence", async () => {
    const collector = await open();
    const after = (minutes: number) => BigInt(NOW + minutes * 60_000);
    await record(collector, [event({ eventId: "1", userId: "ada" })]);
    nowMs = NOW + 100 * 60_000;
    await record(collector, [
      event({ eventId: "2", occurredAtMs: after(30) }),
      event({ eventId: "3", occurredAtMs: after(60) }),
      event({ eventId: "4", occurredAtMs: after(91) }),
      event({ eventId: "5", occurredAtMs: after(92), userId: "ada" }),
      event({ eventId: "6", occurredAtMs: after(93) }),
    ]);
    expect((await events()).map(({ subject }) => subject)).toEqual([ada, ada, ada, anonymous, ada, ada]);
  });

  it("a known subject keeps the assignment key that it was first seen with", async () => {
    const collector = await open();
    await record(collector, [
      event({ eventId: "1", anonymousId: "", userId: "ada" }),
      event({ eventId: "2", userId: "ada" }),
      event({ eventId: "3", anonymousId: "phone", userId: "bob" }),
      event({ eventId: "4", anonymousId: "laptop", userId: "bob" }),
    ]);
    const phone = hasher.anonymous("phone");
    expect(await events()).toEqual([
      seen(ada, ada, "1"),
      seen(ada, ada, "2"),
      seen(bob, phone, "3"),
      seen(bob, phone, "4"),
    ]);
  });

  it("a known subject has one key, though two requests bring them for the first time at the same moment", async () => {
    const collector = await open();
    await Promise.all([
      record(collector, [event({ userId: "ada", eventId: "e1" })]),
      record(collector, [event({ userId: "ada", anonymousId: "", eventId: "e2" })]),
    ]);
    await record(collector, [event({ userId: "ada", anonymousId: "", eventId: "e3" })]);
    expect(new Set((await events()).map(({ assignmentKey }) => assignmentKey)).size).toBe(1);
  });

  it("a known subject's key is the same after a restart, however it was first seen, and whoever logs in where it did", async () => {
    const first = await open();
    await record(first, [
      event({ eventId: "1", anonymousId: "", userId: "ada" }),
      event({ eventId: "2", anonymousId: "tablet", userId: "ada", sessionId: "s1" }),
      event({ eventId: "3", anonymousId: "phone", userId: "bob", sessionId: "s1" }),
    ]);
    await record(first, [event({ eventId: "4", anonymousId: "phone", userId: "ada", sessionId: "s2" })]);
    await first.close();
    // Enough for a pass of compaction: of the phone's links the newest alone stays.
    const newest = (await readAll(TOPICS.links)).at(-1);
    await log.append(Array.from({ length: 1_000 }, () => ({ ...newest!, timestampMs: NOW as Millis })));
    await log.maintain();
    expect((await links()).map(({ knownSubject }) => knownSubject)).toEqual([ada, ada]);
    const restarted = await open();
    const order = { orderId: "o", total: { minor: 1n, currency: "EUR" } };
    const purchase = { kind: EventKind.EVENT_KIND_PURCHASE, order };
    await record(restarted, [
      event({ eventId: "5", anonymousId: "laptop", userId: "ada", ...purchase }),
      event({ eventId: "6", anonymousId: "laptop", userId: "bob", ...purchase }),
    ]);
    const phone = hasher.anonymous("phone");
    expect((await events()).map(({ assignmentKey }) => assignmentKey)).toEqual([ada, ada, phone, ada, ada, phone]);
    expect(await keys()).toEqual([
      [ada, ada],
      [bob, phone],
    ]);
    expect((await links()).every((link) => link.assignmentKey === (link.knownSubject === ada ? ada : phone))).toBe(
      true,
    );
  });

  it("a known subject's key is written once, also where the log did not take it at first", async () => {
    let isBroken = true;
    const fragile: EventLog = new Proxy(log, {
      get(target, name) {
        if (name === "append" && isBroken)
          return () => Promise.reject(new LogError("log_unavailable", "as told", "retry"));
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const bound: unknown = value.bind(target);
        return bound;
      },
    });
    const collector = await open({ log: fragile });
    const seenAlone = () => event({ anonymousId: "", userId: "ada" });
    expect(await collector.record([seenAlone()], "http")).toMatchObject({ ok: false });
    isBroken = false;
    await record(collector, [seenAlone(), seenAlone()]);
    await record(collector, [seenAlone()]);
    expect(await keys()).toEqual([[ada, ada]]);
  });

  it("are there again after a restart, and in every other collector", async () => {
    const first = await open();
    const other = await open();
    await record(first, [event({ eventId: "1", sessionId: "s1", userId: "ada" })]);
    const restarted = await open();
    await record(restarted, [event({ eventId: "2", sessionId: "s1" })]);
    let count = 3;
    // The other collector follows the topic: what it sees next, it knows soon.
    for (; count < 1_000; count += 1) {
      await record(other, [event({ eventId: String(count).padStart(4, "0"), sessionId: "s1" })]);
      if ((await events()).filter(({ subject }) => subject === ada).length === 3) break;
    }
    expect(count).toBeLessThan(1_000);
    expect((await events()).every(({ assignmentKey }) => assignmentKey === anonymous)).toBe(true);
  });

  it("beyond what memory holds, the longest unused is forgotten, and told", async () => {
    let evicted = 0;
    const collector = await open({}, { linksMax: 2, onEvicted: () => (evicted += 1) });
    for (const id of ["a", "b", "c"]) await record(collector, [event({ eventId: id, anonymousId: id, userId: id })]);
    await record(collector, [event({ eventId: "d", anonymousId: "a" })]);
    expect((await events()).at(-1)?.subject).toBe(hasher.anonymous("a"));
    expect(evicted).toBe(1); // the link: assignment keys stay
  });
});

describe("the gRPC door", () => {
  it("answers with verdicts, and with reasons where nothing is promised", async () => {
    const collector = await open();
    const started = await startRpcServer({ host: "127.0.0.1", port: 0, services: [collectorService(collector)] });
    if (!started.ok) throw new Error(started.error.reason);
    const client = connect(wire.CollectorServiceClient, `127.0.0.1:${started.value.port}`);
    const call = (batch: wire.Event[]) => callUnary(client.record.bind(client), { events: batch });
    try {
      expect(await call([event(), event({ kind: 0 })])).toMatchObject({ ok: true, value: { accepted: 1 } });
      expect(await call([])).toMatchObject({ ok: false, error: { code: "INVALID_ARGUMENT", reason: "batch_empty" } });
      await collector.close();
      expect(await call([event()])).toMatchObject({ ok: false, error: { code: "UNAVAILABLE", reason: "draining" } });
    } finally {
      client.close();
      await started.value.drain(0);
    }
  });
});
