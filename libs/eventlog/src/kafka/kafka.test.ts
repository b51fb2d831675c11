import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import { CompressionTypes, Kafka, logLevel } from "kafkajs";
import type { Millis } from "@leastwise/vocabulary";
import type { EventLog, LogRecord, NewRecord, RunningSubscription } from "../port.js";
import { sayKafkaFailure } from "./kafka-failure.js";
import { openKafkaLog } from "./kafka-log.js";

let broker: TestBroker;
let log: EventLog;

beforeAll(async () => {
  broker = await startBroker();
  log = await openKafkaLog({ brokers: broker.brokers });
}, 600_000);

afterAll(async () => {
  await log.close();
  await broker.stop();
}, 60_000);

async function topicWith(partitions: number): Promise<string> {
  const name = `kafka.${randomUUID()}`;
  await log.ensureTopics([{ name, partitions, compacted: false }]);
  return name;
}

function record(topic: string, value: string): NewRecord {
  return { topic, partition: 0, value: Buffer.from(value), timestampMs: 1_780_000_000_000 as Millis };
}

describe("openKafkaLog", () => {
  it("gives processes that open a log at the same time the same incarnation", async () => {
    const logs = await Promise.all([1, 2, 3].map(() => openKafkaLog({ brokers: broker.brokers })));
    expect(new Set([log, ...logs].map(({ incarnation }) => incarnation)).size).toBe(1);
    await Promise.all(logs.map((opened) => opened.close()));
  }, 60_000);

  it("gives up, in words, on brokers that are not there, and on one that does not answer", async () => {
    const silent: Server = createServer((socket) => socket.resume().on("error", () => undefined)).listen(
      0,
      "127.0.0.1",
    );
    await new Promise((resolve) => silent.once("listening", resolve));
    const address = silent.address();
    const port = address === null || typeof address === "string" ? 0 : address.port;
    const unavailable = {
      code: "log_unavailable",
      hint: "retry",
      message: expect.stringContaining(`127.0.0.1:${port}`),
    };
    const brokers = [`127.0.0.1:${port}`];
    const failure: unknown = await openKafkaLog({ brokers, requestTimeoutMs: 100 }).catch((error: unknown) => error);
    await new Promise((resolve) => silent.close(resolve));
    expect(failure).toMatchObject(unavailable);
    await expect(openKafkaLog({ brokers })).rejects.toMatchObject(unavailable);
  }, 60_000);

  it("is silent, unless somebody wants to hear the client library", async () => {
    const heard: string[] = [];
    const loud = await openKafkaLog({
      brokers: broker.brokers,
      onLog: (level, message) => heard.push(`${level} ${message}`),
    });
    await loud.close();
    expect(heard.some((line) => line.startsWith("info "))).toBe(true);
  });
});

describe("a reader", () => {
  it("is told of transactions without effect that nothing stands behind", async () => {
    const topic = await topicWith(1);
    const producer = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).producer({
      idempotent: true,
      transactionalId: randomUUID(),
      maxInFlightRequests: 1,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ value: "dropped" }] });
    await transaction.abort();
    await producer.disconnect();
    let reader: RunningSubscription | undefined;
    const gap = await new Promise((resolve, reject) => {
      const started = log.subscribe({
        topic,
        from: () => Promise.resolve(0),
        onBatch: () => Promise.reject(new Error("nothing was written for good")),
        onGap: (partition, nextOffset) => {
          resolve({ partition, nextOffset });
          return Promise.resolve();
        },
      });
      started.then((running) => (reader = running).finished).catch(reject);
    });
    // The record, and the marker of its end.
    expect(gap).toEqual({ partition: 0, nextOffset: 2 });
    await reader?.stop();
  }, 60_000);

  it("hands over nothing of transactions that were aborted in another order than they began, wherever reading begins", async () => {
    const topic = await topicWith(1);
    const kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });
    const begin = async (value: string) => {
      const producer = kafka.producer({ idempotent: true, transactionalId: randomUUID(), maxInFlightRequests: 1 });
      await producer.connect();
      const transaction = await producer.transaction();
      const send = () => transaction.send({ topic, messages: [{ value }, { value }] });
      await send();
      return { send, abort: () => transaction.abort(), end: () => producer.disconnect() };
    };
    const first = await begin("dropped first");
    const second = await begin("dropped second");
    await first.send();
    await second.send();
    await second.abort();
    await first.abort();
    await Promise.all([first.end(), second.end()]);
    await log.append([record(topic, "kept")]);
    for (let from = 0; from < 8; from += 1) {
      const [read] = await new Promise<LogRecord[]>((resolve) => {
        void log.subscribe({
          topic,
          from: () => Promise.resolve(from),
          onBatch: ({ records }) => {
            resolve([...records]);
            return Promise.resolve();
          },
        });
      });
      expect([from, read && Buffer.from(read.value).toString()]).toEqual([from, "kept"]);
    }
  }, 60_000);

  it("leaves no broadcast group behind", async () => {
    const topic = await topicWith(1);
    const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const groups = async (): Promise<string[]> =>
      (await admin.listGroups()).groups
        .map(({ groupId }) => groupId)
        .filter((id) => id.startsWith("leastwise.broadcast."))
        .sort();
    const before = await groups();
    const reader = await log.subscribe({ topic, from: () => Promise.resolve(0), onBatch: () => Promise.resolve() });
    expect(await groups()).toHaveLength(before.length + 1);
    await reader.stop();
    expect(await groups()).toEqual(before);
    await admin.disconnect();
  });

  it("takes records of other writers, compressed, with headers of any name, and in transactions", async () => {
    const topic = await topicWith(1);
    const producer = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).producer({
      idempotent: true,
      transactionalId: randomUUID(),
      maxInFlightRequests: 1,
    });
    await producer.connect();
    for (const [outcome, value] of [
      ["commit", "kept"],
      ["abort", "dropped"],
      ["commit", "kept too"],
    ] as const) {
      const transaction = await producer.transaction();
      const messages = [{ key: "k", value, headers: { constructor: "x", toString: "y" } }];
      await transaction.send({ topic, messages, compression: CompressionTypes.GZIP });
      await transaction[outcome]();
    }
    await producer.disconnect();
    await log.append([record(topic, "last")]);
    const read: LogRecord[] = [];
    await new Promise<void>((resolve) => {
      void log.subscribe({
        topic,
        from: () => Promise.resolve(0),
        onBatch: ({ records }) => {
          read.push(...records);
          if (read.some(({ value }) => Buffer.from(value).toString() === "last")) resolve();
          return Promise.resolve();
        },
      });
    });
    expect(read.map(({ offset, value }) => [offset, Buffer.from(value).toString()])).toEqual([
      [0, "kept"],
      [4, "kept too"],
      // The broker writes the last transaction's marker after it has answered: before or behind this record.
      [read.at(-1)?.offset, "last"],
    ]);
  }, 60_000);
});

