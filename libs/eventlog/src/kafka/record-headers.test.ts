import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import type { Millis } from "@leastwise/vocabulary";
import { Kafka, logLevel } from "kafkajs";
import { openPlatformaticLog } from "../platformatic/platformatic-log.js";
import type { EventLog, NewRecord } from "../port.js";
import { openKafkaLog } from "./kafka-log.js";
import type { RecordHeaders } from "./record-headers.js";

const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
}, 120_000);
afterAll(async () => {
  await broker.stop();
});

/** A key's own, none for `bare`. */
const headersOf: RecordHeaders = ({ key, traceparent }) =>
  key === "bare"
    ? undefined
    : { ce_subject: `of ${key ?? "nobody"}, ü`, ...(traceparent === undefined ? {} : { traceparent }) };

/** What somebody else's consumer is given, as it comes. */
async function consumed(topic: string, count: number): Promise<readonly (readonly [string, Record<string, string>])[]> {
  const consumer = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).consumer({
    groupId: randomUUID(),
  });
  const found: (readonly [string, Record<string, string>])[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: ({ message: { key, headers = {} } }) => {
        const texts = Object.entries(headers).map(([name, value]) => [name, String(value)]);
        found.push([String(key), Object.fromEntries(texts) as Record<string, string>]);
        if (found.length === count) resolve();
        return Promise.resolve();
      },
    });
  });
  await consumer.disconnect();
  return found;
}

/** What the log's own two kinds of readers are given, of so many records. */
async function readHere(log: EventLog, topic: string, count: number): Promise<readonly string[]> {
  const found: string[] = [];
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const take = (text: string): void => {
    found.push(text);
    if (found.length === 2 * count) finish();
  };
  const from = (): Promise<number> => Promise.resolve(0);
  const reader = await log.subscribe({
    ...{ topic, from },
    onBatch: ({ records }) => {
      for (const { key, value } of records) take(`${key} ${Buffer.from(value).toString()}`);
      return Promise.resolve();
    },
  });
  const scanner = await log.scan({
    ...{ topic, from },
    onSpans: (spans) => {
      for (let at = 0; at < spans.count; at += 1)
        take(spans.bytes.toString("utf8", spans.valueFrom[at], spans.valueTo[at]));
    },
    onPoisoned: () => undefined,
  });
  await done;
  await Promise.all([reader.stop(), scanner.stop()]);
  return found.sort();
}

describe.each([
  ["kafkajs", openKafkaLog],
  ["platformatic", openPlatformaticLog],
])("headers that are appended through %s", (_, open) => {
  let log: EventLog;
  beforeAll(async () => {
    log = await open({ brokers: broker.brokers, headersOf });
  });
  afterAll(async () => {
    await log.close();
  });

  const record = (topic: string, key: string, traceparent?: string): NewRecord => {
    const plain = {
      topic,
      partition: 0,
      key,
      value: Buffer.from(`value of ${key}`),
      timestampMs: 1_780_000_000_000 as Millis,
    };
    return traceparent === undefined ? plain : { ...plain, traceparent };
  };

  it("are there for others, also from a relay, and in nobody's way here", async () => {
    const topic = `headers.${randomUUID()}`;
    await log.ensureTopics([{ name: topic, partitions: 1, compacted: false }]);
    await log.append([record(topic, "ada", TRACE), record(topic, "bare")]);
    const relay = await log.relay({ group: `relay.${topic}`, topic, partition: 0 });
    await relay.append([record(topic, "bob")], 1);
    await relay.close();
    expect(await consumed(topic, 3)).toEqual([
      ["ada", { ce_subject: "of ada, ü", traceparent: TRACE }],
      ["bare", {}],
      ["bob", { ce_subject: "of bob, ü" }],
    ]);
    const keys = ["ada", "bare", "bob"];
    expect(await readHere(log, topic, 3)).toEqual(
      [...keys.map((key) => `${key} value of ${key}`), ...keys.map((key) => `value of ${key}`)].sort(),
    );
  }, 60_000);
});
