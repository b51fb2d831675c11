import { execFile } from "node:child_process";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../peers/", import.meta.url));
const JAVA_MIN = 17;
const ASKS_WITHIN_MS = 60_000;
const BUILDS_WITHIN_MS = 600_000;
/** A peer gives up by itself when nothing moves for two minutes; this is for one that does not. */
const RUNS_WITHIN_MS = 900_000;
const LAST_WORDS = 800;
const OUTPUT_BYTES_MAX = 2 ** 25;

const MAIN_CLASSES = {
  "kafka-streams": "leastwise.peers.streams.KafkaStreamsPeer",
  flink: "leastwise.peers.flink.FlinkPeer",
} as const;

/** An engine of others that does the scorer's work on a topic: see `bench/peers/README.md`. */
export type PeerName = keyof typeof MAIN_CLASSES;

/** What a peer is asked to do. */
export interface PeerRun {
  readonly brokers: readonly string[];
  readonly topic: string;
  /** Records to process, from the topic's beginning. */
  readonly records: number;
  /** How many of them pass before the clock starts. */
  readonly warmUp: number;
  /** Threads of Kafka Streams; parallel instances of Flink's operators. */
  readonly parallelism: number;
}

/** What a peer says of its run. */
export interface PeerReport {
  readonly peer: PeerName;
  readonly records: number;
  readonly seconds: number;
  /** Of the records after the warm-up. */
  readonly recordsPerSecond: number;
  /** CPU time of its whole process over the same time. */
  readonly cpuSeconds: number;
  /** After a collection, with the state held. */
  readonly heapUsedBytes: number;
  readonly heapMaxBytes: number;
  readonly subjects: number;
  /** Events in the 30-day windows of all subjects: equal for all engines that did the work. */
  readonly digestEvents: number;
  readonly warmUpRecords: number;
  readonly parallelism: number;
}

/** Where Java and Maven are looked for. */
type Environment = NodeJS.ProcessEnv;

/**
 * Builds the peers with Maven; the first time, what they need is fetched.
 *
 * @returns false where Java or Maven is missing: a line has said what is left out then
 */
export async function buildPeers(
  say: (line: string) => void,
  environment: Environment = process.env,
): Promise<boolean> {
  const missing = await missingFor(environment);
  if (missing !== undefined) {
    say(`left out: ${Object.keys(MAIN_CLASSES).join(" and ")}, for ${missing}`);
    return false;
  }
  say("building the peers with Maven");
  const command = ["-q", "-B", "-DskipTests", "-f", `${FOLDER}pom.xml`, "package"];
  const built = await ended("mvn", command, { withinMs: BUILDS_WITHIN_MS, environment });
  if (!built.succeeded) throw new Error(`the peers could not be built: ${lastWords(built)}`);
  return true;
}

/** How Java runs a class of a peer that was built: its arguments so far, and the folder to run it in. */
export function javaCommand(
  name: PeerName,
  mainClass: string,
  heapMax: string,
): { readonly args: readonly string[]; readonly folder: string } {
  const classPath = ["target/*", "target/lib/*"].join(delimiter);
  return {
    args: ["-XX:+UseParallelGC", `-Xmx${heapMax}`, "-cp", classPath, mainClass],
    folder: `${FOLDER}${name}`,
  };
}

/** Runs a peer that was built, in a process of its own, and waits for its report. Rejects with its last words if it fails or takes too long. */
export async function runPeer(
  name: PeerName,
  { brokers, topic, records, warmUp, parallelism }: PeerRun,
  environment: Environment = process.env,
): Promise<PeerReport> {
  const { args: java, folder } = javaCommand(name, MAIN_CLASSES[name], "4g");
  const work = ["--brokers", brokers.join(","), "--topic", topic, "--records", `${records}`];
  const how = ["--warm-up", `${warmUp}`, "--parallelism", `${parallelism}`];
  const ran = await ended("java", [...java, ...work, ...how], {
    withinMs: RUNS_WITHIN_MS,
    environment,
    folder,
  });
  if (ran.isLate) throw new Error(`${name}: not done within ${RUNS_WITHIN_MS / 60_000} minutes: ${lastWords(ran)}`);
  if (!ran.succeeded) throw new Error(`${name}: failed: ${lastWords(ran)}`);
  return peerReportOf(name, ran.stdout);
}

/** The report on the last line of what a peer wrote to its standard output. */
export function peerReportOf(name: PeerName, output: string): PeerReport {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  const told = parsed(line);
  if (told === undefined || told["peer"] !== name) {
    throw new Error(`${name}: expected its report as the last line, got ${JSON.stringify(line.slice(0, LAST_WORDS))}`);
  }
  const number = (field: string): number => {
    const value = told[field];
    if (typeof value !== "number") throw new Error(`${name}: its report has no number ${field}: ${line}`);
    return value;
  };
  return {
    peer: name,
    records: number("records"),
    seconds: number("seconds"),
    recordsPerSecond: number("records_per_s"),
    cpuSeconds: number("cpu_seconds"),
    heapUsedBytes: number("heap_used_bytes"),
    heapMaxBytes: number("heap_max_bytes"),
    subjects: number("subjects"),
    digestEvents: number("digest_events"),
    warmUpRecords: number("warm_up_records"),
    parallelism: number("parallelism"),
  };
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** What this machine lacks for the peers, in words; undefined if nothing. */
async function missingFor(environment: Environment): Promise<string | undefined> {
  const [java, maven] = await Promise.all([
    ended("java", ["-version"], { withinMs: ASKS_WITHIN_MS, environment }),
    ended("mvn", ["-v"], { withinMs: ASKS_WITHIN_MS, environment }),
  ]);
  const version = Number(/version "(\d+)/.exec(java.stderr)?.[1] ?? 0);
  if (!java.succeeded) return "java was not found";
  if (version < JAVA_MIN) return `java is of version ${version}, expected at least ${JAVA_MIN}`;
  return maven.succeeded ? undefined : "mvn was not found";
}

interface Ended {
  readonly succeeded: boolean;
  readonly isLate: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, or for a while. Never rejects: a command that is not there did not succeed. */
function ended(
  command: string,
  args: readonly string[],
  { withinMs, environment, folder }: { withinMs: number; environment: Environment; folder?: string },
): Promise<Ended> {
  return new Promise((resolve) => {
    const bounds = { timeout: withinMs, killSignal: "SIGKILL", maxBuffer: OUTPUT_BYTES_MAX } as const;
    const options = { ...bounds, env: environment, cwd: folder };
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({
        succeeded: error === null,
        isLate: error?.killed === true,
        stdout,
        stderr: stderr === "" ? (error?.message ?? "") : stderr,
      });
    });
  });
}

/** What a command said last, without the addresses of whatever mirror the machine uses. */
function lastWords({ stdout, stderr }: Ended): string {
  const words = stderr.trim() === "" ? stdout : stderr;
  return words
    .replace(/\bhttps?:\/\/\S+/g, "(address)")
    .trim()
    .slice(-LAST_WORDS);
}
