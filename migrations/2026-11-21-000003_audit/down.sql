DROP TABLE audit_seals;
DROP TABLE audit_persons;
DROP TABLE audit_log;
