-- Orders as placed. Sorted by assignment key and time: every lift joins on exactly that.
-- The window makes plain MergeTree honour insert_deduplication_token: the recorder sends a planned block again under the same
-- token after a crash, and it adds nothing.
CREATE TABLE IF NOT EXISTS orders
(
  order_id String COMMENT 'The shop''s id; counted once an assignment key. The event''s id where the shop gave none',
  subject String COMMENT 'The pseudonymous shopper, 32 hex digits',
  assignment_key String COMMENT 'What arms and exploration hash; never changes',
  ordered_at DateTime64(3, 'UTC') COMMENT 'When it was placed' CODEC(Delta, ZSTD(1)),
  received_at DateTime64(3, 'UTC') COMMENT 'When the collector took it' CODEC(Delta, ZSTD(1)),
  currency LowCardinality(String) COMMENT 'ISO 4217 code; empty if the order has no amount',
  revenue_minor Nullable(Int64) COMMENT 'What the shopper paid for the goods, all discounts taken off, without shipping; NULL if neither the order nor the catalog tells',
  discount_minor Int64 COMMENT 'All discounts, ours and others, lines included',
  cost_of_goods_minor Nullable(Int64) COMMENT 'Cost of all its goods; NULL if that of any line is unknown, or the revenue is',
  lines Nested(product_id String, quantity Int64, unit_price_minor Nullable(Int64), discount_minor Int64, unit_cost_minor Nullable(Int64)) COMMENT 'Its lines; discount of the whole line, price of one unit as the catalog has it where the event says none',
  codes Array(String) COMMENT 'Codes used, ours or others',
  source LowCardinality(String) COMMENT 'The door it came through',
  log_incarnation LowCardinality(String) COMMENT 'Id of the log that the record stands in; offsets repeat when a log is made anew',
  log_topic LowCardinality(String) COMMENT 'Topic of the record that caused this row',
  log_partition UInt32 COMMENT 'Partition of that record',
  log_offset Int64 COMMENT 'Offset of that record; with the three above the identity of the row' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (assignment_key, ordered_at, order_id)
SETTINGS non_replicated_deduplication_window = 10000;
