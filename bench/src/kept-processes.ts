import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();

/** Keeps a child from outliving this process, whatever way that ends, but for a kill -9. */
export function endWithThis(child: ChildProcess): void {
  if (running.size === 0) listen();
  running.add(child);
  child.once("exit", () => {
    running.delete(child);
    if (running.size === 0) stopListening();
  });
}

function listen(): void {
  process.on("exit", endAll);
  process.on("SIGTERM", leave);
  process.on("SIGINT", leave);
}

function stopListening(): void {
  process.off("exit", endAll);
  process.off("SIGTERM", leave);
  process.off("SIGINT", leave);
}

function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

function leave(signal: NodeJS.Signals): void {
  endAll();
  stopListening();
  process.kill(process.pid, signal);
}
