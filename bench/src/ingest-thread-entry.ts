import { openKafkaLog } from "@leastwise/eventlog";
import { serveIngestThread, type ThreadData } from "@leastwise/scorer";
import { parentPort, workerData } from "node:worker_threads";
import type { FollowedLog } from "./ingest-thread.js";

/** The thread that takes the clickstream in: started by `ingest-thread.ts`, ended by the one that started it. */
const data = workerData as ThreadData;
const followed = data.opening as FollowedLog | undefined;
if (parentPort === null) throw new Error("this file is started as a thread, not by itself");
const log =
  followed === undefined
    ? undefined
    : await openKafkaLog({ brokers: followed.brokers, clientId: "bench-ingest", incarnation: data.incarnation });
serveIngestThread(parentPort, data, { log });
