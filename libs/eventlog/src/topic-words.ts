import type { TopicSpec } from "./port.js";

/** A topic's properties in words, for a message; equal words mean equal properties. */
export function sayTopic({ partitions, compacted, retentionMs }: Omit<TopicSpec, "name">): string {
  const kept = compacted
    ? "compaction"
    : retentionMs === undefined
      ? "no limit of age"
      : `retention of ${retentionMs} ms`;
  return `${partitions} partition${partitions === 1 ? "" : "s"} and ${kept}`;
}
