import type { EventLog, LogRecord } from "@leastwise/eventlog";
import { Restoring } from "./restoring.js";

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
  const restoring = await Restoring.begin(log, topic);
  /** Where each partition is read on from: also by a reader that lost its broker and comes back. */
  const next = new Map(restoring.begins);
  const reached = (partition: number, readTo: number, endOffset?: number): void => {
    next.set(partition, readTo);
    restoring.reached(partition, readTo, endOffset);
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
      reached(partition, nextOffset);
      return Promise.resolve();
    },
  });
  try {
    await Promise.race([restoring.done, running.finished]);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { finished: running.finished, stop: () => running.stop() };
}
