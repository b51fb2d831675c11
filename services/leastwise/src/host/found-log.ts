import { loadConfig, sayProblems, type Config } from "@leastwise/config";
import type { CompiledModel, CompiledPolicy } from "@leastwise/decision";
import { TOPICS } from "@leastwise/contracts";
import { LogError, type EventLog } from "@leastwise/eventlog";
import { COMPILED_PRIOR, followModels, followPolicies, type PassedOver } from "@leastwise/references";
import { adviceFor } from "../doctor/cluster.js";
import type { Unreadable } from "../impact/logged-acts.js";
import { ServiceFailure, StartFailure } from "./start-failure.js";
import { openLogAsFound } from "./wiring.js";

/** What a command takes that looks at the log. */
export interface FoundLogOptions {
  /** Configuration, YAML or JSON. */
  readonly config?: string;
  /** Where the embedded log is kept. */
  readonly data?: string;
}

/** The configuration that names the log. A StartFailure says what is wrong with it. */
export async function foundConfig({ config: file, data }: FoundLogOptions): Promise<Config> {
  const overrides = data === undefined ? {} : { data_directory: data };
  const loaded = await loadConfig({ ...(file === undefined ? {} : { file }), env: process.env, overrides });
  if (!loaded.ok) throw new StartFailure(sayProblems(loaded.error));
  return loaded.value;
}

/** Looks at the log that the configuration names, and changes nothing. What goes wrong is a StartFailure or a ServiceFailure, in words. */
export async function onFoundLog<T>(config: Config, look: (log: EventLog) => Promise<T>): Promise<T> {
  const log = await openIt(config);
  try {
    return await look(log);
  } catch (error) {
    if (error instanceof LogError) throw new ServiceFailure(`the log cannot be read: ${error.message} (${error.code})`);
    throw error;
  } finally {
    await log.close();
  }
}

/** The policies that the log has, by version: those of which this build can make nothing are missing. */
export async function policyVersions(
  log: EventLog,
  onUnreadable: (what: Unreadable) => void,
): Promise<(version: string) => CompiledPolicy | undefined> {
  const policies = await followPolicies(log, {
    onInForce: () => undefined,
    onUnusable: () => undefined,
    onPassedOver: (record) => {
      onUnreadable(unreadable(record));
    },
  });
  await policies.stop();
  return (version) => policies.version(version)?.compiled;
}

/** The response models that the log has. */
export interface FoundModels {
  /** The one in force at the log's end. */
  readonly active: () => CompiledModel;
  readonly version: (version: string) => CompiledModel | undefined;
}

/** The response models that the log has, the priors among them: those of which this build can make nothing are missing. */
export async function foundModels(log: EventLog, onUnreadable: (what: Unreadable) => void): Promise<FoundModels> {
  if (!(await hasTopic(log, TOPICS.models))) return PRIORS_ALONE;
  const models = await followModels(log, {
    onInForce: () => undefined,
    onUnusable: () => undefined,
    onPassedOver: (record) => {
      onUnreadable(unreadable(record));
    },
  });
  await models.stop();
  return models;
}

const PRIORS_ALONE: FoundModels = {
  active: () => COMPILED_PRIOR,
  version: (version) => (version === COMPILED_PRIOR.version ? COMPILED_PRIOR : undefined),
};

/** A log that an earlier version wrote lacks the topics that came later, and looking at it makes none. */
async function hasTopic(log: EventLog, topic: string): Promise<boolean> {
  try {
    await log.partitions(topic);
    return true;
  } catch (error) {
    if (error instanceof LogError && error.code === "unknown_topic") return false;
    throw error;
  }
}

function unreadable({ topic, partition, offset, problem }: PassedOver): Unreadable {
  return { place: `${topic}/${partition}@${offset}`, why: problem };
}

async function openIt(config: Config): Promise<EventLog> {
  try {
    const log = await openLogAsFound(config);
    return log;
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    const advice = config.log.adapter === "kafka" ? `: ${adviceFor(error)}` : "";
    throw new StartFailure(`${error.message}${advice}`);
  }
}
