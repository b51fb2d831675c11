import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

const LOOK_AGAIN_MS = 50;
const OUTPUT_CHARS_MAX = 4_000;

/**
 * Runs its arguments but the first, a folder, and sends them the signals that its standard input names. When that ends, as it
 * does however the parent ends, it kills what runs and removes the folder. A terminal's interrupt must not end it before.
 */
const KEEPER = `
folder=$1; shift; trap '' PIPE INT TERM HUP
"$@" </dev/null 3>&- & server=$!
exec >/dev/null 2>&1
while read -r order; do
  if [ "$order" = LEAVE ]; then exit; fi
  kill -"$order" $server; echo sent >&3
done
kill -KILL $server; wait $server; rm -rf "$folder"`;

/** A process that does not outlive this one, and the folder that goes with it. */
export interface KeptProcess {
  hasExited(): boolean;
  /** The last of what it printed. */
  output(): string;
  /** Resolves when the signal is sent. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Resolves when it is dead. Its folder stays, as long as this process. */
  kill(): Promise<void>;
  /** The folder of a process that is dead is another one's to keep. */
  leave(): Promise<void>;
  /** Resolves when it is dead and the folder is gone. Idempotent. */
  stop(): Promise<void>;
}

/** @param environment what it has in its environment beside what this process has */
export function keep(
  folder: string,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): KeptProcess {
  const child: ChildProcess = spawn("sh", ["-c", KEEPER, "sh", folder, ...command], {
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const [orders, printed, complained, sent] = child.stdio;
  let output = "";
  const collect = (chunk: Buffer): void => {
    output = `${output}${chunk.toString()}`.slice(-OUTPUT_CHARS_MAX);
  };
  let hasExited = false;
  const isKeeperGone = new Promise<void>((resolve) => {
    child.once("exit", () => {
      resolve();
    });
    child.once("error", (error) => {
      output += error.message;
      resolve();
    });
  });
  // Only what is kept holds their other ends: the keeper has let go of them.
  const exited = Promise.race([isKeeperGone, Promise.all([printed, complained].map(ended))]).then(() => {
    hasExited = true;
  });
  for (const stream of [printed, complained]) stream?.on("data", collect);
  const waiting: (() => void)[] = [];
  sent?.on("data", (chunk: Buffer) => {
    for (const resolve of waiting.splice(0, chunk.toString().split("\n").length - 1)) resolve();
  });
  // A keeper that is gone takes no orders; that is seen at its end.
  orders?.on("error", () => undefined);
  const order = (name: string): void => {
    child.stdin?.write(`${name}\n`);
  };
  const signal = async (name: "STOP" | "CONT" | "KILL"): Promise<void> => {
    const isSent = new Promise<void>((resolve) => waiting.push(resolve));
    order(name);
    await Promise.race([isSent, isKeeperGone]);
  };
  return {
    hasExited: () => hasExited,
    output: () => output,
    pause: () => signal("STOP"),
    resume: () => signal("CONT"),
    kill: async () => {
      await signal("KILL");
      await exited;
    },
    leave: async () => {
      order("LEAVE");
      await isKeeperGone;
    },
    stop: async () => {
      child.stdin?.end();
      await isKeeperGone;
    },
  };
}

/** Looks again and again until it is so. Rejects, and stops the process, when that has exited or the time is over. */
export async function whenReady(
  server: KeptProcess,
  isReady: () => Promise<boolean>,
  withinMs: number,
  name = "kafka",
): Promise<void> {
  const deadlineMs = Date.now() + withinMs;
  while (!(await isReady())) {
    if (server.hasExited() || Date.now() > deadlineMs) {
      await server.stop();
      throw new Error(`${name}: did not start: ${server.output().slice(-1_000)}`);
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

function ended(stream: ChildProcess["stdio"][number] | undefined): Promise<void> {
  return new Promise((resolve) => {
    (stream as Readable | null | undefined)?.once("close", () => {
      resolve();
    });
  });
}
