import type { AbortedTransaction } from "./aborted-transactions.js";
import { RequestBytes, ResponseBytes } from "./wire-bytes.js";

export const FETCH_KEY = 1;
/** Spoken by brokers from Kafka 2.1 on, and still by those of Kafka 4: the oldest that may carry every codec. */
export const FETCH_VERSION = 10;
/** Versions whose responses can be read. */
export type FetchVersion = typeof FETCH_VERSION | 11;

const CONSUMER = -1;
const READ_COMMITTED = 1;
const NO_SESSION = 0;
const WITHOUT_SESSION_EPOCH = -1;
const ANY_EPOCH = -1;
const UNKNOWN_START = -1;
const BYTES_MIN = 1;

export interface FetchRequest {
  readonly topic: string;
  readonly places: readonly { readonly partition: number; readonly offset: number }[];
  /** How long the broker holds the request while there is nothing. */
  readonly waitMs: number;
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
}

/** What came of one partition. Its batches stand in the response's bytes. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  /** Offset that the next append gets; -1 with an error. */
  readonly endOffset: number;
  /** Below it every transaction has ended; -1 with an error. */
  readonly stableOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly from: number;
  readonly to: number;
}

export interface FetchResponse {
  readonly bytes: Buffer;
  /** How long the broker will hold the next request back, by its quotas. */
  readonly throttleMs: number;
  readonly errorCode: number;
  readonly partitions: readonly FetchedPartition[];
}

export function fetchRequest({ topic, places, waitMs, bytesMax, partitionBytesMax }: FetchRequest): Buffer {
  const request = new RequestBytes()
    .int32(CONSUMER)
    .int32(waitMs)
    .int32(BYTES_MIN)
    .int32(bytesMax)
    .int8(READ_COMMITTED);
  request.int32(NO_SESSION).int32(WITHOUT_SESSION_EPOCH).int32(1).string(topic).int32(places.length);
  for (const { partition, offset } of places) {
    request.int32(partition).int32(ANY_EPOCH).int64(offset).int64(UNKNOWN_START).int32(partitionBytesMax);
  }
  return request.int32(0).done();
}

/** Reads a response, of this version or the one behind it. */
export function fetchResponse(bytes: Buffer, at: number, version: FetchVersion = FETCH_VERSION): FetchResponse {
  const response = new ResponseBytes(bytes);
  response.at = at;
  const throttleMs = response.int32();
  const errorCode = response.int16();
  response.int32();
  const topics = response.list(() => {
    const topic = response.string();
    return response.list(() => fetchedPartition(response, topic, version));
  });
  return { bytes, throttleMs, errorCode, partitions: topics.flat() };
}

function fetchedPartition(response: ResponseBytes, topic: string, version: FetchVersion): FetchedPartition {
  const partition = response.int32();
  const errorCode = response.int16();
  const endOffset = response.int64();
  const stableOffset = response.int64();
  // The log's start.
  response.at += 8;
  const aborted = response.list(() => ({ producerId: response.bigInt64(), firstOffset: response.int64() }));
  // The replica that the broker would rather be asked, which the version behind tells.
  if (version > FETCH_VERSION) response.at += 4;
  const to = response.byteRange().length;
  return { topic, partition, errorCode, endOffset, stableOffset, aborted, from: response.at - to, to: response.at };
}
