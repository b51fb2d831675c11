import type { Config } from "@leastwise/config";
import { topicPlan, type TopicPlan } from "@leastwise/contracts";
import { LOG_TOPIC, topicSettings, type TopicSettings } from "@leastwise/eventlog";
import { DAY_MS } from "@leastwise/vocabulary";

/** What topics hang on. */
type TopicsConfig = Pick<Config, "log" | "clock" | "collector">;

/** Our topics, as the configuration wants them. */
export function planOf({ log, clock, collector }: TopicsConfig): readonly TopicPlan[] {
  // With the log as the clock a file may span years: nothing of it is dropped while it plays.
  const retentionMs = clock === "event" ? undefined : log.retention_days * DAY_MS;
  return topicPlan(log.partitions, retentionMs, { withRaw: collector.follow_raw });
}

/** Every topic of a cluster as the configuration wants it. */
export function wantedTopics(config: TopicsConfig): readonly TopicSettings[] {
  return [LOG_TOPIC, ...planOf(config)].map((topic) => topicSettings(topic, config.log.replication_factor));
}
