import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startCluster, type ClusterNode, type TestCluster } from "@leastwise/testkit";
import type { Millis } from "@leastwise/vocabulary";
import { LogError, type EventLog } from "../port.js";
import { openKafkaLog } from "./kafka-log.js";

let cluster: TestCluster;
let log: EventLog | undefined;
let paused: ClusterNode | undefined;

beforeAll(async () => {
  cluster = await startCluster({ brokers: 3 });
}, 600_000);

afterAll(async () => {
  await paused?.resume();
  await log?.close();
  await (cluster as TestCluster | undefined)?.stop();
}, 60_000);

/** As whoever needs it does: again while that may help. */
async function insisting<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof LogError) || error.hint !== "retry") throw error;
    }
  }
}

async function makeTopic(name: string): Promise<void> {
  const maker = await openKafkaLog({ brokers: cluster.brokers, replicationFactor: 3 });
  await maker.ensureTopics([{ name, partitions: 1, compacted: false }]);
  await maker.close();
  await cluster.inSync(name);
}

describe("a broker that stands still, and that the process was connected to alone", () => {
  it("is given up: its successor is asked where a topic ends, written to and read from", async () => {
    const topic = `hung.${randomUUID()}`;
    await makeTopic(topic);
    const leader = await cluster.leaderOf(topic, 0);
    const opened = await openKafkaLog({ brokers: [leader.address] });
    log = opened;
    const say = (value: string) =>
      opened.append([{ topic, partition: 0, value: Buffer.from(value), timestampMs: 1_780_000_000_000 as Millis }]);
    const heard = new Map<string, () => void>();
    const hears = (value: string) => new Promise<void>((resolve) => heard.set(value, resolve));
    const [before, after] = [hears("before"), hears("after")];
    const reading = await opened.subscribe({
      topic,
      from: () => Promise.resolve(0),
      onBatch: ({ records }) => {
        for (const { value } of records) heard.get(Buffer.from(value).toString())?.();
        return Promise.resolve();
      },
    });
    await say("before");
    await before;
    expect(await opened.ends(topic)).toEqual(new Map([[0, 1]]));
    paused = leader;
    await leader.pause();
    expect((await insisting(() => opened.ends(topic))).get(0)).toBeGreaterThanOrEqual(1);
    await insisting(() => say("after"));
    await after;
    await leader.resume();
    paused = undefined;
    await reading.stop();
  }, 180_000);
});
