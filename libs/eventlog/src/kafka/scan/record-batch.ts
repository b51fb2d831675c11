import { crc32 } from "node:zlib";
import type { SpanList } from "../../span-list.js";
import { crc32c } from "./crc32c.js";
import { VarintCursor } from "./varint-cursor.js";
import { readInt64 } from "./wire-bytes.js";

/**
 * A batch of records as Kafka 0.11 and later write it ("magic" 2), big endian:
 *
 *     base offset, i64 | length of what follows, i32 | leader epoch, i32 | magic, i8 | crc32c of what follows, u32
 *     attributes, i16 | last offset less base, i32 | base timestamp, i64 | newest timestamp, i64 | producer: id, i64;
 *       epoch, i16; sequence, i32 | records, i32 | the records, compressed as one
 */
const LENGTH_AT = 8;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_DELTA_AT = 23;
const BASE_TIMESTAMP_AT = 27;
const NEWEST_TIMESTAMP_AT = 35;
const PRODUCER_AT = 43;
const COUNT_AT = 57;
export const HEADER_BYTES = 61;
/** What the length does not count. */
const PREFIX_BYTES = 12;
/** Length, attributes, two deltas, no key, no value, no headers: a byte each. */
const RECORD_BYTES_MIN = 7;

const MAGIC = 2;
const CODEC = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
/** Of a control record's key: version, i16 | what it marks, i16. */
const CONTROL_KEY_BYTES = 4;
const ABORT = 0;

export const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
export type Codec = (typeof CODECS)[number];

/** What stands at a place where a batch should. `partial`: it goes on beyond the end of what was fetched. */
export type BatchForm = "whole" | "partial" | "old_format" | "checksum_mismatch" | "batch_malformed";

/** Looks at a batch whole: form and checksum. What the checksum does not cover, only its neighbours can tell. */
export function batchForm(bytes: Buffer, at: number, to: number): BatchForm {
  if (to - at <= MAGIC_AT) return "partial";
  const end = batchEnd(bytes, at);
  if (bytes[at + MAGIC_AT] !== MAGIC) return isOldFormat(bytes, at, end, to) ? "old_format" : "batch_malformed";
  if (end < at + HEADER_BYTES) return "batch_malformed";
  if (end > to) return "partial";
  if (crc32c(bytes, at + ATTRIBUTES_AT, end) !== bytes.readUInt32BE(at + CRC_AT)) return "checksum_mismatch";
  return codecOf(bytes.readInt16BE(at + ATTRIBUTES_AT)) === undefined ? "batch_malformed" : "whole";
}

/** Where the batch says that it ends. */
export function batchEnd(bytes: Buffer, at: number): number {
  return at + PREFIX_BYTES + bytes.readInt32BE(at + LENGTH_AT);
}

/** True if a batch of today's format could begin here, as far as its first bytes tell. */
export function looksLikeBatch(bytes: Buffer, at: number, to: number): boolean {
  return to - at > MAGIC_AT && bytes[at + MAGIC_AT] === MAGIC && batchEnd(bytes, at) >= at + HEADER_BYTES;
}

/** Formats of before Kafka 0.11 have the magic at the same place, and a checksum of another kind before it. */
function isOldFormat(bytes: Buffer, at: number, end: number, to: number): boolean {
  const magic = bytes[at + MAGIC_AT] ?? MAGIC;
  return (
    magic < MAGIC &&
    end > at + MAGIC_AT &&
    end <= to &&
    crc32(bytes.subarray(at + MAGIC_AT, end)) === bytes.readUInt32BE(at + 12)
  );
}

function codecOf(attributes: number): Codec | undefined {
  return CODECS[attributes & CODEC];
}

/** The header of a batch that is whole. */
export class RecordBatch {
  readonly bytes: Buffer;
  readonly from: number;
  /** Where its bytes end. */
  readonly to: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly count: number;
  readonly #attributes: number;

  constructor(bytes: Buffer, from: number) {
    this.bytes = bytes;
    this.from = from;
    this.to = batchEnd(bytes, from);
    this.baseOffset = readInt64(bytes, from);
    this.lastOffset = this.baseOffset + bytes.readInt32BE(from + LAST_DELTA_AT);
    this.count = bytes.readInt32BE(from + COUNT_AT);
    this.#attributes = bytes.readInt16BE(from + ATTRIBUTES_AT);
  }

  get codec(): Codec {
    return codecOf(this.#attributes) ?? "none";
  }

  get isControl(): boolean {
    return (this.#attributes & CONTROL) !== 0;
  }

  get isTransactional(): boolean {
    return (this.#attributes & TRANSACTIONAL) !== 0;
  }

  get producerId(): bigint {
    return this.bytes.readBigInt64BE(this.from + PRODUCER_AT);
  }

  /** True for the marker that ends a transaction without effect. */
  get isAbort(): boolean {
    if (!this.isControl) return false;
    const record = new VarintCursor(this.bytes, this.from + HEADER_BYTES, this.to);
    record.next();
    record.at += 1;
    record.next();
    record.next();
    const isKey = record.next() >= CONTROL_KEY_BYTES && record.at + CONTROL_KEY_BYTES <= this.to;
    return isKey && this.bytes.readInt16BE(record.at + 2) === ABORT;
  }

  /**
   * Adds the places of the records from an offset on, which stand unpacked in `bytes`. False, and nothing is added, if
   * they are not what the header says.
   */
  addTo(spans: SpanList, bytes: Buffer, from: number, to: number, fromOffset: number): boolean {
    const { count, baseOffset } = this;
    if (count < 0 || count * RECORD_BYTES_MIN > to - from) return false;
    spans.reserve(count);
    const header = this.from;
    const lastDelta = this.lastOffset - baseOffset;
    const stampedByBroker = (this.#attributes & LOG_APPEND_TIME) !== 0;
    const stampMs = readInt64(this.bytes, header + (stampedByBroker ? NEWEST_TIMESTAMP_AT : BASE_TIMESTAMP_AT));
    const { offsets, timestampsMs, valueFrom, valueTo } = spans;
    const cursor = new VarintCursor(bytes, from, to);
    let previous = -1;
    let place = spans.count;
    for (let index = 0; index < count; index++) {
      const length = cursor.next();
      const end = cursor.at + length;
      cursor.at += 1;
      const sinceMs = cursor.next();
      const delta = cursor.next();
      const keyBytes = cursor.next();
      if (keyBytes > 0) cursor.at += keyBytes;
      const valueBytes = cursor.next();
      const valueAt = cursor.at;
      const valueEnd = valueBytes > 0 ? valueAt + valueBytes : valueAt;
      if (!cursor.isWithin || length < 0 || end > to || valueEnd > end || delta <= previous || delta > lastDelta)
        return false;
      cursor.at = end;
      previous = delta;
      if (baseOffset + delta < fromOffset) continue;
      offsets[place] = baseOffset + delta;
      timestampsMs[place] = stampedByBroker ? stampMs : stampMs + sinceMs;
      valueFrom[place] = valueAt;
      valueTo[place] = valueEnd;
      place += 1;
    }
    if (cursor.at !== to) return false;
    spans.count = place;
    return true;
  }
}
