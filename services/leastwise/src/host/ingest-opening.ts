import type { Config } from "@leastwise/config";
import { openKafkaLog, openPlatformaticLog, type EventLog, type PlatformaticLogOptions } from "@leastwise/eventlog";
import {
  openCheckpointFiles,
  openCheckpointTopics,
  type CheckpointStore,
  type ThreadData,
  type ThreadOpening,
} from "@leastwise/scorer";
import type { Millis } from "@leastwise/vocabulary";
import { join } from "node:path";
import { kafkaOptions } from "./kafka-options.js";

/** What log and checkpoints of an ingest thread are opened from. */
export type IngestOpening = Pick<Config, "log" | "data_directory">;

/**
 * What an ingest thread works with: where checkpoints go, and with Kafka a log of its own. It stands beside `wiring.ts` so that the thread does
 * not load what it has no use for, such as the warehouse's engine.
 */
export async function openForIngest(data: ThreadData): Promise<ThreadOpening> {
  const opening = data.opening as IngestOpening;
  const { log } = opening;
  if (log.adapter !== "kafka") return { checkpoints: checkpointStore(opening, undefined) };
  const brokers = await kafkaOptions(log, `${log.client_id}-ingest-${data.thread}`);
  const own = await kafkaOpener(log)({ ...brokers, incarnation: data.incarnation });
  return { log: own, checkpoints: checkpointStore(opening, own) };
}

/** Opens a log in a Kafka cluster with the client library that is configured. */
export function kafkaOpener({ client }: Config["log"]): (options: PlatformaticLogOptions) => Promise<EventLog> {
  return client === "platformatic" ? openPlatformaticLog : openKafkaLog;
}

/** On topics of Kafka, else beside the embedded log. */
export function checkpointStore({ log, data_directory }: IngestOpening, kafka: EventLog | undefined): CheckpointStore {
  return log.adapter === "kafka" && kafka !== undefined
    ? openCheckpointTopics(kafka, () => Date.now() as Millis)
    : openCheckpointFiles(join(data_directory, "checkpoints"));
}
