import { describe, expect, it } from "@jest/globals";
import { TopicCatalogue } from "./topic-catalogue.js";
import { ClusterTopics } from "./topics/cluster-topics.js";
import { makeTopics, type TopicAdmin } from "./topics/topic-admin.js";
import { AS_THE_BROKERS_ARE, topicSettings } from "./topics/topic-settings.js";

const SPEC = { name: "dead_letters", partitions: 1, compacted: false };
const DAY = 86_400_000;

interface Brokers {
  /** From which time of asking on it is in the list. */
  readonly listedFrom?: number;
  /** How many times a broker that is asked for the topic has not heard of it. */
  readonly unknownTimes?: number;
  /** How many times its partition has no leader yet. */
  readonly leaderlessTimes?: number;
  /** Whether it is made by another process at this moment. */
  readonly isAnothers?: boolean;
  readonly config?: Readonly<Record<string, string>>;
  /** How many times a broker that is to alter the topic has not heard of it. */
  readonly unalterableTimes?: number;
  /** Which of these are what the brokers are set to, not set on the topic. */
  readonly brokersOwn?: readonly string[];
}

/** Brokers that hear of the topic at their own time, and what was made there. */
function brokers({
  listedFrom = 1,
  unknownTimes = 0,
  leaderlessTimes = 0,
  isAnothers = false,
  config,
  unalterableTimes = 0,
  brokersOwn = [],
}: Brokers): {
  admin: TopicAdmin;
  made: unknown[];
  altered: unknown[];
} {
  let lists = 0;
  let asks = 0;
  let alters = 0;
  const made: unknown[] = [];
  const altered: unknown[] = [];
  const failure = (type: string): Error => Object.assign(new Error(type), { type });
  const set = { "cleanup.policy": "delete", "retention.ms": "-1", "max.message.bytes": "8388608", ...config };
  const configEntries = Object.entries(set).map(([configName, configValue]) => ({
    ...{ configName, configValue, isDefault: false, isSensitive: false, readOnly: false },
    ...{ configSource: brokersOwn.includes(configName) ? 4 : 1, configSynonyms: [] },
  }));
  const admin: TopicAdmin = {
    listTopics: () => Promise.resolve(++lists >= listedFrom ? [SPEC.name] : []),
    createTopics: ({ topics }) => {
      made.push(...topics);
      return isAnothers ? Promise.reject(failure("TOPIC_ALREADY_EXISTS")) : Promise.resolve(true);
    },
    fetchTopicMetadata: () => {
      asks += 1;
      if (asks <= unknownTimes) return Promise.reject(failure("UNKNOWN_TOPIC_OR_PARTITION"));
      const leader = asks <= unknownTimes + leaderlessTimes ? -1 : 1;
      const partition = { partitionErrorCode: 0, partitionId: 0, leader, replicas: [1], isr: [1] };
      return Promise.resolve({ topics: [{ name: SPEC.name, partitions: [partition] }] });
    },
    describeConfigs: () =>
      Promise.resolve({
        resources: [{ errorCode: 0, errorMessage: "", resourceType: 2, resourceName: SPEC.name, configEntries }],
        throttleTime: 0,
      }),
    alterConfigs: ({ resources }) => {
      alters += 1;
      if (alters <= unalterableTimes) return Promise.reject(failure("UNKNOWN_TOPIC_OR_PARTITION"));
      altered.push(...resources);
      for (const { name, value } of resources[0]?.configEntries ?? [])
        for (const entry of configEntries) if (entry.configName === name) entry.configValue = value;
      return Promise.resolve();
    },
  };
  return { admin, made, altered };
}

