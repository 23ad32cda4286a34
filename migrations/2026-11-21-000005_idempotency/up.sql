-- Requests that must not take effect twice. A row is reserved before its request is done, and holds the sealed answer after.
CREATE TABLE idempotency (
    -- A MAC over the key, the caller and the route.
    id TEXT PRIMARY KEY NOT NULL,
    -- A MAC over the body: the key is good for this one request only.
    request_hash TEXT NOT NULL,
    -- Who does it: whoever took the row over later writes its answer, and nobody else.
    holder TEXT NOT NULL,
    reserved_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    answer TEXT
);
CREATE INDEX idempotency_expiry ON idempotency (expires_at);
