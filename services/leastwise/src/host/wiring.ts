import { makeDataDirectory, sayProblems, type Config } from "@leastwise/config";
import { LogError, openEmbeddedLog, readLogIdentity, type EventLog, type KafkaLogOptions } from "@leastwise/eventlog";
import type { CheckpointOptions, ThreadData, ThreadOptions } from "@leastwise/scorer";
import type { Telemetry } from "@leastwise/telemetry";
import type { Clock } from "@leastwise/vocabulary";
import {
  applyMigrations,
  createFeatureViews,
  createLiftViews,
  openEmbeddedWarehouse,
  openHttpWarehouse,
  type EmbeddedWarehouse,
  type Warehouse,
} from "@leastwise/warehouse";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { cloudEventHeaders } from "../topics/cloud-events.js";
import { planOf } from "../topics/wanted-topics.js";
import { kafkaOptions } from "./kafka-options.js";
import { checkpointStore, kafkaOpener, type IngestOpening } from "./ingest-opening.js";
import { StartFailure } from "./start-failure.js";

/** Opens the log that the configuration names, with its topics. The only place that knows the adapters. */
export async function openLog(config: Config, clock: Clock, telemetry: Telemetry): Promise<EventLog> {
  const incarnation = config.log.incarnation === undefined ? {} : { incarnation: config.log.incarnation };
  const nowMs = () => clock.nowMs();
  const log =
    config.log.adapter === "kafka"
      ? await kafkaOpener(config.log)({
          ...(await kafkaOptions(config.log)),
          replicationFactor: config.log.replication_factor,
          sessionTimeoutMs: config.log.session_timeout_ms,
          onLog: (level, message, fields) => {
            telemetry.logger[level === "error" ? "error" : "debug"]({ kafka: fields }, message);
          },
          onLogFrom: telemetry.logger.isLevelEnabled("debug") ? "debug" : "error",
          nowMs,
          ...incarnation,
          ...headersOption(config),
        })
      : await openEmbeddedLog({ directory: await dataDirectory(config, "log"), nowMs, ...incarnation });
  try {
    await log.ensureTopics(planOf(config));
    return log;
  } catch (error) {
    await log.close();
    throw error;
  }
}

/**
 * Opens the log that the configuration names, to look at it: makes no log, no topic and no directory, and removes nothing. Rejects with a LogError; a
 * StartFailure where no log was begun.
 */
export async function openLogAsFound(config: Config): Promise<EventLog> {
  const { log, data_directory } = config;
  const pinned = log.incarnation === undefined ? {} : { incarnation: log.incarnation };
  if (log.adapter !== "kafka")
    return openEmbeddedLog({ directory: join(data_directory, "log"), isAsFound: true, ...pinned });
  const brokers = await kafkaOptions(log);
  const { incarnation } = await readLogIdentity({ ...brokers, ...pinned });
  if (incarnation === undefined)
    throw new StartFailure(`no log was begun at ${log.brokers.join(", ")}, or this user may not see it`);
  return kafkaOpener(log)({ ...brokers, incarnation });
}

function headersOption({ log }: Config): Pick<KafkaLogOptions, "headersOf"> {
  const headersOf = cloudEventHeaders(log);
  return headersOf === undefined ? {} : { headersOf };
}

/** Threads of their own for the clickstream. With Kafka they read the log themselves; the embedded log has one reader, this thread. */
export function ingestThreads(config: Config, epoch: number): ThreadOptions {
  const { log, data_directory, scorer } = config;
  const opening: IngestOpening = { log, data_directory };
  return {
    count: scorer.ingest_threads,
    followsItself: log.adapter === "kafka",
    start: (data) => {
      const workerData: ThreadData = { ...data, epoch, objectiveMs: scorer.recovery_objective_ms, opening };
      return new Worker(new URL("./ingest-thread-entry.js", import.meta.url), { workerData });
    },
  };
}

/** Where checkpoints go when this thread takes the clickstream in itself. */
export function checkpointsOf(config: Config, log: EventLog, epoch: number): CheckpointOptions {
  return {
    store: checkpointStore(config, log),
    epoch,
    objectiveMs: config.scorer.recovery_objective_ms,
    newId: () => randomBytes(16).toString("hex"),
  };
}

/** Whether another process works on the data directory. */
export async function isInUse(directory: string): Promise<boolean> {
  try {
    const log = await openEmbeddedLog({ directory: join(directory, "log") });
    await log.close();
    return false;
  } catch (error) {
    return error instanceof LogError && error.code === "directory_in_use";
  }
}

/** The warehouse, and its embedded form where the SQL door can be opened on it. */
export interface OpenedWarehouse {
  readonly warehouse: Warehouse;
  readonly embedded: EmbeddedWarehouse | undefined;
}

/** Opens the warehouse that the configuration names, with its tables and views as this version wants them. */
export async function openWarehouse(config: Config): Promise<OpenedWarehouse> {
  const opened = await openByAdapter(config);
  await applyMigrations(opened.warehouse);
  await createLiftViews(opened.warehouse);
  await createFeatureViews(opened.warehouse);
  return opened;
}

async function openByAdapter(config: Config): Promise<OpenedWarehouse> {
  const { adapter, url, user, password, database } = config.warehouse;
  if (adapter === "http") {
    if (url === undefined) throw new Error("the configuration was checked: http has a url");
    return { warehouse: openHttpWarehouse({ url, user, password: password ?? "", database }), embedded: undefined };
  }
  const embedded = await openEmbeddedWarehouse({ directory: await dataDirectory(config, "warehouse") });
  return { warehouse: embedded, embedded };
}

/** A place in the data directory, which is there from then on. */
async function dataDirectory({ data_directory: directory }: Config, name: string): Promise<string> {
  const made = await makeDataDirectory(directory);
  if (!made.ok) throw new StartFailure(sayProblems([made.error]));
  return join(directory, name);
}
