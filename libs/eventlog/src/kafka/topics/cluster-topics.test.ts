import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import { DAY_MS } from "@leastwise/vocabulary";
import kafkajs, { type Admin } from "kafkajs";
import { kafkaClient } from "../client.js";
import { openClusterTopics, type ClusterTopics } from "./cluster-topics.js";
import type { TopicSettings } from "./topic-settings.js";

let broker: TestBroker;
let topics: ClusterTopics;
let admin: Admin;
beforeAll(async () => {
  broker = await startBroker();
  topics = await openClusterTopics({ brokers: broker.brokers });
  admin = kafkaClient({ brokers: broker.brokers }).admin();
  await admin.connect();
}, 120_000);
afterAll(async () => {
  await admin.disconnect();
  await topics.close();
  await broker.stop();
});

function wanted(fields: Partial<TopicSettings> = {}): TopicSettings {
  return {
    name: `topics.${randomUUID()}`,
    partitions: 3,
    replicas: 1,
    isCompacted: false,
    retentionMs: 35 * DAY_MS,
    inSyncReplicasMin: 1,
    batchBytesMax: 8_388_608,
    timestamps: "CreateTime",
    ...fields,
  };
}

describe("topics of a real cluster", () => {
  it("are made as planned, and then are as they should be", async () => {
    const all = [wanted(), wanted({ partitions: 1, isCompacted: true, retentionMs: undefined })];
    const plan = await topics.plan(all);
    expect(plan.map(({ kind }) => kind)).toEqual(["create", "create"]);
    await topics.apply(plan);
    expect((await topics.plan(all)).map(({ kind }) => kind)).toEqual(["keep", "keep"]);
  });

  it("get what is to be set, keep what somebody else set, and are not touched where the plan refuses", async () => {
    const made = wanted({ retentionMs: 7 * DAY_MS, timestamps: "LogAppendTime" });
    await topics.apply(await topics.plan([made]));
    const configEntries = [{ name: "segment.bytes", value: "16777216" }];
    const before = await settings(made.name);
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        { type: kafkajs.ConfigResourceTypes.TOPIC, name: made.name, configEntries: [...before, ...configEntries] },
      ],
    });
    const asked = { ...made, partitions: 6, retentionMs: 35 * DAY_MS, timestamps: "CreateTime" as const };
    const plan = await topics.plan([asked]);
    expect(plan[0]).toMatchObject({
      kind: "change",
      changes: [
        { setting: "partitions", action: "refuse" },
        { setting: "retention.ms", is: "7 days", wanted: "35 days", action: "set" },
        { setting: "message.timestamp.type", action: "set" },
      ],
    });
    await topics.apply(plan);
    expect((await topics.plan([asked]))[0]).toMatchObject({ changes: [{ setting: "partitions" }] });
    expect(await settings(made.name)).toContainEqual({ name: "segment.bytes", value: "16777216" });
  });

  it("cannot be looked at when no broker answers, and the failure names the address", async () => {
    const opening = openClusterTopics({ brokers: ["127.0.0.1:1"] });
    await expect(opening).rejects.toMatchObject({
      code: "log_unavailable",
      message: expect.stringContaining("127.0.0.1:1"),
    });
  });
});

/** What is set on the topic itself. */
async function settings(name: string): Promise<{ name: string; value: string }[]> {
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name };
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
  const own = resources[0]!.configEntries.filter(({ isDefault }) => !isDefault);
  return own.map(({ configName, configValue }) => ({ name: configName, value: configValue }));
}
