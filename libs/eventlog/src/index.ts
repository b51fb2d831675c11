export * from "./port.js";
export { NOTE_BYTES_MAX, RECORD_BYTES_MAX } from "./record-limits.js";
export { type EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from "./embedded/embedded-log.js";
export type { KafkaClientOptions, KafkaLogLevel } from "./kafka/client.js";
export { type KafkaLogOptions, openKafkaLog } from "./kafka/kafka-log.js";
