import { batchEnd, batchForm, HEADER_BYTES, looksLikeBatch, RecordBatch } from "./record-batch.js";
import { readInt64 } from "./wire-bytes.js";

/** Where a stretch that cannot be read ends, and which offset stands there. */
export interface StretchEnd {
  readonly at: number;
  readonly nextOffset: number;
}

/**
 * Finds where reading can go on behind a damaged batch at `at` that begins with `offset`. Neither its length nor its
 * offsets are to be trusted, so a batch that is whole and comes later says where it stands, first of all the one to which
 * the length points. Failing that, the damaged header's own word counts if it is possible; else one offset is given up.
 */
export function stretchEnd(bytes: Buffer, at: number, to: number, offset: number, endOffset: number): StretchEnd {
  const claimed = to - at > HEADER_BYTES ? batchEnd(bytes, at) : to;
  if (claimed > at && claimed < to) {
    const isNext = isLater(bytes, claimed, to, offset, endOffset);
    if (isNext) return { at: claimed, nextOffset: readInt64(bytes, claimed) };
  }
  for (let place = at + 1; looksForMore(place, to); place++) {
    if (!looksLikeBatch(bytes, place, to) || !isLater(bytes, place, to, offset, endOffset)) continue;
    if (batchForm(bytes, place, to) === "whole") return { at: place, nextOffset: readInt64(bytes, place) };
  }
  return { at: to, nextOffset: claimedNext(bytes, at, to, offset, endOffset) };
}

function looksForMore(place: number, to: number): boolean {
  return place + HEADER_BYTES <= to;
}

/** True if a batch seems to begin here, with an offset that may come next. */
function isLater(bytes: Buffer, at: number, to: number, offset: number, endOffset: number): boolean {
  if (!looksLikeBatch(bytes, at, to)) return false;
  const base = readInt64(bytes, at);
  return base > offset && base < endOffset;
}

function claimedNext(bytes: Buffer, at: number, to: number, offset: number, endOffset: number): number {
  if (to - at < HEADER_BYTES) return offset + 1;
  const next = new RecordBatch(bytes, at).lastOffset + 1;
  return next > offset && next <= endOffset ? next : offset + 1;
}
