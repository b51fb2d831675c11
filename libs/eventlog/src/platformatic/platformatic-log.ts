import { type KafkaLogOptions, openClusterLog } from "../kafka/kafka-log.js";
import type { EventLog } from "../port.js";

export type PlatformaticLogOptions = Omit<KafkaLogOptions, "socketFactory">;

/**
 * Opens the log in a Kafka cluster with `@platformatic/kafka` for what the records go through: appends and subscriptions, with the
 * commits of their readers. Rejects as `openKafkaLog` does.
 *
 * The rest is the other adapter's, and goes through kafkajs or our own fetch: topics and offsets, what a group committed, and commits for
 * a group without a reader here; `relay`, because this library commits offsets in a transaction only for a consumer that is in the
 * group; `own`, because all members of a group must agree on who gets what, whichever client they have; and `scan`.
 *
 * The client library's makers support it from Node 22.22 on; it is loaded only here, and called so that it works in Node 20. A group's name must have no white space. Its producer begins anew
 * by itself when the brokers have forgotten its numbers: a batch of which the answer was lost just then can be there twice.
 */
export async function openPlatformaticLog(options: PlatformaticLogOptions): Promise<EventLog> {
  const { platformaticClient } = await import("./platformatic-client.js");
  return openClusterLog(options, (_kafka, admin) => platformaticClient(options, admin));
}
