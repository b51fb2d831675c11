import { crc32 } from "node:zlib";
import type { Millis } from "@leastwise/vocabulary";
import { LogError, type LogRecord, type PoisonedBatch } from "../port.js";
import type { SpanList } from "../span-list.js";
import { VARINT_BYTES_MAX, VarintReader, writeVarint } from "./varint.js";

/**
 * A chunk is what the store keeps under one key: some neighbouring records of one partition. Layout, little endian:
 *
 *     crc32 of all that follows, u32 | layout version, u8 | records, u32 | newest timestamp in ms, f64
 *     per record, as variable-length integers: offset less the chunk's first offset | timestamp in ms |
 *       key's length + 1, or 0 for no key | key in UTF-8 | value's length | value
 *
 * The chunk's first offset stands in its key, so a chunk can be encoded before its place is known.
 */
const LAYOUT_VERSION = 1;
const HEADER_BYTES = 4 + 1 + 4 + 8;
/** Four integers of a byte each, without key and value. */
const RECORD_BYTES_MIN = 4;

/** Size at which a chunk is closed: eight pages, large enough to be read fast, small enough to be cut from. */
export const CHUNK_BYTES_TARGET = 32_768;

/** What a chunk holds of a record; its topic and partition stand in the chunk's key. */
export interface ChunkRecord {
  readonly key?: string;
  readonly value: Uint8Array;
  readonly timestampMs: Millis;
}

export interface Chunk {
  readonly bytes: Buffer;
  readonly records: number;
  /** Last offset in the chunk less its first. */
  readonly lastDelta: number;
}

/** Chunks are cut from blocks: a block lives until the last of its chunks is written. */
const BLOCK_BYTES = 16 * CHUNK_BYTES_TARGET;

/** Gathers records into chunks of about {@link CHUNK_BYTES_TARGET}. */
export class ChunkWriter {
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  /** Where the chunk begins in the block. */
  #start = 0;
  #position = HEADER_BYTES;
  #records = 0;
  #lastDelta = 0;
  #newestMs = 0;

  get records(): number {
    return this.#records;
  }

  get isFull(): boolean {
    return this.#position - this.#start >= CHUNK_BYTES_TARGET;
  }

