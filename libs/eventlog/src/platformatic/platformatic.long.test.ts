import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startBroker, startCluster, type TestBroker } from "@leastwise/testkit";
import { CompressionTypes, Kafka, logLevel, type Producer } from "kafkajs";
import type { Millis } from "@leastwise/vocabulary";
import { openKafkaLog } from "../kafka/kafka-log.js";
import type { EventLog, NewRecord, Subscription } from "../port.js";
import { openPlatformaticLog } from "./platformatic-log.js";

let broker: TestBroker;
let log: EventLog;

beforeAll(async () => {
  broker = await startBroker();
  log = await openPlatformaticLog({ brokers: broker.brokers });
}, 600_000);

afterAll(async () => {
  await log.close();
  await broker.stop();
}, 60_000);

async function topicWith(partitions: number): Promise<string> {
  const name = `platformatic.${randomUUID()}`;
  await log.ensureTopics([{ name, partitions, compacted: false }]);
  return name;
}

function record(topic: string, value: string, partition = 0): NewRecord {
  return { topic, partition, value: Buffer.from(value), timestampMs: 1_780_000_000_000 as Millis };
}

async function transactionalProducer(): Promise<Producer> {
  const producer = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).producer({
    idempotent: true,
    transactionalId: randomUUID(),
    maxInFlightRequests: 1,
  });
  await producer.connect();
  return producer;
}

