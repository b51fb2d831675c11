-- The life of offers, one row an act. Sorted by key and offer: lift follows keys, support follows one offer.
-- The window makes plain MergeTree honour insert_deduplication_token: the recorder sends a planned block again under the same
-- token after a crash, and it adds nothing.
CREATE TABLE IF NOT EXISTS offers
(
  offer_id String COMMENT 'The offer',
  subject String COMMENT 'The pseudonymous shopper, 32 hex digits',
  assignment_key String COMMENT 'What arms and exploration hash, of the decision that issued it: lift follows this key over a login',
  decision_id String COMMENT 'The decision that issued it',
  campaign LowCardinality(String) COMMENT 'Its campaign',
  kind LowCardinality(String) COMMENT 'issued, reserved, redeemed, released, refunded, expired or revoked',
  at DateTime64(3, 'UTC') COMMENT 'When' CODEC(Delta, ZSTD(1)),
  order_id String COMMENT 'The order, for reserved, redeemed, released and refunded; empty otherwise',
  idempotency_key String COMMENT 'The caller''s key of the act; empty for what nobody asked for',
  cost_minor Int64 COMMENT 'Cost to the shop, net of a partner''s share: settled by redeemed, given back by refunded (positive), expected for issued',
  face_value_minor Int64 COMMENT 'What the shopper gains, or gives back',
  currency LowCardinality(String) COMMENT 'ISO 4217 code',
  code_hash String COMMENT 'SHA-256 of the code as it was issued, which has 63 bits that cannot be guessed; the code itself is never written',
  lines Nested(product_id String, quantity Int64, discount_minor Int64) COMMENT 'Each line''s part that was taken off (or given back on) the price of goods; none for shipping or cashback',
  log_incarnation LowCardinality(String) COMMENT 'Id of the log that the record stands in; offsets repeat when a log is made anew',
  log_topic LowCardinality(String) COMMENT 'Topic of the record that caused this row',
  log_partition UInt32 COMMENT 'Partition of that record',
  log_offset Int64 COMMENT 'Offset of that record; with the three above the identity of the row' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (assignment_key, offer_id, at)
SETTINGS non_replicated_deduplication_window = 10000;
