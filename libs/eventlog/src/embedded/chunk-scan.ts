import type { LogRecord } from "../port.js";
import { type ChunkPlace, readChunk } from "./chunk.js";
import { chunkKey, firstOffsetOf, OFFSET_END } from "./chunk-key.js";
import type { Partition } from "./partition.js";
import type { Tables } from "./store.js";

export interface StoredChunk extends ChunkPlace {
  readonly key: Buffer;
  readonly bytes: Buffer;
}

/** The partition's chunks from the one that holds, or would hold, the offset; below `endOffset`. */
export function* chunksFrom(
  tables: Tables,
  partition: Partition,
  offset: number,
  endOffset = OFFSET_END - 1,
): Generator<StoredChunk> {
  const lowest = chunkKey(partition.id, 0);
  const reverse = { start: chunkKey(partition.id, offset), end: lowest, inclusiveEnd: true, reverse: true, limit: 1 };
  const [start = lowest] = tables.chunks.getKeys(reverse);
  for (const { key, value } of tables.chunks.getRange({ start, end: chunkKey(partition.id, endOffset) })) {
    const { topic, partition: number } = partition;
    yield { topic, partition: number, firstOffset: firstOffsetOf(key), key, bytes: value };
  }
}

export interface BatchLimits {
  /** Most records in a batch. */
  readonly recordsMax: number;
  /** Most bytes of keys and values in a batch; a single larger record still comes, alone. */
  readonly bytesMax: number;
}

/** The next records from an offset on, within the limits; none if there is none yet. */
export function readRecords(tables: Tables, partition: Partition, offset: number, limits: BatchLimits): LogRecord[] {
  const records: LogRecord[] = [];
  let room = limits.bytesMax;
  const take = (record: LogRecord): boolean => {
    room -= record.value.length + (record.key?.length ?? 0);
    if (room >= 0 || records.length === 0) records.push(record);
    return room > 0 && records.length < limits.recordsMax;
  };
  for (const chunk of chunksFrom(tables, partition, offset, partition.bounds.end)) {
    if (!readChunk(chunk, chunk.bytes, offset, take)) break;
  }
  return records;
}

/** A chunk, and where the one behind it begins, or would begin. */
export interface ChunkStretch extends StoredChunk {
  readonly nextOffset: number;
}

/** The next chunks from an offset on, up to so many bytes, but one at least; none if there is none yet. */
export function readChunks(tables: Tables, partition: Partition, offset: number, bytesMax: number): ChunkStretch[] {
  const { end } = partition.bounds;
  const read: StoredChunk[] = [];
  let bytes = 0;
  let behind = end;
  for (const chunk of chunksFrom(tables, partition, offset, end)) {
    behind = chunk.firstOffset;
    bytes += chunk.bytes.length;
    if (bytes > bytesMax && read.length > 0) break;
    behind = end;
    read.push(chunk);
  }
  return read.map((chunk, index) => ({ ...chunk, nextOffset: read[index + 1]?.firstOffset ?? behind }));
}
