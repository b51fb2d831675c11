import { openKafkaLog } from "@leastwise/eventlog";
import { serveIngestThread, type ThreadData } from "@leastwise/scorer";
import { parentPort, workerData } from "node:worker_threads";
import type { FollowedLog } from "./ingest-thread.js";

/** A thread that takes the clickstream in: started by `ingest-thread.ts`, ended by the one that started it. */
const data = workerData as ThreadData;
const followed = data.opening as FollowedLog | undefined;
if (parentPort === null) throw new Error("this file is started as a thread, not by itself");
const { thread, incarnation } = data;
const log =
  followed === undefined
    ? undefined
    : await openKafkaLog({ ...followed, clientId: `bench-ingest-${thread}`, incarnation });
serveIngestThread(parentPort, data, { log });
