import { startCluster, type TestCluster } from "@leastwise/testkit";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Kafka, logLevel } from "kafkajs";
import { LOG_TOPIC } from "../incarnation.js";
import type { EventLog } from "../port.js";
import { readRange } from "./growth/range-reading.js";
import { openKafkaLog } from "./kafka-log.js";
import { makeTopics } from "./topics/topic-admin.js";
import { topicSettings } from "./topics/topic-settings.js";

const STARTS_WITHIN_MS = 600_000;
const TEST_WITHIN_MS = 60_000;

/** Where the log was begun, and where it was copied to. */
let home: TestCluster;
let away: TestCluster;

beforeAll(async () => {
  [home, away] = await Promise.all([startCluster({ brokers: 1 }), startCluster({ brokers: 1 })]);
}, STARTS_WITHIN_MS);

afterAll(async () => {
  for (const cluster of [home, away] as (TestCluster | undefined)[]) await cluster?.stop();
}, 60_000);

/** As a mirror does it: what the records say goes along. */
async function copyLogTopic(from: EventLog): Promise<void> {
  const copied: { key: string; value: Buffer }[] = [];
  await readRange(from, { topic: LOG_TOPIC.name, partition: 0, from: 0, to: 1 }, (records) => {
    for (const { key = "", value } of records) copied.push({ key, value: Buffer.from(value) });
  });
  const kafka = new Kafka({ brokers: away.brokers, logLevel: logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  await makeTopics(admin, [topicSettings(LOG_TOPIC, 1)]);
  await producer.send({ topic: LOG_TOPIC.name, messages: copied });
  await Promise.all([admin.disconnect(), producer.disconnect()]);
}

async function clusterIdOf({ brokers }: TestCluster): Promise<string> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const { clusterId } = await admin.describeCluster();
  await admin.disconnect();
  return clusterId;
}

describe("a cluster that is empty, and not the one that is expected", () => {
  it(
    "is refused before anything is made in it",
    async () => {
      const begunIn = await clusterIdOf(home);
      const opening = openKafkaLog({ brokers: away.brokers, clusterId: begunIn, incarnation: "0".repeat(32) });
      await expect(opening).rejects.toMatchObject({ code: "incarnation_mismatch", hint: "terminal" });
      const admin = new Kafka({ brokers: away.brokers, logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      expect(await admin.listTopics()).toEqual([]);
      await admin.disconnect();
    },
    TEST_WITHIN_MS,
  );
});

describe("a log that was copied to another cluster", () => {
  it(
    "is refused there, until it is said that the log is at home there now, and opens at home as before",
    async () => {
      const [begunIn, found] = [await clusterIdOf(home), await clusterIdOf(away)];
      const first = await openKafkaLog({ brokers: home.brokers });
      await copyLogTopic(first);
      await first.close();

      const refused = openKafkaLog({ brokers: away.brokers, incarnation: first.incarnation });
      await expect(refused).rejects.toMatchObject({ code: "incarnation_mismatch", hint: "terminal" });
      const words = await refused.catch(String);
      for (const word of [begunIn, found, "log.brokers", "log.cluster_id"]) expect(words).toContain(word);

      const moved = await openKafkaLog({ brokers: away.brokers, clusterId: found });
      expect(moved.incarnation).toBe(first.incarnation);
      await moved.close();
      await expect(openKafkaLog({ brokers: home.brokers, clusterId: found })).rejects.toMatchObject({
        code: "incarnation_mismatch",
      });
      await (await openKafkaLog({ brokers: home.brokers })).close();
    },
    TEST_WITHIN_MS,
  );
});
