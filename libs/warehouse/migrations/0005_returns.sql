-- Goods that came back. Few: not partitioned.
-- The window makes plain MergeTree honour insert_deduplication_token: the recorder sends a planned block again under the same
-- token after a crash, and it adds nothing.
CREATE TABLE IF NOT EXISTS returns
(
  event_id String COMMENT 'The sender''s id of the event: a return that is sent again counts once; empty if it has none',
  order_id String COMMENT 'The order that they belonged to',
  subject String COMMENT 'The pseudonymous shopper, 32 hex digits',
  assignment_key String COMMENT 'What arms and exploration hash; never changes',
  returned_at DateTime64(3, 'UTC') COMMENT 'When' CODEC(Delta, ZSTD(1)),
  received_at DateTime64(3, 'UTC') COMMENT 'When the collector took it' CODEC(Delta, ZSTD(1)),
  currency LowCardinality(String) COMMENT 'ISO 4217 code; empty if the return has no amount',
  refund_minor Nullable(Int64) COMMENT 'What the shopper was paid back; NULL if not said: the return then moves no figure',
  cost_recovered_minor Int64 COMMENT 'Cost of the goods that can be sold again; 0 if unknown, or the refund is',
  lines Nested(product_id String, quantity Int64, unit_price_minor Nullable(Int64), discount_minor Int64) COMMENT 'What came back',
  log_incarnation LowCardinality(String) COMMENT 'Id of the log that the record stands in; offsets repeat when a log is made anew',
  log_topic LowCardinality(String) COMMENT 'Topic of the record that caused this row',
  log_partition UInt32 COMMENT 'Partition of that record',
  log_offset Int64 COMMENT 'Offset of that record; with the three above the identity of the row' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (assignment_key, order_id, returned_at)
SETTINGS non_replicated_deduplication_window = 10000;
