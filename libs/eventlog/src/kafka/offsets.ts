import type { Admin } from "kafkajs";
import { kafkaDoing } from "./kafka-failure.js";

/** Where a partition's records begin and end. */
export interface OffsetBounds {
  /** Offset of the oldest record kept. */
  readonly begin: number;
  /** Offset that the next append gets. */
  readonly end: number;
}

/** The bounds of all partitions of a topic. */
export async function topicOffsets(admin: Admin, topic: string): Promise<Map<number, OffsetBounds>> {
  const offsets = await kafkaDoing(`asking for the offsets of ${topic}`, () => admin.fetchTopicOffsets(topic));
  return new Map(offsets.map(({ partition, low, high }) => [partition, { begin: Number(low), end: Number(high) }]));
}
