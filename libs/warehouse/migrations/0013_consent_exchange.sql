-- Which exchange of consent the shopper was asked, so that invitations can be counted and joined with what was accepted. Empty in rows from before it was kept.
ALTER TABLE decisions
  ADD COLUMN IF NOT EXISTS exchange_campaign_id LowCardinality(String) COMMENT 'Campaign whose exchange of consent the shopper was asked on this answer; empty: none' AFTER explanation;
