-- Windows know only what an event said. Where the recorder completed a row from the catalog the row says so: features that are computed
-- from this table must not see more than the shopper's windows did. Rows from before these columns are taken as said.
ALTER TABLE clickstream ADD COLUMN IF NOT EXISTS unit_price_from_catalog Bool COMMENT 'True if the event said no price: unit_price_minor is the catalog''s' AFTER unit_price_minor;
ALTER TABLE clickstream ADD COLUMN IF NOT EXISTS revenue_from_catalog Bool COMMENT 'True if the event alone did not say what was paid: revenue_minor is so by the catalog''s prices' AFTER revenue_minor;
