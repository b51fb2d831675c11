import kafkajs, { type Admin, type ITopicConfig, type ITopicMetadata } from "kafkajs";
import { kafkaClient, type KafkaClientOptions } from "../client.js";
import { kafkaDoing } from "../kafka-failure.js";
import { topicChanges, type SettingChange, type TopicChange, type TopicSettings } from "./topic-changes.js";

/** What is asked of the brokers. */
export type TopicsAdmin = Pick<
  Admin,
  "listTopics" | "fetchTopicMetadata" | "describeConfigs" | "createTopics" | "alterConfigs" | "disconnect"
>;

/** Kafka's number for no limit of age. */
const WITHOUT_LIMIT = "-1";

/** Settings that are read. Those that applying sets are among them: altering a topic's configuration replaces all that was set on it. */
const READ = ["cleanup.policy", "retention.ms", "min.insync.replicas", "max.message.bytes", "message.timestamp.type"];

/** Connects to the cluster. Rejects with a LogError: `log_unavailable`. */
export async function openClusterTopics(options: KafkaClientOptions): Promise<ClusterTopics> {
  const admin = kafkaClient(options).admin();
  await kafkaDoing(`reaching the brokers at ${options.brokers.join(", ")}`, () => admin.connect());
  return new ClusterTopics(admin);
}

/** The topics of a cluster, to be compared with what they should be and brought there. */
export class ClusterTopics {
  readonly #admin: TopicsAdmin;

  constructor(admin: TopicsAdmin) {
    this.#admin = admin;
  }

  /** What is to be done. Changes nothing. */
  async plan(wanted: readonly TopicSettings[]): Promise<readonly TopicChange[]> {
    return topicChanges(wanted, await this.#existing(wanted.map(({ name }) => name)));
  }

  /** Creates topics and sets settings as planned; what is refused, left or for an operator is not touched. */
  async apply(changes: readonly TopicChange[]): Promise<void> {
    const created = changes.flatMap((change) => (change.kind === "create" ? [topicConfig(change.topic)] : []));
    if (created.length > 0) {
      await kafkaDoing("making topics", () => this.#admin.createTopics({ topics: created, waitForLeaders: true }));
    }
    for (const change of changes) {
      if (change.kind !== "change") continue;
      const set = change.changes.filter(({ action }) => action === "set");
      if (set.length > 0) await this.#alter(change.topic, set);
    }
  }

  async close(): Promise<void> {
    await this.#admin.disconnect().catch(() => undefined);
  }

  /** Sets some settings; what else somebody set on the topic stays. */
  async #alter(topic: TopicSettings, changes: readonly SettingChange[]): Promise<void> {
    const { name } = topic;
    const wanted = new Map(configEntries(topic).map((entry) => [entry.name, entry.value]));
    await kafkaDoing(`changing topic ${name}`, async () => {
      const entries = new Map(await this.#setOn(name));
      for (const { setting } of changes) entries.set(setting, wanted.get(setting) ?? "");
      const configEntries = [...entries].map(([entry, value]) => ({ name: entry, value }));
      const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries }];
      await this.#admin.alterConfigs({ validateOnly: false, resources });
    });
  }

  /** What is set on the topic itself, not by a broker's default. */
  async #setOn(name: string): Promise<(readonly [string, string])[]> {
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name };
    const { resources } = await this.#admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
    const entries = resources[0]?.configEntries ?? [];
    const own = entries.filter(({ configSource }) => configSource === SET_ON_THE_TOPIC);
    return own.map(({ configName, configValue }) => [configName, configValue] as const);
  }

  async #existing(names: readonly string[]): Promise<ReadonlyMap<string, TopicSettings>> {
    return kafkaDoing("looking at the topics", async () => {
      const listed = new Set(await this.#admin.listTopics());
      const there = names.filter((name) => listed.has(name));
      if (there.length === 0) return new Map();
      const { topics } = await this.#admin.fetchTopicMetadata({ topics: [...there] });
      const configs = await this.#configs(there);
      return new Map(topics.map((topic) => [topic.name, settingsOf(topic, configs.get(topic.name) ?? new Map())]));
    });
  }

  async #configs(names: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const resources = names.map((name) => ({
      ...{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: [...READ] },
    }));
    const described = await this.#admin.describeConfigs({ includeSynonyms: false, resources });
    return new Map(
      described.resources.map(({ resourceName, configEntries: entries }) => [
        resourceName,
        new Map(entries.map(({ configName, configValue }) => [configName, configValue])),
      ]),
    );
  }
}

/** Set on the topic itself (KIP-226). */
const SET_ON_THE_TOPIC = kafkajs.ConfigSource.TOPIC_CONFIG;

function settingsOf({ name, partitions }: ITopicMetadata, config: ReadonlyMap<string, string>): TopicSettings {
  const isCompacted = config.get("cleanup.policy")?.includes("compact") ?? false;
  const retention = config.get("retention.ms") ?? WITHOUT_LIMIT;
  const hasLimit = !isCompacted && retention !== WITHOUT_LIMIT;
  return {
    name,
    partitions: partitions.length,
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    isCompacted,
    retentionMs: hasLimit ? Number(retention) : undefined,
    inSyncReplicasMin: Number(config.get("min.insync.replicas") ?? 1),
    batchBytesMax: Number(config.get("max.message.bytes") ?? 0),
    timestamps: config.get("message.timestamp.type") === "LogAppendTime" ? "LogAppendTime" : "CreateTime",
  };
}

function topicConfig(topic: TopicSettings): ITopicConfig {
  const { name, partitions, replicas } = topic;
  return { topic: name, numPartitions: partitions, replicationFactor: replicas, configEntries: configEntries(topic) };
}

function configEntries(topic: TopicSettings): { name: string; value: string }[] {
  const { isCompacted, retentionMs, inSyncReplicasMin, batchBytesMax, timestamps } = topic;
  const retention = isCompacted || retentionMs === undefined ? WITHOUT_LIMIT : String(retentionMs);
  return [
    { name: "cleanup.policy", value: isCompacted ? "compact" : "delete" },
    { name: "retention.ms", value: retention },
    { name: "min.insync.replicas", value: String(inSyncReplicasMin) },
    { name: "max.message.bytes", value: String(batchBytesMax) },
    { name: "message.timestamp.type", value: timestamps },
  ];
}
