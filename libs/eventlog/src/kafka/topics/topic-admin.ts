import kafkajs, { type Admin, type ITopicConfig, type ITopicMetadata } from "kafkajs";
import { setTimeout as sleep } from "node:timers/promises";
import { LogError } from "../../port.js";
import { property } from "../../thrown.js";
import { kafkaDoing, sayKafkaFailure } from "../kafka-failure.js";
import type { SettingName } from "./topic-changes.js";
import { AS_THE_BROKERS_ARE, TAKEN_BACK_KEPT_MS, type TopicSettings } from "./topic-settings.js";

/** What is asked of the brokers to read topics and to make them. */
export type TopicAdmin = Pick<
  Admin,
  "listTopics" | "fetchTopicMetadata" | "describeConfigs" | "createTopics" | "alterConfigs"
>;

/** Kafka's number for no limit of age, or of size. */
const WITHOUT_LIMIT = "-1";

/** Not said of a topic that is made, but set after: some who run clusters for others refuse whoever says it, even where it is so. */
const UNCLEAN_ELECTION = "unclean.leader.election.enable";

/** Settings that are read. Those that applying sets are among them: altering a topic's configuration replaces all that was set on it. */
const READ: readonly SettingName[] = [
  "cleanup.policy",
  "retention.ms",
  "retention.bytes",
  "delete.retention.ms",
  "min.insync.replicas",
  "max.message.bytes",
  "message.timestamp.type",
  UNCLEAN_ELECTION,
];

/** How long a topic that was made may be missing here or there: it is another process's, or the news of it is on its way. */
export const KNOWN_WITHIN_MS = 30_000;
const KNOWN_AFTER_MS = 100;

/** The topics as they are; those that are missing are left out. Rejects with a LogError. */
export async function readTopics(
  admin: TopicAdmin,
  names: readonly string[],
): Promise<ReadonlyMap<string, TopicSettings>> {
  return kafkaDoing(`looking at ${sayTopics(names)}`, () => describe(admin, names));
}

/**
 * Makes the topics, unless another process does at this moment, and gives them as they are once every partition of each has a
 * leader. What is not said of a topic that is made is set after, where the brokers' own default is otherwise. Rejects with a
 * LogError: `log_unavailable` when they are not known by then, or those of the brokers.
 *
 * @param withinMs how long the brokers may take to hear of what was made
 */
export async function makeTopics(
  admin: TopicAdmin,
  topics: readonly TopicSettings[],
  withinMs = KNOWN_WITHIN_MS,
): Promise<ReadonlyMap<string, TopicSettings>> {
  const names = topics.map(({ name }) => name);
  await kafkaDoing(`making ${sayTopics(names)}`, async () => {
    try {
      // Not the client's own waiting for leaders: it takes a broker that has not heard of the topic yet for a failure.
      await admin.createTopics({ topics: topics.map(topicConfig), waitForLeaders: false });
    } catch (error) {
      if (!existsAlready(error)) throw error;
    }
  });
  const there = await known(admin, names, withinMs);
  const unsafe = topics.filter(({ name, isElectedUncleanly }) => {
    return !isElectedUncleanly && there.get(name)?.isElectedUncleanly === true;
  });
  if (unsafe.length === 0) return there;
  for (const topic of unsafe) await forbidUncleanElection(admin, topic, withinMs);
  const isAltered = ({ name, isElectedUncleanly }: TopicSettings): boolean =>
    !isElectedUncleanly || unsafe.every((topic) => topic.name !== name);
  return known(admin, names, withinMs, isAltered);
}

/** Of a topic that was just made: who is asked now may not have heard of it, though another has. */
async function forbidUncleanElection(admin: TopicAdmin, topic: TopicSettings, withinMs: number): Promise<void> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    try {
      await alterTopic(admin, topic, [UNCLEAN_ELECTION]);
      return;
    } catch (error) {
      if (!isNewsOnItsWay(error) || performance.now() >= untilMs) throw error;
    }
    await sleep(KNOWN_AFTER_MS);
  }
}

/** Brings some settings of a topic to what is wanted; what else somebody set on it stays. Rejects with a LogError. */
export async function alterTopic(
  admin: Pick<TopicAdmin, "describeConfigs" | "alterConfigs">,
  topic: TopicSettings,
  settings: readonly SettingName[],
): Promise<void> {
  const { name } = topic;
  const wanted = new Map(configEntries(topic).map((entry) => [entry.name, entry.value]));
  await kafkaDoing(`changing topic ${name}`, async () => {
    const entries = new Map(await setOn(admin, name));
    for (const setting of settings) entries.set(setting, wanted.get(setting) ?? "");
    const all = [...entries].map(([entry, value]) => ({ name: entry, value }));
    const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries: all }];
    await admin.alterConfigs({ validateOnly: false, resources });
  });
}

/** Set on the topic itself (KIP-226). */
const SET_ON_THE_TOPIC = kafkajs.ConfigSource.TOPIC_CONFIG;

/** What is set on the topic itself, not by a broker's default. */
async function setOn(
  admin: Pick<TopicAdmin, "describeConfigs">,
  name: string,
): Promise<readonly (readonly [string, string])[]> {
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name };
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
  const entries = resources[0]?.configEntries ?? [];
  const own = entries.filter(({ configSource }) => configSource === SET_ON_THE_TOPIC);
  return own.map(({ configName, configValue }) => [configName, configValue] as const);
}

