import {
  type BaseOptions,
  type MessageToProduce,
  Producer,
  type ProducerInfo,
  type ProduceResult,
} from "@platformatic/kafka";
import type { NewRecord } from "../port.js";
import type { PartitionBatch } from "../kafka/batches.js";
import type { OpenProducer } from "../kafka/kafka-producer.js";
import { withoutHeaders, type RecordHeaders } from "../kafka/record-headers.js";
import { answered } from "./answered.js";

/** About 24 days: the client library writes the difference of two records' times wrong from 2^31 ms on, without a word. */
const SPAN_MS_MAX = 2 ** 31 - 1;

/**
 * Opens an idempotent producer. It is good for one request at a time: versions of the client library have lost sends that were made
 * together, and its sequence numbers are only sure when the one before has been answered.
 */
export async function openPlatformaticProducer(
  options: BaseOptions,
  headersOf: RecordHeaders = withoutHeaders,
): Promise<OpenProducer> {
  const producer = new Producer({ ...options, idempotent: true, autocreateTopics: false });
  const close = (): Promise<void> =>
    answered((callback) => {
      producer.close(true, callback);
    });
  try {
    await answered<ProducerInfo>((callback) => {
      producer.initIdempotentProducer({}, callback);
    });
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  return {
    spanMsMax: SPAN_MS_MAX,
    sendRound: async (round, emptyIsTombstone) => {
      const { offsets = [] } = await answered<ProduceResult>((callback) => {
        producer.send({ messages: messages(round, emptyIsTombstone, headersOf) }, callback);
      });
      const firsts = new Map(offsets.map(({ topic, partition, offset }) => [`${topic}/${partition}`, Number(offset)]));
      return round.map(({ topic, partition }) => firsts.get(`${topic}/${partition}`) ?? -1);
    },
    isSpent: () => false,
    close,
  };
}

function messages(
  round: readonly PartitionBatch[],
  emptyIsTombstone: (topic: string) => boolean,
  headersOf: RecordHeaders,
): MessageToProduce[] {
  return round.flatMap(({ topic, records }) => {
    const isTombstone = emptyIsTombstone(topic);
    return records.map((record) => message(record, isTombstone, headersOf(record)));
  });
}

function message(
  { topic, partition, key, value, timestampMs }: NewRecord,
  emptyIsTombstone: boolean,
  headers: ReturnType<RecordHeaders>,
): MessageToProduce {
  return {
    topic,
    partition,
    timestamp: BigInt(timestampMs),
    ...(headers === undefined ? {} : { headers: headerBytes(headers) }),
    ...(key === undefined ? {} : { key: Buffer.from(key) }),
    ...(emptyIsTombstone && value.length === 0
      ? {}
      : { value: Buffer.from(value.buffer, value.byteOffset, value.length) }),
  };
}

/** As a map of bytes: the client library takes no other where keys and values are bytes. */
function headerBytes(headers: Readonly<Record<string, string>>): Map<Buffer, Buffer> {
  return new Map(Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]));
}
