import type { fetchV17, KafkaRecord, RecordsBatch } from "@platformatic/kafka";
import type { Millis } from "@leastwise/vocabulary";
import { AbortedTransactions } from "../kafka/scan/aborted-transactions.js";
import type { LogRecord } from "../port.js";

/** What one fetch gave of a partition. */
export interface FetchedRecords {
  readonly records: readonly LogRecord[];
  /** First offset that is not in here: behind control records and what was aborted. */
  readonly nextOffset: number;
  readonly endOffset: number;
}

const LOG_APPEND_TIME = 1 << 3;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;

/**
 * The records from an offset on, without control records and those of transactions without effect. The client library drops the latter
 * itself, but knows of one such transaction a producer only, and lets it through when its end is in a later fetch.
 */
export function fetchedRecords(
  topic: string,
  { partitionIndex, records: batches, abortedTransactions, highWatermark }: fetchV17.FetchResponsePartition,
  from: number,
): FetchedRecords {
  const aborted = new AbortedTransactions(
    (abortedTransactions ?? []).map(({ producerId, firstOffset }) => ({
      producerId,
      firstOffset: Number(firstOffset),
    })),
  );
  const records: LogRecord[] = [];
  let nextOffset = from;
  for (const batch of batches ?? []) {
    const firstOffset = Number(batch.firstOffset);
    const lastOffset = firstOffset + batch.lastOffsetDelta;
    nextOffset = Math.max(nextOffset, lastOffset + 1);
    const isDropped = aborted.holds({
      isTransactional: (batch.attributes & TRANSACTIONAL) !== 0,
      isAbort: isAbort(batch),
      producerId: batch.producerId,
      lastOffset,
    });
    if (isDropped || (batch.attributes & CONTROL) !== 0) continue;
    for (const record of batch.records) {
      const offset = firstOffset + record.offsetDelta;
      if (offset >= from) records.push(logRecord(topic, partitionIndex, offset, timestampOf(batch, record), record));
    }
  }
  return { records, nextOffset, endOffset: Number(highWatermark) };
}

/** A control record's key is its version and its type, of which 0 is an abort. */
function isAbort({ attributes, records: [marker] }: RecordsBatch): boolean {
  return (attributes & CONTROL) !== 0 && marker?.key?.readInt16BE(2) === 0;
}

function timestampOf(
  { attributes, maxTimestamp, firstTimestamp }: RecordsBatch,
  { timestampDelta }: KafkaRecord,
): Millis {
  return Number((attributes & LOG_APPEND_TIME) !== 0 ? maxTimestamp : firstTimestamp + timestampDelta) as Millis;
}

function logRecord(
  topic: string,
  partition: number,
  offset: number,
  timestampMs: Millis,
  { key, value }: KafkaRecord,
): LogRecord {
  const record = { topic, partition, offset, timestampMs, value: value ?? EMPTY };
  return key === null ? record : { ...record, key: key.toString() };
}

const EMPTY = Buffer.alloc(0);
