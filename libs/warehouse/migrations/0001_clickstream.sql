-- What shoppers did. Sorted by subject and time, because questions follow a shopper or a period of shoppers. Partitioned by the
-- collector's stamp and not by event time: a sender's broken clock must not open a partition a month of it.
-- The window makes plain MergeTree honour insert_deduplication_token: the recorder sends a planned block again under the same
-- token after a crash, and it adds nothing.
CREATE TABLE IF NOT EXISTS clickstream
(
  subject String COMMENT 'The pseudonymous shopper, 32 hex digits',
  assignment_key String COMMENT 'What arms and exploration hash; never changes',
  event_id String COMMENT 'The sender''s id of the event; empty if it has none',
  kind LowCardinality(String) COMMENT 'What happened: page_view, product_view, search, cart_add, cart_remove, checkout_start, purchase, content_engagement, return, login',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the sender' CODEC(Delta, ZSTD(1)),
  received_at DateTime64(3, 'UTC') COMMENT 'When the collector took it' CODEC(Delta, ZSTD(1)),
  session_id String COMMENT 'The shop''s id of the visit; empty if unknown',
  channel LowCardinality(String) COMMENT 'web, app, store, email, push, social; empty if unknown',
  device LowCardinality(String) COMMENT 'desktop, mobile, tablet, other; empty if unknown',
  place LowCardinality(String) COMMENT 'Country and region, as DE or DE-BE; empty if unknown',
  product_id String COMMENT 'The product concerned; empty if none',
  category LowCardinality(String) COMMENT 'Its category, as the catalog has it where the event says none; empty if unknown',
  brand LowCardinality(String) COMMENT 'Its brand, as the catalog has it where the event says none; empty if unknown',
  quantity Int64 COMMENT 'Units; 0 where no product is concerned',
  unit_price_minor Nullable(Int64) COMMENT 'Price of one unit, minor units, as the catalog has it where the event says none; NULL if unknown',
  currency LowCardinality(String) COMMENT 'ISO 4217 code of the money of this row; empty if there is none',
  order_id String COMMENT 'The order of a purchase or return; empty otherwise',
  revenue_minor Nullable(Int64) COMMENT 'What the shopper paid for the goods of the order, discounts taken off, without shipping; NULL if no order, or unknown',
  discount_minor Nullable(Int64) COMMENT 'Discounts on the order, those of its lines included; NULL if no order',
  lines Nested(product_id String, quantity Int64, unit_price_minor Nullable(Int64), discount_minor Int64) COMMENT 'Lines of the order, cart or return; discount of the whole line',
  codes Array(String) COMMENT 'Codes the shopper used, ours or others',
  source LowCardinality(String) COMMENT 'The door it came through: http, grpc, segment, or a file format',
  log_incarnation LowCardinality(String) COMMENT 'Id of the log that the record stands in; offsets repeat when a log is made anew',
  log_topic LowCardinality(String) COMMENT 'Topic of the record that caused this row',
  log_partition UInt32 COMMENT 'Partition of that record',
  log_offset Int64 COMMENT 'Offset of that record; with the three above the identity of the row' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (subject, occurred_at, log_partition, log_offset)
SETTINGS non_replicated_deduplication_window = 10000;
