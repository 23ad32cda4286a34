DROP INDEX grants_session;
ALTER TABLE grants DROP COLUMN claims;
ALTER TABLE grants DROP COLUMN amr;
ALTER TABLE grants DROP COLUMN acr;
ALTER TABLE grants DROP COLUMN session_id;

ALTER TABLE codes DROP COLUMN claims;
ALTER TABLE codes DROP COLUMN amr;
ALTER TABLE codes DROP COLUMN acr;
ALTER TABLE codes DROP COLUMN session_id;

DROP TABLE sessions;
CREATE TABLE sessions (
    hash TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_epoch BIGINT NOT NULL,
    auth_time BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
