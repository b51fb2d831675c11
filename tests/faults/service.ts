import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { builtProgram, ROOT } from "../journey/built-program.js";
import type { ServiceTold, ToldFile } from "./told.js";

/** How long a service may take to say that it serves, and to stop when it is asked to, ms. */
const START_MAX_MS = 120_000;
const STOP_MAX_MS = 60_000;

/** After how long one that ended by itself is started again, as a supervisor would, ms. */
const SUPERVISED_AFTER_MS = 1_000;

export interface ServiceOptions {
  /** Its name in what is told: `scorer-1`. */
  readonly name: string;
  /** The command, as after `leastwise`. */
  readonly role: "collector" | "scorer" | "recorder";
  readonly env: Readonly<Record<string, string>>;
  /** Where all that its processes say is written. */
  readonly logFile: string;
  readonly told: ToldFile;
}

/** One service of the system under test: a process, and the next one under the same name, address and data directory. */
export class Service {
  readonly name: string;
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  /** Resolves when the process is gone. */
  #gone: Promise<void> = Promise.resolve();
  /** Whether its end would be its own doing. */
  #isWanted = false;

  constructor(options: ServiceOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Starts a process, and resolves when it serves. Rejects where it does not in time. */
  async start(nodeOptions: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { role, logFile } = this.#options;
    const inherited = Object.entries(process.env).filter(([name]) => !/^(LEASTWISE_|NODE_OPTIONS|JEST_)/.test(name));
    const child = spawn(process.execPath, [...nodeOptions, builtProgram(), role], {
      cwd: ROOT,
      env: { ...Object.fromEntries(inherited), ...this.#options.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#isWanted = true;
    const log = createWriteStream(logFile, { flags: "a" });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const serves = new Promise<void>((resolve) => {
      createInterface({ input: child.stderr }).on("line", (line) => {
        if (line.includes('"msg":"serving"')) resolve();
      });
    });
    this.#gone = new Promise((resolve) => child.once("exit", resolve)).then(() => {
      log.end();
    });
    const failed = this.#gone.then(() => this.#ended(nodeOptions, env));
    const late = delay(START_MAX_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${this.name} does not serve after ${START_MAX_MS} ms: see ${logFile}`);
    });
    await Promise.race([serves, failed, late]);
    if (child.exitCode === null && child.signalCode === null) this.#tell("serves");
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.#isWanted = false;
    this.#tell("killed");
    this.#child?.kill("SIGKILL");
    await this.#gone;
  }

  /** Asks it to stop, and waits until it has. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    this.#tell("stopping");
    this.#child?.kill("SIGTERM");
    const late = delay(STOP_MAX_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${this.name} does not stop within ${STOP_MAX_MS} ms`);
    });
    await Promise.race([this.#gone, late]);
  }

  /** Stops it where it stands, as a machine that hangs. */
  pause(): void {
    this.#tell("paused");
    this.#child?.kill("SIGSTOP");
  }

  /** Lets it go on. */
  resume(): void {
    this.#child?.kill("SIGCONT");
    this.#tell("serves");
  }

  /** Ends it at once, and says nothing of it: the run is over. */
  end(): void {
    this.#isWanted = false;
    this.#child?.kill("SIGKILL");
  }

  /** It has ended, and nobody wanted that: told, and mended as a supervisor does. */
  async #ended(nodeOptions: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
    if (!this.#isMissed()) return;
    this.#tell("failed");
    await delay(SUPERVISED_AFTER_MS);
    if (this.#isMissed()) await this.start(nodeOptions, env);
  }

  /** Whether somebody wants it to run. */
  #isMissed(): boolean {
    return this.#isWanted;
  }

  #tell(what: ServiceTold["what"]): void {
    this.#options.told.add({ told: "service", service: this.name, atMs: Date.now(), what });
  }
}
