-- How good what was known of the shopper was, by class of personal data. Empty in rows from before it was kept.
ALTER TABLE decisions
  ADD COLUMN IF NOT EXISTS class_lag_ms Map(LowCardinality(String), UInt32) COMMENT 'Classes of personal data of which something was there to be read, and how far each was behind the log, ms: 0 is fresh; a class at its default has no key' AFTER freshness;