  /** Adds a record, `delta` offsets after the chunk's first. Deltas rise. */
  add(delta: number, record: ChunkRecord): void {
    const keyBytes = record.key === undefined ? 0 : Buffer.byteLength(record.key);
    this.#reserve(4 * VARINT_BYTES_MAX + keyBytes + record.value.length);
    const into = this.#block;
    let at = writeVarint(into, this.#position, delta);
    at = writeVarint(into, at, record.timestampMs);
    at = writeVarint(into, at, record.key === undefined ? 0 : keyBytes + 1);
    if (record.key !== undefined) at += into.write(record.key, at, "utf8");
    at = writeVarint(into, at, record.value.length);
    into.set(record.value, at);
    this.#position = at + record.value.length;
    this.#records += 1;
    this.#lastDelta = delta;
    this.#newestMs = Math.max(this.#newestMs, record.timestampMs);
  }

  /** The chunk so far, in bytes that nothing else is written to; the writer begins anew. */
  take(): Chunk {
    const bytes = this.#block.subarray(this.#start, this.#position);
    bytes.writeUInt8(LAYOUT_VERSION, 4);
    bytes.writeUInt32LE(this.#records, 5);
    bytes.writeDoubleLE(this.#newestMs, 9);
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
    const chunk = { bytes, records: this.#records, lastDelta: this.#lastDelta };
    this.#begin(this.#position);
    this.#records = 0;
    this.#lastDelta = 0;
    this.#newestMs = 0;
    return chunk;
  }

  #begin(start: number): void {
    this.#start = start;
    this.#position = start + HEADER_BYTES;
  }

  /** Goes on in a new block where the room is over. */
  #reserve(bytes: number): void {
    if (this.#position + bytes <= this.#block.length) return;
    const begun = this.#block.subarray(this.#start, this.#position);
    const length = this.#position - this.#start;
    this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, 2 * (length + bytes)));
    this.#block.set(begun);
    this.#start = 0;
    this.#position = length;
  }
}

/** Where a chunk stands. */
export interface ChunkPlace {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
}

/** Newest timestamp in the chunk, read without looking at its records. */
export function newestTimestampMs(bytes: Buffer): number {
  return bytes.length < HEADER_BYTES ? 0 : bytes.readDoubleLE(9);
}

/**
 * Hands the chunk's records from `fromOffset` on to `take`, until that says false, which is
 * then the result. Throws `corrupt_record` when the
 * bytes are not what was written.
 */
export function readChunk(
  place: ChunkPlace,
  bytes: Buffer,
  fromOffset: number,
  take: (record: LogRecord) => boolean,
): boolean {
  checkChunk(place, bytes);
  const reader = new VarintReader(bytes, HEADER_BYTES);
  const records = bytes.readUInt32LE(5);
  for (let index = 0; index < records; index++) {
    const offset = place.firstOffset + reader.next();
    const timestampMs = reader.next() as Millis;
    const keyLength = reader.next() - 1;
    const keyAt = reader.position;
    if (keyLength > 0) reader.position += keyLength;
    const valueLength = reader.next();
    const valueAt = reader.position;
    reader.position += valueLength;
    if (offset < fromOffset) continue;
    const { topic, partition } = place;
    const value = bytes.subarray(valueAt, valueAt + valueLength);
    const record: LogRecord =
      keyLength < 0
        ? { topic, partition, offset, timestampMs, value }
        : { topic, partition, offset, timestampMs, value, key: bytes.toString("utf8", keyAt, keyAt + keyLength) };
    if (!take(record)) return false;
  }
  return true;
}

/**
 * Adds the places of the chunk's records from `fromOffset` on. Says why not, and then nothing is added, when the bytes are
 * not what was written.
 */
export function addChunk(
  place: ChunkPlace,
  bytes: Buffer,
  fromOffset: number,
  spans: SpanList,
): PoisonedBatch["reason"] | undefined {
  const fault = faultOf(bytes);
  if (fault !== undefined) return fault;
  const { count } = spans;
  try {
    addRecords(place, bytes, fromOffset, spans);
    return undefined;
  } catch {
    spans.count = count;
    return "batch_malformed";
  }
}

/** Throws a RangeError when there is less than the header says. */
function addRecords(place: ChunkPlace, bytes: Buffer, fromOffset: number, spans: SpanList): void {
  const reader = new VarintReader(bytes, HEADER_BYTES);
  const records = bytes.readUInt32LE(5);
  if (records * RECORD_BYTES_MIN > bytes.length) throw new RangeError(`${records} records do not fit the chunk`);
  spans.reserve(records);
  const { offsets, timestampsMs, valueFrom, valueTo } = spans;
  for (let index = 0; index < records; index++) {
    const offset = place.firstOffset + reader.next();
    const timestampMs = reader.next();
    const keyLength = reader.next() - 1;
    if (keyLength > 0) reader.position += keyLength;
    const valueLength = reader.next();
    const valueAt = reader.position;
    reader.position += valueLength;
    if (reader.position > bytes.length) throw new RangeError("a value goes on beyond the end of its chunk");
    if (offset < fromOffset) continue;
    const at = spans.count++;
    offsets[at] = offset;
    timestampsMs[at] = timestampMs;
    valueFrom[at] = valueAt;
    valueTo[at] = reader.position;
  }
}

function faultOf(bytes: Buffer): PoisonedBatch["reason"] | undefined {
  if (bytes.length < HEADER_BYTES) return "batch_malformed";
  if (bytes.readUInt32LE(0) !== crc32(bytes.subarray(4))) return "checksum_mismatch";
  return bytes.readUInt8(4) === LAYOUT_VERSION ? undefined : "batch_malformed";
}

function checkChunk(place: ChunkPlace, bytes: Buffer): void {
  if (faultOf(bytes) === undefined) return;
  throw new LogError(
    "corrupt_record",
    `the records of ${place.topic}/${place.partition} from offset ${place.firstOffset} on are not what was written: checksum or layout differ`,
    "terminal",
  );
}
