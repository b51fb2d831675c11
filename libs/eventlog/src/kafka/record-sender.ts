import type { Message, Producer, RecordMetadata, TopicMessages } from "kafkajs";
import type { NewRecord, Position } from "../port.js";
import { checkPartition, checkRecord, checkRecordKey } from "../record-limits.js";
import type { PartitionBatch } from "./batches.js";
import { withoutHeaders, type RecordHeaders } from "./record-headers.js";
import { wasCountedTwice } from "./sent-once.js";
import type { TopicCatalogue } from "./topic-catalogue.js";

const ALL_REPLICAS = -1;

/** What a client library does for an append. */
export interface RoundProducer {
  /**
   * Sends at most one batch a partition, to all replicas, and gives the offset of each batch's first record. An empty value is a
   * tombstone where `emptyIsTombstone` says so of the topic.
   */
  sendRound(round: readonly PartitionBatch[], emptyIsTombstone: (topic: string) => boolean): Promise<readonly number[]>;
  /** True if all that was sent is well, and yet the brokers would refuse what it sends next: another one must go on. */
  readonly isSpent: () => boolean;
}

/** Checks records against their topics, and sends them through whatever producer it is handed. */
export class RecordSender {
  readonly #catalogue: Pick<TopicCatalogue, "get">;
  readonly #compactedTopics = new Set<string>();

  constructor(catalogue: Pick<TopicCatalogue, "get">) {
    this.#catalogue = catalogue;
  }

  /** Bytes of the records, all of which could be appended. Rejects with a LogError for one that could not. */
  async check(records: readonly NewRecord[]): Promise<number> {
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

  /** Sends at most one batch a partition, and notes the records' positions at their places. */
  async send(producer: RoundProducer, round: readonly PartitionBatch[], positions: Position[]): Promise<void> {
    const firsts = await producer.sendRound(round, (topic) => this.#compactedTopics.has(topic));
    round.forEach(({ topic, partition, places }, batch) => {
      const first = firsts[batch] ?? -1;
      if (!Number.isSafeInteger(first) || first < 0)
        throw new Error(`the broker gave no offset for ${topic}/${partition}`);
      places.forEach((place, index) => {
        positions[place] = { topic, partition, offset: first + index };
      });
    });
  }
}

/** Offset of a batch that was not sent. */
const NOT_SENT = -1;
/** Sends of one round. */
const SENDS_MAX = 4;

/**
 * Sends through kafkajs: its producer, or a transaction of it. Where a partition moves to a leader that has already answered, kafkajs 2.2 leaves its
 * batch out and says nothing (`src/producer/sendMessages.js`, `brokersWithoutResponse`): it shows as a batch without an offset, and goes alone.
 */
export function kafkajsRounds(
  producer: Pick<Producer, "sendBatch">,
  headersOf: RecordHeaders = withoutHeaders,
): RoundProducer {
  let isSpent = false;
  return {
    sendRound: async (round, emptyIsTombstone) => {
      const batches = round.map(({ topic, records }) => {
        const isTombstone = emptyIsTombstone(topic);
        return { topic, messages: records.map((record) => message(record, isTombstone, headersOf(record))) };
      });
      const firsts = round.map(() => NOT_SENT);
      for (let sends = 0; sends < SENDS_MAX && firsts.includes(NOT_SENT); sends += 1) {
        const left = batches.filter((_, batch) => firsts[batch] === NOT_SENT);
        const sent = await producer.sendBatch({ acks: ALL_REPLICAS, topicMessages: byTopic(left) });
        round.forEach(({ topic, partition }, batch) => {
          if (firsts[batch] === NOT_SENT) firsts[batch] = baseOffset(sent, topic, partition);
        });
      }
      isSpent ||= batches.some(({ messages: [first] }) => first !== undefined && wasCountedTwice(first));
      return firsts;
    },
    isSpent: () => isSpent,
  };
}

function byTopic(batches: readonly TopicMessages[]): TopicMessages[] {
  const messagesOf = new Map<string, Message[]>();
  for (const { topic, messages } of batches) {
    const before = messagesOf.get(topic);
    if (before === undefined) messagesOf.set(topic, [...messages]);
    else before.push(...messages);
  }
  return [...messagesOf].map(([topic, messages]) => ({ topic, messages }));
}

function message(
  { key, value, partition, timestampMs }: NewRecord,
  emptyIsTombstone: boolean,
  headers: ReturnType<RecordHeaders>,
): Message {
  return {
    key: key === undefined ? null : Buffer.from(key),
    value: emptyIsTombstone && value.length === 0 ? null : Buffer.from(value.buffer, value.byteOffset, value.length),
    partition,
    timestamp: String(timestampMs),
    ...(headers === undefined ? {} : { headers }),
  };
}

function baseOffset(sent: readonly RecordMetadata[], topic: string, partition: number): number {
  const found = sent.find((metadata) => metadata.topicName === topic && metadata.partition === partition);
  return Number(found?.baseOffset ?? found?.offset ?? NOT_SENT);
}