describe("commit", () => {
  it("refuses a partition that this process's reader of the group does not hold", async () => {
    const topic = await topicWith(1);
    const group = randomUUID();
    const other = await openKafkaLog({ brokers: broker.brokers });
    const reader = await log.subscribe({
      topic,
      group,
      from: () => Promise.resolve(0),
      onBatch: () => Promise.resolve(),
    });
    const refused = { code: "partition_revoked" };
    await expect(other.commit(group, topic, 0, { offset: 0, note: "" })).rejects.toMatchObject(refused);
    await log.commit(group, topic, 0, { offset: 0, note: "mine" });
    expect(await other.committed(group, topic, 0)).toEqual({ offset: 0, note: "mine" });
    await reader.stop();
    await other.commit(group, topic, 0, { offset: 0, note: "now free" });
    expect(await log.committed(group, topic, 0)).toEqual({ offset: 0, note: "now free" });
    await other.close();
  }, 60_000);

  it("refuses a partition that the group has given to another, while the reader still lets go of it", async () => {
    const topic = await topicWith(2);
    const group = randomUUID();
    const other = await openKafkaLog({ brokers: broker.brokers });
    const reading = { topic, group, from: () => Promise.resolve(0), onBatch: () => Promise.resolve() };
    let given: (partitions: readonly number[]) => void = () => undefined;
    const isGiven = new Promise<readonly number[]>((resolve) => (given = resolve));
    let committedLate: (said: unknown) => void = () => undefined;
    const isCommittedLate = new Promise<unknown>((resolve) => (committedLate = resolve));
    const commitLate = async (): Promise<void> => {
      const [partition = -1] = await isGiven;
      await other.commit(group, topic, partition, { offset: 0, note: "the new owner's" });
      const late = log.commit(group, topic, partition, { offset: 0, note: "the old owner's" });
      committedLate(await late.then(() => "confirmed").catch((error: unknown) => error));
    };
    const first = await log.subscribe({
      ...reading,
      onRevoked: async ([, both]) => (both === 1 ? commitLate() : undefined),
    });
    const second = await other.subscribe({
      ...reading,
      onAssigned: (partitions) => {
        given(partitions);
        return Promise.resolve();
      },
    });
    try {
      expect(await isCommittedLate).toMatchObject({ code: "partition_revoked" });
      const [partition = -1] = await isGiven;
      expect(await log.committed(group, topic, partition)).toEqual({ offset: 0, note: "the new owner's" });
    } finally {
      await Promise.all([first.stop(), second.stop()]);
      await other.close();
    }
  }, 60_000);
});

describe("sayKafkaFailure", () => {
  it("looks through causes and gathered errors, and keeps what it does not know as unavailable", () => {
    const typed = (type: string): Error => Object.assign(new Error(type), { type });
    const caused = new Error("gave up", { cause: typed("MESSAGE_TOO_LARGE") });
    expect(sayKafkaFailure("appending", caused)).toMatchObject({
      code: "record_too_large",
      hint: "terminal",
      message: "appending: gave up",
    });
    const gathered = Object.assign(new Error("some failed"), {
      errors: [typed("X"), typed("UNKNOWN_TOPIC_OR_PARTITION")],
    });
    expect(sayKafkaFailure("asking", gathered).code).toBe("unknown_topic");
    expect(sayKafkaFailure("asking", new Error("reset"))).toMatchObject({ code: "log_unavailable", hint: "retry" });
    expect(sayKafkaFailure("asking", "a string")).toMatchObject({ message: "asking: a string" });
  });
});
