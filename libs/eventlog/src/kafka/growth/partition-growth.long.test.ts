import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import { DAY_MS, type Millis } from "@leastwise/vocabulary";
import type { Admin } from "kafkajs";
import type { EventLog, LogRecord } from "../../port.js";
import { kafkaClient } from "../client.js";
import { openKafkaLog, readLogIdentity } from "../kafka-log.js";
import { readTopics } from "../topics/topic-admin.js";
import { topicSettings } from "../topics/topic-settings.js";
import { growPartitions, planGrowth, type GrowthPlan } from "./partition-growth.js";
import { readRange } from "./range-reading.js";
import type { RegroupedTopic } from "./regrouping.js";

const LANES = 16;
const FROM = 3;
const TO = 5;
/** Not long ago: brokers take away what is older than a topic keeps, at a moment of their own. */
const FIRST_MS = Date.now() - 3_600_000;

let broker: TestBroker;
let admin: Admin;
let made = 0;
/** A topic for each test; the log that it is in is the same. */
let events: string;
let cache: string;

beforeAll(async () => {
  broker = await startBroker();
  admin = kafkaClient({ brokers: broker.brokers }).admin();
  await admin.connect();
}, 120_000);
afterAll(async () => {
  await admin.disconnect();
  await broker.stop();
});
beforeEach(() => {
  made += 1;
  events = `events.${made}`;
  cache = `cache.${made}`;
});

const specs = (partitions: number) => [
  { name: events, partitions, compacted: false, retentionMs: 35 * DAY_MS },
  { name: cache, partitions, compacted: true },
];
const partitionOf = (lane: number, partitions: number): number => Math.floor((lane * partitions) / LANES);
const text = ({ value }: LogRecord): string => Buffer.from(value).toString();
const NAMES = /^of (\d+)\/(\d+)$/;

/** Records of keys `0` to `15`; one may name another's place. */
function topicOf(changes: Partial<RegroupedTopic> = {}): RegroupedTopic {
  return {
    name: events,
    laneOf: ({ key }) => (key === undefined ? undefined : Number(key)),
    partitionOf,
    references: {
      isNamed: (record) => text(record).startsWith("named"),
      placeIn: (record) => {
        const [, partition, offset] = NAMES.exec(text(record)) ?? [];
        return partition === undefined ? undefined : { partition: Number(partition), offset: Number(offset) };
      },
      withPlace: (_, { partition, offset }) => Buffer.from(`of ${partition}/${offset}`),
    },
    ...changes,
  };
}

function planOf(changes: Partial<GrowthPlan> = {}): GrowthPlan {
  return {
    partitions: TO,
    settings: specs(TO).map((spec) => topicSettings(spec, 1)),
    regrouped: [topicOf()],
    remade: [cache],
    widened: [],
    readers: {},
    ...changes,
  };
}

async function withLog<T>(act: (log: EventLog) => Promise<T>): Promise<T> {
  const log = await openKafkaLog({ brokers: broker.brokers });
  try {
    return await act(log);
  } finally {
    await log.close();
  }
}

/** Some records of every lane, a record in the last that names one of the first, and a cache. */
async function filled(): Promise<void> {
  await withLog(async (log) => {
    await log.ensureTopics(specs(FROM));
    const records = Array.from({ length: 400 }, (_, index) => {
      const lane = (index * 7) % LANES;
      const timestampMs = (FIRST_MS + index) as Millis;
      return {
        topic: events,
        partition: partitionOf(lane, FROM),
        key: String(lane),
        value: Buffer.from(`${index}`),
        timestampMs,
      };
    });
    await log.append(records.slice(0, 300));
    const timestampMs = FIRST_MS as Millis;
    const [named] = await log.append([
      { topic: events, partition: 0, key: "0", value: Buffer.from("named"), timestampMs },
    ]);
    const value = Buffer.from(`of ${named!.partition}/${named!.offset}`);
    await log.append([{ topic: events, partition: 2, key: "15", value, timestampMs }]);
    await log.append([{ topic: events, partition: 1, value: Buffer.from("of no lane"), timestampMs }]);
    await log.append(records.slice(300));
    await log.append([{ topic: cache, partition: 0, key: "old", value: Buffer.from("old"), timestampMs }]);
  });
}

