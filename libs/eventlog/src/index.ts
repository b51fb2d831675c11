export * from "./port.js";
export { NOTE_BYTES_MAX, RECORD_BYTES_MAX } from "./record-limits.js";
export { type EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from "./embedded/embedded-log.js";
export type { KafkaClientOptions, KafkaLogLevel } from "./kafka/client.js";
export { HEADERS_BYTES_MAX, type RecordHeaders } from "./kafka/record-headers.js";
export { type KafkaLogOptions, type LogIdentity, openKafkaLog, readLogIdentity } from "./kafka/kafka-log.js";
export { openPlatformaticLog, type PlatformaticLogOptions } from "./platformatic/platformatic-log.js";
export { tokenSource, type TokenSourceOptions } from "./kafka/oauth-token.js";
export { growPartitions, planGrowth, type GrowthPlan, type GrowthReport } from "./kafka/growth/partition-growth.js";
export type { RegroupedTopic } from "./kafka/growth/regrouping.js";
export { LOG_TOPIC } from "./incarnation.js";
export { type ClusterTopics, openClusterTopics } from "./kafka/topics/cluster-topics.js";
export {
  type Action,
  isApplicable,
  isInOrder,
  sayRetention,
  type SettingChange,
  settingsToSet,
  type TopicChange,
} from "./kafka/topics/topic-changes.js";
export { topicRights, type TopicRights } from "./kafka/topic-rights.js";
export { topicSettings, type TopicSettings } from "./kafka/topics/topic-settings.js";
