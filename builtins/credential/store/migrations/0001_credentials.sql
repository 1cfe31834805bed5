-- Times are nanoseconds since 1970, UTC; NULL is none. Objects and lists are JSON.
-- Columns of type BLOB hold sealed values (package keys), NULL for none. Bytes 2 to 9 of one
-- are the master key that it needs: the indexes on them find what a rotation has to do.
-- uid is random and stays with a row: a row that is deleted and made again is another one.

CREATE TABLE master_keys (
	id      TEXT PRIMARY KEY,
	wrapped BLOB,                          -- by a key management service; not sealed
	current INTEGER CHECK (current = 1),   -- or NULL
	created INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX master_keys_current ON master_keys (current);

CREATE TABLE providers (
	id                TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 256),
	uid               TEXT NOT NULL,
	display_name      TEXT NOT NULL,
	identity_provider TEXT NOT NULL,
	grant_type        TEXT NOT NULL,
	settings          TEXT NOT NULL CHECK (length(settings) < 262144),
	secrets           BLOB,
	revision          INTEGER NOT NULL,
	created           INTEGER NOT NULL,
	changed           INTEGER NOT NULL
) STRICT;
CREATE INDEX providers_secrets ON providers (substr(secrets, 2, 8)) WHERE secrets IS NOT NULL;

CREATE TABLE connections (
	provider   TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
	id         TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 256),
	uid        TEXT NOT NULL,
	grant_type TEXT NOT NULL,
	parameters TEXT NOT NULL CHECK (length(parameters) < 262144),
	secrets    BLOB,
	owner      TEXT NOT NULL,
	revision   INTEGER NOT NULL,
	created    INTEGER NOT NULL,
	changed    INTEGER NOT NULL,
	state      TEXT NOT NULL,
	reason     TEXT NOT NULL,
	failure    TEXT NOT NULL,
	since      INTEGER NOT NULL,
	tokens     BLOB,
	expires    INTEGER,
	version    INTEGER NOT NULL,
	PRIMARY KEY (provider, id)
) STRICT;
CREATE INDEX connections_secrets ON connections (substr(secrets, 2, 8)) WHERE secrets IS NOT NULL;
CREATE INDEX connections_tokens ON connections (substr(tokens, 2, 8)) WHERE tokens IS NOT NULL;

-- A table of its own, because a lease is written more often than a connection. The row stays
-- when a lease ends, so that its fence is never used twice.
CREATE TABLE leases (
	provider   TEXT NOT NULL,
	connection TEXT NOT NULL,
	holder     TEXT NOT NULL,
	until      INTEGER NOT NULL,
	fence      INTEGER NOT NULL,
	PRIMARY KEY (provider, connection),
	FOREIGN KEY (provider, connection) REFERENCES connections (provider, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE access_policies (
	provider   TEXT NOT NULL,
	connection TEXT NOT NULL,
	id         TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 256),
	uid        TEXT NOT NULL,
	tenant_id  TEXT NOT NULL,
	object_id  TEXT NOT NULL,
	app_ids    TEXT NOT NULL CHECK (length(app_ids) < 262144),
	kind       TEXT NOT NULL,
	revision   INTEGER NOT NULL,
	created    INTEGER NOT NULL,
	changed    INTEGER NOT NULL,
	PRIMARY KEY (provider, connection, id),
	FOREIGN KEY (provider, connection) REFERENCES connections (provider, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE logins (
	kind       TEXT NOT NULL,
	id         TEXT NOT NULL,              -- SHA-256 in hex
	uid        TEXT NOT NULL,
	provider   TEXT NOT NULL,
	connection TEXT NOT NULL,
	user       TEXT NOT NULL,
	redirect   TEXT NOT NULL CHECK (length(redirect) < 262144),
	secrets    BLOB,
	created    INTEGER NOT NULL,
	expires    INTEGER NOT NULL,
	used       INTEGER,
	PRIMARY KEY (kind, id),
	FOREIGN KEY (provider, connection) REFERENCES connections (provider, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX logins_connection ON logins (provider, connection, kind);
CREATE INDEX logins_expires ON logins (expires);
CREATE INDEX logins_secrets ON logins (substr(secrets, 2, 8)) WHERE secrets IS NOT NULL;

CREATE TABLE registrations (
	provider  TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
	issuer    TEXT NOT NULL,
	uid       TEXT NOT NULL,
	client_id TEXT NOT NULL,
	settings  TEXT NOT NULL CHECK (length(settings) < 262144),
	secrets   BLOB,
	expires   INTEGER,
	revision  INTEGER NOT NULL,
	created   INTEGER NOT NULL,
	changed   INTEGER NOT NULL,
	PRIMARY KEY (provider, issuer)
) STRICT;
CREATE INDEX registrations_secrets ON registrations (substr(secrets, 2, 8)) WHERE secrets IS NOT NULL;
