-- Who takes part in which experiment, recorded alike in all arms before eligibility and consent. Sorted by experiment: each question
-- is about one.
-- The window makes plain MergeTree honour insert_deduplication_token: the recorder sends a planned block again under the same
-- token after a crash, and it adds nothing.
CREATE TABLE IF NOT EXISTS enrolments
(
  subject String COMMENT 'The pseudonymous shopper, 32 hex digits',
  assignment_key String COMMENT 'What arms and exploration hash; never changes',
  experiment LowCardinality(String) COMMENT 'The experiment',
  arm LowCardinality(String) COMMENT 'treatment or holdout',
  enrolled_at DateTime64(3, 'UTC') COMMENT 'First Decide after the experiment''s start' CODEC(Delta, ZSTD(1)),
  holdout_bp UInt16 COMMENT 'Share held out at that moment, basis points: what the sample-ratio check expects',
  consent Bool COMMENT 'Consent to personalisation as of enrolment: a covariate, never a filter',
  segments Array(LowCardinality(String)) COMMENT 'Segments as of enrolment',
  decision_id String COMMENT 'The decision that enrolled it',
  log_incarnation LowCardinality(String) COMMENT 'Id of the log that the record stands in; offsets repeat when a log is made anew',
  log_topic LowCardinality(String) COMMENT 'Topic of the record that caused this row',
  log_partition UInt32 COMMENT 'Partition of that record',
  log_offset Int64 COMMENT 'Offset of that record; with the three above the identity of the row' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (experiment, assignment_key, enrolled_at)
SETTINGS non_replicated_deduplication_window = 10000;
