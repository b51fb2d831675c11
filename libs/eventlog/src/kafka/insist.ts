import { setTimeout as sleep } from "node:timers/promises";
import { sayKafkaFailure } from "./kafka-failure.js";

/** Tries, and the waits between them, ms: six seconds in all. A broker that died has been replaced by then. */
const TRIES_MAX = 7;
const PAUSE_MIN_MS = 100;

/**
 * Asks again what kafkajs 2.2 gives up at once although another broker would answer: it shows as "Closed connection" when the broker
 * that is asked dies meanwhile. Rejects at once with what cannot pass, and in the end with the last failure.
 *
 * @param beforeAgain done before each further try
 */
export async function insist<T>(
  ask: () => Promise<T>,
  beforeAgain: () => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await ask();
    } catch (error) {
      if (sayKafkaFailure("", error).hint !== "retry" || tried === TRIES_MAX) throw error;
    }
    await sleep(PAUSE_MIN_MS * 2 ** (tried - 1));
    await beforeAgain();
  }
}
