import kafkajs, { type Admin, type ITopicConfig } from "kafkajs";
import { setTimeout as sleep } from "node:timers/promises";
import { LogError, type TopicSpec } from "../port.js";
import { checkTopicShape } from "../record-limits.js";
import { property } from "../thrown.js";
import { sayTopic } from "../topic-words.js";
import { kafkaDoing } from "./kafka-failure.js";

/** Most bytes of a batch on a topic made here: {@link BATCH_BYTES_MAX} and its framing. */
export const MESSAGE_BYTES_MAX = 8_388_608;

/** Kafka's own limit of age for topics that name none, made explicit as "without limit". */
const WITHOUT_LIMIT = "-1";

/** How long a topic that was made may be missing from the brokers' list: it is another process's, or the news is on its way. */
const LISTED_WITHIN_TRIES = 100;
const LISTED_AFTER_MS = 100;

/** What is asked of the brokers. */
export type TopicAdmin = Pick<Admin, "listTopics" | "fetchTopicMetadata" | "describeConfigs" | "createTopics">;

/** What the brokers say of topics, remembered: a topic's partitions and policy do not change while a log is open. */
export class TopicCatalogue {
  readonly #admin: TopicAdmin;
  readonly #replicationFactor: number;
  readonly #known = new Map<string, TopicSpec>();

  /** `replicationFactor` of topics made here; -1 leaves it to the brokers. */
  constructor(admin: TopicAdmin, replicationFactor: number) {
    this.#admin = admin;
    this.#replicationFactor = replicationFactor;
  }

  /** Throws `unknown_topic`. */
  async get(name: string): Promise<TopicSpec> {
    const known = this.#known.get(name) ?? (await this.#describe(name));
    if (known === undefined) throw new LogError("unknown_topic", `topic ${name} does not exist`, "terminal");
    this.#known.set(name, known);
    return known;
  }

  /** See `EventLog.ensureTopics`. */
  async ensure(specs: readonly TopicSpec[]): Promise<void> {
    for (const spec of specs) {
      checkTopicShape(spec.name, spec.partitions);
      const existing = this.#known.get(spec.name) ?? (await this.#describe(spec.name)) ?? (await this.#create(spec));
      checkSame(existing, spec);
      this.#known.set(spec.name, existing);
    }
  }

  /** Makes the topic, unless another process does at this moment, and gives it as the brokers have it. */
  async #create(spec: TopicSpec): Promise<TopicSpec> {
    await kafkaDoing(`making topic ${spec.name}`, async () => {
      try {
        await this.#admin.createTopics({ topics: [topicConfig(spec, this.#replicationFactor)], waitForLeaders: true });
      } catch (error) {
        if (!existsAlready(error)) throw error;
      }
    });
    for (let tries = 0; tries < LISTED_WITHIN_TRIES; tries += 1) {
      const made = await this.#describe(spec.name);
      if (made !== undefined) return made;
      await sleep(LISTED_AFTER_MS);
    }
    throw new LogError("log_unavailable", `topic ${spec.name} was made, and no broker lists it yet`, "retry");
  }

  /** The topic as it is; undefined if there is none. Asks for the list first: asking for one that is not there would be tried for long. */
  async #describe(name: string): Promise<TopicSpec | undefined> {
    return kafkaDoing(`looking at topic ${name}`, async () => {
      const names = await this.#admin.listTopics();
      if (!names.includes(name)) return undefined;
      const { topics } = await this.#admin.fetchTopicMetadata({ topics: [name] });
      const resource = {
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name,
        configNames: ["cleanup.policy", "retention.ms"],
      };
      const { resources } = await this.#admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
      const config = new Map(
        resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]),
      );
      const compacted = config.get("cleanup.policy")?.includes("compact") ?? false;
      const retention = config.get("retention.ms") ?? WITHOUT_LIMIT;
      const limited = !compacted && retention !== WITHOUT_LIMIT;
      const partitions = topics[0]?.partitions.length ?? 0;
      return { name, partitions, compacted, ...(limited ? { retentionMs: Number(retention) } : {}) };
    });
  }
}

function topicConfig({ name, partitions, compacted, retentionMs }: TopicSpec, replicationFactor: number): ITopicConfig {
  const retention = compacted || retentionMs === undefined ? WITHOUT_LIMIT : String(retentionMs);
  return {
    topic: name,
    numPartitions: partitions,
    replicationFactor,
    configEntries: [
      { name: "cleanup.policy", value: compacted ? "compact" : "delete" },
      { name: "retention.ms", value: retention },
      { name: "max.message.bytes", value: String(MESSAGE_BYTES_MAX) },
      { name: "message.timestamp.type", value: "CreateTime" },
    ],
  };
}

function checkSame(existing: TopicSpec, asked: TopicSpec): void {
  const is = sayTopic(existing);
  const expected = sayTopic(asked);
  if (is === expected) return;
  throw new LogError("topic_mismatch", `topic ${asked.name} has ${is}, expected ${expected}`, "terminal");
}

function existsAlready(error: unknown): boolean {
  const gathered = property(error, "errors");
  const errors: unknown[] = Array.isArray(gathered) ? gathered : [error];
  return errors.every((one) => property(one, "type") === "TOPIC_ALREADY_EXISTS");
}
