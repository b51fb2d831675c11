import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Kafka, logLevel, type Producer } from "kafkajs";
import { clusterState } from "./broker-questions.js";
import { startCluster, type TestCluster } from "./start-cluster.js";

const STARTS_WITHIN_MS = 600_000;
const TEST_WITHIN_MS = 120_000;

let cluster: TestCluster;
let kafka: Kafka;

beforeAll(async () => {
  cluster = await startCluster({ brokers: 3 });
  kafka = new Kafka({
    brokers: cluster.brokers,
    logLevel: logLevel.NOTHING,
    requestTimeout: 2_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 60 },
  });
}, STARTS_WITHIN_MS);

afterAll(async () => {
  await cluster.stop();
}, TEST_WITHIN_MS);

async function replicatedTopic(): Promise<string> {
  const topic = `cluster.${randomUUID()}`;
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: "min.insync.replicas", value: "2" }];
  await admin.createTopics({
    topics: [{ topic, numPartitions: 1, replicationFactor: 3, configEntries }],
    waitForLeaders: true,
  });
  await admin.disconnect();
  await cluster.inSync(topic);
  return topic;
}

/** Writes records one after another until it is told to stop, and gives how many were taken. */
function keepWriting(producer: Producer, topic: string) {
  let taken = 0;
  const over = new AbortController();
  const heard: { readonly count: number; readonly resolve: () => void }[] = [];
  const written = (async () => {
    while (!over.signal.aborted) {
      await producer.send({ topic, acks: -1, messages: [{ value: String(taken) }] });
      taken += 1;
      for (const { count, resolve } of heard) if (taken >= count) resolve();
    }
  })();
  return {
    more: async (count: number): Promise<void> => {
      const enough = new Promise<void>((resolve) => heard.push({ count: taken + count, resolve }));
      await Promise.race([enough, written]);
    },
    end: async (): Promise<number> => {
      over.abort();
      await written;
      return taken;
    },
  };
}

async function values(topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: randomUUID() });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const read: string[] = [];
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: ({ message }) => {
        read.push(String(message.value));
        if (new Set(read).size === count) resolve();
        return Promise.resolve();
      },
    });
  });
  await consumer.disconnect();
  return read;
}

describe("startCluster", () => {
  it("gives nodes that answer, and know one another", async () => {
    const states = await Promise.all(cluster.brokers.map((address) => clusterState(address)));
    for (const { brokers } of states) expect([...brokers].sort()).toEqual([1, 2, 3]);
    expect(cluster.nodes.map(({ id, address }) => [id, address])).toEqual([
      [1, cluster.brokers[0]],
      [2, cluster.brokers[1]],
      [3, cluster.brokers[2]],
    ]);
  });

  it(
    "takes records while a leader is killed, and has all replicas in sync after it is back",
    async () => {
      const topic = await replicatedTopic();
      const leader = await cluster.leaderOf(topic, 0);
      const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
      await producer.connect();
      const writing = keepWriting(producer, topic);
      await writing.more(10);
      await leader.kill();
      const next = await cluster.leaderOf(topic, 0);
      expect(next.id).not.toBe(leader.id);
      await writing.more(10);
      await leader.restart();
      await cluster.inSync(topic);
      await writing.more(10);
      const taken = await writing.end();
      await producer.disconnect();
      expect(await values(topic, taken)).toEqual(Array.from({ length: taken }, (_, index) => String(index)));
    },
    TEST_WITHIN_MS,
  );

  it(
    "lets a group's coordinator hang, which another takes over from, until it goes on",
    async () => {
      const group = randomUUID();
      const coordinator = await cluster.coordinatorOf(group);
      await coordinator.pause();
      await expect(clusterState(coordinator.address)).rejects.toThrow(
        `broker ${coordinator.address}: no answer within`,
      );
      expect((await cluster.coordinatorOf(group)).id).not.toBe(coordinator.id);
      await coordinator.resume();
      await cluster.inSync("__consumer_offsets");
      expect((await clusterState(coordinator.address)).brokers).toHaveLength(3);
    },
    TEST_WITHIN_MS,
  );

  it(
    "ends all nodes, whatever was done to them, and removes what they stored",
    async () => {
      const [killed, paused] = cluster.nodes;
      await Promise.all([killed!.kill(), paused!.pause()]);
      await Promise.all([cluster.stop(), cluster.stop()]);
      for (const address of cluster.brokers) await expect(clusterState(address)).rejects.toThrow("ECONNREFUSED");
    },
    TEST_WITHIN_MS,
  );
});

describe("startCluster, where Java is missing", () => {
  it("says what a cluster with faults needs, also when a broker is named", async () => {
    await expect(startCluster({ brokers: 3 }, { PATH: "/nowhere", KAFKA_BROKERS: "a:9092" })).rejects.toThrow(
      /^A cluster with faults needs Java 17 or later and Maven \(java was not found\)/,
    );
  });
});
