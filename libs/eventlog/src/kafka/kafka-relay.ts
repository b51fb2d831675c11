import { setTimeout as delay } from "node:timers/promises";
import { type Admin, type Kafka, Partitioners, type Producer } from "kafkajs";
import { type Commit, LogError, type NewRecord, type Position, type Relay, type RelayPlace } from "../port.js";
import { checkCommit } from "../record-limits.js";
import { property } from "../thrown.js";
import { rounds } from "./batches.js";
import { RETRY } from "./client.js";
import { readGroupOffset } from "./group-offsets.js";
import { kafkaDoing } from "./kafka-failure.js";
import type { RecordHeaders } from "./record-headers.js";
import { kafkajsRounds, RecordSender } from "./record-sender.js";
import type { TopicCatalogue } from "./topic-catalogue.js";

/** How long a transaction of one that died is open for readers, who wait for its end. Shorter than a pause that an owner survives. */
const TRANSACTION_TIMEOUT_MS = 30_000;

/** How often the brokers are asked whether the last transaction is over, and how long they are left alone between, ms: 10 s in all. */
const CONCURRENT_TRIES = 2_000;
const CONCURRENT_PAUSE_MS = 5;

/** Whoever relays a partition has the same transactional id, so that opening another relay shuts out the one before (KIP-98, KIP-447). */
const transactionalId = ({ group, topic, partition }: RelayPlace): string => `${group}.${topic}.${partition}`;

export interface RelayOptions {
  readonly headersOf: RecordHeaders | undefined;
  /** Told when the relay has ended. */
  readonly onOver: (relay: Relay) => void;
}

/** Opens the one relay of a partition. See `EventLog.relay`. */
export async function openKafkaRelay(
  kafka: Kafka,
  admin: Admin,
  catalogue: TopicCatalogue,
  place: RelayPlace,
  options: RelayOptions,
): Promise<Relay> {
  const producer = kafka.producer({
    transactionalId: transactionalId(place),
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: RETRY,
  });
  const { group, topic, partition } = place;
  try {
    await kafkaDoing(`opening the relay of ${topic}/${partition} for ${group}`, async () => {
      await producer.connect();
      // A first transaction, without anything in it, is what makes the brokers end those of whoever relayed before. Only then is what was
      // committed last the last word.
      await (await producer.transaction()).abort();
    });
    const committed = await readGroupOffset(admin, group, topic, partition);
    return new KafkaRelay(producer, catalogue, place, committed, options);
  } catch (error) {
    await producer.disconnect().catch(() => undefined);
    throw error;
  }
}

class KafkaRelay implements Relay {
  readonly committed: Commit | undefined;
  readonly #producer: Producer;
  readonly #sender: RecordSender;
  readonly #place: RelayPlace;
  readonly #options: RelayOptions;
  #underWay: Promise<unknown> = Promise.resolve();
  #isOver = false;

  constructor(
    producer: Producer,
    catalogue: TopicCatalogue,
    place: RelayPlace,
    committed: Commit | undefined,
    options: RelayOptions,
  ) {
    this.#producer = producer;
    this.#sender = new RecordSender(catalogue);
    this.#place = place;
    this.committed = committed;
    this.#options = options;
  }

  append(records: readonly NewRecord[], offset: number): Promise<Position[]> {
    const appended = this.#underWay.then(() => this.#append(records, offset));
    this.#underWay = appended.catch(() => undefined);
    return appended;
  }

  async close(): Promise<void> {
    await this.#underWay;
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    this.#options.onOver(this);
    await this.#producer.disconnect().catch(() => undefined);
  }

  async #append(records: readonly NewRecord[], offset: number): Promise<Position[]> {
    const { group, topic, partition } = this.#place;
    if (this.#isOver)
      throw new LogError("log_closed", `the relay of ${topic}/${partition} for ${group} is over`, "retry");
    checkCommit(offset, "");
    await this.#sender.check(records);
    try {
      return await kafkaDoing(`relaying ${topic}/${partition} for ${group}`, () => this.#transact(records, offset));
    } catch (error) {
      // Whether it was committed is unknown, and so are the producer's numbers: another relay finds out.
      await this.#end();
      throw error;
    }
  }

  async #transact(records: readonly NewRecord[], offset: number): Promise<Position[]> {
    const { group, topic, partition } = this.#place;
    const positions: Position[] = [];
    const transaction = await this.#producer.transaction();
    const producer = kafkajsRounds(transaction, this.#options.headersOf);
    try {
      const topics = [{ topic, partitions: [{ partition, offset: String(offset) }] }];
      await onceTheLastIsOver(() => transaction.sendOffsets({ consumerGroupId: group, topics }));
      for (const round of rounds([records])) await this.#sender.send(producer, round, positions);
    } catch (error) {
      // Readers need not wait for its timeout.
      await transaction.abort().catch(() => undefined);
      throw error;
    }
    await transaction.commit();
    if (producer.isSpent()) await this.#end();
    return positions;
  }
}

/**
 * Runs what comes first in a transaction. The brokers end the transaction before in the background, and refuse the next one meanwhile: kafkajs does
 * not try again where offsets come first, and waits for a tenth of a second and more where records do. A few milliseconds are enough.
 */
async function onceTheLastIsOver(run: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await run();
      return;
    } catch (error) {
      if (property(error, "type") !== "CONCURRENT_TRANSACTIONS" || tries === CONCURRENT_TRIES) throw error;
    }
    await delay(CONCURRENT_PAUSE_MS);
  }
}
