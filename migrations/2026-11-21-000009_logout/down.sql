DROP TABLE session_clients;
DROP INDEX codes_session;
