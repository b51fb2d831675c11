import type { Batch, KafkaMessage } from "kafkajs";
import type { Millis } from "@leastwise/vocabulary";
import type { LogRecord } from "../port.js";

/** A Kafka message as the log's record. Its headers are left unread: they are for readers outside, and names from there are not safe as keys. */
export function logRecord({ topic, partition }: Batch, message: KafkaMessage): LogRecord {
  const { key, value } = message;
  const record = {
    topic,
    partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp) as Millis,
    value: value ?? Buffer.alloc(0),
  };
  return key === null ? record : { ...record, key: key.toString() };
}
