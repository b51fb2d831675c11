import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CannotRun } from "./harness.js";

const STARTS_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 20;

/** A Redis of one's own. */
export interface RedisServer {
  /** Path of the Unix socket that it listens at. */
  readonly socket: string;
  /** Ends it, and removes its folder. */
  stop(): Promise<void>;
}

/**
 * Starts the machine's `redis-server` at a Unix socket in a folder of its own, without persistence. Rejects with {@link CannotRun} where there is
 * none.
 *
 * @param environment where the `PATH` stands
 */
export async function startRedis(environment: NodeJS.ProcessEnv = process.env): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "leastwise-redis-"));
  const socket = join(folder, "socket");
  const settings = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder];
  const server = spawn("redis-server", settings, { stdio: ["ignore", "pipe", "pipe"], env: environment });
  const outcome = watch(server);
  const kill = (): void => void server.kill();
  process.once("exit", kill);
  const stop = async (): Promise<void> => {
    server.kill();
    await outcome.ended;
    process.removeListener("exit", kill);
    rmSync(folder, { recursive: true, force: true });
  };
  const deadlineMs = performance.now() + STARTS_WITHIN_MS;
  while (!existsSync(socket)) {
    const problem = outcome.problem() ?? (performance.now() > deadlineMs ? "it does not listen" : undefined);
    if (problem !== undefined) {
      await stop();
      throw new CannotRun(`redis-server could not be started: ${problem}`);
    }
    await sleep(LOOK_AGAIN_MS);
  }
  return { socket, stop };
}

/** Follows a server that is starting: when it has ended, and why it will not start. */
function watch(server: ChildProcess): { readonly ended: Promise<void>; readonly problem: () => string | undefined } {
  let output = "";
  let problem: string | undefined;
  const collect = (chunk: Buffer): void => {
    output = `${output}${chunk.toString()}`.slice(-1_000);
  };
  server.stdout?.on("data", collect);
  server.stderr?.on("data", collect);
  const ended = once(server, "exit").then(
    ([code]: unknown[]) => {
      problem = `it ended with ${String(code)}: ${output.trim()}`;
    },
    (error: unknown) => {
      const isMissing = typeof error === "object" && error !== null && "code" in error && error.code === "ENOENT";
      problem = isMissing ? "it was not found; Debian has it in the package redis-server" : String(error);
    },
  );
  return { ended, problem: () => problem };
}
