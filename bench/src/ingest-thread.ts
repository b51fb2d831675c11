import type { ThreadData, ThreadOptions } from "@leastwise/scorer";
import { Worker } from "node:worker_threads";

/** The log that a benchmark's ingest thread follows itself. Absent: it is handed its records. */
export interface FollowedLog {
  readonly brokers: string[];
}

/** A thread of its own for the clickstream, as the server starts one, without checkpoints. */
export function ingestThread(followed?: FollowedLog): ThreadOptions {
  return {
    followsItself: followed !== undefined,
    start: (data) => {
      const workerData: ThreadData = { ...data, epoch: 1, objectiveMs: 10_000, opening: followed };
      return new Worker(new URL("./ingest-thread-entry.js", import.meta.url), { workerData });
    },
  };
}
