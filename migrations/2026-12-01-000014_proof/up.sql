-- When a session's user last showed whose account it is, by a password or by a provider that was asked to ask them: what a
-- provider says without asking anybody shows nothing. Absent in sessions from before.
ALTER TABLE sessions ADD COLUMN proven_at BIGINT;
