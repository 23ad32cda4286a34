-- People: users, the roles they have, the scopes that roles give, and what users granted to clients by signing in.

-- Which scopes say who somebody is: those need no role. All scopes that were built in until now are of that kind.
ALTER TABLE scopes ADD COLUMN identity BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE scopes SET identity = built_in;
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('account', 'Manage your account', TRUE, 0) ON CONFLICT (name) DO UPDATE SET built_in = TRUE;
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('admin:users', 'Manage users', TRUE, 0) ON CONFLICT (name) DO UPDATE SET built_in = TRUE;
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('admin:roles', 'Manage roles', TRUE, 0) ON CONFLICT (name) DO UPDATE SET built_in = TRUE;
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('admin:scopes', 'Manage scopes', TRUE, 0) ON CONFLICT (name) DO UPDATE SET built_in = TRUE;
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('admin:clients', 'Manage clients and resources', TRUE, 0) ON CONFLICT (name) DO UPDATE SET built_in = TRUE;
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('admin:keys', 'Manage signing keys', TRUE, 0) ON CONFLICT (name) DO UPDATE SET built_in = TRUE;
INSERT INTO scopes (name, description, built_in, created_at) VALUES ('admin:audit', 'Read the audit log', TRUE, 0) ON CONFLICT (name) DO UPDATE SET built_in = TRUE;

INSERT INTO generations (kind, number) VALUES ('users', 1);
INSERT INTO generations (kind, number) VALUES ('roles', 1);
INSERT INTO generations (kind, number) VALUES ('password_kinds', 1);

CREATE TABLE users (
    id TEXT PRIMARY KEY NOT NULL,
    username TEXT NOT NULL,
    -- As it is compared: folded to lower case.
    username_key TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    given_name TEXT,
    family_name TEXT,
    name TEXT,
    -- As it is searched. Databases differ in what they take for lower case, so this program folds it.
    name_key TEXT,
    -- Whatever an application keeps of its users, as JSON.
    profile TEXT NOT NULL,
    password_hash TEXT,
    -- Its algorithm and parameters: what the time of a refusal must not tell.
    password_kind TEXT,
    must_reset_password BOOLEAN NOT NULL,
    verified_at BIGINT,
    -- A registration that must be confirmed is forgotten after this.
    unconfirmed_until BIGINT,
    disabled_at BIGINT,
    locked_at BIGINT,
    last_login_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Raised by every change that a reader can see.
    version BIGINT NOT NULL,
    -- What was granted in an earlier epoch is over: raising this number ends all of it.
    epoch BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_username ON users (username_key);
CREATE UNIQUE INDEX users_email ON users (email_key);
CREATE INDEX users_password_kind ON users (password_kind);
CREATE INDEX users_unconfirmed ON users (unconfirmed_until) WHERE unconfirmed_until IS NOT NULL;

-- Names of registrations that made no account because their address has one: taken for as long as an account would have
-- waited to be confirmed.
CREATE TABLE held_usernames (
    username_key TEXT PRIMARY KEY NOT NULL,
    -- A MAC of the address: a letter that is asked for once more prolongs the hold as it prolongs the wait of an account.
    address TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX held_usernames_expiry ON held_usernames (expires_at);
CREATE INDEX held_usernames_address ON held_usernames (address);

CREATE TABLE roles (
    name TEXT PRIMARY KEY NOT NULL,
    description TEXT NOT NULL,
    built_in BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE role_scopes (
    role TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    scope TEXT NOT NULL REFERENCES scopes (name) ON DELETE CASCADE,
    PRIMARY KEY (role, scope)
);
CREATE INDEX role_scopes_scope ON role_scopes (scope);

-- Every user has the role `user` without a row here.
CREATE TABLE user_roles (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    PRIMARY KEY (user_id, role)
);
CREATE INDEX user_roles_role ON user_roles (role);

INSERT INTO roles (name, description, built_in, created_at, version) VALUES ('user', 'Everybody who has an account', TRUE, 0, 1);
INSERT INTO roles (name, description, built_in, created_at, version) VALUES ('admin', 'May do everything here', TRUE, 0, 1);
INSERT INTO role_scopes (role, scope) VALUES ('user', 'account');
INSERT INTO role_scopes (role, scope) VALUES ('admin', 'admin:users');
INSERT INTO role_scopes (role, scope) VALUES ('admin', 'admin:roles');
INSERT INTO role_scopes (role, scope) VALUES ('admin', 'admin:scopes');
INSERT INTO role_scopes (role, scope) VALUES ('admin', 'admin:clients');
INSERT INTO role_scopes (role, scope) VALUES ('admin', 'admin:keys');
INSERT INTO role_scopes (role, scope) VALUES ('admin', 'admin:audit');

-- What /api/v1/auth acts as. It names no scopes: this server's own client may have all of them.
INSERT INTO clients (id, name, auth_method, document, created_at, updated_at) VALUES ('first-party', 'First party', 'none',
    '{"client_name":"First party","grant_types":["password","refresh_token"],"response_types":[],"token_endpoint_auth_method":"none"}',
    0, 0);

-- One row for each sign-in of a user at a client, with the one refresh token of it that is good.
CREATE TABLE grants (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_epoch BIGINT NOT NULL,
    scope TEXT NOT NULL,
    resources TEXT NOT NULL,
    device TEXT,
    address TEXT,
    created_at BIGINT NOT NULL,
    -- No token of it lives longer.
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- The token that is good, and the one before it: whoever presents that one lost an answer, or stole it.
    refresh_hash TEXT,
    previous_hash TEXT,
    rotated_at BIGINT,
    -- What was asked at the last rotation, and its answer sealed under the token that it replaced: kept for a retry.
    rotation_request TEXT,
    successor TEXT
);
-- A user's list begins with the newest sign-in of the epoch that holds, and passes over none that ended with an earlier one.
CREATE INDEX grants_user ON grants (user_id, user_epoch, id);
CREATE INDEX grants_client ON grants (client_id);

-- Links in mail: each works once.
CREATE TABLE one_time_tokens (
    hash TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    -- The address that it was sent to: it proves that one and no other.
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX one_time_tokens_user ON one_time_tokens (user_id);
CREATE INDEX one_time_tokens_expiry ON one_time_tokens (expires_at);
