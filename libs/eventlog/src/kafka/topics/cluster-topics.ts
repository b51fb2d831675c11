import type { Admin } from "kafkajs";
import { setTimeout as sleep } from "node:timers/promises";
import { kafkaDoing } from "../kafka-failure.js";
import { kafkaClient, type KafkaClientOptions } from "../client.js";
import { sayOpeningFailure } from "../opening-failure.js";
import { alterTopic, makeTopics, readTopics, type TopicAdmin } from "./topic-admin.js";
import { isApplicable, settingsToSet, topicChanges, type TopicChange } from "./topic-changes.js";
import type { TopicSettings } from "./topic-settings.js";

/** What is asked of the brokers. */
export type TopicsAdmin = TopicAdmin & Pick<Admin, "disconnect" | "describeCluster">;

/** How long the brokers may take to show what was applied: each hears of it from the controller, and any of them is asked. */
const SHOWN_WITHIN_MS = 10_000;
const LOOK_AFTER_MS = 100;

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
      const set = settingsToSet(change).map(({ setting }) => setting);
      if (set.length > 0) await alterTopic(this.#admin, change.topic, set);
    }
  }

  /**
   * What is still to be done after applying, once the brokers show nothing more that applying does. After `withinMs` what they show then: they may not
   * have heard of all of it yet.
   */
  async planAfter(wanted: readonly TopicSettings[], withinMs = SHOWN_WITHIN_MS): Promise<readonly TopicChange[]> {
    const untilMs = performance.now() + withinMs;
    for (;;) {
      const plan = await this.plan(wanted);
      if (!plan.some(isApplicable) || performance.now() >= untilMs) return plan;
      await sleep(LOOK_AFTER_MS);
    }
  }

  /** How many brokers there are at this moment: no topic can be made with more replicas. */
  async brokers(): Promise<number> {
    const { brokers } = await kafkaDoing("asking which brokers there are", () => this.#admin.describeCluster());
    return brokers.length;
  }

  async close(): Promise<void> {
    await this.#admin.disconnect().catch(() => undefined);
  }
}
