import type { Config } from "@leastwise/config";
import { openKafkaLog } from "@leastwise/eventlog";
import { openCheckpointFiles, openCheckpointTopics, type ThreadOpening } from "@leastwise/scorer";
import type { Millis } from "@leastwise/vocabulary";
import { join } from "node:path";

/** What log and checkpoints of the ingest thread are opened from. */
export type IngestOpening = Pick<Config, "log" | "data_directory">;

/**
 * What the ingest thread works with: where checkpoints go, and with Kafka a log of its own. It stands beside `wiring.ts` so that the thread does
 * not load what it has no use for, such as the warehouse's engine.
 */
export async function openForIngest(opening: IngestOpening, incarnation: string): Promise<ThreadOpening> {
  const { log, data_directory } = opening;
  if (log.adapter !== "kafka") return { checkpoints: openCheckpointFiles(join(data_directory, "checkpoints")) };
  const own = await openKafkaLog({ brokers: log.brokers, clientId: `${log.client_id}-ingest`, incarnation });
  return { log: own, checkpoints: openCheckpointTopics(own, () => Date.now() as Millis) };
}
