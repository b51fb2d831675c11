import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { kafkaJars } from "./kafka-jars.js";
import { runCommand } from "./run-command.js";
import type { TestBroker } from "./start-broker.js";

const JAVA_MIN = 17;
const COMMAND_WITHIN_MS = 60_000;
const STARTS_WITHIN_MS = 60_000;
const LOOK_AGAIN_MS = 50;
const ATTEMPTS = 3;

/**
 * Runs its arguments, and ends them when its standard input ends, as it does however the parent ends; then removes the
 * folder, its first argument.
 */
const KEEPER = `
folder=$1; shift; trap '' PIPE; exec 3<&0
"$@" </dev/null 3<&- & server=$!
{ cat <&3 >/dev/null; kill -9 $server; } 2>/dev/null & watch=$!
wait $server; code=$?
kill $watch 2>/dev/null; rm -rf "$folder"; exit $code`;

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

/** Apache Kafka as a process of its own on free ports; nothing of it stays after this process, however that ends. */
export async function brokerFromMaven(): Promise<TestBroker> {
  const jars = await kafkaJars();
  for (let attempt = 1; ; attempt++) {
    try {
      return await startServer(jars);
    } catch (error) {
      // Between choosing a free port and using it, somebody else may take it.
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function startServer(jars: string): Promise<TestBroker> {
  const folder = mkdtempSync(join(tmpdir(), "leastwise-kafka-"));
  const [port, controllerPort] = await freePorts();
  const properties = join(folder, "server.properties");
  writeFileSync(properties, serverProperties(join(folder, "logs"), port, controllerPort));
  const java = (main: string, ...args: string[]): string[] => [
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-cp",
    `${jars}/*`,
    main,
    ...args,
  ];
  const format = await runCommand(
    "java",
    java("kafka.tools.StorageTool", "format", "-t", clusterId(), "-c", properties),
    COMMAND_WITHIN_MS,
  );
  if (!format.succeeded) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`kafka: could not prepare its folder: ${format.output.slice(-500)}`);
  }
  const server = keep(folder, ["java", ...java("kafka.Kafka", properties)]);
  await server.listening(port);
  return { brokers: [`127.0.0.1:${port}`], how: "maven", stop: server.stop };
}

/** Kafka takes a UUID in base64 that does not begin with a dash. */
function clusterId(): string {
  return `k${Buffer.from(randomUUID().replaceAll("-", ""), "hex").toString("base64url").slice(1)}`;
}

function serverProperties(logs: string, port: number, controllerPort: number): string {
  return Object.entries({
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "group.initial.rebalance.delay.ms": 0,
    "auto.create.topics.enable": false,
    "log.dirs": logs,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

function keep(folder: string, command: readonly string[]) {
  const child: ChildProcess = spawn("sh", ["-c", KEEPER, "sh", folder, ...command], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output = `${output}${chunk.toString()}`.slice(-4_000);
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  const exited = new Promise<void>((resolve) =>
    child
      .once("exit", () => {
        resolve();
      })
      .once("error", () => {
        resolve();
      }),
  );
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    await exited;
  };
  const listening = async (port: number): Promise<void> => {
    const deadlineMs = Date.now() + STARTS_WITHIN_MS;
    while (!(await accepts(port))) {
      const late = Date.now() > deadlineMs;
      if (late) await stop();
      if (late || hasExited()) throw new Error(`kafka: did not start: ${output.slice(-1_000)}`);
      await sleep(LOOK_AGAIN_MS);
    }
  };
  return { stop, listening };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}

/** Two ports that are free now: both are held until both are known, so that they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject).listen(0, "127.0.0.1", () => {
            const address = server.address();
            if (address === null || typeof address === "string")
              reject(new Error("a port was asked for and not given"));
            else resolve(address.port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const [first = 0, second = 0] = ports;
  return [first, second];
}
