-- Logging out ends what waits in a session.
CREATE INDEX codes_session ON codes (session_id);
