import type { Config } from "@leastwise/config";
import { topicPlan } from "@leastwise/contracts";
import { LOG_TOPIC, MESSAGE_BYTES_MAX, type TopicSettings } from "@leastwise/eventlog";
import { DAY_MS } from "@leastwise/vocabulary";

/** Every topic of a cluster as the configuration wants it. */
export function wantedTopics({ log, clock }: Pick<Config, "log" | "clock">): readonly TopicSettings[] {
  const retentionMs = clickstreamRetentionMs({ log, clock });
  return [LOG_TOPIC, ...topicPlan(log.partitions, retentionMs)].map((topic) => ({
    name: topic.name,
    partitions: topic.partitions,
    replicas: log.replication_factor,
    isCompacted: topic.compacted,
    retentionMs: topic.compacted ? undefined : topic.retentionMs,
    inSyncReplicasMin: inSyncReplicasMin(log.replication_factor),
    batchBytesMax: MESSAGE_BYTES_MAX,
    timestamps: "CreateTime",
  }));
}

/** With the log as the clock a file may span years: nothing of it is dropped while it plays. */
export function clickstreamRetentionMs({ log, clock }: Pick<Config, "log" | "clock">): number | undefined {
  return clock === "event" ? undefined : log.retention_days * DAY_MS;
}

/** Half of the replicas, rounded up: with three, one broker may be down, and what is acknowledged is on two. */
export function inSyncReplicasMin(replicas: number): number {
  return Math.ceil(replicas / 2);
}
