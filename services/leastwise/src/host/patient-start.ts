import { LogError } from "@leastwise/eventlog";
import { setTimeout as delay } from "node:timers/promises";

/** Between two tries, ms: an opening that fails has waited for some seconds by itself. */
const PAUSE_MS = 1_000;

export interface Patience {
  /** How long it is tried in all, ms; 0: once. */
  readonly waitMaxMs: number;
  /** Hears why a try failed, and until when it is tried again, Unix ms. */
  readonly onFailed: (error: LogError, untilMs: number) => void;
  readonly nowMs: () => number;
}

/** Opens something of the log, again and again while it fails in a way that may pass: brokers may start after the services. */
export async function openWhenThere<T>(open: () => Promise<T>, patience: Patience): Promise<T> {
  const { waitMaxMs, onFailed, nowMs } = patience;
  const untilMs = nowMs() + waitMaxMs;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof LogError) || error.hint !== "retry") throw error;
      if (nowMs() + PAUSE_MS > untilMs) throw error;
      onFailed(error, untilMs);
    }
    await delay(PAUSE_MS);
  }
}
