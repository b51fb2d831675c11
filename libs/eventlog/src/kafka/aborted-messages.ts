import { internalOf, wrapOnce } from "./kafkajs-internals.js";
import { AbortedTransactions } from "./scan/aborted-transactions.js";

/** A message as the client library's decoder of fetches gives it, as far as it matters here. */
interface FetchedMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  /** Control records are never handed over. */
  isControlRecord: boolean;
  readonly batchContext?: { readonly producerId: string; readonly inTransaction: boolean };
}

interface FetchedPartition {
  abortedTransactions: { readonly producerId: string; readonly firstOffset: string }[] | null;
  readonly messages: readonly FetchedMessage[];
}

interface FetchResponse {
  readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[];
}

/** A version of the client library's fetch response: its decoder is looked up at each call. */
interface FetchDecoder {
  decode: (bytes: Buffer) => Promise<FetchResponse>;
}

/** Versions of the fetch whose answers tell of aborted transactions, as far as the client library knows any. */
const FETCH_VERSIONS = [4, 5, 6, 7, 8, 9, 10, 11];

/** A control record's key is its version and its type, of which 0 is an abort. */
const ABORT_KEY = Buffer.from([0, 0, 0, 0]);

/**
 * kafkajs 2.2 takes aborted transactions in the order in which brokers tell them, which is that of their ends, and begins at most one with each
 * message (`src/consumer/filterAbortedMessages.js`). Where transactions of several writers overlap, as they do when a writer of several
 * partitions is killed, records without effect are handed over as good ones. Java's consumer sorts them by their beginnings, and so do we: what
 * belongs to one is marked as the library marks what it never hands over, and the library's own list is emptied.
 */
export function dropAbortedMessages(): void {
  for (const version of FETCH_VERSIONS)
    wrapOnce(internalOf(`protocol/requests/fetch/v${version}/response`) as FetchDecoder, "decode", withAbortedMarked);
}

function withAbortedMarked(decode: FetchDecoder["decode"]): FetchDecoder["decode"] {
  return async (bytes) => {
    const response = await decode(bytes);
    for (const { partitions } of response.responses) partitions.forEach(markAborted);
    return response;
  };
}

function markAborted(partition: FetchedPartition): void {
  const { abortedTransactions, messages } = partition;
  if (abortedTransactions === null || abortedTransactions.length === 0) return;
  const aborted = new AbortedTransactions(
    abortedTransactions.map(({ producerId, firstOffset }) => ({
      producerId: BigInt(producerId),
      firstOffset: Number(firstOffset),
    })),
  );
  for (const message of messages) {
    const { offset, key, isControlRecord, batchContext } = message;
    if (batchContext === undefined) continue;
    const isDropped = aborted.holds({
      isTransactional: batchContext.inTransaction,
      isAbort: isControlRecord && key !== null && ABORT_KEY.equals(key),
      producerId: BigInt(batchContext.producerId),
      lastOffset: Number(offset),
    });
    if (isDropped) message.isControlRecord = true;
  }
  partition.abortedTransactions = [];
}
