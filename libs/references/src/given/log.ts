import { CLICKSTREAM_RETENTION_MIN_MS, topicPlan } from "@leastwise/contracts";
import { openEmbeddedLog, type EmbeddedLog, type NewRecord } from "@leastwise/eventlog";
import { DAY_MS, type Millis } from "@leastwise/vocabulary";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** Monday 23 November 2026, 12:00 UTC. */
export const NOON = Date.UTC(2026, 10, 23, 12) as Millis;

/** A log in a directory of its own, with every topic, whose clock is a day past noon: tombstones are old by then. */
export interface GivenLog {
  readonly log: EmbeddedLog;
  end(): Promise<void>;
}

export async function givenLog(): Promise<GivenLog> {
  const directory = await mkdtemp(path.join(tmpdir(), "references-"));
  const nowMs = () => NOON + DAY_MS;
  const log = await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024, nowMs });
  await log.ensureTopics(topicPlan(2, CLICKSTREAM_RETENTION_MIN_MS));
  return {
    log,
    end: async () => {
      await log.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** A record of a topic that has one partition. */
export function put(topic: string, key: string, value: Uint8Array): NewRecord {
  return { topic, partition: 0, key, value, timestampMs: NOON };
}

/** Takes a key back. */
export function takeBack(topic: string, key: string): NewRecord {
  return put(topic, key, new Uint8Array());
}
