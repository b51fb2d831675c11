import { batchEnd, HEADER_BYTES, looksLikeBatch, RecordBatch } from "./record-batch.js";

/** Where reading will probably go on after these batches, from a look at their headers alone: a guess, to fetch ahead by. */
export function expectedNext(bytes: Buffer, from: number, to: number, next: number): number {
  let last = -1;
  for (let at = from; to - at >= HEADER_BYTES && looksLikeBatch(bytes, at, to); at = batchEnd(bytes, at)) {
    if (batchEnd(bytes, at) <= to) last = at;
  }
  return last < 0 ? next : Math.max(next, new RecordBatch(bytes, last).lastOffset + 1);
}
