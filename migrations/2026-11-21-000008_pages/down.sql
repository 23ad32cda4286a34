DROP INDEX sessions_user;
CREATE INDEX sessions_user ON sessions (user_id);
ALTER TABLE sessions DROP COLUMN address;
ALTER TABLE sessions DROP COLUMN device;
