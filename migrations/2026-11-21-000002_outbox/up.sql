-- What is to be delivered to others, put here in the transaction of the act that it tells of. A row goes when it has
-- arrived; one that never will is dead, and is kept for a while so that somebody can see it.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    -- What to deliver, sealed and bound to this row.
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- When somebody may try: the next attempt, or the end of the claim of whoever tries now. NULL when dead.
    due_at BIGINT,
    claimed_by TEXT,
    dead_at BIGINT,
    dead_reason TEXT
);
CREATE INDEX outbox_due ON outbox (kind, due_at);
CREATE INDEX outbox_created ON outbox (created_at);
CREATE INDEX outbox_dead ON outbox (dead_at);
