ALTER TABLE client_secrets DROP COLUMN sealed;
DROP TABLE client_assertions;
