-- What clients are told of a sign-in, and what they asked to be told.

-- A session has a name that clients may know. Those from before have none and say nothing of how somebody signed in, so they
-- end.
DROP TABLE sessions;
CREATE TABLE sessions (
    -- A MAC of what the cookie holds.
    hash TEXT PRIMARY KEY NOT NULL,
    -- What clients call it.
    id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- In another epoch of the user the session is over.
    user_epoch BIGINT NOT NULL,
    auth_time BIGINT NOT NULL,
    -- How its user signed in.
    acr TEXT NOT NULL,
    amr TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE UNIQUE INDEX sessions_id ON sessions (id);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- The session that it was made in, how its user had signed in, and what the client asked to be told of the user.
ALTER TABLE codes ADD COLUMN session_id TEXT;
ALTER TABLE codes ADD COLUMN acr TEXT;
ALTER TABLE codes ADD COLUMN amr TEXT;
ALTER TABLE codes ADD COLUMN claims TEXT;

-- The same of what was opened by a code.
ALTER TABLE grants ADD COLUMN session_id TEXT;
ALTER TABLE grants ADD COLUMN acr TEXT;
ALTER TABLE grants ADD COLUMN amr TEXT;
ALTER TABLE grants ADD COLUMN claims TEXT;
CREATE INDEX grants_session ON grants (session_id);
