import { Kafka, logLevel, type Producer } from "kafkajs";
import type { JsonEvent } from "./shopper.js";

/** One try, and all of them, ms: an election of a leader takes seconds. */
const REQUEST_MAX_MS = 5_000;
const TRIES_MAX = 12;

/**
 * The shop's own way to the log: a plain producer of another program, which writes events as JSON to `clickstream.raw`, under keys that mean nothing
 * to us. Idempotent, so that what it writes again after a broker was gone stands there once.
 */
export class ShopProducer {
  readonly #producer: Producer;

  private constructor(producer: Producer) {
    this.#producer = producer;
  }

  static async connect(brokers: readonly string[]): Promise<ShopProducer> {
    const kafka = new Kafka({
      clientId: "shop",
      brokers: [...brokers],
      logLevel: logLevel.NOTHING,
      requestTimeout: REQUEST_MAX_MS,
    });
    const retry = { retries: TRIES_MAX, initialRetryTime: 100, maxRetryTime: 2_000 };
    const producer = kafka.producer({ idempotent: true, allowAutoTopicCreation: false, retry });
    await producer.connect();
    return new ShopProducer(producer);
  }

  /** True where all brokers that must have them have them; false where that is not known. */
  async write(events: readonly JsonEvent[]): Promise<boolean> {
    const messages = events.map((event) => ({ key: event.event_id, value: JSON.stringify(event) }));
    try {
      await this.#producer.send({ topic: "clickstream.raw", acks: -1, messages });
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}
