-- A code of ours that was used on an order and not redeemed is still worth money: tables have its hash, the one of offers.code_hash.
ALTER TABLE clickstream COMMENT COLUMN IF EXISTS codes 'Codes the shopper used: those that read as ours as the SHA-256 in offers.code_hash, others as they came';
ALTER TABLE orders COMMENT COLUMN IF EXISTS codes 'Codes used: those that read as ours as the SHA-256 in offers.code_hash, others as they came';
ALTER TABLE dead_letters COMMENT COLUMN IF EXISTS payload 'The bytes as they came, raw ids replaced, each character of what reads as a code of ours an asterisk, in base64: base64Decode(payload)';
