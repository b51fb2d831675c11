import type { Config } from "@leastwise/config";
import { openKafkaLog, type EventLog } from "@leastwise/eventlog";
import { openCheckpointFiles, openCheckpointTopics, type CheckpointStore, type ThreadOpening } from "@leastwise/scorer";
import type { Millis } from "@leastwise/vocabulary";
import { join } from "node:path";

/** What log and checkpoints of the ingest thread are opened from. */
export type IngestOpening = Pick<Config, "log" | "data_directory">;

/**
 * What the ingest thread works with: where checkpoints go, and with Kafka a log of its own. It stands beside `wiring.ts` so that the thread does
 * not load what it has no use for, such as the warehouse's engine.
 */
export async function openForIngest(opening: IngestOpening, incarnation: string): Promise<ThreadOpening> {
  const { log } = opening;
  if (log.adapter !== "kafka") return { checkpoints: checkpointStore(opening, undefined) };
  const own = await openKafkaLog({ brokers: log.brokers, clientId: `${log.client_id}-ingest`, incarnation });
  return { log: own, checkpoints: checkpointStore(opening, own) };
}

/** On topics of Kafka, else beside the embedded log. */
export function checkpointStore({ log, data_directory }: IngestOpening, kafka: EventLog | undefined): CheckpointStore {
  return log.adapter === "kafka" && kafka !== undefined
    ? openCheckpointTopics(kafka, () => Date.now() as Millis)
    : openCheckpointFiles(join(data_directory, "checkpoints"));
}
