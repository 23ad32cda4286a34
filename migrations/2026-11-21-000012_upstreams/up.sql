-- Signing in with others.

-- Providers that people sign in with.
CREATE TABLE upstreams (
    id TEXT PRIMARY KEY NOT NULL,
    -- In the addresses of their pages.
    name TEXT NOT NULL,
    -- JSON.
    document TEXT NOT NULL,
    -- What this server proves itself with there, sealed.
    sealed_secret TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX upstreams_name ON upstreams (name);

-- Who of theirs is who here.
CREATE TABLE identities (
    id TEXT PRIMARY KEY NOT NULL,
    upstream_id TEXT NOT NULL REFERENCES upstreams (id) ON DELETE CASCADE,
    -- What the provider calls somebody for good.
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The address that the provider named when they were linked.
    email TEXT,
    linked_at BIGINT NOT NULL,
    last_login_at BIGINT
);
CREATE UNIQUE INDEX identities_subject ON identities (upstream_id, subject);
CREATE INDEX identities_user ON identities (user_id);

-- Who was sent to a provider and is awaited back, or awaited to prove whose account here is theirs. Each is good once.
CREATE TABLE upstream_logins (
    -- A MAC of what comes back.
    hash TEXT PRIMARY KEY NOT NULL,
    upstream_id TEXT NOT NULL REFERENCES upstreams (id) ON DELETE CASCADE,
    -- A MAC of the cookie of the browser that was sent.
    browser TEXT NOT NULL,
    -- The request that waits, as a query.
    way TEXT NOT NULL,
    -- Who links, and was signed in here before.
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- What the provider said, while a proof is awaited; sealed.
    identity TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX upstream_logins_expiry ON upstream_logins (expires_at);
CREATE INDEX upstream_logins_upstream ON upstream_logins (upstream_id);
CREATE INDEX upstream_logins_user ON upstream_logins (user_id);

INSERT INTO generations (kind, number) VALUES ('upstreams', 1);
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('admin:upstreams', 'Manage providers that people sign in with', TRUE, 0) ON CONFLICT (name) DO UPDATE SET built_in = TRUE;
INSERT INTO role_scopes (role, scope) VALUES ('admin', 'admin:upstreams') ON CONFLICT DO NOTHING;
