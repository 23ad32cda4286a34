-- Logging out ends what waits in a session.
CREATE INDEX codes_session ON codes (session_id);

-- Which clients hear that a session is over: those that were answered in it, and want to. No reference to the session and its
-- user, because they are told when those are erased, too.
CREATE TABLE session_clients (
    -- Also of the delivery that it becomes.
    id TEXT PRIMARY KEY NOT NULL,
    session_id TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    -- The end of the session, at which nobody is told.
    expires_at BIGINT NOT NULL,
    -- When it was ended before that.
    over_at BIGINT
);
CREATE UNIQUE INDEX session_clients_pair ON session_clients (session_id, client_id);
CREATE INDEX session_clients_client ON session_clients (client_id);
CREATE INDEX session_clients_user ON session_clients (user_id);
CREATE INDEX session_clients_expiry ON session_clients (expires_at);
CREATE INDEX session_clients_over ON session_clients (over_at);
