import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startBroker } from "@leastwise/testkit";
import { DAY_MS, type Millis } from "@leastwise/vocabulary";
import { Kafka, logLevel } from "kafkajs";
import { type EmbeddedLog, openEmbeddedLog } from "./embedded/embedded-log.js";
import { openKafkaLog } from "./kafka/kafka-log.js";
import { openPlatformaticLog } from "./platformatic/platformatic-log.js";
import {
  LogError,
  type EventLog,
  type LogRecord,
  type NewRecord,
  type RecordSpans,
  type RunningSubscription,
  type ScanSubscription,
  type Subscription,
} from "./port.js";
import { NOTE_BYTES_MAX, RECORD_BYTES_MAX } from "./record-limits.js";

/** An adapter's log. `open` may be called again after `close`, and then finds the same log. */
interface LogUnderTest {
  open(incarnation?: string): Promise<EventLog>;
  /** Removes partition 0's records below the offset: all that were written before the time, if the topic keeps a day. */
  remove(topic: string, below: number, writtenBeforeMs: number): Promise<void>;
  /** How long topics whose records are removed say that they keep them. */
  readonly retentionMs?: number;
  end(): Promise<void>;
}

async function embedded(): Promise<LogUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), "leastwise-log-"));
  let nowMs: number = NOW_MS;
  let opened: EmbeddedLog | undefined;
  return Promise.resolve({
    open: async (incarnation) =>
      (opened = await openEmbeddedLog({ directory, nowMs: () => nowMs, ...pinned(incarnation) })),
    remove: async (_topic, _below, writtenBeforeMs) => {
      nowMs = writtenBeforeMs + DAY_MS;
      await opened?.maintain();
    },
    retentionMs: DAY_MS,
    end: () => {
      rmSync(directory, { recursive: true });
      return Promise.resolve();
    },
  });
}

/** With either client. */
async function cluster(open: typeof openPlatformaticLog): Promise<LogUnderTest> {
  const broker = await startBroker();
  const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  return {
    open: (incarnation) => open({ brokers: broker.brokers, ...pinned(incarnation) }),
    remove: async (topic, below) => {
      // The client library wants to know a topic before it removes records of it.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: `${below}` }] });
    },
    end: async () => {
      await admin.disconnect();
      await broker.stop();
    },
  };
}

function pinned(incarnation: string | undefined): { incarnation?: string } {
  return incarnation === undefined ? {} : { incarnation };
}

const NOW_MS = 1_780_000_000_000 as Millis;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const values = (records: readonly LogRecord[]): string[] => records.map(({ value }) => Buffer.from(value).toString());

