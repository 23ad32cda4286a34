-- Clients that register themselves.

-- Whether such a client may have it.
ALTER TABLE scopes ADD COLUMN registrable BOOLEAN NOT NULL DEFAULT FALSE;

-- What lets somebody register clients.
CREATE TABLE initial_tokens (
    -- A MAC of it.
    hash TEXT PRIMARY KEY NOT NULL,
    -- What operators call it.
    id TEXT NOT NULL,
    -- What its clients may have beyond what all may have.
    scope TEXT NOT NULL,
    uses_left BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX initial_tokens_id ON initial_tokens (id);
CREATE INDEX initial_tokens_expiry ON initial_tokens (expires_at);

-- Which clients registered themselves, and what each looks after its registration with.
CREATE TABLE registrations (
    client_id TEXT PRIMARY KEY NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- A MAC of its registration access token.
    hash TEXT NOT NULL,
    -- What its initial access token allowed beyond what all may have.
    scope TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX registrations_age ON registrations (created_at);
