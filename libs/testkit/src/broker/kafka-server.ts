import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterState } from "./broker-questions.js";
import { freePorts } from "./free-ports.js";
import { keep, type KeptProcess, whenReady } from "./keeper.js";
import { runCommand } from "./run-command.js";

const COMMAND_WITHIN_MS = 60_000;
const STARTS_WITHIN_MS = 60_000;
const ATTEMPTS = 3;

/** Java's options for a process of seconds: what its second compiler would gain, its work would cost the others. */
export const FOR_SECONDS: readonly string[] = ["-XX:TieredStopAtLevel=1"];

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
  /** What its process has in its environment beside what this one has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Further arguments of `kafka-storage format`. */
  readonly formatArguments?: readonly string[];
  /** Where it listens without encryption. */
  readonly address: string;
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

/** A server that is the whole cluster, without encryption, on free ports. */
export async function planAlone(jars: string, javaOptions: readonly string[]): Promise<ServerPlan> {
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const address = `127.0.0.1:${port}`;
  const listeners = `PLAINTEXT://${address},CONTROLLER://127.0.0.1:${controllerPort}`;
  const settings = { ...aloneSettings(controllerPort), listeners };
  return { jars, address, javaOptions, settings, folder: newServerFolder(), clusterId: newClusterId() };
}

/** Of a server that is the whole cluster; its listeners are to be added. */
export function aloneSettings(controllerPort: number): ServerSettings {
  return {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "group.initial.rebalance.delay.ms": 0,
    "auto.create.topics.enable": false,
  };
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
    javaOf(plan, "kafka.tools.StorageTool", ...format),
    COMMAND_WITHIN_MS,
  );
  if (succeeded) return;
  rmSync(plan.folder, { recursive: true, force: true });
  throw new Error(`kafka: could not prepare its folder: ${output.slice(-500)}`);
}

/** The server of a prepared folder, as a process that does not outlive this one. */
export function runServer(plan: ServerPlan): KeptProcess {
  return keep(plan.folder, ["java", ...javaOf(plan, "kafka.Kafka", propertiesOf(plan))], plan.environment);
}

/** The same, and has it write down the classes that it has loaded by the time that it answers. Rejects where it does not start. */
export async function dumpClasses(plan: ServerPlan, file: string): Promise<void> {
  const java = ["java", "-XX:+RecordDynamicDumpInfo", ...javaOf(plan, "kafka.Kafka", propertiesOf(plan))];
  // The shell says its process id, and becomes the server.
  const server = keep(plan.folder, ["sh", "-c", 'echo $$; exec "$@"', "sh", ...java]);
  await whenItAnswers(server, plan, 1);
  const pid = /^\d+$/m.exec(server.output())?.[0] ?? "";
  await runCommand("jcmd", [pid, "VM.cds", "dynamic_dump", file], COMMAND_WITHIN_MS);
  await server.stop();
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

function javaOf({ jars, javaOptions }: ServerPlan, main: string, ...args: string[]): string[] {
  const archive = classArchiveOf(jars);
  const classes =
    (statSync(archive, { throwIfNoEntry: false })?.size ?? 0) > 0 ? [`-XX:SharedArchiveFile=${archive}`] : [];
  return ["-XX:+UseSerialGC", ...classes, ...javaOptions, "-cp", `${jars}/*`, main, ...args];
}

/** Where Java finds Kafka's classes as it had them in memory: beside the jars that they are from. Empty where that could not be had. */
export function classArchiveOf(jars: string): string {
  return `${jars}.jsa`;
}
