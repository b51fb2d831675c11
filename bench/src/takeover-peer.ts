import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { endWithThis } from "./kept-processes.js";
import { javaCommand } from "./peers.js";
import { peerStandingOf, peerTakeoverOf, type PeerStanding, type Takeover } from "./takeover-course.js";

const MAIN_CLASS = "leastwise.peers.streams.TakeoverPeer";
const HEAP_MAX = "2g";
const STOPS_WITHIN_MS = 60_000;
const LAST_WORDS = 2_000;

/** What a process of the Kafka Streams application is started with. */
export interface StreamsOptions {
  readonly brokers: readonly string[];
  readonly topic: string;
  /** The application's id, the same for all its processes. */
  readonly application: string;
  /** A folder of its own. */
  readonly directory: string;
  readonly standbys: 0 | 1;
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
  /** A key of each partition, in the order of the partitions. */
  readonly probes: readonly string[];
}

/** A process of a Kafka Streams application that keeps what the scorers keep: see `bench/peers/README.md`. */
export class StreamsProcess {
  readonly options: StreamsOptions;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #said: PeerStanding[] = [];
  #lastWords = "";

  constructor(options: StreamsOptions) {
    const { args, folder } = javaCommand("kafka-streams", MAIN_CLASS, HEAP_MAX);
    this.options = options;
    this.#process = spawn("java", [...args, ...argumentsOf(options)], { cwd: folder, stdio: "pipe" });
    this.#ended = once(this.#process, "exit");
    endWithThis(this.#process);
    const { stdout, stderr } = this.#process;
    if (stdout === null || stderr === null) throw new Error("pipes were asked for");
    createInterface({ input: stdout }).on("line", (line) => this.#said.push(peerStandingOf(line)));
    stderr.on("data", (words: Buffer) => {
      this.#lastWords = (this.#lastWords + words.toString()).slice(-LAST_WORDS);
    });
  }

  /** How it stands; undefined before it has said anything. Throws with its last words if it has ended. */
  get standing(): PeerStanding | undefined {
    if (this.#process.exitCode !== null) throw new Error(`kafka-streams has ended: ${this.#lastWords}`);
    return this.#said.at(-1);
  }

  /** How it took over all partitions since the other was killed; undefined while it has not. */
  takeover(killedAtMs: number): Takeover | undefined {
    return peerTakeoverOf(this.#said, killedAtMs, this.options.probes.length);
  }

  /** Forgets what it said before now, except the last. */
  forget(): void {
    this.#said = this.#said.slice(-1);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  /** Has it leave its group and end; kills it if it takes too long. */
  async stop(): Promise<void> {
    this.#process.stdin?.end();
    const late = new AbortController();
    await Promise.race([
      this.#ended,
      delay(STOPS_WITHIN_MS, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
    await this.kill();
  }
}

function argumentsOf(options: StreamsOptions): readonly string[] {
  return [
    ...["--brokers", options.brokers.join(","), "--topic", options.topic],
    ...["--application", options.application, "--folder", options.directory],
    ...["--standbys", `${options.standbys}`, "--session-timeout-ms", `${options.sessionTimeoutMs}`],
    ...["--heartbeat-ms", `${options.heartbeatMs}`, "--probes", options.probes.join(",")],
  ];
}
