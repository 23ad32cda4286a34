-- What clients prove themselves with by signing.

-- Which assertions were used: each is good once.
CREATE TABLE client_assertions (
    -- A MAC of the client and of the name that it gave the assertion.
    hash TEXT PRIMARY KEY NOT NULL,
    -- Until when it could be used again.
    expires_at BIGINT NOT NULL
);
CREATE INDEX client_assertions_expiry ON client_assertions (expires_at);

-- The secret itself, sealed: only of a client that signs with it.
ALTER TABLE client_secrets ADD COLUMN sealed TEXT;