/** Everything that stands on the topic now. */
async function standing(): Promise<readonly LogRecord[]> {
  return withLog(async (log) => {
    const records: LogRecord[] = [];
    for (let partition = 0; partition < (await log.partitions(events)); partition += 1) {
      const { begin, end } = await log.offsets(events, partition);
      await readRange(log, { topic: events, partition, from: begin, to: end }, (some) => {
        records.push(...some);
      });
    }
    return records;
  });
}

/** What stands in each lane, in its order, but for the places that are named. */
function byLane(records: readonly LogRecord[]): Record<string, string[]> {
  const lanes: Record<string, string[]> = {};
  for (const record of records)
    (lanes[record.key ?? "none"] ??= []).push(`${record.timestampMs} ${text(record).replace(NAMES, "of")}`);
  return lanes;
}

/** The least session that a broker grants, so that nobody is waited for long. */
const grow = (changes: Partial<GrowthPlan> = {}) =>
  growPartitions({ brokers: broker.brokers, sessionTimeoutMs: 6_000 }, planOf(changes));

async function expectGrown(before: readonly LogRecord[]): Promise<void> {
  const after = await standing();
  expect(after).toHaveLength(before.length);
  expect(byLane(after)).toEqual(byLane(before));
  for (const { key, partition } of after) if (key !== undefined) expect(partition).toBe(partitionOf(Number(key), TO));
  const named = after.find((record) => text(record) === "named");
  const naming = after.find((record) => NAMES.test(text(record)));
  expect(text(naming!)).toBe(`of ${named!.partition}/${named!.offset}`);
  const topics = await readTopics(admin, [events, cache]);
  expect(topics.get(events)).toMatchObject({ partitions: TO, retentionMs: 35 * DAY_MS });
  expect(topics.get(cache)).toMatchObject({ partitions: TO });
  expect(await withLog((log) => log.holdsAll(events))).toBe(true);
  expect((await admin.fetchTopicOffsets(cache)).every(({ high }) => high === "0")).toBe(true);
}

/** Records that say `skip` are left out from the second of each partition on, and an `0` becomes a `zero`. */
function reader(): (record: LogRecord) => Uint8Array | undefined {
  let skipped = 0;
  return (record) => {
    if (text(record) === "skip") return (skipped += 1) > 1 ? undefined : record.value;
    return text(record) === "0" ? Buffer.from("zero") : record.value;
  };
}

