DROP INDEX codes_session;
