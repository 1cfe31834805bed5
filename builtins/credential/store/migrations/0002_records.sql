-- What the authorization server keeps: records of a kind, each under an id that may be a
-- secret. What is said of one in columns stands in its sealed value, too: a row in which one
-- was changed does not open.

CREATE TABLE records (
	kind       TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
	id         TEXT NOT NULL,              -- SHA-256 in hex
	uid        TEXT NOT NULL,
	in_group   TEXT NOT NULL CHECK (length(in_group) < 4096),
	value      BLOB NOT NULL,
	version    INTEGER NOT NULL,
	put        INTEGER NOT NULL,
	expires    INTEGER,
	PRIMARY KEY (kind, id)
) STRICT;
-- The last column of these two is there to be counted by, without a look at the rows.
CREATE INDEX records_in_group ON records (kind, in_group, put, expires);
CREATE INDEX records_put ON records (kind, put, expires);
CREATE INDEX records_expires ON records (expires) WHERE expires IS NOT NULL;
CREATE INDEX records_value ON records (substr(value, 2, 8));
