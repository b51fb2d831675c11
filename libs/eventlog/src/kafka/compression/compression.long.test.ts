import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { kafkaJars, startBroker, type TestBroker } from "@leastwise/testkit";
import kafkajs from "kafkajs";
import { spawn } from "node:child_process";
import type { EventLog, RunningSubscription } from "../../port.js";
import { openKafkaLog } from "../kafka-log.js";

// What Java's client packs, as brokers keep it, on both roads: records by subscription, and places by scan.

const RECORDS = 2_000;
/** By their numbers in kafkajs. */
const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;

let broker: TestBroker;
let log: EventLog;

beforeAll(async () => {
  broker = await startBroker();
  log = await openKafkaLog({ brokers: broker.brokers });
  await log.ensureTopics(CODECS.map((codec) => ({ name: `packed.${codec}`, partitions: 1, compacted: false })));
}, 180_000);

afterAll(async () => {
  await (log as EventLog | undefined)?.close();
  await (broker as TestBroker | undefined)?.stop();
}, 60_000);

/** Writes lines as `kafka-console-producer.sh --compression-codec <codec>` does. */
async function produce(topic: string, codec: string, lines: readonly string[]): Promise<void> {
  const args = ["--bootstrap-server", broker.brokers.join(","), "--topic", topic, "--compression-codec", codec];
  const main = "org.apache.kafka.tools.ConsoleProducer";
  const java = spawn("java", ["-cp", `${await kafkaJars()}/*`, main, ...args], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  java.stdin.end(`${lines.join("\n")}\n`);
  expect(await new Promise((resolve) => java.on("exit", resolve))).toBe(0);
}

/** What a reader gives until it has been so many, and what comes with the last. */
async function read(
  count: number,
  start: (take: (value: string) => void) => Promise<RunningSubscription>,
): Promise<readonly string[]> {
  const values: string[] = [];
  let isThere: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (isThere = resolve));
  const reading = await start((value) => {
    values.push(value);
    if (values.length >= count) isThere();
  });
  await Promise.race([all, reading.finished]);
  await reading.stop();
  return values;
}

function subscribed(topic: string): Promise<readonly string[]> {
  return read(RECORDS, (take) =>
    log.subscribe({
      topic,
      from: () => Promise.resolve(0),
      onBatch: ({ records }) => {
        for (const { value } of records) take(Buffer.from(value).toString());
        return Promise.resolve();
      },
    }),
  );
}

function scanned(topic: string): Promise<readonly string[]> {
  return read(RECORDS, (take) =>
    log.scan({
      topic,
      from: () => Promise.resolve(0),
      onSpans: ({ count, bytes, valueFrom, valueTo }) => {
        for (let at = 0; at < count; at += 1) take(bytes.toString("utf8", valueFrom[at], valueTo[at]));
      },
      onPoisoned: ({ reason }) => {
        throw new Error(reason);
      },
    }),
  );
}

describe("what the console producer packed", () => {
  it.each(CODECS)(
    "with %s is read once each, by subscription and by scan",
    async (codec) => {
      const topic = `packed.${codec}`;
      const lines = Array.from({ length: RECORDS }, (_, n) => `{"event_id":"e${n}","kind":"page_view","n":${n * n}}`);
      await produce(topic, codec, lines);
      const unpacked = countUnpacked(CODECS.indexOf(codec));
      expect(await subscribed(topic)).toEqual(lines);
      expect(await scanned(topic)).toEqual(lines);
      if (codec !== "none") expect(unpacked()).toBeGreaterThan(0);
    },
    120_000,
  );
});

/** Counts the batches that kafkajs unpacks by a codec: they were packed, then. */
function countUnpacked(type: number): () => number {
  const codecs = kafkajs.CompressionCodecs as Record<number, () => { decompress(packed: Buffer): Promise<Buffer> }>;
  const own = codecs[type];
  let count = 0;
  if (own !== undefined) {
    codecs[type] = () => {
      count += 1;
      return own();
    };
  }
  return () => count;
}
