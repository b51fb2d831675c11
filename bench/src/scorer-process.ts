import { wire } from "@leastwise/contracts";
import { connect } from "@leastwise/rpc";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { endWithThis } from "./kept-processes.js";
import { SUBJECT_KEY } from "./cluster-shoppers.js";

const PROGRAM = new URL("main.js", import.meta.resolve("@leastwise/leastwise"));
const STARTS_WITHIN_MS = 120_000;
const STOPS_WITHIN_MS = 60_000;
const ASKS_WITHIN_MS = 10_000;
const LAST_LINES = 20;
const LOOK_EVERY_MS = 10;
const CODES_KEY = "c0".repeat(32);

/** What a scorer is started with. */
export interface ScorerOptions {
  readonly brokers: readonly string[];
  /** A folder of its own. */
  readonly directory: string;
  readonly partitions: number;
  readonly standbys: 0 | 1;
  readonly sessionTimeoutMs: number;
  readonly recoveryObjectiveMs: number;
  /** Where it answers; 0: wherever there is room, and there again after a restart. */
  readonly rpcPort: number;
}

/** A line of its log. */
export interface LogLine {
  /** Unix ms, by the process's own clock. */
  readonly atMs: number;
  readonly message: string;
}

/** A scorer of the built program, in a process of its own, on a cluster with others. */
export class ScorerProcess {
  readonly options: ScorerOptions;
  readonly #process: ChildProcess;
  readonly #lines: LogLine[] = [];
  readonly #lastWords: string[] = [];
  readonly #ended: Promise<unknown>;
  #ports: { readonly rpc: number; readonly ops: number } | undefined;

  private constructor(options: ScorerOptions) {
    this.options = options;
    this.#process = spawn(process.execPath, [PROGRAM.pathname, "scorer"], {
      env: environmentOf(options),
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#ended = once(this.#process, "exit");
    endWithThis(this.#process);
    if (this.#process.stderr === null) throw new Error("a pipe was asked for");
    createInterface({ input: this.#process.stderr }).on("line", (line) => {
      this.#hear(line);
    });
  }

  /** Starts one, and resolves when it is ready for all that it was given. Rejects with its last words if it ends, or takes too long. */
  static async start(options: ScorerOptions): Promise<ScorerProcess> {
    const scorer = new ScorerProcess(options);
    const over = performance.now() + STARTS_WITHIN_MS;
    while (scorer.#ports === undefined) {
      if (scorer.#process.exitCode !== null || performance.now() > over) {
        await scorer.kill();
        throw new Error(`a scorer does not serve:\n${scorer.#lastWords.join("\n")}`);
      }
      await delay(LOOK_EVERY_MS);
    }
    return scorer;
  }

  /** Starts one as this one was, under the same address. */
  again(): Promise<ScorerProcess> {
    return ScorerProcess.start({ ...this.options, rpcPort: this.#served.rpc });
  }

  /** Where it answers calls. */
  get address(): string {
    return `127.0.0.1:${this.#served.rpc}`;
  }

  /** When it said something for the first time since a moment, both Unix ms; undefined: not yet. */
  saidAtMs(message: string, sinceMs: number): number | undefined {
    return this.#lines.find((line) => line.atMs >= sinceMs && line.message === message)?.atMs;
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  /** Asks it to stop, and resolves when it has. Rejects if it takes too long. */
  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    const late = new AbortController();
    const isLate = delay(STOPS_WITHIN_MS, true, { signal: late.signal }).catch(() => false);
    const stopped = await Promise.race([this.#ended.then(() => true), isLate.then(() => false)]);
    late.abort();
    if (stopped) return;
    await this.kill();
    throw new Error(`a scorer does not stop:\n${this.#lastWords.join("\n")}`);
  }

  /** The samples of a metric whose labels contain the text, added up. */
  async metric(name: string, labels = ""): Promise<number> {
    const url = `http://127.0.0.1:${this.#served.ops}/metrics`;
    const page = await fetch(url, { signal: AbortSignal.timeout(ASKS_WITHIN_MS) });
    return (await page.text())
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  /** The address of each partition's owner, as this scorer tells those who watch; empty for one that has none. */
  async owners(): Promise<readonly string[]> {
    const client = connect(wire.RoutingServiceClient, this.address);
    const stream = client.watchPartitions({}, { deadline: Date.now() + ASKS_WITHIN_MS });
    try {
      const map = await new Promise<wire.PartitionMap>((resolve, reject) => {
        stream.on("data", resolve);
        stream.on("error", reject);
      });
      const addresses = new Map(map.owners.map(({ partition, address }) => [partition, address]));
      return Array.from({ length: this.options.partitions }, (_, partition) => addresses.get(partition) ?? "");
    } finally {
      stream.cancel();
      client.close();
    }
  }

  get #served(): { readonly rpc: number; readonly ops: number } {
    if (this.#ports === undefined) throw new Error("the scorer does not serve yet");
    return this.#ports;
  }

  #hear(text: string): void {
    this.#lastWords.push(text);
    if (this.#lastWords.length > LAST_LINES) this.#lastWords.shift();
    if (!text.startsWith("{")) return;
    const line = JSON.parse(text) as { time: string; msg?: string; ports?: { rpc: number; ops: number } };
    this.#lines.push({ atMs: Date.parse(line.time), message: line.msg ?? "" });
    if (line.msg === "serving") this.#ports = line.ports;
  }
}

function environmentOf(options: ScorerOptions): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("LEASTWISE_"));
  return {
    ...Object.fromEntries(inherited),
    LEASTWISE_LOG__ADAPTER: "kafka",
    LEASTWISE_LOG__BROKERS: options.brokers.join(","),
    LEASTWISE_LOG__PARTITIONS: String(options.partitions),
    LEASTWISE_LOG__SESSION_TIMEOUT_MS: String(options.sessionTimeoutMs),
    LEASTWISE_SUBJECTS__KEY: SUBJECT_KEY,
    LEASTWISE_CODES__KEY: CODES_KEY,
    LEASTWISE_CURRENCY: "USD",
    LEASTWISE_DATA_DIRECTORY: options.directory,
    LEASTWISE_RPC__PORT: String(options.rpcPort),
    LEASTWISE_OPS__PORT: "0",
    LEASTWISE_LOGGING__FORMAT: "json",
    LEASTWISE_SCORER__STANDBYS: String(options.standbys),
    LEASTWISE_SCORER__RECOVERY_OBJECTIVE_MS: String(options.recoveryObjectiveMs),
  };
}

/** Looks until it is so, for a while. */
export async function until(what: string, withinMs: number, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const over = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > over) throw new Error(`${what}: not within ${withinMs / 1_000} s`);
    await delay(LOOK_EVERY_MS);
  }
}

/** A folder for the scorer of a number, below one that is removed at the end. */
export function folderOf(directory: string, number: number): string {
  return join(directory, `scorer-${number}`);
}
