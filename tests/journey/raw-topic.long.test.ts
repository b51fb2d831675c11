import { decodeClickstreamRecord, TOPICS } from "@leastwise/contracts";
import { openKafkaLog, type EventLog } from "@leastwise/eventlog";
import { follow } from "@leastwise/references";
import { kafkaJars, startBroker, type TestBroker } from "@leastwise/testkit";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import path from "node:path";
import { newFolder, startProgram, type Program } from "./program.js";

// What the shop's own systems write to Kafka, with the Java client's console producer, while the collector that takes it in is killed.

const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
/** With each codec. */
const EVENTS = 1_200;
const KILLED_AT = EVENTS * 1.5;

const data = newFolder();
let broker: TestBroker;
let log: EventLog;

beforeAll(async () => {
  broker = await startBroker();
  log = await openKafkaLog({ brokers: broker.brokers });
}, 180_000);

afterAll(async () => {
  await (log as EventLog | undefined)?.close();
  await (broker as TestBroker | undefined)?.stop();
}, 60_000);

function startCollector(): Promise<Program> {
  return startProgram({
    args: ["collector"],
    env: {
      LEASTWISE_LOG__ADAPTER: "kafka",
      LEASTWISE_LOG__BROKERS: broker.brokers.join(","),
      LEASTWISE_SUBJECTS__KEY: "5e".repeat(32),
      LEASTWISE_COLLECTOR__FOLLOW_RAW: "true",
      LEASTWISE_DATA_DIRECTORY: path.join(data, "collector"),
    },
  });
}

/** Writes lines as a shell would: `kafka-console-producer.sh --topic clickstream.raw --compression-codec <codec> < lines`. */
async function produceByConsole(lines: readonly string[], codec: string): Promise<void> {
  const main = "org.apache.kafka.tools.ConsoleProducer";
  const args = [
    "--bootstrap-server",
    broker.brokers.join(","),
    "--topic",
    TOPICS.clickstreamRaw,
    "--compression-codec",
    codec,
  ];
  const java = spawn("java", ["-cp", `${await kafkaJars()}/*`, main, ...args], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  java.stdin.end(`${lines.join("\n")}\n`);
  const code = await new Promise((resolve) => java.on("exit", resolve));
  expect(code).toBe(0);
}

/** The events that are on clickstream, as they come. */
async function followEvents() {
  const seen: string[] = [];
  const unreadable: string[] = [];
  let look: () => void = () => undefined;
  const following = await follow(log, TOPICS.clickstream, ({ value }) => {
    const body = decodeClickstreamRecord(value);
    if (body.ok && body.value.$case === "event") seen.push(body.value.value.event?.eventId ?? "");
    else unreadable.push(body.ok ? body.value.$case : body.error.reason);
    look();
  });
  const untilSeen = (count: number) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (seen.length >= count) resolve();
      };
      look();
    });
  return { seen, unreadable, untilSeen, stop: () => following.stop() };
}

/** The ids of the events that were written. */
async function produceWithEachCodec(): Promise<string[]> {
  const written: string[] = [];
  for (const codec of CODECS) {
    const ids = Array.from({ length: EVENTS }, (_, n) => `${codec}${n}`);
    const lines = ids.map((id, n) =>
      JSON.stringify({
        event_id: id,
        kind: "page_view",
        occurred_at_ms: Date.now(),
        anonymous_id: `browser-${n % 97}`,
      }),
    );
    await produceByConsole(lines, codec);
    written.push(...ids);
  }
  return written;
}

describe("events that the console producer wrote to clickstream.raw", () => {
  it("are on clickstream once each, whatever packed them, though the collector is killed meanwhile", async () => {
    let collector = await startCollector();
    const { seen, unreadable, untilSeen, stop } = await followEvents();
    const produced = produceWithEachCodec();
    await untilSeen(KILLED_AT);
    await collector.kill();
    collector = await startCollector();
    const expected = await produced;
    await untilSeen(expected.length);
    // All that was read is on the log by now, and nothing is under way: what came twice would be here.
    await collector.stop();
    const last = await log.relay({ group: "leastwise-raw", topic: TOPICS.clickstreamRaw, partition: 0 });
    await last.close();
    await stop();
    expect(unreadable).toEqual([]);
    expect(seen.sort()).toEqual(expected.sort());
  }, 240_000);
});
