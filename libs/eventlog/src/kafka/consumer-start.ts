import type { Consumer } from "kafkajs";
import { setTimeout as delay } from "node:timers/promises";

const AGAIN_AFTER_MS = 100;

/**
 * Connects, and learns where the topic is. Again while `mayTryAgain` of the failure: kafkajs 2.2 gives up at once when the broker that it
 * asks what there is goes away meanwhile, which shows as "Closed connection" although the others stand.
 */
export async function connectTo(
  consumer: Pick<Consumer, "connect" | "subscribe">,
  topic: string,
  mayTryAgain: (error: unknown) => boolean,
): Promise<void> {
  for (;;) {
    try {
      await consumer.connect();
      // "From the beginning" is where a lost place is looked for: dropping what was read beats skipping what was not.
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      return;
    } catch (error) {
      if (!mayTryAgain(error)) throw error;
    }
    await delay(AGAIN_AFTER_MS);
  }
}
