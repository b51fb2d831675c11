import kafkajs, { type Admin } from "kafkajs";
import { insist } from "./insist.js";
import { kafkaDoing } from "./kafka-failure.js";

/** Where a partition's records begin and end. */
export interface OffsetBounds {
  /** Offset of the oldest record kept. */
  readonly begin: number;
  /** Offset that the next append gets. */
  readonly end: number;
}

/** What is asked of the brokers. */
export type OffsetsAdmin = Pick<Admin, "fetchTopicOffsets" | "describeConfigs">;

/** The bounds of all partitions of a topic. */
export async function topicOffsets(admin: OffsetsAdmin, topic: string): Promise<Map<number, OffsetBounds>> {
  const offsets = await kafkaDoing(`asking for the offsets of ${topic}`, () => offsetsOf(admin, topic));
  return new Map(offsets.map(({ partition, low, high }) => [partition, { begin: Number(low), end: Number(high) }]));
}

/**
 * kafkajs 2.2 asks the leaders that it knows, and gives up at once when one of them is not the leader any more, or not yet: it shows as
 * "not the leader" for minutes after a broker has died, and right after a topic was made. Only some of its calls ask anew who leads;
 * describing a topic's settings is the least of them.
 */
function offsetsOf(admin: OffsetsAdmin, topic: string): ReturnType<Admin["fetchTopicOffsets"]> {
  return insist(
    () => admin.fetchTopicOffsets(topic),
    () => learnLeaders(admin, topic),
  );
}

/** Has the client library ask anew who leads the topic. Never rejects. */
export async function learnLeaders(admin: Pick<Admin, "describeConfigs">, topic: string): Promise<void> {
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ["cleanup.policy"] };
  await admin.describeConfigs({ includeSynonyms: false, resources: [resource] }).catch(() => undefined);
}
