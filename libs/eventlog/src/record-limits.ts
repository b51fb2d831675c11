import { LogError, type NewRecord } from "./port.js";

/** Most bytes that one record's key and value may take together, in either adapter: a Kafka broker's default, rounded down. */
export const RECORD_BYTES_MAX = 1_000_000;

/** Most bytes of UTF-8 in a commit's note: what a Kafka broker keeps by default. */
export const NOTE_BYTES_MAX = 4_096;

const ADDRESS_BYTES_MAX = 255;

const TOPIC_NAME = /^[A-Za-z0-9._-]{1,249}$/;

/** Bytes that a record's content takes, before an adapter adds its framing. */
export function recordBytes(record: NewRecord): number {
  return record.value.length + (record.key === undefined ? 0 : Buffer.byteLength(record.key));
}

/**
 * Throws `record_too_large` for a record that one of the adapters could not keep, and a RangeError, being the caller's
 * bug, for a timestamp that is none. Returns the record's bytes.
 */
export function checkRecord(record: NewRecord): number {
  if (!Number.isSafeInteger(record.timestampMs) || record.timestampMs < 0) {
    throw new RangeError(`record.timestampMs: expected an integer from 0 to 2^53 - 1, got ${record.timestampMs}`);
  }
  const bytes = recordBytes(record);
  if (bytes <= RECORD_BYTES_MAX) return bytes;
  throw new LogError(
    "record_too_large",
    `a record for ${record.topic}/${record.partition} has ${bytes} bytes of key and value, expected at most ${RECORD_BYTES_MAX}`,
    "terminal",
  );
}

/** Throws `topic_mismatch` for a record that compaction could not place. */
export function checkRecordKey(record: NewRecord, compacted: boolean): void {
  if (!compacted || record.key !== undefined) return;
  throw new LogError(
    "topic_mismatch",
    `a record for ${record.topic}/${record.partition} has no key, but the topic is compacted: its records need one`,
    "terminal",
  );
}

/** Throws `unknown_topic` when the topic has no such partition. */
export function checkPartition(topic: string, partition: number, partitions: number): void {
  if (Number.isInteger(partition) && partition >= 0 && partition < partitions) return;
  throw new LogError(
    "unknown_topic",
    `topic ${topic} has partitions 0 to ${partitions - 1}, but partition ${partition} was asked for`,
    "terminal",
  );
}

/** Throws `topic_mismatch` for a name or a number of partitions that Kafka would not take, so that both adapters take the same. */
export function checkTopicShape(name: string, partitions: number): void {
  const wellNamed = TOPIC_NAME.test(name) && name !== "." && name !== "..";
  if (wellNamed && Number.isInteger(partitions) && partitions >= 1) return;
  throw new LogError(
    "topic_mismatch",
    `topic ${JSON.stringify(name)} with ${partitions} partitions: expected a name of 1 to 249 letters, digits, dots, dashes and underscores, and at least one partition`,
    "terminal",
  );
}

/** Throws a RangeError, being the caller's bug, for a group's name that one of the adapters could not keep. */
export function checkGroup(group: string): void {
  if (group.length >= 1 && group.length <= 255) return;
  throw new RangeError(`group: expected a name of 1 to 255 characters, got ${group.length}`);
}

/** Throws a RangeError, being the caller's bug, for an address that the members of a group could not be told. */
export function checkAddress(address: string): void {
  const bytes = Buffer.byteLength(address);
  if (bytes >= 1 && bytes <= ADDRESS_BYTES_MAX) return;
  throw new RangeError(`address: expected 1 to ${ADDRESS_BYTES_MAX} bytes, got ${bytes}`);
}

/** Throws a RangeError, being the caller's bug, for a commit that one of the adapters could not keep. */
export function checkCommit(offset: number, note: string): void {
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new RangeError(`commit.offset: expected an integer from 0 to 2^53 - 1, got ${offset}`);
  }
  const bytes = Buffer.byteLength(note);
  if (bytes > NOTE_BYTES_MAX) {
    throw new RangeError(`commit.note: expected at most ${NOTE_BYTES_MAX} bytes, got ${bytes}`);
  }
}
