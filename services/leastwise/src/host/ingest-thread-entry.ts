import { serveIngestThread, type ThreadData } from "@leastwise/scorer";
import { parentPort, workerData } from "node:worker_threads";
import { openForIngest } from "./ingest-opening.js";

/** A thread that takes the clickstream in: started by `wiring.ts`, ended by the one that started it. */
const data = workerData as ThreadData;
if (parentPort === null) throw new Error("this file is started as a thread, not by itself");
serveIngestThread(parentPort, data, await openForIngest(data));
