import { randomUUID } from "node:crypto";
import type { Millis } from "@leastwise/vocabulary";
import { LogError, type LogRecord, type NewRecord, type TopicSpec } from "./port.js";
import { property } from "./thrown.js";

/**
 * Topic whose first record says which log this is. The record's key is the incarnation itself, so that compaction keeps
 * the first even when two processes each wrote one.
 */
export const LOG_TOPIC: TopicSpec = { name: "leastwise.log", partitions: 1, compacted: true };

/** The record for a log that has none yet. `clusterId`: of the brokers that it is begun at, where there are some. */
export function newIncarnation(pinned: string | undefined, nowMs: number, clusterId?: string): NewRecord {
  const key = pinned ?? randomUUID();
  const cluster = clusterId === undefined ? {} : { cluster_id: clusterId };
  const value = Buffer.from(JSON.stringify({ incarnation: key, ...cluster }));
  return { topic: LOG_TOPIC.name, partition: 0, key, value, timestampMs: nowMs as Millis };
}

/** The incarnation that the log's first record names. Throws `incarnation_mismatch` if another was pinned. */
export function incarnationOf(first: LogRecord, pinned: string | undefined): string {
  const incarnation = first.key;
  if (incarnation === undefined || incarnation === "") {
    throw new LogError("corrupt_record", `the first record of ${LOG_TOPIC.name} names no incarnation`, "terminal");
  }
  if (pinned === undefined || pinned === incarnation) return incarnation;
  throw new LogError(
    "incarnation_mismatch",
    `this log's incarnation is ${incarnation}, but ${pinned} is pinned: it is another log, or was made anew`,
    "terminal",
  );
}

/** Id of the cluster that the log was begun in, from its first record; undefined where it does not say, as those of earlier versions. */
export function clusterOf(first: LogRecord): string | undefined {
  try {
    const cluster = property(JSON.parse(Buffer.from(first.value).toString()), "cluster_id");
    return typeof cluster === "string" ? cluster : undefined;
  } catch {
    return undefined;
  }
}
