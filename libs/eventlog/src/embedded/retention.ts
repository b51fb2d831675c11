import { newestTimestampMs } from "./chunk.js";
import { chunksFrom } from "./chunk-scan.js";
import type { Partition } from "./partition.js";
import type { Change, Tables } from "./store.js";
import type { Writer } from "./writer.js";

/** Most chunks that one transaction removes or rewrites, so that appends do not wait long behind it. */
export const CHUNKS_PER_STEP = 256;

/**
 * Removes records older than the limit, whole chunks from the oldest on, up to the first chunk with a newer record: a
 * record is kept at least as long as its topic says, and at most as long as its neighbours ask.
 */
export async function removeExpired(
  tables: Tables,
  writer: Writer,
  partition: Partition,
  oldestMs: number,
): Promise<void> {
  for (;;) {
    const { removals, begin, isLast } = expired(tables, partition, oldestMs);
    if (removals.length === 0) return;
    await writer.submit((pending) => {
      pending.set(partition, { ...pending.of(partition), begin });
      return removals;
    }, 0);
    if (isLast) return;
  }
}

interface Expired {
  readonly removals: readonly Change[];
  /** Offset of the oldest record that stays. */
  readonly begin: number;
  readonly isLast: boolean;
}

function expired(tables: Tables, partition: Partition, oldestMs: number): Expired {
  const removals: Change[] = [];
  const { begin, end } = partition.bounds;
  for (const { key, bytes, firstOffset } of chunksFrom(tables, partition, begin, end)) {
    if (newestTimestampMs(bytes) >= oldestMs) return { removals, begin: firstOffset, isLast: true };
    if (removals.length === CHUNKS_PER_STEP) return { removals, begin: firstOffset, isLast: false };
    removals.push({ table: tables.chunks, key, value: undefined });
  }
  return { removals, begin: end, isLast: true };
}
