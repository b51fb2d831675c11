import { setTimeout as sleep } from "node:timers/promises";
import kafkajs, { type Admin } from "kafkajs";
import { kafkaDoing, sayKafkaFailure } from "./kafka-failure.js";

/** Where a partition's records begin and end. */
export interface OffsetBounds {
  /** Offset of the oldest record kept. */
  readonly begin: number;
  /** Offset that the next append gets. */
  readonly end: number;
}

/** What is asked of the brokers. */
export type OffsetsAdmin = Pick<Admin, "fetchTopicOffsets" | "describeConfigs">;

/** Tries, and the waits between them, ms: six seconds in all. A partition whose leader died has another one by then. */
const TRIES_MAX = 7;
const PAUSE_MIN_MS = 100;

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
async function offsetsOf(admin: OffsetsAdmin, topic: string): ReturnType<Admin["fetchTopicOffsets"]> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await admin.fetchTopicOffsets(topic);
    } catch (error) {
      if (!isPassing(error) || tried === TRIES_MAX) throw error;
    }
    await sleep(PAUSE_MIN_MS * 2 ** (tried - 1));
    await learnLeaders(admin, topic);
  }
}

async function learnLeaders(admin: OffsetsAdmin, topic: string): Promise<void> {
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ["cleanup.policy"] };
  await admin.describeConfigs({ includeSynonyms: false, resources: [resource] }).catch(() => undefined);
}

function isPassing(error: unknown): boolean {
  return sayKafkaFailure("", error).hint === "retry";
}
