import type { EventLog, LogRecord } from "@leastwise/eventlog";

/** A topic that is followed into memory. */
export interface Following {
  /** Rejects when following failed for good; resolves after stop. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Reads a topic from its beginning, and resolves when all that stood on it has been taken; what comes later is taken as it comes. Every
 * process that follows gets every record of every partition.
 *
 * @param onBatch told how long a batch took, ms
 */
export async function follow(
  log: EventLog,
  topic: string,
  take: (record: LogRecord) => void,
  onBatch: (durationMs: number) => void = () => undefined,
): Promise<Following> {
  /** Where each partition is read on from: also by a reader that lost its broker and comes back. */
  const next = new Map<number, number>();
  /** Partitions that are not read to where they ended at the start, with that end. */
  const behind = new Map<number, number>();
  for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
    const { begin, end } = await log.offsets(topic, partition);
    next.set(partition, begin);
    if (end > begin) behind.set(partition, end);
  }
  let restored: () => void = () => undefined;
  const untilRestored = new Promise<void>((resolve) => (restored = resolve));
  if (behind.size === 0) restored();
  /** All below an offset has been read; nothing is to come from `endOffset` on, as far as is known. */
  const reached = (partition: number, readTo: number, endOffset: number): void => {
    next.set(partition, readTo);
    // A compacted topic may end in a gap: its reader is there when nothing more is to come.
    if (readTo >= Math.min(behind.get(partition) ?? 0, endOffset)) behind.delete(partition);
    if (behind.size === 0) restored();
  };
  const running = await log.subscribe({
    topic,
    from: (partition) => Promise.resolve(next.get(partition) ?? 0),
    onBatch: ({ partition, records, endOffset }) => {
      const startedMs = performance.now();
      records.forEach(take);
      onBatch(performance.now() - startedMs);
      reached(partition, (records.at(-1)?.offset ?? -1) + 1, endOffset);
      return Promise.resolve();
    },
    onGap: (partition, nextOffset) => {
      // What stands behind it is yet to come.
      reached(partition, nextOffset, Infinity);
      return Promise.resolve();
    },
  });
  try {
    await Promise.race([untilRestored, running.finished]);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { finished: running.finished, stop: () => running.stop() };
}