/** Resolves when the condition holds, looking again at each turn of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + 50_000;
  while (!condition()) {
    if (Date.now() > deadlineMs) throw new Error(`waited too long for: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe("openPlatformaticLog", () => {
  it("finds the log that the other client made", async () => {
    const other = await openKafkaLog({ brokers: broker.brokers });
    expect(other.incarnation).toBe(log.incarnation);
    await other.close();
  });

  it("keeps the times of one call's records, however far apart they are", async () => {
    const topic = await topicWith(1);
    const timesMs = [1_780_000_000_000, 0, 2 ** 31, 2 ** 31 - 1, 1_780_000_000_000 + 2 ** 31] as Millis[];
    const positions = await log.append(timesMs.map((timestampMs) => ({ ...record(topic, "x"), timestampMs })));
    expect(positions.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4]);
    const read: number[] = [];
    const reader = await log.subscribe({
      topic,
      from: () => Promise.resolve(0),
      onBatch: ({ records }) => Promise.resolve(void read.push(...records.map(({ timestampMs }) => timestampMs))),
    });
    await until(() => read.length === timesMs.length);
    expect(read).toEqual(timesMs);
    await reader.stop();
  }, 60_000);
});

describe("a reader", () => {
  it("is given nothing of several transactions of one producer that have no effect, and is told how far it has come", async () => {
    const topic = await topicWith(1);
    const producer = await transactionalProducer();
    for (const [outcome, value] of [
      ["abort", "dropped"],
      ["commit", "kept"],
      ["abort", "dropped, too"],
      ["abort", "and that"],
    ] as const) {
      const transaction = await producer.transaction();
      const messages = [{ key: "k", value, headers: { constructor: "x", toString: "y" } }];
      await transaction.send({ topic, messages, compression: CompressionTypes.GZIP });
      await transaction[outcome]();
    }
    await producer.disconnect();
    const told: unknown[] = [];
    const reader = await log.subscribe({
      topic,
      from: () => Promise.resolve(0),
      onBatch: ({ records }) =>
        Promise.resolve(void told.push(...records.map(({ offset, value }) => [offset, Buffer.from(value).toString()]))),
      onGap: (_, nextOffset) => Promise.resolve(void told.push(nextOffset)),
    });
    // Each a record and the marker of its end.
    await until(() => told.at(-1) === 8);
    expect(told.filter((one) => typeof one !== "number")).toEqual([[2, "kept"]]);
    await reader.stop();
  }, 60_000);

  it("leaves and asks for no group, as a broadcast", async () => {
    const topic = await topicWith(1);
    const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const groups = async (): Promise<string[]> => (await admin.listGroups()).groups.map(({ groupId }) => groupId);
    const before = await groups();
    const reader = await log.subscribe({ topic, from: () => Promise.resolve(0), onBatch: () => Promise.resolve() });
    expect(await groups()).toEqual(before);
    await reader.stop();
    await admin.disconnect();
  });

  it("does not keep other partitions waiting for one whose owner is behind", async () => {
    const topic = await topicWith(2);
    const seen: string[] = [];
    let letOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letOn = resolve));
    const reader = await log.subscribe({
      topic,
      from: () => Promise.resolve(0),
      onBatch: async ({ partition, records }) => {
        if (partition === 0) await held;
        seen.push(...records.map(({ value }) => Buffer.from(value).toString()));
      },
    });
    for (const n of [1, 2, 3, 4]) {
      await log.append([record(topic, `behind ${n}`), record(topic, `ahead ${n}`, 1)]);
      await until(() => seen.includes(`ahead ${n}`));
    }
    expect(seen).toEqual([1, 2, 3, 4].map((n) => `ahead ${n}`));
    letOn();
    await until(() => seen.length === 8);
    expect(seen.slice(4)).toEqual([1, 2, 3, 4].map((n) => `behind ${n}`));
    await reader.stop();
  }, 60_000);
});

describe("a group", () => {
  it("has readers of both clients, and hands partitions over between them", async () => {
    const topic = await topicWith(4);
    const group = `group.${topic}`;
    const holders = new Map<number, string>();
    const seen: string[] = [];
    const member = (from: EventLog, who: string): Subscription => ({
      topic,
      group,
      from: async (partition) => (await from.committed(group, topic, partition))?.offset ?? 0,
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
        seen.push(...records.map(({ value }) => Buffer.from(value).toString()));
        await from.commit(group, topic, partition, { offset: (records.at(-1)?.offset ?? -1) + 1, note: who });
      },
    });
    const spread = (): string => [...new Set(holders.values())].sort().join();
    const other = await openKafkaLog({ brokers: broker.brokers });
    const before = await other.subscribe(member(other, "kafkajs"));
    await until(() => holders.size === 4);
    const after = await log.subscribe(member(log, "platformatic"));
    await until(() => holders.size === 4 && spread() === "kafkajs,platformatic");
    await log.append([0, 1, 2, 3].map((partition) => record(topic, `together ${partition}`, partition)));
    await until(() => seen.length === 4);
    await before.stop();
    await until(() => holders.size === 4 && spread() === "platformatic");
    await log.append([0, 1, 2, 3].map((partition) => record(topic, `alone ${partition}`, partition)));
    await until(() => seen.length === 8);
    expect(new Set(seen).size).toBe(8);
    await after.stop();
    expect(await other.committed(group, topic, 0)).toEqual({ offset: 2, note: "platformatic" });
    await other.close();
  }, 120_000);

  it("gives nobody what its reader has not let go of", async () => {
    const topic = await topicWith(2);
    const group = `group.${topic}`;
    const told: string[] = [];
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const reading = { topic, group, from: () => Promise.resolve(0), onBatch: () => Promise.resolve() };
    const first = await log.subscribe({
      ...reading,
      onRevoked: async () => {
        asked();
        await held;
        told.push("let go");
      },
    });
    const other = await openPlatformaticLog({ brokers: broker.brokers });
    const second = other.subscribe({ ...reading, onAssigned: () => Promise.resolve(void told.push("given")) });
    await isAsked;
    // While it lets go it may commit what it has finished.
    await log.commit(group, topic, 0, { offset: 0, note: "last" });
    letGo();
    await (await second).stop();
    expect(told).toEqual(["let go", "given"]);
    expect(await other.committed(group, topic, 0)).toEqual({ offset: 0, note: "last" });
    await first.stop();
    await other.close();
  }, 120_000);

  it("refuses commits for a partition that this process's reader does not hold", async () => {
    const topic = await topicWith(1);
    const group = randomUUID();
    const other = await openPlatformaticLog({ brokers: broker.brokers });
    const reading = { topic, group, from: () => Promise.resolve(0), onBatch: () => Promise.resolve() };
    const reader = await log.subscribe(reading);
    const refused = { code: "partition_revoked" };
    await expect(other.commit(group, topic, 0, { offset: 0, note: "" })).rejects.toMatchObject(refused);
    await log.commit(group, topic, 0, { offset: 0, note: "mine" });
    expect(await other.committed(group, topic, 0)).toEqual({ offset: 0, note: "mine" });
    await reader.stop();
    await other.close();
  }, 60_000);
});

describe("an outage of the brokers", () => {
  it.each([
    ["a broadcast", undefined],
    ["a group", `group.${randomUUID()}`],
  ])(
    "is one that appends and the reader of %s come back from",
    async (_, group) => {
      const cluster = await startCluster({ brokers: 1 });
      try {
        const [node] = cluster.nodes;
        const cutOff = await openPlatformaticLog({ brokers: cluster.brokers });
        const topic = `platformatic.${randomUUID()}`;
        await cutOff.ensureTopics([{ name: topic, partitions: 1, compacted: false }]);
        const taken: string[] = [];
        const reader = await cutOff.subscribe({
          topic,
          ...(group === undefined ? {} : { group }),
          from: async () => (group === undefined ? 0 : ((await cutOff.committed(group, topic, 0))?.offset ?? 0)),
          onBatch: async ({ records }) => {
            const commit = { offset: (records.at(-1)?.offset ?? -1) + 1, note: "" };
            if (group !== undefined) await cutOff.commit(group, topic, 0, commit);
            taken.push(...records.map(({ value }) => Buffer.from(value).toString()));
          },
        });
        await cutOff.append([record(topic, "before")]);
        await until(() => taken.length === 1);
        await node?.kill();
        const refused = { code: "log_unavailable", hint: "retry" };
        await expect(cutOff.append([record(topic, "lost")])).rejects.toMatchObject(refused);
        await node?.restart();
        await cutOff.append([record(topic, "after")]);
        await Promise.race([until(() => taken.includes("after")), reader.finished]);
        expect(taken).toEqual(["before", "after"]);
        await cutOff.close();
      } finally {
        await cluster.stop();
      }
    },
    180_000,
  );
});
