DELETE FROM role_scopes WHERE scope = 'admin:upstreams';
DELETE FROM scopes WHERE name = 'admin:upstreams';
DELETE FROM generations WHERE kind = 'upstreams';
DROP TABLE upstream_logins;
DROP TABLE identities;
DROP TABLE upstreams;
