DROP TABLE codes;
DROP TABLE consents;
DROP TABLE sessions;
ALTER TABLE grants DROP COLUMN auth_time;
