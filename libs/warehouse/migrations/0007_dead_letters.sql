-- What could not be taken, with the reason and the bytes.
-- The window makes plain MergeTree honour insert_deduplication_token: the recorder sends a planned block again under the same
-- token after a crash, and it adds nothing.
CREATE TABLE IF NOT EXISTS dead_letters
(
  topic LowCardinality(String) COMMENT 'Topic that it was read from; empty if it never got into the log',
  partition UInt32 COMMENT 'Partition of that',
  offset Nullable(Int64) COMMENT 'Offset of that; NULL if it never got into the log',
  reason LowCardinality(String) COMMENT 'Stable reason',
  field String COMMENT 'Path of the offending field; empty if the whole did not parse',
  expected String COMMENT 'What was expected, in words',
  received_at DateTime64(3, 'UTC') COMMENT 'When it was set aside' CODEC(Delta, ZSTD(1)),
  payload String COMMENT 'The bytes as they came, raw ids replaced, in base64: base64Decode(payload)',
  source LowCardinality(String) COMMENT 'The door or topic that it came through',
  log_incarnation LowCardinality(String) COMMENT 'Id of the log that the record stands in; offsets repeat when a log is made anew',
  log_topic LowCardinality(String) COMMENT 'Topic of the record that caused this row',
  log_partition UInt32 COMMENT 'Partition of that record',
  log_offset Int64 COMMENT 'Offset of that record; with the three above the identity of the row' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (received_at, log_partition, log_offset)
SETTINGS non_replicated_deduplication_window = 10000;
