import { EventEmitter } from "node:events";
import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import { serveIngestThread, type ThreadOpening } from "../ingest/serve-thread.js";
import type { ThreadData, ToThread } from "../ingest/thread-messages.js";

/** An ingest thread that runs in the test's own: all that it is told and says goes through a channel, copied as between threads. */
export function nearThread(
  data: Omit<ThreadData, "epoch" | "objectiveMs" | "opening">,
  opening: ThreadOpening,
  objectiveMs = 3_600_000,
): Worker {
  const { port1, port2 } = new MessageChannel();
  serveIngestThread(port1, { ...data, epoch: 1, objectiveMs, opening: undefined }, opening);
  return new NearThread(port2) as unknown as Worker;
}

/** As much of a worker as the other side uses. */
class NearThread extends EventEmitter {
  readonly #port: MessagePort;
  readonly #closed: Promise<void>;

  constructor(port: MessagePort) {
    super();
    this.#port = port;
    port.on("message", (message) => this.emit("message", message));
    this.#closed = new Promise((resolve) => {
      port.on("close", () => {
        this.emit("exit", 0);
        resolve();
      });
    });
  }

  postMessage(message: unknown, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, [...transfer]);
  }

  /** A thread cannot be killed here: it is told to end, whether it was before or not, and closes the channel when it has. */
  async terminate(): Promise<number> {
    this.postMessage({ kind: "stop", id: 0 } satisfies ToThread);
    await this.#closed;
    return 0;
  }
}
