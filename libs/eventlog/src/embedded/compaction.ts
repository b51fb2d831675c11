import { setImmediate as nextTurn } from "node:timers/promises";
import { DAY_MS } from "@leastwise/vocabulary";
import type { LogRecord } from "../port.js";
import { type Chunk, ChunkWriter, readChunk } from "./chunk.js";
import { chunkKey } from "./chunk-key.js";
import { chunksFrom, type StoredChunk } from "./chunk-scan.js";
import type { Partition } from "./partition.js";
import { CHUNKS_PER_STEP } from "./retention.js";
import type { Change, Tables } from "./store.js";
import type { Writer } from "./writer.js";

/** How long a tombstone stays after it is written, so that readers who come later see it: Kafka's own default. */
const TOMBSTONE_KEPT_MS = DAY_MS;

/** Fewer new records than this are not worth a pass. */
const DIRTY_RECORDS_MIN = 1_000;

/**
 * A pass is due when at least as many records were appended since the last as that left: then the log holds at most
 * about twice what it must, and rewriting costs about as much as appending did (Kafka's ratio of 0.5).
 */
export function isCompactionDue({ bounds }: Partition): boolean {
  return bounds.end - bounds.cleanEnd >= Math.max(DIRTY_RECORDS_MIN, bounds.cleanRecords);
}

/**
 * Keeps the newest record of each key, and drops tombstones after a day. Offsets stay what they are. Memory: one entry
 * for each key of the partition. Appends go on meanwhile; what they add is left for the next pass.
 */
export async function compact(tables: Tables, writer: Writer, partition: Partition, nowMs: number): Promise<void> {
  const end = partition.bounds.end;
  const newest = await newestOffsets(tables, partition, end);
  const stays = ({ key, offset, value, timestampMs }: LogRecord): boolean =>
    newest.get(key ?? "") === offset && (value.length > 0 || timestampMs > nowMs - TOMBSTONE_KEPT_MS);
  let kept = 0;
  for (let from = 0; from < end;) {
    const step = takeStep(tables, partition, from, end);
    const rewritten = rewrite(tables, partition, step.chunks, stays);
    kept += rewritten.records;
    const bytes = rewritten.changes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    const isLast = step.next >= end;
    const records = kept;
    await writer.submit((pending) => {
      if (isLast) pending.set(partition, { ...pending.of(partition), cleanEnd: end, cleanRecords: records });
      return rewritten.changes;
    }, bytes);
    from = step.next;
  }
}

async function newestOffsets(tables: Tables, partition: Partition, end: number): Promise<Map<string, number>> {
  const newest = new Map<string, number>();
  for (let from = 0; from < end;) {
    const step = takeStep(tables, partition, from, end);
    for (const chunk of step.chunks) {
      readChunk(chunk, chunk.bytes, 0, ({ key, offset }) => {
        newest.set(key ?? "", offset);
        return true;
      });
    }
    from = step.next;
    await nextTurn();
  }
  return newest;
}

/** Chunks to do at once, and the offset that the next step begins with. */
function takeStep(
  tables: Tables,
  partition: Partition,
  from: number,
  end: number,
): { chunks: StoredChunk[]; next: number } {
  const chunks: StoredChunk[] = [];
  for (const chunk of chunksFrom(tables, partition, from, end)) {
    if (chunk.firstOffset < from) continue;
    if (chunks.length === CHUNKS_PER_STEP) return { chunks, next: chunk.firstOffset };
    chunks.push(chunk);
  }
  return { chunks, next: end };
}

/** The same chunks with only the records that stay, joined into full ones; no changes if all stay and are well packed. */
function rewrite(
  tables: Tables,
  partition: Partition,
  chunks: readonly StoredChunk[],
  stays: (record: LogRecord) => boolean,
): { readonly changes: readonly Change[]; readonly records: number } {
  const staying: LogRecord[] = [];
  for (const chunk of chunks) {
    readChunk(chunk, chunk.bytes, 0, (record) => {
      if (stays(record)) staying.push(record);
      return true;
    });
  }
  const packed = pack(staying);
  const same =
    packed.length === chunks.length && packed.every(({ chunk }, index) => chunks[index]?.bytes.equals(chunk.bytes));
  if (same) return { changes: [], records: staying.length };
  const removals = chunks.map(({ key }): Change => ({ table: tables.chunks, key, value: undefined }));
  const additions = packed.map(({ firstOffset, chunk }): Change => ({
    table: tables.chunks,
    key: chunkKey(partition.id, firstOffset),
    value: chunk.bytes,
  }));
  return { changes: [...removals, ...additions], records: staying.length };
}

function pack(records: readonly LogRecord[]): { readonly firstOffset: number; readonly chunk: Chunk }[] {
  const writer = new ChunkWriter();
  const packed: { readonly firstOffset: number; readonly chunk: Chunk }[] = [];
  let firstOffset = 0;
  for (const record of records) {
    if (writer.records === 0) firstOffset = record.offset;
    writer.add(record.offset - firstOffset, record);
    if (writer.isFull) packed.push({ firstOffset, chunk: writer.take() });
  }
  if (writer.records > 0) packed.push({ firstOffset, chunk: writer.take() });
  return packed;
}
