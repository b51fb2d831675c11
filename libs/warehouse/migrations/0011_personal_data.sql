-- Which purposes a shopper had agreed to, which classes of personal data moved the answer, and what the shopper was told of it. Empty in rows
-- from before it was kept.
ALTER TABLE decisions
  ADD COLUMN IF NOT EXISTS consent_purposes Array(LowCardinality(String)) COMMENT 'Purposes that the shopper had agreed to: personalization, location, device, …' AFTER consent,
  ADD COLUMN IF NOT EXISTS personal_data_classes Array(LowCardinality(String)) COMMENT 'Classes of personal data that moved the answer: behaviour, purchase, device, coarse_location, profile, partner_group' AFTER personal_data_used,
  ADD COLUMN IF NOT EXISTS disclosure String COMMENT 'What the policy had the shopper told of it' AFTER personal_data_classes;
