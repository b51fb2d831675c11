import type { ThreadData, ThreadOptions } from "@leastwise/scorer";
import { Worker } from "node:worker_threads";

/** The log that a benchmark's ingest threads follow themselves. Absent: they are handed their records. */
export interface FollowedLog {
  readonly brokers: string[];
}

/** Threads of their own for the clickstream, as the server starts them, without checkpoints. */
export function ingestThread(followed?: FollowedLog, count = 1): ThreadOptions {
  return {
    count,
    followsItself: followed !== undefined,
    start: (data) => {
      const workerData: ThreadData = { ...data, epoch: 1, objectiveMs: 10_000, opening: followed };
      return new Worker(new URL("./ingest-thread-entry.js", import.meta.url), { workerData });
    },
  };
}
