import {
  type Kafka,
  type Message,
  Partitioners,
  type Producer,
  type RecordMetadata,
  type TopicMessages,
} from "kafkajs";
import { GroupCommit } from "../group-commit.js";
import type { NewRecord, Position } from "../port.js";
import { checkPartition, checkRecord, checkRecordKey } from "../record-limits.js";
import { RETRY } from "./client.js";
import { BATCH_BYTES_MAX, type PartitionBatch, rounds } from "./batches.js";
import { kafkaDoing } from "./kafka-failure.js";
import type { TopicCatalogue } from "./topic-catalogue.js";

interface Call {
  readonly records: readonly NewRecord[];
  positions: Position[];
}

const LIMITS = { groupBytesMax: BATCH_BYTES_MAX, waitingBytesMax: 268_435_456 };
const ALL_REPLICAS = -1;

/**
 * Appends through an idempotent producer. Calls that come while a request is under way share the next. After a failure,
 * whose outcome may be unknown, the producer is made anew: its sequence numbers can no longer be trusted.
 */
export class KafkaAppender {
  readonly #kafka: Kafka;
  readonly #catalogue: TopicCatalogue;
  readonly #compactedTopics = new Set<string>();
  readonly #group: GroupCommit<Call>;
  #producer: Promise<Producer> | undefined;
  #checked: Promise<unknown> = Promise.resolve();

  constructor(kafka: Kafka, catalogue: TopicCatalogue) {
    this.#kafka = kafka;
    this.#catalogue = catalogue;
    this.#group = new GroupCommit(LIMITS, (calls) => this.#send(calls));
  }

  /** See `EventLog.append`. */
  async append(records: readonly NewRecord[]): Promise<Position[]> {
    if (records.length === 0) return [];
    const call: Call = { records, positions: [] };
    // One after the other, so that calls go in the order in which they were made, whatever had to be asked for first.
    const checked = this.#checked.then(() => this.#check(records));
    this.#checked = checked.catch(() => undefined);
    await this.#group.submit(call, await checked);
    return call.positions;
  }

  /** Waits for appends under way, then lets go of the connections. */
  async close(): Promise<void> {
    await this.#checked;
    await this.#group.idle();
    await this.#discard();
  }

  /** Bytes of the records, all of which could be appended. */
  async #check(records: readonly NewRecord[]): Promise<number> {
    for (const name of new Set(records.map(({ topic }) => topic))) {
      const { partitions, compacted } = await this.#catalogue.get(name);
      if (compacted) this.#compactedTopics.add(name);
      for (const record of records) if (record.topic === name) checkPartition(name, record.partition, partitions);
    }
    let bytes = 0;
    for (const record of records) {
      checkRecordKey(record, this.#compactedTopics.has(record.topic));
      bytes += checkRecord(record);
    }
    return bytes;
  }

  async #send(calls: readonly Call[]): Promise<void> {
    const positions: Position[] = [];
    try {
      await kafkaDoing("appending", async () => {
        this.#producer ??= this.#connect();
        const producer = await this.#producer;
        for (const round of rounds(calls.map(({ records }) => records)))
          await this.#sendRound(producer, round, positions);
      });
    } catch (error) {
      await this.#discard();
      throw error;
    }
    let place = 0;
    for (const call of calls) {
      call.positions = positions.slice(place, place + call.records.length);
      place += call.records.length;
    }
  }

  async #sendRound(producer: Producer, round: readonly PartitionBatch[], positions: Position[]): Promise<void> {
    const sent = await producer.sendBatch({ acks: ALL_REPLICAS, topicMessages: this.#topicMessages(round) });
    for (const { topic, partition, places } of round) {
      const first = baseOffset(sent, topic, partition);
      places.forEach((place, index) => {
        positions[place] = { topic, partition, offset: first + index };
      });
    }
  }

  #topicMessages(round: readonly PartitionBatch[]): TopicMessages[] {
    const byTopic = new Map<string, Message[]>();
    for (const { topic, records } of round) {
      const messages = byTopic.get(topic) ?? [];
      byTopic.set(topic, messages);
      const emptyIsTombstone = this.#compactedTopics.has(topic);
      for (const record of records) messages.push(message(record, emptyIsTombstone));
    }
    return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
  }

  async #connect(): Promise<Producer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: RETRY,
    });
    await producer.connect();
    return producer;
  }

  async #discard(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.then((made) => made.disconnect()).catch(() => undefined);
  }
}

function message({ key, value, partition, timestampMs }: NewRecord, emptyIsTombstone: boolean): Message {
  return {
    key: key === undefined ? null : Buffer.from(key),
    value: emptyIsTombstone && value.length === 0 ? null : Buffer.from(value.buffer, value.byteOffset, value.length),
    partition,
    timestamp: String(timestampMs),
  };
}

function baseOffset(sent: readonly RecordMetadata[], topic: string, partition: number): number {
  const found = sent.find((metadata) => metadata.topicName === topic && metadata.partition === partition);
  const offset = Number(found?.baseOffset ?? found?.offset ?? -1);
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new Error(`the broker gave no offset for ${topic}/${partition}`);
  return offset;
}
