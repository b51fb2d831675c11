import kafkajs, { type Admin } from "kafkajs";
import { kafkaClient, type KafkaClientOptions } from "../client.js";
import { kafkaDoing } from "../kafka-failure.js";
import { sayOpeningFailure } from "../opening-failure.js";
import { configEntries, makeTopics, readTopics, type TopicAdmin } from "./topic-admin.js";
import { topicChanges, type SettingChange, type TopicChange } from "./topic-changes.js";
import type { TopicSettings } from "./topic-settings.js";

/** What is asked of the brokers. */
export type TopicsAdmin = TopicAdmin & Pick<Admin, "alterConfigs" | "disconnect">;

/** Connects to the cluster. Rejects with a LogError: `log_unavailable`, `unauthenticated`. */
export async function openClusterTopics(options: KafkaClientOptions): Promise<ClusterTopics> {
  const admin = kafkaClient(options).admin();
  try {
    await admin.connect();
    // A listener that wants to know who comes says so only to whoever asks for something.
    await admin.describeCluster();
  } catch (error) {
    await admin.disconnect().catch(() => undefined);
    throw await sayOpeningFailure(`reaching the brokers at ${options.brokers.join(", ")}`, error, options);
  }
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
    const names = wanted.map(({ name }) => name);
    return topicChanges(wanted, await readTopics(this.#admin, names));
  }

  /** Creates topics and sets settings as planned; what is refused, left or for an operator is not touched. */
  async apply(changes: readonly TopicChange[]): Promise<void> {
    const missing = changes.flatMap((change) => (change.kind === "create" ? [change.topic] : []));
    if (missing.length > 0) await makeTopics(this.#admin, missing);
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
      const all = [...entries].map(([entry, value]) => ({ name: entry, value }));
      const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries: all }];
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
}

/** Set on the topic itself (KIP-226). */
const SET_ON_THE_TOPIC = kafkajs.ConfigSource.TOPIC_CONFIG;
