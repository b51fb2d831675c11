-- What logins moved: all that was known of an anonymous shopper went over to the account, and ended where it was. Features of past moments
-- need it, as events stay under the subject that they happened to.
-- The window makes plain MergeTree honour insert_deduplication_token: the recorder sends a planned block again under the same
-- token after a crash, and it adds nothing.
CREATE TABLE IF NOT EXISTS moves
(
  subject String COMMENT 'The account that it came to, 32 hex digits',
  from_subject String COMMENT 'The anonymous shopper that it came from, 32 hex digits',
  link_partition UInt32 COMMENT 'Partition of the clickstream that the link stands in: the anonymous shopper''s',
  link_offset Int64 COMMENT 'Offset of the link: what came before it was moved, and after it the anonymous shopper begins anew; one link counts once',
  log_incarnation LowCardinality(String) COMMENT 'Id of the log that the record stands in; offsets repeat when a log is made anew',
  log_topic LowCardinality(String) COMMENT 'Topic of the record that caused this row',
  log_partition UInt32 COMMENT 'Partition of that record: the account''s',
  log_offset Int64 COMMENT 'Offset of that record: from here on the account has it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (subject, log_partition, log_offset)
SETTINGS non_replicated_deduplication_window = 10000;
