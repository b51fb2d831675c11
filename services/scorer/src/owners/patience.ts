import { LogError } from "@leastwise/eventlog";
import { setTimeout as delay } from "node:timers/promises";

/** Tries of one step, and the waits between them, ms: more than two minutes, after which somebody has to hear of it. */
const TRIES_MAX = 70;
const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 2_000;

/** Does again what the log fails at for a while, until the process ends. */
export class Patience {
  readonly #ended: AbortSignal;
  readonly #onRetry: (error: LogError) => void;

  constructor(ended: AbortSignal, onRetry: (error: LogError) => void) {
    this.#ended = ended;
    this.#onRetry = onRetry;
  }

  /** Runs something until it succeeds. Rejects with what cannot pass, or has been tried too often. */
  async persist<T>(run: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await run();
      } catch (error) {
        const isPassing = error instanceof LogError && error.hint === "retry";
        if (!isPassing || tried === TRIES_MAX || this.#ended.aborted) throw error;
        this.#onRetry(error);
      }
      await this.#pause(tried);
    }
  }

  /** Looks until something is there. Undefined if it never is. */
  async until<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
    for (let tried = 1; tried <= TRIES_MAX && !this.#ended.aborted; tried += 1) {
      const seen = await look();
      if (seen !== undefined) return seen;
      await this.#pause(tried);
    }
    return undefined;
  }

  async #pause(tried: number): Promise<void> {
    const ms = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** (tried - 1));
    await delay(ms, undefined, { signal: this.#ended }).catch(() => undefined);
  }
}
