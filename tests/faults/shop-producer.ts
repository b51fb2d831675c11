import { Kafka, logLevel, type Producer } from "kafkajs";
import type { JsonEvent } from "./shopper.js";

/** One try, and all of them, ms: an election of a leader takes seconds. */
const REQUEST_MAX_MS = 5_000;
const TRIES_MAX = 12;

/**
 * The shop's own way to the log: a plain producer of another program, which writes events as JSON to `clickstream.raw`, under keys that mean nothing
 * to us. Idempotent, so that what it writes again after a broker was gone stands there once; one event after the other, since kafkajs 2.2 gives a
 * batch the numbers of one whose answer did not come, and, where a call goes to several leaders and one of them moves, writes a batch twice or leaves
 * one out: it is acknowledged, and nowhere. After a call that came to no end the numbers are in doubt, and so is the producer: another one goes on.
 */
export class ShopProducer {
  readonly #kafka: Kafka;
  #producer: Producer | undefined;
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(brokers: readonly string[]) {
    this.#kafka = new Kafka({
      clientId: "shop",
      brokers: [...brokers],
      logLevel: logLevel.NOTHING,
      requestTimeout: REQUEST_MAX_MS,
    });
  }

  /** True where all brokers that must have them have them; false where that is not known. */
  write(events: readonly JsonEvent[]): Promise<boolean> {
    const written = this.#underWay.then(() => this.#write(events));
    this.#underWay = written;
    return written;
  }

  async close(): Promise<void> {
    await this.#underWay;
    await this.#producer?.disconnect();
  }

  async #write(events: readonly JsonEvent[]): Promise<boolean> {
    try {
      this.#producer ??= await this.#connected();
      for (const event of events) {
        const messages = [{ key: event.event_id, value: JSON.stringify(event) }];
        await this.#producer.send({ topic: "clickstream.raw", acks: -1, messages });
      }
      return true;
    } catch {
      await this.#producer?.disconnect().catch(() => undefined);
      this.#producer = undefined;
      return false;
    }
  }

  async #connected(): Promise<Producer> {
    const retry = { retries: TRIES_MAX, initialRetryTime: 100, maxRetryTime: 2_000 };
    const producer = this.#kafka.producer({ idempotent: true, allowAutoTopicCreation: false, retry });
    await producer.connect();
    return producer;
  }
}
