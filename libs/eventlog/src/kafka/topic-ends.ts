import type { Admin, Kafka } from "kafkajs";
import { type KafkaClientOptions, kafkaClient } from "./client.js";
import { kafkaDoing } from "./kafka-failure.js";
import { learnLeaders } from "./offsets.js";

/** How long one request of a question may take, ms. A broker that needs longer to say where a topic ends hangs. */
const REQUEST_TIMEOUT_MS = 2_000;

/**
 * Asks where topics end for whoever would rather ask again than wait: once, over connections of its own, which it makes at the first question. kafkajs
 * 2.2 goes back to a broker that hangs again and again, for a minute and more, also to ask who leads in its stead.
 */
export class TopicEnds {
  readonly #kafka: Kafka;
  #admin: Promise<Admin> | undefined;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: KafkaClientOptions) {
    this.#kafka = kafkaClient({ ...options, requestTimeoutMs: REQUEST_TIMEOUT_MS, retry: { retries: 0 } });
  }

  /** See `EventLog.ends`. A failed question leaves it to the next to ask whoever leads by then. */
  async of(topic: string): Promise<ReadonlyMap<number, number>> {
    const asking = kafkaDoing(`asking where ${topic} ends`, () => this.#ask(topic));
    this.#underWay.add(asking);
    try {
      return await asking;
    } finally {
      this.#underWay.delete(asking);
    }
  }

  /** Lets the connections go; what a question under way makes anew meanwhile goes when that has ended, and is not waited for. Idempotent. */
  async close(): Promise<void> {
    const letGo = async (): Promise<void> => {
      const admin = await this.#admin?.catch(() => undefined);
      await admin?.disconnect().catch(() => undefined);
    };
    if (this.#underWay.size > 0) void Promise.allSettled(this.#underWay).then(letGo);
    else await letGo();
  }

  async #ask(topic: string): Promise<ReadonlyMap<number, number>> {
    const admin = await this.#connected();
    try {
      const offsets = await admin.fetchTopicOffsets(topic);
      return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
    } catch (error) {
      await learnLeaders(admin, topic);
      throw error;
    }
  }

  #connected(): Promise<Admin> {
    this.#admin ??= this.#connect();
    return this.#admin;
  }

  async #connect(): Promise<Admin> {
    const admin = this.#kafka.admin();
    try {
      await admin.connect();
      return admin;
    } catch (error) {
      this.#admin = undefined;
      throw error;
    }
  }
}
