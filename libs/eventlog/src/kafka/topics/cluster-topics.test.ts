import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import { DAY_MS } from "@leastwise/vocabulary";
import kafkajs, { type Admin } from "kafkajs";
import { kafkaClient } from "../client.js";
import { ClusterTopics, openClusterTopics } from "./cluster-topics.js";
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
    isExpiring: true,
    retentionMs: 35 * DAY_MS,
    retentionBytes: undefined,
    takenBackKeptMs: 0,
    inSyncReplicasMin: 1,
    batchBytesMax: 8_388_608,
    timestamps: "CreateTime",
    isElectedUncleanly: false,
    ...fields,
  };
}

const COMPACTED = { isCompacted: true, isExpiring: false, retentionMs: undefined, takenBackKeptMs: DAY_MS };

describe("what was applied", () => {
  /** A broker that is asked and hears of a change only after some looks. */
  async function slowToHear(
    looks: number,
  ): Promise<{ slow: ClusterTopics; asked: () => number; before: TopicSettings }> {
    const before = wanted({ retentionMs: 7 * DAY_MS });
    await topics.apply(await topics.plan([before]));
    const name = before.name;
    const ask = { includeSynonyms: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name }] };
    const stale = await admin.describeConfigs(ask);
    let asked = 0;
    const describeConfigs: Admin["describeConfigs"] = (options) =>
      (asked += 1) <= looks ? Promise.resolve(stale) : admin.describeConfigs(options);
    return { slow: new ClusterTopics({ ...admin, describeConfigs }), asked: () => asked, before };
  }

  it("is waited for until the brokers show it", async () => {
    const { slow, asked, before } = await slowToHear(3);
    const asks = [{ ...before, retentionMs: 35 * DAY_MS }];
    await topics.apply(await topics.plan(asks));
    expect((await slow.planAfter(asks)).map(({ kind }) => kind)).toEqual(["keep"]);
    expect(asked()).toBe(4);
  });

  it("is not waited for for ever, nor is what applying does not touch", async () => {
    const { slow, before } = await slowToHear(Number.POSITIVE_INFINITY);
    const asks = [{ ...before, retentionMs: 35 * DAY_MS }];
    await topics.apply(await topics.plan(asks));
    expect(await slow.planAfter(asks, 250)).toMatchObject([{ changes: [{ setting: "retention.ms", action: "set" }] }]);
    const refused = [{ ...before, partitions: 8 }];
    expect(await slow.planAfter(refused, Number.POSITIVE_INFINITY)).toMatchObject([
      { changes: [{ action: "refuse" }] },
    ]);
  });

  it("can be no more replicas than there are brokers", async () => {
    expect(await topics.brokers()).toBe(1);
  });
});

describe("topics of a real cluster", () => {
  it("are made as planned, and then are as they should be", async () => {
    const all = [wanted(), wanted({ partitions: 1, ...COMPACTED })];
    const plan = await topics.plan(all);
    expect(plan.map(({ kind }) => kind)).toEqual(["create", "create"]);
    await topics.apply(plan);
    expect((await topics.plan(all)).map(({ kind }) => kind)).toEqual(["keep", "keep"]);
  });

  it("get what is to be set, keep what somebody else set, and are not touched where the plan refuses", async () => {
    const made = wanted({ retentionMs: 7 * DAY_MS, timestamps: "LogAppendTime" });
    await topics.apply(await topics.plan([made]));
    await set(made.name, { "segment.bytes": "16777216" });
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

  it("lose by what somebody set nothing more, once it is applied", async () => {
    const events = wanted();
    const links = wanted({ partitions: 1, ...COMPACTED });
    await topics.apply(await topics.plan([events, links]));
    await set(events.name, { "retention.bytes": "1000000", "unclean.leader.election.enable": "true" });
    await set(links.name, { "cleanup.policy": "compact,delete", "delete.retention.ms": "1000" });
    const plan = await topics.plan([events, links]);
    expect(plan).toMatchObject([
      {
        changes: [
          { setting: "retention.bytes", is: "1000000 bytes", wanted: "without limit", action: "set" },
          { setting: "unclean.leader.election.enable", is: "true", wanted: "false", action: "set" },
        ],
      },
      {
        changes: [
          { setting: "cleanup.policy", is: "compact,delete", wanted: "compact", action: "set" },
          { setting: "delete.retention.ms", is: "1000 ms", wanted: "86400000 ms", action: "set" },
        ],
      },
    ]);
    await topics.apply(plan);
    expect((await topics.plan([events, links])).map(({ kind }) => kind)).toEqual(["keep", "keep"]);
    expect(await settings(links.name)).toContainEqual({ name: "cleanup.policy", value: "compact" });
  });

  it("that were compacted though they should not be are refused, and not touched", async () => {
    const events = wanted();
    await topics.apply(await topics.plan([events]));
    await set(events.name, { "cleanup.policy": "compact,delete" });
    const plan = await topics.plan([events]);
    expect(plan).toMatchObject([{ changes: [{ setting: "cleanup.policy", is: "compact,delete", action: "refuse" }] }]);
    await topics.apply(plan);
    expect(await settings(events.name)).toContainEqual({ name: "cleanup.policy", value: "compact,delete" });
  });

  it("cannot be looked at when no broker answers, and the failure names the address", async () => {
    const opening = openClusterTopics({ brokers: ["127.0.0.1:1"] });
    await expect(opening).rejects.toMatchObject({
      code: "log_unavailable",
      message: expect.stringContaining("127.0.0.1:1"),
    });
  });
});

/** Sets some settings as somebody else might; the others stay. */
async function set(name: string, values: Readonly<Record<string, string>>): Promise<void> {
  const kept = (await settings(name)).filter((entry) => values[entry.name] === undefined);
  const configEntries = [...kept, ...Object.entries(values).map(([entry, value]) => ({ name: entry, value }))];
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries };
  await admin.alterConfigs({ validateOnly: false, resources: [resource] });
}

/** What is set on the topic itself. */
async function settings(name: string): Promise<{ name: string; value: string }[]> {
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name };
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
  const own = resources[0]!.configEntries.filter(({ isDefault }) => !isDefault);
  return own.map(({ configName, configValue }) => ({ name: configName, value: configValue }));
}