/** What is wanted of a topic of ours, as Kafka takes it. */
function configEntries(topic: TopicSettings): { name: SettingName; value: string }[] {
  const { isCompacted, retentionMs, retentionBytes, takenBackKeptMs, inSyncReplicasMin, batchBytesMax, timestamps } =
    topic;
  const retention = isCompacted || retentionMs === undefined ? WITHOUT_LIMIT : String(retentionMs);
  return [
    { name: "cleanup.policy", value: isCompacted ? "compact" : "delete" },
    { name: "retention.ms", value: retention },
    { name: "retention.bytes", value: retentionBytes === undefined ? WITHOUT_LIMIT : String(retentionBytes) },
    ...(takenBackKeptMs === 0 ? [] : [{ name: "delete.retention.ms" as const, value: String(takenBackKeptMs) }]),
    ...(inSyncReplicasMin === AS_THE_BROKERS_ARE
      ? []
      : [{ name: "min.insync.replicas" as const, value: String(inSyncReplicasMin) }]),
    { name: "max.message.bytes", value: String(batchBytesMax) },
    { name: "message.timestamp.type", value: timestamps },
    { name: UNCLEAN_ELECTION, value: String(topic.isElectedUncleanly) },
  ];
}

/** Topics that were made, as soon as whoever is asked knows all of them, and as they should be known. */
async function known(
  admin: TopicAdmin,
  names: readonly string[],
  withinMs: number,
  isAsItShould: (topic: TopicSettings) => boolean = () => true,
): Promise<ReadonlyMap<string, TopicSettings>> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const there = await describe(admin, names).catch((error: unknown) => {
      if (isNewsOnItsWay(error)) return undefined;
      throw sayKafkaFailure(`looking at ${sayTopics(names)}, just made`, error);
    });
    const missing = names.filter((name) => {
      const topic = there?.get(name);
      return topic === undefined || !isAsItShould(topic);
    });
    if (there !== undefined && missing.length === 0) return there;
    if (performance.now() >= untilMs) {
      const message = `not all brokers know ${sayTopics(missing)} ${withinMs} ms after it was made`;
      throw new LogError("log_unavailable", message, "retry");
    }
    await sleep(KNOWN_AFTER_MS);
  }
}

/** Asks for the list first: asking for a topic that is not there would be tried for long. */
async function describe(admin: TopicAdmin, names: readonly string[]): Promise<ReadonlyMap<string, TopicSettings>> {
  const listed = new Set(await admin.listTopics());
  const there = names.filter((name) => listed.has(name));
  if (there.length === 0) return new Map();
  const { topics } = await admin.fetchTopicMetadata({ topics: [...there] });
  const configs = await configsOf(admin, there);
  const described = topics.filter(({ partitions }) => partitions.length > 0 && partitions.every(hasLeader));
  return new Map(described.map((topic) => [topic.name, settingsOf(topic, configs.get(topic.name) ?? new Map())]));
}

async function configsOf(
  admin: TopicAdmin,
  names: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const resources = names.map((name) => ({
    ...{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: [...READ] },
  }));
  const described = await admin.describeConfigs({ includeSynonyms: false, resources });
  return new Map(
    described.resources.map(({ resourceName, configEntries: entries }) => [
      resourceName,
      new Map(entries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
}

function hasLeader({ leader }: ITopicMetadata["partitions"][number]): boolean {
  return leader >= 0;
}

function settingsOf({ name, partitions }: ITopicMetadata, config: ReadonlyMap<string, string>): TopicSettings {
  const policies = (config.get("cleanup.policy") ?? "delete").split(",").map((policy) => policy.trim());
  const isCompacted = policies.includes("compact");
  const isExpiring = policies.includes("delete");
  const limitOf = (setting: SettingName): number | undefined => {
    const limit = config.get(setting) ?? WITHOUT_LIMIT;
    return limit === WITHOUT_LIMIT || !isExpiring ? undefined : Number(limit);
  };
  return {
    name,
    partitions: partitions.length,
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    isCompacted,
    isExpiring,
    retentionMs: isCompacted ? undefined : limitOf("retention.ms"),
    retentionBytes: limitOf("retention.bytes"),
    takenBackKeptMs: isCompacted ? Number(config.get("delete.retention.ms") ?? TAKEN_BACK_KEPT_MS) : 0,
    inSyncReplicasMin: Number(config.get("min.insync.replicas") ?? 1),
    batchBytesMax: Number(config.get("max.message.bytes") ?? 0),
    timestamps: config.get("message.timestamp.type") === "LogAppendTime" ? "LogAppendTime" : "CreateTime",
    isElectedUncleanly: config.get(UNCLEAN_ELECTION) === "true",
  };
}

function topicConfig(topic: TopicSettings): ITopicConfig {
  const { name, partitions, replicas } = topic;
  const said = configEntries(topic).filter((entry) => entry.name !== UNCLEAN_ELECTION);
  return { topic: name, numPartitions: partitions, replicationFactor: replicas, configEntries: said };
}

/** What brokers say of a topic that others know already, or of a partition whose leader is about to be chosen. */
const NEWS_ON_ITS_WAY = new Set(["UNKNOWN_TOPIC_OR_PARTITION", "LEADER_NOT_AVAILABLE"]);

function isNewsOnItsWay(error: unknown): boolean {
  const type = property(error, "type") ?? property(property(error, "cause"), "type");
  return typeof type === "string" && NEWS_ON_ITS_WAY.has(type);
}

function existsAlready(error: unknown): boolean {
  const gathered = property(error, "errors");
  const errors: unknown[] = Array.isArray(gathered) ? gathered : [error];
  return errors.every((one) => property(one, "type") === "TOPIC_ALREADY_EXISTS");
}

function sayTopics(names: readonly string[]): string {
  return `${names.length === 1 ? "topic" : "topics"} ${names.join(", ")}`;
}