describe("a topic that was just made", () => {
  it("is waited for by whoever came second, until the brokers list it", async () => {
    const catalogue = new TopicCatalogue(brokers({ listedFrom: 4, isAnothers: true }).admin, AS_THE_BROKERS_ARE);
    await catalogue.ensure([SPEC]);
    expect(await catalogue.get(SPEC.name)).toMatchObject({ partitions: 1, compacted: false });
  });

  it("is waited for while a broker has not heard of it, and until its partitions have leaders", async () => {
    const slow = brokers({ listedFrom: 2, unknownTimes: 2, leaderlessTimes: 1 });
    const catalogue = new TopicCatalogue(slow.admin, AS_THE_BROKERS_ARE);
    await catalogue.ensure([SPEC]);
    expect(await catalogue.get(SPEC.name)).toMatchObject({ partitions: 1 });
    expect(slow.made).toHaveLength(1);
  });

  it("is not waited for longer than it may take, and the failure says what is not known", async () => {
    const { admin } = brokers({ listedFrom: Number.POSITIVE_INFINITY });
    await expect(makeTopics(admin, [topicSettings(SPEC, 1)], 250)).rejects.toMatchObject({
      code: "log_unavailable",
      hint: "retry",
      message: "not all brokers know topic dead_letters 250 ms after it was made",
    });
  });

  it("is not waited for by who only asks for it", async () => {
    const catalogue = new TopicCatalogue(brokers({ listedFrom: 4 }).admin, AS_THE_BROKERS_ARE);
    await expect(catalogue.get(SPEC.name)).rejects.toMatchObject({ code: "unknown_topic" });
  });

  it("has at a start what a plan would have given it", async () => {
    const fresh = brokers({ listedFrom: 2, config: { "min.insync.replicas": "1" } });
    await new TopicCatalogue(fresh.admin, 1).ensure([SPEC]);
    expect(fresh.made).toEqual([
      {
        topic: "dead_letters",
        numPartitions: 1,
        replicationFactor: 1,
        configEntries: [
          { name: "cleanup.policy", value: "delete" },
          { name: "retention.ms", value: "-1" },
          { name: "retention.bytes", value: "-1" },
          { name: "min.insync.replicas", value: "1" },
          { name: "max.message.bytes", value: "8388608" },
          { name: "message.timestamp.type", value: "CreateTime" },
        ],
      },
    ]);
  });
});

describe("a topic that was just made by brokers that elect uncleanly by themselves", () => {
  const election = "unclean.leader.election.enable";
  const unsafe = { listedFrom: 2, config: { [election]: "true" }, brokersOwn: [election] };
  const setNow = [
    {
      ...{ type: 2, name: SPEC.name },
      configEntries: [
        { name: "cleanup.policy", value: "delete" },
        { name: "retention.ms", value: "-1" },
        { name: "max.message.bytes", value: "8388608" },
        { name: election, value: "false" },
      ],
    },
  ];

  it("does not at a start, which sets it beside what is set already, as soon as brokers have heard of the topic", async () => {
    const fresh = brokers({ ...unsafe, unalterableTimes: 2 });
    await new TopicCatalogue(fresh.admin, AS_THE_BROKERS_ARE).ensure([SPEC]);
    expect(fresh.altered).toEqual(setNow);
  });

  it("does not either once a plan has been applied, after which nothing is left to be done", async () => {
    const fresh = brokers(unsafe);
    const describeCluster = () => Promise.reject(new Error("nobody asks who there is"));
    const topics = new ClusterTopics({ ...fresh.admin, describeCluster, disconnect: () => Promise.resolve() });
    const wanted = [topicSettings(SPEC, 1)];
    await topics.apply([{ kind: "create", topic: wanted[0]! }]);
    expect(fresh.altered).toEqual(setNow);
    expect(await topics.plan(wanted)).toMatchObject([{ kind: "keep" }]);
  });

  it("is left as it is where it was there before: an operator sees what a start would change", async () => {
    const old = brokers({ ...unsafe, listedFrom: 1 });
    const starting = new TopicCatalogue(old.admin, AS_THE_BROKERS_ARE).ensure([SPEC]);
    await expect(starting).rejects.toMatchObject({ code: "topic_mismatch" });
    expect(old.altered).toEqual([]);
  });
});

describe("a topic that is there", () => {
  const asked = { ...SPEC, retentionMs: 35 * DAY };
  const start = (config: Readonly<Record<string, string>>, replicas = 1): Promise<void> =>
    new TopicCatalogue(brokers({ config }).admin, replicas).ensure([asked]);

  it.each([
    ["kept longer", { "retention.ms": String(400 * DAY) }],
    ["kept without limit", {}],
    ["safer", { "min.insync.replicas": "2" }],
  ])("is accepted where it is %s than asked, as `topics check` does", async (_, config) => {
    await expect(start(config)).resolves.toBeUndefined();
  });

  it.each([
    ["kept shorter", { "retention.ms": String(DAY) }, 1, "retention.ms 1 days, expected 35 days"],
    ["of small batches", { "max.message.bytes": "1000" }, 1, "max.message.bytes 1000, expected 8388608"],
    ["of fewer copies", {}, 3, "replication.factor 1, expected 3, and min.insync.replicas 1, expected 2"],
  ])("is refused where it is %s, as `topics check` does", async (_, config, replicas, words) => {
    await expect(start(config, replicas)).rejects.toMatchObject({
      code: "topic_mismatch",
      message: `topic dead_letters has ${words}: 'leastwise topics plan' says what to do`,
    });
  });
});
