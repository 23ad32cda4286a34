-- One history for Postgres and SQLite: TEXT, BIGINT and BOOLEAN only; times are unix seconds.

-- How often each kind of description has changed: part of every cache key, polled by every node.
CREATE TABLE generations (
    kind TEXT PRIMARY KEY NOT NULL,
    number BIGINT NOT NULL
);
INSERT INTO generations (kind, number) VALUES ('clients', 1);
INSERT INTO generations (kind, number) VALUES ('scopes', 1);
INSERT INTO generations (kind, number) VALUES ('resources', 1);
INSERT INTO generations (kind, number) VALUES ('signing_keys', 1);

-- Who leads, and until when; what a leader writes is conditional on its epoch.
CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    until BIGINT NOT NULL
);
INSERT INTO leases (name, holder, epoch, until) VALUES ('leader', '', 0, 0);

-- Keys of this installation that are not signing keys, sealed under a key-encryption key.
CREATE TABLE sealed_values (
    name TEXT PRIMARY KEY NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY NOT NULL,
    algorithm TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('next', 'active', 'retiring', 'retired', 'withdrawn')),
    origin TEXT NOT NULL CHECK (origin IN ('generated', 'imported')),
    public_jwk TEXT NOT NULL,
    sealed TEXT,
    created_at BIGINT NOT NULL,
    activated_at BIGINT,
    retiring_at BIGINT,
    ended_at BIGINT,
    -- No token signed by this key expires later: raised before such a token is signed.
    covers_until BIGINT NOT NULL
);
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (algorithm) WHERE phase = 'active';
CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys (algorithm) WHERE phase = 'next';

CREATE TABLE clients (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    auth_method TEXT NOT NULL,
    document TEXT NOT NULL,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE client_secrets (
    id TEXT PRIMARY KEY NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX client_secrets_client ON client_secrets (client_id);

CREATE TABLE scopes (
    name TEXT PRIMARY KEY NOT NULL,
    description TEXT NOT NULL,
    built_in BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('openid', 'Sign you in', TRUE, 0);
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('profile', 'See your name and profile', TRUE, 0);
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('email', 'See your email address', TRUE, 0);
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('address', 'See your postal address', TRUE, 0);
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('phone', 'See your telephone number', TRUE, 0);
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('offline_access', 'Stay signed in while you are away', TRUE, 0);

CREATE TABLE resources (
    uri TEXT PRIMARY KEY NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE resource_introspectors (
    resource_uri TEXT NOT NULL REFERENCES resources (uri) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    PRIMARY KEY (resource_uri, client_id)
);
CREATE INDEX resource_introspectors_client ON resource_introspectors (client_id);

-- Access tokens that were revoked before their time; a row may go once the token has expired by itself.
CREATE TABLE revoked_tokens (
    jti TEXT PRIMARY KEY NOT NULL,
    client_id TEXT NOT NULL,
    revoked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_at);
