import { afterAll } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { builtProgram, ROOT } from "./built-program.js";

/** How long a program may take to say that it serves, to run to its end, or to stop, ms. */
const START_MAX_MS = 30_000;
const STOP_MAX_MS = 20_000;

/** Where a program's doors are; undefined for one that it does not open. */
export interface Ports {
  readonly rpc?: number;
  readonly http?: number;
  readonly ops: number;
  readonly sql?: number;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  /** The command and its options, as after `leastwise`. */
  readonly args: readonly string[];
  /** Settings over those of {@link TEST_SETTINGS}. */
  readonly env?: Readonly<Record<string, string>>;
  /** A command to run it under, such as `unshare …`; it must become the program by `exec`. */
  readonly under?: readonly string[];
}

/** Free ports, lines that can be read, tables that are written soon, and a policy that a machine at work on other tests does not lose sight of. */
const TEST_SETTINGS: Readonly<Record<string, string>> = {
  LEASTWISE_RPC__PORT: "0",
  LEASTWISE_COLLECTOR__HTTP_PORT: "0",
  LEASTWISE_OPS__PORT: "0",
  LEASTWISE_SQL_DOOR__PORT: "0",
  LEASTWISE_LOG__PARTITIONS: "4",
  LEASTWISE_LOGGING__FORMAT: "json",
  LEASTWISE_RECORDER__BLOCK_INTERVAL_MS: "50",
  LEASTWISE_SCORER__POLICY_UNSEEN_MS: "10000",
};

const running = new Set<Program>();
const folders = new Set<string>();

/** A new empty folder, removed when the tests of the file have ended. */
export function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "leastwise-journey-"));
  folders.add(folder);
  return folder;
}

afterAll(async () => {
  await Promise.all([...running].map((program) => program.kill()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
});

/** The built program as a child process. */
export class Program {
  /** Lines as they came; what a line says of a raw id, it says for ever. */
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  /** Resolves when the process has ended and all its lines are here. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #ports: Ports | undefined;
  #onLine: () => void = () => undefined;

  constructor({ args, env = {}, under = [] }: ProgramOptions) {
    const [command = "", ...rest] = [...under, process.execPath, builtProgram(), ...args];
    const inherited = Object.entries(process.env).filter(([name]) => !/^(LEASTWISE_|NODE_OPTIONS|JEST_)/.test(name));
    this.#child = spawn(command, rest, {
      cwd: ROOT,
      env: { ...Object.fromEntries(inherited), ...TEST_SETTINGS, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(this);
    const ended = new Promise<Exit>((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code, signal) => {
        resolve({ code, signal });
      });
    });
    const read = [this.#collect(this.#child.stdout, this.stdout), this.#collect(this.#child.stderr, this.stderr)];
    this.exited = Promise.all([ended, ...read]).then(([exit]) => {
      running.delete(this);
      return exit;
    });
    this.exited.catch(() => running.delete(this));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get ports(): Ports {
    if (this.#ports === undefined) throw new Error("the program does not serve yet");
    return this.#ports;
  }

  /** Lines of both outputs. */
  get lines(): readonly string[] {
    return [...this.stdout, ...this.stderr];
  }

  /** Resolves when it has said where it serves; rejects with its words if it ends before, or does neither. */
  serving(): Promise<Ports> {
    const said = new Promise<Ports>((resolve) => {
      this.#onLine = () => {
        this.#ports ??= portsSaid(this.stderr);
        if (this.#ports !== undefined) resolve(this.#ports);
      };
      this.#onLine();
    });
    const ended = this.exited.then(({ code, signal }): never => {
      throw new Error(`the program ended (${String(code ?? signal)}) before it served:\n${this.lines.join("\n")}`);
    });
    return within(START_MAX_MS, Promise.race([said, ended]), () => `it does not serve:\n${this.lines.join("\n")}`);
  }

  /** Asks it to stop, and waits until it has. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    this.#child.kill(signal);
    return within(STOP_MAX_MS, this.exited, () => `it does not stop:\n${this.lines.slice(-20).join("\n")}`);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<Exit> {
    this.#child.kill("SIGKILL");
    return this.exited;
  }

  async #collect(stream: NodeJS.ReadableStream | null, lines: string[]): Promise<void> {
    if (stream === null) return;
    for await (const line of createInterface({ input: stream })) {
      lines.push(line);
      this.#onLine();
    }
  }
}

/** Starts a service and waits until it serves. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const program = new Program(options);
  await program.serving();
  return program;
}

/** Starts everything in one process on a data directory. */
export function serve(data: string, env: Readonly<Record<string, string>> = {}): Promise<Program> {
  return startProgram({ args: ["serve", "--data", data], env });
}

/** Runs the program to its own end. */
export async function runToEnd(
  options: ProgramOptions,
  maxMs = START_MAX_MS,
): Promise<Program & { readonly exit: Exit }> {
  const program = new Program(options);
  const exit = await within(maxMs, program.exited, () => `it does not end:\n${program.lines.slice(-20).join("\n")}`);
  return Object.assign(program, { exit });
}

function portsSaid(lines: readonly string[]): Ports | undefined {
  const line = lines.find((text) => text.includes('"msg":"serving"'));
  return line === undefined ? undefined : (JSON.parse(line) as { ports: Ports }).ports;
}

async function within<T>(maxMs: number, promise: Promise<T>, say: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`after ${maxMs} ms ${say()}`));
    }, maxMs);
  });
  return Promise.race([promise, late]).finally(() => {
    clearTimeout(timer);
  });
}
