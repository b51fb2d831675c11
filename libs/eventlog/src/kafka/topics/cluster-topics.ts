import type { Admin } from "kafkajs";
import { kafkaClient, type KafkaClientOptions } from "../client.js";
import { sayOpeningFailure } from "../opening-failure.js";
import { alterTopic, makeTopics, readTopics, type TopicAdmin } from "./topic-admin.js";
import { topicChanges, type TopicChange } from "./topic-changes.js";
import type { TopicSettings } from "./topic-settings.js";

/** What is asked of the brokers. */
export type TopicsAdmin = TopicAdmin & Pick<Admin, "disconnect">;

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
      const set = change.changes.filter(({ action }) => action === "set").map(({ setting }) => setting);
      if (set.length > 0) await alterTopic(this.#admin, change.topic, set);
    }
  }

  async close(): Promise<void> {
    await this.#admin.disconnect().catch(() => undefined);
  }
}