/** What every adapter of the log's port must do. */
describe.each([
  ["embedded", embedded],
  ["kafka", () => cluster(openKafkaLog)],
  ["kafka by platformatic", () => cluster(openPlatformaticLog)],
])("the log, %s", (_, begin) => {
  let underTest: LogUnderTest;
  let log: EventLog;
  let made = 0;

  /** A topic of its own for each test. */
  const topicWith = async (partitions: number, compacted = false): Promise<string> => {
    const topic = `conformance.${++made}.${process.pid}`;
    await log.ensureTopics([{ name: topic, partitions, compacted }]);
    return topic;
  };
  /** A topic of one partition whose records can be removed. */
  const topicThatForgets = async (): Promise<string> => {
    const topic = `conformance.${++made}.${process.pid}`;
    const { retentionMs } = underTest;
    const keeps = retentionMs === undefined ? {} : { retentionMs };
    await log.ensureTopics([{ name: topic, partitions: 1, compacted: false, ...keeps }]);
    return topic;
  };
  const record = (topic: string, value: string, partition = 0): NewRecord => ({
    topic,
    partition,
    value: text(value),
    timestampMs: NOW_MS,
  });
  const running: RunningSubscription[] = [];
  const subscribe = async (subscription: Subscription, from = log): Promise<RunningSubscription> => {
    const started = await from.subscribe(subscription);
    running.push(started);
    return started;
  };

  const scan = async (subscription: ScanSubscription, from = log): Promise<RunningSubscription> => {
    const started = await from.scan(subscription);
    running.push(started);
    return started;
  };

  beforeAll(async () => {
    underTest = await begin();
    log = await underTest.open();
  }, 600_000);

  afterAll(async () => {
    await Promise.all(running.map((subscription) => subscription.stop()));
    await log.close();
    await underTest.end();
  }, 60_000);

  it("gives positions in the order of a call, neighbours within a partition, and reads them back in order", async () => {
    const topic = await topicWith(2);
    await log.append([record(topic, "before", 1)]);
    const positions = await log.append([0, 1, 2, 3, 4].map((n) => record(topic, `v${n}`, n % 2)));
    expect(positions).toEqual([
      { topic, partition: 0, offset: 0 },
      { topic, partition: 1, offset: 1 },
      { topic, partition: 0, offset: 1 },
      { topic, partition: 1, offset: 2 },
      { topic, partition: 0, offset: 2 },
    ]);
    expect(values(await readAll(log, topic, 0, 3))).toEqual(["v0", "v2", "v4"]);
    expect(values(await readAll(log, topic, 1, 3))).toEqual(["before", "v1", "v3"]);
    expect(await log.append([])).toEqual([]);
  });

  it("keeps concurrent calls' records together and gives no offset twice", async () => {
    const topic = await topicWith(1);
    const calls = await Promise.all(
      Array.from({ length: 50 }, (_, call) => log.append([0, 1, 2].map((n) => record(topic, `${call}.${n}`)))),
    );
    const offsets = calls.map((positions) => positions.map(({ offset }) => offset));
    for (const [first = 0, ...rest] of offsets) expect(rest).toEqual([first + 1, first + 2]);
    expect(new Set(offsets.flat()).size).toBe(150);
    const read = await readAll(log, topic, 0, 150);
    calls.forEach((positions, call) => {
      positions.forEach(({ offset }, n) => {
        expect(Buffer.from(read[offset]!.value).toString()).toBe(`${call}.${n}`);
      });
    });
  });

  it("keeps every byte: keys absent and empty, values binary and empty, timestamps", async () => {
    const topic = await topicWith(1);
    const allBytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const stamped = (n: number): Millis => (NOW_MS + n) as Millis;
    await log.append([
      { topic, partition: 0, value: allBytes, timestampMs: stamped(1) },
      { topic, partition: 0, key: "", value: text("empty key"), timestampMs: stamped(2) },
      { topic, partition: 0, key: "ключ 🔑", value: new Uint8Array(), timestampMs: 0 as Millis },
    ]);
    const [binary, emptyKey, emptyValue] = await readAll(log, topic, 0, 3);
    expect(Uint8Array.from(binary!.value)).toEqual(allBytes);
    expect("key" in binary!).toBe(false);
    expect(binary).toMatchObject({ topic, partition: 0, offset: 0, timestampMs: NOW_MS + 1 });
    expect(emptyKey!.key).toBe("");
    expect(emptyValue).toMatchObject({ key: "ключ 🔑", offset: 2, timestampMs: 0 });
    expect(emptyValue!.value).toHaveLength(0);
  });

  it("keeps a record of the greatest size and refuses one byte more", async () => {
    const topic = await topicWith(1);
    const sized = (bytes: number): NewRecord => ({ ...record(topic, ""), value: new Uint8Array(bytes).fill(7) });
    await log.append([sized(RECORD_BYTES_MAX)]);
    const call = [record(topic, "good"), sized(RECORD_BYTES_MAX + 1)];
    await expect(log.append(call)).rejects.toMatchObject({ code: "record_too_large", hint: "terminal" });
    expect(await log.offsets(topic, 0)).toEqual({ begin: 0, end: 1 });
    expect((await readAll(log, topic, 0, 1))[0]!.value).toHaveLength(RECORD_BYTES_MAX);
  });

  it("takes a call larger than a batch, and delivers it in bounded batches", async () => {
    const topic = await topicWith(1);
    const many = Array.from({ length: 30_000 }, (_, n) => record(topic, `${n} ${"x".repeat(300)}`));
    const positions = await log.append(many);
    expect(positions.map(({ offset }) => offset)).toEqual(many.map((_, n) => n));
    const read = await readAll(log, topic, 0, many.length);
    expect(read.map(({ offset }) => offset)).toEqual(many.map((_, n) => n));
    expect(values(read.slice(-1))[0]).toMatch(/^29999 /);
  });

  it("says where each partition of a topic ends, anew each time", async () => {
    const topic = await topicWith(2);
    const ends = async () => Object.fromEntries(await log.ends(topic));
    // A topic that was only just made may have nobody yet who leads: whoever asks is told to ask again.
    const firstEnds = (): Promise<unknown> =>
      ends().catch((error: unknown) => {
        if (error instanceof LogError && error.hint === "retry") return firstEnds();
        throw error;
      });
    expect(await firstEnds()).toEqual({ 0: 0, 1: 0 });
    await log.append([record(topic, "a", 1), record(topic, "b", 1)]);
    expect(await ends()).toEqual({ 0: 0, 1: 2 });
    await log.append([record(topic, "c", 0)]);
    expect(await ends()).toEqual({ 0: 1, 1: 2 });
  });

  it("says which topics and partitions it does not know", async () => {
    const topic = await topicWith(2);
    const unknown = { code: "unknown_topic", hint: "terminal" };
    await expect(log.partitions("nobody.made.this")).rejects.toMatchObject(unknown);
    await expect(log.append([record("nobody.made.this", "x")])).rejects.toMatchObject(unknown);
    await expect(log.append([record(topic, "x", 2)])).rejects.toMatchObject(unknown);
    await expect(log.offsets(topic, -1)).rejects.toMatchObject(unknown);
    await expect(log.ends("nobody.made.this")).rejects.toMatchObject(unknown);
    await expect(log.subscribe(reading("nobody.made.this", 0, []))).rejects.toMatchObject(unknown);
    expect(await log.partitions(topic)).toBe(2);
  });

  it("makes topics once, and refuses what exists otherwise", async () => {
    const spec = {
      name: `conformance.${++made}.${process.pid}`,
      partitions: 3,
      compacted: false,
      retentionMs: 86_400_000,
    };
    await Promise.all([log.ensureTopics([spec]), log.ensureTopics([spec])]);
    await log.ensureTopics([spec]);
    expect(await log.partitions(spec.name)).toBe(3);
    for (const other of [{ partitions: 4 }, { compacted: true }, { retentionMs: 172_800_000 }]) {
      await expect(log.ensureTopics([{ ...spec, ...other }])).rejects.toMatchObject({ code: "topic_mismatch" });
    }
    const badNames = ["", "..", "with space", "x".repeat(250)];
    for (const badName of badNames) {
      await expect(log.ensureTopics([{ ...spec, name: badName }])).rejects.toMatchObject({ code: "topic_mismatch" });
    }
  });

  it("gives tombstones back as empty values, and refuses a record without a key, on a compacted topic", async () => {
    const topic = await topicWith(1, true);
    await log.append([{ ...record(topic, "value"), key: "a" }]);
    await log.append([{ ...record(topic, ""), key: "a" }]);
    expect(values(await readAll(log, topic, 0, 2))).toEqual(["value", ""]);
    await expect(log.append([record(topic, "no key")])).rejects.toMatchObject({ code: "topic_mismatch" });
  });

  it("reads from an offset, then what is yet to come, for each of two broadcast readers", async () => {
    const topic = await topicWith(1);
    await log.append(["a", "b", "c"].map((value) => record(topic, value)));
    const early: LogRecord[] = [];
    const late: LogRecord[] = [];
    await subscribe(reading(topic, 0, early));
    await subscribe(reading(topic, 2, late));
    await until(() => early.length === 3 && late.length === 1);
    await log.append([record(topic, "d")]);
    await until(() => early.length === 4 && late.length === 2);
    expect(values(early)).toEqual(["a", "b", "c", "d"]);
    expect(values(late)).toEqual(["c", "d"]);
  });

  it("tells a broadcast reader all its partitions once, asks from where, and says the end of each", async () => {
    const topic = await topicWith(3);
    await log.append([0, 1, 2, 2].map((partition) => record(topic, "x", partition)));
    const told: string[] = [];
    const ends = new Map<number, number>();
    const reader = await subscribe({
      topic,
      from: (partition) => {
        told.push(`from ${partition}`);
        return Promise.resolve(0);
      },
      onAssigned: (partitions) => {
        told.push(`assigned ${partitions.join()}`);
        return Promise.resolve();
      },
      onRevoked: (partitions) => {
        told.push(`revoked ${partitions.join()}`);
        return Promise.resolve();
      },
      onBatch: ({ partition, endOffset }) => {
        ends.set(partition, endOffset);
        return Promise.resolve();
      },
    });
    await until(() => ends.size === 3);
    await reader.stop();
    expect(told).toEqual(["assigned 0,1,2", "from 0", "from 1", "from 2", "revoked 0,1,2"]);
    expect([...ends].sort()).toEqual([
      [0, 1],
      [1, 1],
      [2, 2],
    ]);
  });

  it("stops after the batch in hand, delivers nothing more, and stops again without effect", async () => {
    const topic = await topicWith(1);
    const seen: LogRecord[] = [];
    const reader = await subscribe(reading(topic, 0, seen));
    await log.append([record(topic, "before")]);
    await until(() => seen.length === 1);
    await Promise.all([reader.stop(), reader.stop()]);
    await reader.stop();
    await reader.finished;
    await log.append([record(topic, "after")]);
    expect(values(await readAll(log, topic, 0, 2))).toEqual(["before", "after"]);
    expect(values(seen)).toEqual(["before"]);
  });

  it("ends a subscription with the error that its reader gave", async () => {
    const topic = await topicWith(1);
    const refusal = new Error("this reader cannot");
    const reader = await subscribe({ ...reading(topic, 0, []), onBatch: () => Promise.reject(refusal) });
    await log.append([record(topic, "x")]);
    await expect(reader.finished).rejects.toBe(refusal);
    await reader.stop();
    const unassigned = await subscribe({ ...reading(topic, 0, []), onAssigned: () => Promise.reject(refusal) });
    await expect(unassigned.finished).rejects.toBe(refusal);
  });

  it("tells a reader where the log begins when it starts below, before anything else", async () => {
    const topic = await topicThatForgets();
    await log.append([record(topic, "gone")]);
    await log.append([{ ...record(topic, "kept"), timestampMs: (NOW_MS + 1) as Millis }]);
    await underTest.remove(topic, 1, NOW_MS + 1);
    const told: unknown[] = [];
    await subscribe(tellingOf(topic, 0, told));
    await subscribe(tellingOf(topic, 1, told));
    await until(() => told.length === 3);
    expect(told).toEqual([{ partition: 0, nextOffset: 1 }, "kept", "kept"]);
  });

  it("tells a reader how far it has come when all that it was about to read is removed under it", async () => {
    const topic = await topicThatForgets();
    for (const value of ["a", "b", "c"]) await log.append([record(topic, value)]);
    const told: unknown[] = [];
    const from = async (): Promise<number> => {
      await underTest.remove(topic, 3, NOW_MS + 1);
      return 1;
    };
    await subscribe({ ...tellingOf(topic, 1, told), from });
    await until(() => told.length === 1);
    await log.append([{ ...record(topic, "new"), timestampMs: (NOW_MS + 1) as Millis }]);
    await until(() => told.length === 2);
    expect(told).toEqual([{ partition: 0, nextOffset: 3 }, "new"]);
  }, 60_000);

  it("ends a subscription with the error that its reader gave at a gap", async () => {
    const topic = await topicThatForgets();
    await log.append([record(topic, "gone")]);
    await underTest.remove(topic, 1, NOW_MS + 1);
    const refusal = new Error("this reader cannot");
    const reader = await subscribe({ ...reading(topic, 0, []), onGap: () => Promise.reject(refusal) });
    await expect(reader.finished).rejects.toBe(refusal);
  });

  it("refuses to read on from an offset that the log has not reached", async () => {
    const topic = await topicWith(1);
    const reader = await subscribe(reading(topic, 5, []));
    await expect(reader.finished).rejects.toMatchObject({ code: "offset_out_of_range" });
  });

  it("shares a group's partitions, each with one reader at a time, and hands them over", async () => {
    const topic = await topicWith(4);
    const group = `group.${topic}`;
    const holders = new Map<number, string>();
    const seen: string[] = [];
    const member = (who: string): Subscription => ({
      topic,
      group,
      from: async (partition) => (await log.committed(group, topic, partition))?.offset ?? 0,
      onAssigned: (partitions) => {
        for (const partition of partitions) {
          expect(holders.get(partition)).toBeUndefined();
          holders.set(partition, who);
        }
        return Promise.resolve();
      },
      onRevoked: (partitions) => {
        for (const partition of partitions) holders.delete(partition);
        return Promise.resolve();
      },
      onBatch: async ({ partition, records }) => {
        expect(holders.get(partition)).toBe(who);
        seen.push(...values(records));
        await log.commit(group, topic, partition, { offset: records.at(-1)!.offset + 1, note: who });
      },
    });
    const spread = (): string[] => [...new Set(holders.values())].sort();
    const first = await subscribe(member("first"));
    await until(() => holders.size === 4);
    await log.append([0, 1, 2, 3].map((partition) => record(topic, `alone ${partition}`, partition)));
    await until(() => seen.length === 4);
    const second = await subscribe(member("second"));
    await until(() => holders.size === 4 && spread().join() === "first,second");
    await log.append([0, 1, 2, 3].map((partition) => record(topic, `together ${partition}`, partition)));
    await until(() => seen.length === 8);
    await first.stop();
    await until(() => holders.size === 4 && spread().join() === "second");
    await log.append([0, 1, 2, 3].map((partition) => record(topic, `handed over ${partition}`, partition)));
    await until(() => seen.length === 12);
    expect(new Set(seen).size).toBe(12);
    await second.stop();
    expect(holders.size).toBe(0);
  }, 60_000);

  it("scans what is there from any offset on, then what is yet to come, in order, and says the ends", async () => {
    const topic = await topicWith(1);
    await log.append(["a", "b", "c"].map((value) => record(topic, value)));
    const [early, late, atEnd] = [new Scanned(), new Scanned(), new Scanned()];
    await scan(early.of(topic));
    await scan(late.of(topic, 2));
    await scan(atEnd.of(topic, 3));
    await until(() => early.values.length === 3 && late.values.length === 1);
    expect([early.next, early.lag]).toEqual([[3], [0]]);
    await log.append([{ ...record(topic, "d"), key: "key", timestampMs: (NOW_MS + 7) as Millis }]);
    await until(() => early.values.length === 4 && late.values.length === 2 && atEnd.values.length === 1);
    expect(early.values).toEqual(["a", "b", "c", "d"]);
    expect(early.offsets).toEqual([0, 1, 2, 3]);
    expect(early.timestampsMs).toEqual([NOW_MS, NOW_MS, NOW_MS, NOW_MS + 7]);
    expect(late.values).toEqual(["c", "d"]);
    expect([atEnd.values, atEnd.offsets]).toEqual([["d"], [3]]);
  });

  it("scans every byte: binary values, empty ones, tombstones, the largest record, times from 0 on", async () => {
    const topic = await topicWith(1, true);
    const allBytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const largest = new Uint8Array(RECORD_BYTES_MAX - 1).fill(7);
    const valued = [allBytes, new Uint8Array(), largest, text("last")];
    await log.append(
      valued.map((value, n) => ({ topic, partition: 0, key: `${n}`, value, timestampMs: (n * 2 ** 38) as Millis })),
    );
    const scanned = new Scanned();
    await scan(scanned.of(topic));
    await until(() => scanned.bytes.length === 4);
    expect(scanned.bytes.map((bytes) => Buffer.compare(bytes, valued.shift()!))).toEqual([0, 0, 0, 0]);
    expect(scanned.timestampsMs).toEqual([0, 2 ** 38, 2 * 2 ** 38, 3 * 2 ** 38]);
  });

  it("scans many records of many appends, each once and in the order of its partition", async () => {
    const topic = await topicWith(3);
    const many = Array.from({ length: 30_000 }, (_, n) => record(topic, `${n} ${"x".repeat(n % 300)}`, n % 3));
    for (let from = 0; from < many.length; from += 7_000) await log.append(many.slice(from, from + 7_000));
    const scanned = new Scanned();
    await scan(scanned.of(topic));
    await until(() => scanned.values.length === many.length);
    for (const partition of [0, 1, 2]) {
      const numbers = scanned.values.map((value) => Number(value.split(" ")[0])).filter((n) => n % 3 === partition);
      expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, n) => 3 * n + partition));
    }
    expect(scanned.next).toEqual([10_000, 10_000, 10_000]);
  });

  it("scans only the partitions that were asked for, and asks from where for each of them once", async () => {
    const topic = await topicWith(4);
    await log.append([0, 1, 2, 3].map((partition) => record(topic, `in ${partition}`, partition)));
    const scanned = new Scanned();
    const asked: number[] = [];
    const from = (partition: number): Promise<number> => Promise.resolve(asked.push(partition) * 0);
    const running = await scan({ ...scanned.of(topic), partitions: [3, 1, 3], from });
    await until(() => scanned.values.length === 2);
    await log.append([0, 1, 2, 3].map((partition) => record(topic, `again in ${partition}`, partition)));
    await until(() => scanned.values.length === 4);
    await running.stop();
    expect(scanned.values.sort()).toEqual(["again in 1", "again in 3", "in 1", "in 3"]);
    expect(asked.sort()).toEqual([1, 3]);
    const unknown = { code: "unknown_topic", hint: "terminal" };
    await expect(log.scan({ ...scanned.of(topic), partitions: [4] })).rejects.toMatchObject(unknown);
    await expect(log.scan(scanned.of("nobody.made.this"))).rejects.toMatchObject(unknown);
  });

  it("stops a scan after what is in hand, hands nothing more over, and stops again without effect", async () => {
    const topic = await topicWith(1);
    await log.append([record(topic, "before")]);
    const scanned = new Scanned();
    let letOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letOn = resolve));
    let settled = false;
    const scanning = await scan({
      ...scanned.of(topic),
      onSpans: async (spans) => {
        scanned.take(spans);
        await held;
        settled = true;
      },
    });
    await until(() => scanned.values.length === 1);
    await log.append([record(topic, "after")]);
    const stopped = Promise.all([scanning.stop(), scanning.stop()]).then(() => settled);
    letOn();
    expect(await stopped).toBe(true);
    await scanning.stop();
    await scanning.finished;
    expect(values(await readAll(log, topic, 0, 2))).toEqual(["before", "after"]);
    expect(scanned.values).toEqual(["before"]);
  });

  it("ends a scan with the error that its owner gave, thrown or rejected, at records or at the start", async () => {
    const topic = await topicWith(1);
    await log.append([record(topic, "x")]);
    const refusal = new Error("this owner cannot");
    const scanned = new Scanned();
    const refusals: Partial<ScanSubscription>[] = [
      { onSpans: () => Promise.reject(refusal) },
      {
        onSpans: () => {
          throw refusal;
        },
      },
      { from: () => Promise.reject(refusal) },
    ];
    for (const refusing of refusals) {
      const scanning = await scan({ ...scanned.of(topic), ...refusing });
      await expect(scanning.finished).rejects.toBe(refusal);
      await scanning.stop();
    }
    expect(scanned.values).toEqual([]);
  });

  it("refuses to scan on from an offset that the log has not reached", async () => {
    const topic = await topicWith(1);
    const scanning = await scan(new Scanned().of(topic, 5));
    await expect(scanning.finished).rejects.toMatchObject({ code: "offset_out_of_range", hint: "terminal" });
  });

  it("tells a scan that starts below the oldest record where the log begins, before anything else", async () => {
    const topic = await topicThatForgets();
    await log.append([record(topic, "gone")]);
    await log.append([record(topic, "gone, too")]);
    await log.append([{ ...record(topic, "kept"), timestampMs: (NOW_MS + 1) as Millis }]);
    await underTest.remove(topic, 2, NOW_MS + 1);
    const [below, within, emptied] = [new Scanned(), new Scanned(), new Scanned()];
    await scan(below.of(topic));
    await scan(within.of(topic, 2));
    await until(() => below.next[0] === 3 && within.next[0] === 3);
    expect(below.told).toEqual([
      { count: 0, nextOffset: 2, removedFrom: 0 },
      { count: 1, nextOffset: 3 },
    ]);
    expect(within.told).toEqual([{ count: 1, nextOffset: 3 }]);
    await underTest.remove(topic, 3, NOW_MS + 2);
    await scan(emptied.of(topic, 1));
    await until(() => emptied.next[0] === 3);
    expect(emptied.lag).toEqual([0]);
    await log.append([{ ...record(topic, "new"), timestampMs: (NOW_MS + 3) as Millis }]);
    await until(() => emptied.next[0] === 4 && below.next[0] === 4);
    expect(emptied.told).toEqual([
      { count: 0, nextOffset: 3, removedFrom: 1 },
      { count: 1, nextOffset: 4 },
    ]);
    expect([...below.values, ...emptied.values]).toEqual(["kept", "new", "new"]);
  });

  it("tells a scan how far it has come when all that it was about to read is removed under it", async () => {
    const topic = await topicThatForgets();
    await log.append([record(topic, "read")]);
    const { end } = await log.offsets(topic, 0);
    const scanned = new Scanned();
    let letOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letOn = resolve));
    await scan({
      ...scanned.of(topic),
      onSpans: async (spans) => {
        scanned.take(spans);
        await held;
      },
    });
    await until(() => scanned.next[0] === end);
    // One of them may be on its way already.
    for (const value of ["b", "c", "d"]) await log.append([record(topic, value)]);
    expect(await log.holdsAll(topic)).toBe(true);
    await underTest.remove(topic, 4, NOW_MS + 1);
    expect(await log.offsets(topic, 0)).toEqual({ begin: 4, end: 4 });
    expect(await log.holdsAll(topic)).toBe(false);
    letOn();
    await until(() => scanned.next[0] === 4);
    expect(scanned.lag).toEqual([0]);
  });

  it("stops scans on close, and begins none after", async () => {
    const topic = await topicWith(1);
    const other = await underTest.open().catch(() => undefined);
    const closing = other ?? log;
    const scanned = new Scanned();
    const scanning = await scan(scanned.of(topic), closing);
    await closing.append([record(topic, "x")]);
    await until(() => scanned.values.length === 1);
    await closing.close();
    await scanning.finished;
    await expect(closing.scan(scanned.of(topic))).rejects.toMatchObject({ code: "log_closed", hint: "terminal" });
    if (other === undefined) log = await underTest.open();
  }, 60_000);

  it("remembers commits with their notes, across closing", async () => {
    const topic = await topicWith(2);
    const note = "n".repeat(NOTE_BYTES_MAX);
    expect(await log.committed("a group", topic, 0)).toBeUndefined();
    await log.append([record(topic, "x"), record(topic, "y")]);
    await log.commit("a group", topic, 0, { offset: 1, note });
    await log.commit("a group", topic, 0, { offset: 2, note: "" });
    await log.commit("another", topic, 0, { offset: 1, note });
    await log.close();
    log = await underTest.open();
    expect(await log.committed("a group", topic, 0)).toEqual({ offset: 2, note: "" });
    expect(await log.committed("another", topic, 0)).toEqual({ offset: 1, note });
    expect(await log.committed("a group", topic, 1)).toBeUndefined();
    await expect(log.commit("a group", topic, 0, { offset: 1, note: `${note}n` })).rejects.toThrow("note");
  }, 60_000);

  it("appends and commits together through a relay, and the next one goes on from there", async () => {
    const [source, target] = [await topicWith(2), await topicWith(2)];
    const place = { group: "relays", topic: source, partition: 1 };
    const relay = await log.relay(place);
    expect(relay.committed).toBeUndefined();
    const made = await relay.append([record(target, "a"), record(target, "b", 1), record(target, "c")], 3);
    expect(made.map(({ partition }) => partition)).toEqual([0, 1, 0]);
    expect(await relay.append([], 4)).toEqual([]);
    const [, again] = await Promise.all([
      relay.append([record(target, "d")], 5),
      relay.append([record(target, "e")], 6),
    ]);
    expect(again[0]!.offset).toBeGreaterThan(made[2]!.offset);
    await relay.close();
    await expect(relay.append([record(target, "late")], 7)).rejects.toMatchObject({ code: "log_closed" });
    const next = await log.relay(place);
    expect(next.committed).toEqual({ offset: 6, note: "" });
    expect((await log.relay({ ...place, group: "other relays" })).committed).toBeUndefined();
    expect(values(await readAll(log, target, 0, 4))).toEqual(["a", "c", "d", "e"]);
  }, 60_000);

  it("shuts out the relay that was open before, and nothing of it is there when it appends again", async () => {
    const [source, target] = [await topicWith(1), await topicWith(1)];
    const place = { group: "relays", topic: source, partition: 0 };
    const first = await log.relay(place);
    await first.append([record(target, "first")], 1);
    const second = await log.relay(place);
    expect(second.committed).toEqual({ offset: 1, note: "" });
    await expect(first.append([record(target, "zombie")], 2)).rejects.toMatchObject({ name: "LogError" });
    await second.append([record(target, "second")], 2);
    expect((await log.relay(place)).committed).toEqual({ offset: 2, note: "" });
    expect(values(await readAll(log, target, 0, 2))).toEqual(["first", "second"]);
  }, 60_000);

  it("tells a reader the way to where the log ends, also behind what a relay wrote", async () => {
    const [source, target] = [await topicWith(1), await topicWith(1)];
    const relay = await log.relay({ group: "relays", topic: source, partition: 0 });
    for (const [index, value] of ["a", "b", "c"].entries()) await relay.append([record(target, value)], index + 1);
    const { end } = await log.offsets(target, 0);
    const taken: string[] = [];
    let reached: (offset: number) => Promise<void> = () => Promise.resolve();
    const isThere = new Promise<void>((resolve) => {
      reached = (offset) => {
        if (offset >= end) resolve();
        return Promise.resolve();
      };
    });
    const running = await subscribe({
      topic: target,
      from: () => Promise.resolve(0),
      onBatch: ({ records }) => {
        taken.push(...values(records));
        return reached((records.at(-1)?.offset ?? -1) + 1);
      },
      onGap: (_, nextOffset) => reached(nextOffset),
    });
    await Promise.race([isThere, running.finished]);
    expect(taken).toEqual(["a", "b", "c"]);
  }, 60_000);

  it("relays a call whole or not at all", async () => {
    const [source, target] = [await topicWith(1), await topicWith(1)];
    const place = { group: "relays", topic: source, partition: 0 };
    const large = { ...record(target, ""), value: new Uint8Array(RECORD_BYTES_MAX + 1) };
    const relay = await log.relay(place);
    await expect(relay.append([record(target, "good"), large], 1)).rejects.toMatchObject({ code: "record_too_large" });
    await expect(log.relay({ ...place, topic: "none" })).rejects.toMatchObject({ code: "unknown_topic" });
    const next = await log.relay(place);
    expect(next.committed).toBeUndefined();
    await next.append([record(target, "alone")], 1);
    expect(values(await readAll(log, target, 0, 1))).toEqual(["alone"]);
  }, 60_000);

  it("gives a group's only member all partitions, and tells who it is", async () => {
    const topic = await topicWith(3);
    const group = `owners.${topic}`;
    const told: (readonly number[])[] = [];
    const onOwned = (partitions: readonly number[]): void => void told.push(partitions);
    expect(await log.membersOf(group)).toEqual([]);
    const ownership = await log.own({ group, topic, address: "one:7070", onOwned });
    expect(told).toEqual([[0, 1, 2]]);
    const members = [{ address: "one:7070", partitions: [0, 1, 2], standbyOf: [] }];
    expect(await ownership.members()).toEqual(members);
    expect(await log.membersOf(group)).toEqual(members);
    await ownership.stop();
    await ownership.finished;
    expect(await log.membersOf(group)).toEqual([]);
    const again = await log.own({ group, topic, address: "two:7070", onOwned });
    expect(told).toHaveLength(2);
    await again.stop();
  });

  it("ends an ownership whose owner cannot take its partitions", async () => {
    const topic = await topicWith(1);
    const broken = new Error("no room");
    const onOwned = (): Promise<void> => Promise.reject(broken);
    const ownership = await log.own({ group: `owners.${topic}`, topic, address: "one:7070", onOwned });
    await expect(ownership.finished).rejects.toBe(broken);
    expect(await log.membersOf(`owners.${topic}`)).toEqual([]);
  });

  it("lets nobody own a topic that there is not, nor without an address", async () => {
    const topic = await topicWith(1);
    const onOwned = (): void => undefined;
    const nowhere = log.own({ group: "owners", topic: "no.such.topic", address: "one:7070", onOwned });
    await expect(nowhere).rejects.toMatchObject({ code: "unknown_topic" });
    for (const address of ["", "x".repeat(256)]) {
      await expect(log.own({ group: "owners", topic, address, onOwned })).rejects.toThrow(RangeError);
    }
  });

  it("is the same log after closing: incarnation, topics, records, offsets", async () => {
    const topic = await topicWith(1);
    await log.append([record(topic, "kept")]);
    const { incarnation } = log;
    expect(incarnation).not.toBe("");
    await log.close();
    log = await underTest.open(incarnation);
    expect(log.incarnation).toBe(incarnation);
    expect(await log.append([record(topic, "next")])).toEqual([{ topic, partition: 0, offset: 1 }]);
    expect(values(await readAll(log, topic, 0, 2))).toEqual(["kept", "next"]);
    await log.close();
    await expect(underTest.open("another-log")).rejects.toMatchObject({
      code: "incarnation_mismatch",
      hint: "terminal",
    });
    log = await underTest.open();
  }, 60_000);

  it("finishes appends and subscriptions on close, and refuses everything after", async () => {
    const topic = await topicWith(1);
    const other = await underTest.open().catch(() => undefined);
    const closing = other ?? log;
    const reader = await subscribe(reading(topic, 0, []), closing);
    const owner = { group: `owners.${topic}`, topic, address: "one:7070", onOwned: () => undefined };
    const ownership = await closing.own(owner);
    const append = closing.append([record(topic, "under way")]);
    await Promise.all([closing.close(), closing.close()]);
    await reader.finished;
    await ownership.finished;
    expect(await append).toHaveLength(1);
    const closed = { code: "log_closed", hint: "terminal" };
    await expect(closing.append([record(topic, "x")])).rejects.toMatchObject(closed);
    await expect(closing.ensureTopics([])).rejects.toMatchObject(closed);
    await expect(closing.partitions(topic)).rejects.toMatchObject(closed);
    await expect(closing.offsets(topic, 0)).rejects.toMatchObject(closed);
    await expect(closing.ends(topic)).rejects.toMatchObject(closed);
    await expect(closing.subscribe(reading(topic, 0, []))).rejects.toMatchObject(closed);
    await expect(closing.commit("g", topic, 0, { offset: 0, note: "" })).rejects.toMatchObject(closed);
    await expect(closing.committed("g", topic, 0)).rejects.toMatchObject(closed);
    await expect(closing.own(owner)).rejects.toMatchObject(closed);
    await expect(closing.membersOf("g")).rejects.toMatchObject(closed);
  }, 60_000);
});

