import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterState } from "./broker-questions.js";
import { keep, type KeptProcess, whenReady } from "./keeper.js";
import { runCommand } from "./run-command.js";

const JAVA_MIN = 17;
const COMMAND_WITHIN_MS = 60_000;
const STARTS_WITHIN_MS = 60_000;
const ATTEMPTS = 3;

/** Kafka's own names and values. */
export type ServerSettings = Readonly<Record<string, string | number | boolean>>;

/** One Kafka server of a cluster: where it lives, and how it is set up. */
export interface ServerPlan {
  /** Folder with Kafka's jars. */
  readonly jars: string;
  /** Its own: what it stores is in there, and it goes when the server is stopped. */
  readonly folder: string;
  readonly clusterId: string;
  readonly settings: ServerSettings;
  readonly javaOptions: readonly string[];
  /** Further arguments of `kafka-storage format`. */
  readonly formatArguments?: readonly string[];
  /** Where it listens without encryption. */
  readonly address: string;
}

/** What this machine lacks to run Kafka from Maven Central, in words; undefined if nothing. */
export async function missingForMaven(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const [java, maven] = await Promise.all([
    runCommand("java", ["-version"], COMMAND_WITHIN_MS, environment),
    runCommand("mvn", ["-v"], COMMAND_WITHIN_MS, environment),
  ]);
  const version = Number(/version "(\d+)/.exec(java.output)?.[1] ?? 0);
  if (!java.succeeded) return "java was not found";
  if (version < JAVA_MIN) return `java is of version ${version}, expected at least ${JAVA_MIN}`;
  return maven.succeeded ? undefined : "mvn was not found";
}

/** Tries to start something on ports that are free: between choosing a port and using it, somebody else may take it. */
export async function onFreePorts<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

export function newServerFolder(): string {
  return mkdtempSync(join(tmpdir(), "leastwise-kafka-"));
}

/** Kafka takes a UUID in base64 that does not begin with a dash. */
export function newClusterId(): string {
  return `k${Buffer.from(randomUUID().replaceAll("-", ""), "hex").toString("base64url").slice(1)}`;
}

/** Writes its settings and prepares its storage. What is in the way rejects, and removes the folder. */
export async function formatServer(plan: ServerPlan): Promise<void> {
  mkdirSync(plan.folder, { recursive: true });
  const settings = { ...plan.settings, "log.dirs": join(plan.folder, "logs") };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(propertiesOf(plan), lines.join(""));
  const { clusterId, formatArguments = [] } = plan;
  const format = ["format", "-t", clusterId, "-c", propertiesOf(plan), ...formatArguments];
  const { succeeded, output } = await runCommand(
    "java",
    java(plan, "kafka.tools.StorageTool", ...format),
    COMMAND_WITHIN_MS,
  );
  if (succeeded) return;
  rmSync(plan.folder, { recursive: true, force: true });
  throw new Error(`kafka: could not prepare its folder: ${output.slice(-500)}`);
}

/** The server of a prepared folder, as a process that does not outlive this one. */
export function runServer(plan: ServerPlan): KeptProcess {
  return keep(plan.folder, ["java", ...java(plan, "kafka.Kafka", propertiesOf(plan))]);
}

/** Resolves when the server says that it is there, with at least so many in all. Otherwise rejects, and it is stopped. */
export async function whenItAnswers(server: KeptProcess, plan: ServerPlan, brokersMin: number): Promise<void> {
  const { address, settings } = plan;
  const answers = async (): Promise<boolean> => {
    const { brokers } = (await clusterState(address).catch(() => undefined)) ?? { brokers: [] };
    return brokers.length >= brokersMin && brokers.some((id) => id === settings["node.id"]);
  };
  await whenReady(server, answers, STARTS_WITHIN_MS, `kafka at ${address}`);
}

function propertiesOf({ folder }: ServerPlan): string {
  return join(folder, "server.properties");
}

function java({ jars, javaOptions }: ServerPlan, main: string, ...args: string[]): string[] {
  return ["-XX:+UseSerialGC", ...javaOptions, "-cp", `${jars}/*`, main, ...args];
}
