-- What happened, one row for each act. A row is never changed, but for the two columns that the seal fills in.
CREATE TABLE audit_log (
    id TEXT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    act TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    target_kind TEXT,
    target_id TEXT,
    client_id TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    reason TEXT,
    request_id TEXT,
    detail TEXT,
    -- The row of audit_persons, named by its digest; it may be gone.
    personal TEXT,
    position BIGINT,
    hash TEXT
);
CREATE UNIQUE INDEX audit_log_position ON audit_log (position) WHERE position IS NOT NULL;
CREATE INDEX audit_log_unsealed ON audit_log (at, id) WHERE position IS NULL;
CREATE INDEX audit_log_time ON audit_log (at, id);
CREATE INDEX audit_log_act ON audit_log (act, at, id);
CREATE INDEX audit_log_outcome ON audit_log (outcome, at, id);
CREATE INDEX audit_log_actor ON audit_log (actor_id, at, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_log_target ON audit_log (target_id, at, id) WHERE target_id IS NOT NULL;
CREATE INDEX audit_log_client ON audit_log (client_id, at, id) WHERE client_id IS NOT NULL;

-- The personal data of acts. It is no part of the log's hashes, so that it can be erased.
CREATE TABLE audit_persons (
    -- A digest of the data and the salt: without the salt nobody can try out what was there.
    digest TEXT PRIMARY KEY NOT NULL,
    salt TEXT NOT NULL,
    at BIGINT NOT NULL,
    user_id TEXT,
    address TEXT,
    device TEXT,
    name TEXT
);
CREATE INDEX audit_persons_user ON audit_persons (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_persons_time ON audit_persons (at);

-- Signed heads of the chain: one for each batch, and one for where the chain begins after its oldest rows were removed.
CREATE TABLE audit_seals (
    position BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('seal', 'checkpoint')),
    hash TEXT NOT NULL,
    count BIGINT NOT NULL,
    at BIGINT NOT NULL,
    signature TEXT NOT NULL,
    mac TEXT NOT NULL,
    PRIMARY KEY (position, kind)
);
CREATE INDEX audit_seals_kind ON audit_seals (kind, position);
