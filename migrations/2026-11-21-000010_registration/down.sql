DROP TABLE registrations;
DROP TABLE initial_tokens;
ALTER TABLE scopes DROP COLUMN registrable;
