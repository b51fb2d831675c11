import type { EventLog, LogRecord } from "@leastwise/eventlog";
import { PlacesTaken } from "./places-taken.js";
import { Restoring } from "./restoring.js";

/** A topic that is followed into memory. */
export interface Following {
  /** Rejects when following failed for good; resolves after stop. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

/** A topic that is followed into memory, and that can tell whether it is all there. */
export interface Followed extends Following {
  /**
   * Asks the log where the topic ends now, and resolves with true once all that stood there then has been taken; with false if following
   * ends before, or once the signal says that nobody waits for it any more. Rejects with a LogError where the log does not say: the question
   * itself takes as long as the log lets it, whatever the signal says.
   */
  reachesEnd(signal: AbortSignal): Promise<boolean>;
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
): Promise<Followed> {
  const restoring = await Restoring.begin(log, topic);
  const taken = new PlacesTaken(restoring.begins);
  const reached = (partition: number, readTo: number, endOffset?: number): void => {
    taken.reached(partition, readTo);
    restoring.reached(partition, readTo, endOffset);
  };
  const running = await log.subscribe({
    topic,
    // Also of a reader that lost its broker and comes back.
    from: (partition) => Promise.resolve(taken.next(partition)),
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
  // What stood there at the start and did not come was none: a gap, of which not every reader is told.
  for (const [partition, end] of restoring.ends) if (taken.next(partition) < end) taken.reached(partition, end);
  const onEnd = (): void => {
    taken.end();
  };
  running.finished.then(onEnd, onEnd);
  return {
    finished: running.finished,
    stop: () => running.stop(),
    reachesEnd: async (signal) => taken.until(await log.ends(topic), signal),
  };
}
