ALTER TABLE registrations DROP COLUMN invited;
ALTER TABLE initial_tokens DROP COLUMN without_pkce;
