-- What people see of their browsers' sessions: where each is, and on what.
ALTER TABLE sessions ADD COLUMN device TEXT;
ALTER TABLE sessions ADD COLUMN address TEXT;

-- They are listed in their order, too.
DROP INDEX sessions_user;
CREATE INDEX sessions_user ON sessions (user_id, id);