describe("partitions that grow", () => {
  it("leave out what is of no account, and copy what its reader makes of the rest", async () => {
    await withLog(async (log) => {
      await log.ensureTopics(specs(FROM));
      const say = (value: string, lane: number) => {
        const place = { topic: events, partition: partitionOf(lane, FROM), key: String(lane) };
        return { ...place, value: Buffer.from(value), timestampMs: FIRST_MS as Millis };
      };
      const said = ["skip", "0", "skip", "1"];
      await log.append([...said.map((value) => say(value, 0)), ...said.map((value) => say(value, 15))]);
    });
    expect(await grow({ regrouped: [topicOf({ reader })] })).toMatchObject({ records: { [events]: 6 } });
    const copied = [`${FIRST_MS} skip`, `${FIRST_MS} zero`, `${FIRST_MS} 1`];
    expect(byLane(await standing())).toEqual({ "0": copied, "15": copied });
  }, 120_000);

  it("have every record where it belongs, once, in its order, and with what it names", async () => {
    await filled();
    const before = await standing();
    expect(await planGrowth({ brokers: broker.brokers }, planOf())).toEqual({
      from: FROM,
      to: TO,
      records: { [events]: 403 },
      foreign: {},
    });
    expect(await standing()).toEqual(before);
    expect(await grow()).toEqual({ from: FROM, to: TO, records: { [events]: 403 }, foreign: {} });
    await expectGrown(before);
    await expect(grow()).rejects.toMatchObject({ message: expect.stringContaining("expected more than the 5") });
  }, 120_000);

  it("carry along what somebody else wrote, and say it before and meanwhile, with its place", async () => {
    await filled();
    await withLog(async (log) => {
      const timestampMs = FIRST_MS as Millis;
      await log.append([
        { topic: events, partition: 2, key: "15", value: Buffer.from("foreign"), timestampMs },
        { topic: events, partition: 1, value: Buffer.from("foreign"), timestampMs },
      ]);
    });
    // Larger than anything that we write, and of no time at all.
    const messages = [
      { key: "0", value: Buffer.alloc(1_500_000, "x"), timestamp: String(FIRST_MS) },
      { key: "0", value: "foreign", timestamp: "-1" },
    ];
    const producer = kafkaClient({ brokers: broker.brokers }).producer();
    await producer.connect();
    await producer.send({ topic: events, messages: messages.map((message) => ({ ...message, partition: 0 })) });
    await producer.disconnect();
    const problemOf = (record: LogRecord) => (text(record) === "foreign" ? "it is foreign" : undefined);
    const regrouped = [topicOf({ problemOf })];
    const foreign = {
      [events]: { count: 4, named: expect.arrayContaining([expect.objectContaining({ topic: events })]) },
    };
    const looked = await planGrowth({ brokers: broker.brokers }, planOf({ regrouped }));
    expect(looked).toEqual({ from: FROM, to: TO, records: { [events]: 406 }, foreign });
    const steps: string[] = [];
    const grown = await grow({ regrouped, onStep: (step) => steps.push(step) });
    expect(grown).toEqual({ from: FROM, to: TO, records: { [events]: 406 }, foreign });
    const { partition, offset } = grown.foreign[events]!.named.find((record) => record.partition === 2)!;
    expect(steps).toContain(`${events}/${partition}/${offset} is none of ours, and passed over: it is foreign`);
    expect(steps.join("\n")).toMatch(/passed over: it has 1500001 bytes .* so it has no copy/);
    const carried = (await standing()).filter((record) => text(record) === "foreign");
    const said = carried.map((record) => `${record.partition} ${record.key} ${record.timestampMs > 0}`).sort();
    expect(said).toEqual(["0 0 false", "1 undefined true", "4 15 true"]);
  }, 120_000);

  it("go on where they were interrupted, wherever that was, and no log opens meanwhile", async () => {
    await filled();
    const before = await standing();
    let asked = 0;
    const interrupted = topicOf({
      partitionOf: (lane, partitions) => {
        // In the midst of the copying, which comes after one look at everything.
        if ((asked += 1) > 402 + 150) throw new Error("killed");
        return partitionOf(lane, partitions);
      },
    });
    await expect(grow({ regrouped: [interrupted] })).rejects.toThrow("killed");
    await expect(openKafkaLog({ brokers: broker.brokers })).rejects.toMatchObject({
      code: "topic_mismatch",
      message: expect.stringContaining("`leastwise topics grow --partitions 5` must come to its end first"),
    });
    await expect(grow({ partitions: 6 })).rejects.toMatchObject({
      message: expect.stringContaining("expected 5, got 6"),
    });
    for (const at of ["comparing", "making", "removing"]) {
      const onStep = (step: string): void => {
        if (step.startsWith(at)) throw new Error("killed");
      };
      await expect(grow({ onStep })).rejects.toThrow("killed");
    }
    await grow();
    await expectGrown(before);
  }, 180_000);

  it("are not begun while somebody reads, or has not read to the end", async () => {
    await filled();
    await withLog(async (log) => {
      const reader = await log.subscribe({
        ...{ topic: events, group: "sink", from: () => Promise.resolve(0) },
        onBatch: () => Promise.resolve(),
      });
      const steps: string[] = [];
      await expect(grow({ onStep: (step) => steps.push(step) })).rejects.toMatchObject({
        message: expect.stringContaining("somebody still reads: sink"),
      });
      expect(steps).toEqual([expect.stringMatching(/^waiting until \d{4}-.*Z for who still reads.*: sink$/)]);
      await reader.stop();
      await log.commit("sink", events, 0, { offset: 1, note: "" });
    });
    const unread = {
      code: "topic_mismatch",
      message: expect.stringContaining(`sink has not read ${events}/0 to its end`),
    };
    await expect(grow()).rejects.toMatchObject(unread);
    await expect(grow({ readers: { [events]: "recorder" } })).rejects.toMatchObject({
      message: expect.stringContaining("recorder has not read"),
    });
    await withLog(async (log) => {
      for (const partition of [0, 1, 2])
        await log.commit("sink", events, partition, { offset: (await log.offsets(events, partition)).end, note: "" });
    });
    await grow();
    await withLog(async (log) => {
      for (let partition = 0; partition < TO; partition += 1) {
        const { end } = await log.offsets(events, partition);
        if (end > 0) expect(await log.committed("sink", events, partition)).toEqual({ offset: end, note: "" });
      }
    });
  }, 180_000);

  it("tell of somebody who writes meanwhile, and leave it out when they are begun anew", async () => {
    await filled();
    const before = await standing();
    const onStep = (step: string): void => {
      if (step.startsWith("copying")) throw new Error("killed");
    };
    await expect(grow({ onStep })).rejects.toThrow("killed");
    const intruder = await openKafkaLog({ brokers: broker.brokers, isForGrowth: true });
    const late = { topic: events, partition: 0, key: "0", value: Buffer.from("late"), timestampMs: FIRST_MS as Millis };
    await intruder.append([late]);
    await intruder.close();
    await expect(grow()).rejects.toMatchObject({
      code: "topic_mismatch",
      message: expect.stringContaining("--again"),
    });
    await grow({ isBegunAnew: true });
    await expectGrown(before);
  }, 180_000);

  it("wait for somebody who reads no more before the wait is over", async () => {
    await filled();
    const before = await standing();
    const log = await openKafkaLog({ brokers: broker.brokers });
    await log.subscribe({
      ...{ topic: events, from: () => Promise.resolve(0) },
      onBatch: () => Promise.resolve(),
    });
    let leaving: Promise<void> | undefined;
    const onStep = (step: string): void => {
      if (step.startsWith("waiting until")) leaving = log.close();
    };
    await grow({ onStep });
    expect(leaving).toBeDefined();
    await leaving;
    await expectGrown(before);
  }, 180_000);

  it("are those of the log that is meant: of another cluster, or another log, nothing is touched", async () => {
    await filled();
    const brokers = { brokers: broker.brokers };
    for (const other of [{ clusterId: "another" }, { incarnation: "another" }]) {
      for (const act of [planGrowth, growPartitions])
        await expect(act({ ...brokers, ...other }, planOf())).rejects.toMatchObject({ code: "incarnation_mismatch" });
    }
    expect((await readTopics(admin, [events])).get(events)).toMatchObject({ partitions: FROM });
    expect(await readLogIdentity(brokers)).toMatchObject({ growing: undefined });
    const onStep = (step: string): void => {
      if (step.startsWith("copying")) throw new Error("killed");
    };
    await expect(grow({ onStep })).rejects.toThrow("killed");
    expect(await readLogIdentity(brokers)).toMatchObject({ growing: { from: FROM, to: TO } });
    await grow();
    expect(await readLogIdentity(brokers)).toMatchObject({ growing: undefined });
  }, 180_000);
});
