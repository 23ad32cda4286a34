-- Wrong passwords, by the account as it was typed and the address that typed it; neither stands here in the clear.
CREATE TABLE login_failures (
    pair TEXT PRIMARY KEY NOT NULL,
    account TEXT NOT NULL,
    failures BIGINT NOT NULL,
    minute_at BIGINT NOT NULL,
    minute_failures BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    -- 0: it was not locked.
    locked_until BIGINT NOT NULL
);
CREATE INDEX login_failures_account ON login_failures (account, last_at);
CREATE INDEX login_failures_last ON login_failures (last_at);
