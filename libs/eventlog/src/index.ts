export * from "./port.js";
export { NOTE_BYTES_MAX, RECORD_BYTES_MAX } from "./record-limits.js";
export { type EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from "./embedded/embedded-log.js";
export type { KafkaClientOptions, KafkaLogLevel } from "./kafka/client.js";
export { type KafkaLogOptions, openKafkaLog } from "./kafka/kafka-log.js";
export { openPlatformaticLog, type PlatformaticLogOptions } from "./platformatic/platformatic-log.js";
export { tokenSource, type TokenSourceOptions } from "./kafka/oauth-token.js";
export { LOG_TOPIC } from "./incarnation.js";
export { MESSAGE_BYTES_MAX } from "./kafka/topic-catalogue.js";
export { type ClusterTopics, openClusterTopics } from "./kafka/topics/cluster-topics.js";
export {
  type Action,
  isInOrder,
  sayRetention,
  type SettingChange,
  type TopicChange,
  type TopicSettings,
} from "./kafka/topics/topic-changes.js";