/** A subscription that collects one topic's records from an offset on. */
function reading(topic: string, from: number, into: LogRecord[]): Subscription {
  return {
    topic,
    from: () => Promise.resolve(from),
    onBatch: ({ records }) => {
      for (const record of records) into.push(record);
      return Promise.resolve();
    },
  };
}

/** A subscription that collects one topic's values and gaps from an offset on. */
function tellingOf(topic: string, from: number, told: unknown[]): Subscription {
  return {
    topic,
    from: () => Promise.resolve(from),
    onBatch: ({ records }) => Promise.resolve(void told.push(...values(records))),
    onGap: (partition, nextOffset) => Promise.resolve(void told.push({ partition, nextOffset })),
  };
}

/** What a scan handed over, kept beyond it. */
class Scanned {
  readonly bytes: Buffer[] = [];
  readonly offsets: number[] = [];
  readonly timestampsMs: number[] = [];
  /** By partition. */
  readonly next: number[] = [];
  /** Records that were ahead, by partition. */
  readonly lag: number[] = [];
  readonly told: Pick<RecordSpans, "count" | "nextOffset" | "removedFrom">[] = [];

  get values(): string[] {
    return this.bytes.map((value) => value.toString());
  }

  take(spans: RecordSpans): void {
    for (let index = 0; index < spans.count; index++) {
      this.bytes.push(Buffer.from(spans.bytes.subarray(spans.valueFrom[index], spans.valueTo[index])));
      this.offsets.push(spans.offsets[index]!);
      this.timestampsMs.push(spans.timestampsMs[index]!);
    }
    this.next[spans.partition] = spans.nextOffset;
    this.lag[spans.partition] = spans.endOffset - spans.nextOffset;
    const { count, nextOffset, removedFrom } = spans;
    this.told.push({ count, nextOffset, removedFrom });
  }

  of(topic: string, from = 0): ScanSubscription {
    return {
      topic,
      from: () => Promise.resolve(from),
      onSpans: (spans) => {
        this.take(spans);
      },
      onPoisoned: ({ reason }) => {
        throw new Error(`nothing is damaged here: ${reason}`);
      },
    };
  }
}

/** The first records of a partition, read by a broadcast reader that looks at no other. */
async function readAll(log: EventLog, topic: string, partition: number, count: number): Promise<LogRecord[]> {
  const read: LogRecord[] = [];
  const reader = await log.subscribe({
    topic,
    from: () => Promise.resolve(0),
    onBatch: (batch) => {
      if (batch.partition === partition) for (const record of batch.records) read.push(record);
      return Promise.resolve();
    },
  });
  await until(() => read.length >= count);
  await reader.stop();
  return read;
}

/** Resolves when the condition holds, looking again at each turn of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + 25_000;
  while (!condition()) {
    if (Date.now() > deadlineMs) throw new Error(`waited too long for: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
