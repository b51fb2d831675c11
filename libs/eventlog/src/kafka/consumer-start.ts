import type { Consumer } from "kafkajs";

/**
 * Connects, and learns where the topic is. Again when `mayTryAgain`, asked of the failure, says that it is time: kafkajs 2.2 gives up at once when the broker that it
 * asks what there is goes away meanwhile, which shows as "Closed connection" although the others stand.
 */
export async function connectTo(
  consumer: Pick<Consumer, "connect" | "subscribe">,
  topic: string,
  mayTryAgain: (error: unknown) => Promise<boolean>,
): Promise<void> {
  for (;;) {
    try {
      await consumer.connect();
      // "From the beginning" is where a lost place is looked for: dropping what was read beats skipping what was not.
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      return;
    } catch (error) {
      if (!(await mayTryAgain(error))) throw error;
    }
  }
}
