-- What an initial access token says of the clients that register with it.

-- Whether those with a secret get codes without PKCE.
ALTER TABLE initial_tokens ADD COLUMN without_pkce BOOLEAN NOT NULL DEFAULT FALSE;

-- Whether a client had such a token. Of those from before nobody knows, so they count as strangers.
ALTER TABLE registrations ADD COLUMN invited BOOLEAN NOT NULL DEFAULT FALSE;
