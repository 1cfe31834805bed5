package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// connectionColumns are what connections and lists of them have in common.
const connectionColumns = `c.provider, c.id, c.uid, c.grant_type, c.parameters, c.owner, c.revision, c.created, c.changed,
	c.state, c.reason, c.failure, c.since, c.expires, c.version, l.holder, l.until, l.fence
	FROM connections c LEFT JOIN leases l ON l.provider = c.provider AND l.connection = c.id`

// scanConnection reads connectionColumns, and what is selected before them into first.
func (s *SQLite) scanConnection(scan func(...any) error, first ...any) (*Connection, head, error) {
	c := &Connection{}
	var h head
	var holder sql.NullString
	var fence sql.NullInt64
	var until time.Time
	err := scan(append(first, &c.Provider, &c.Connection, &h.uid, &c.Grant, object{&c.Parameters}, object{&c.Owner},
		&h.revision, instant{&c.Created}, instant{&c.Changed},
		&c.Status.State, &c.Status.Reason, object{&c.Status.Failure}, instant{&c.Status.Since}, instant{&c.Expires}, &c.Version,
		&holder, instant{&until}, &fence)...)
	c.ETag = h.etag()
	if until.After(s.now()) {
		c.Lease = Lease{c.Key, holder.String, until, fence.Int64}
	}
	return c, h, err
}

// Connection implements Store.
func (s *SQLite) Connection(ctx context.Context, key Key) (*Connection, error) {
	var secrets, tokens []byte
	row := s.reads.QueryRowContext(ctx, `SELECT c.secrets, c.tokens, `+connectionColumns+` WHERE c.provider = ? AND c.id = ?`,
		key.Provider, key.Connection)
	c, h, err := s.scanConnection(row.Scan, &secrets, &tokens)
	if err == nil {
		c.Secrets, err = s.unsealSecrets(ctx, connectionPlace("secrets", h.uid, key), secrets)
	}
	if err == nil {
		c.Tokens, err = s.unsealTokens(ctx, connectionPlace("tokens", h.uid, key), tokens)
	}
	if err != nil {
		return nil, connectionError(key, err)
	}
	return c, nil
}

func connectionError(key Key, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("connection %q: %w", key.String(), missingRow(err))
}

// Connections implements Store.
func (s *SQLite) Connections(ctx context.Context, provider string, page Page) ([]*Connection, int, error) {
	top, skip := page.limits()
	return list(ctx, s.reads, `SELECT `+connectionColumns+` WHERE c.provider = ? ORDER BY c.id LIMIT ? OFFSET ?`, []any{provider, top, skip},
		`SELECT count(*) FROM connections WHERE provider = ?`, []any{provider},
		func(scan func(...any) error) (*Connection, error) {
			c, _, err := s.scanConnection(scan)
			return c, err
		})
}

// PutConnection implements Store.
func (s *SQLite) PutConnection(ctx context.Context, c *Connection, match Match, limit int) (created bool, err error) {
	var h head
	status := c.Status     // of a new one
	var stored *Connection // what there was
	var tokens []byte
	err = s.write(ctx, s.durable, func(t *tx) error {
		h, stored, tokens = head{}, nil, nil
		if err := t.head(&h, `FROM connections WHERE provider = ? AND id = ?`, c.Provider, c.Connection); err != nil {
			return err
		}
		if err := h.check(match); err != nil {
			return err
		}
		created = h.uid == ""
		if created {
			var one int
			if err := t.row(`SELECT 1 FROM providers WHERE id = ?`, c.Provider).Scan(&one); err != nil {
				return fmt.Errorf("its provider: %w", missingRow(err))
			}
			if err := t.limit(limit, `SELECT count(*) FROM connections WHERE provider = ?`, c.Provider); err != nil {
				return err
			}
			if status.State == "" {
				status.State = Pending
			}
		} else {
			row := t.row(`SELECT c.tokens, `+connectionColumns+` WHERE c.provider = ? AND c.id = ?`, c.Provider, c.Connection)
			if stored, _, err = s.scanConnection(row.Scan, &tokens); err != nil {
				return err
			}
		}
		status.Since = t.now
		h.next(t.now)
		sealed, err := t.sealSecrets(connectionPlace("secrets", h.uid, c.Key), c.Secrets)
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO connections (provider, id, uid, grant_type, parameters, secrets, owner, revision, created, changed,
				state, reason, failure, since, version)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
			ON CONFLICT (provider, id) DO UPDATE SET grant_type = excluded.grant_type, parameters = excluded.parameters,
				secrets = excluded.secrets, owner = excluded.owner, revision = excluded.revision, changed = excluded.changed`,
			c.Provider, c.Connection, h.uid, c.Grant, object{c.Parameters}, sealed, object{c.Owner}, h.revision, at(h.created), at(h.changed),
			string(status.State), status.Reason, object{status.Failure}, at(status.Since))
	})
	if err == nil && stored != nil {
		c.Tokens, err = s.unsealTokens(ctx, connectionPlace("tokens", h.uid, c.Key), tokens)
	}
	if err != nil {
		return false, connectionError(c.Key, err)
	}
	c.ETag, c.Created, c.Changed = h.etag(), h.created, h.changed
	if stored == nil {
		c.Status, c.Tokens, c.Expires, c.Version, c.Lease = status, nil, time.Time{}, 1, Lease{}
	} else {
		c.Status, c.Expires, c.Version, c.Lease = stored.Status, stored.Expires, stored.Version, stored.Lease
	}
	return created, nil
}

// DeleteConnection implements Store.
func (s *SQLite) DeleteConnection(ctx context.Context, key Key, match Match) error {
	return connectionError(key, s.write(ctx, s.durable, func(t *tx) error {
		return t.delete(match, `FROM connections WHERE provider = ? AND id = ?`, key.Provider, key.Connection)
	}))
}

// SaveTokens implements Store.
func (s *SQLite) SaveTokens(ctx context.Context, key Key, when Guard, tokens *Tokens, status Status) (int64, error) {
	// Whoever asked may have left in the meantime; the tokens are worth keeping all the
	// same. The time that another process may make this wait is bounded by SQLite.
	return s.save(context.WithoutCancel(ctx), key, when, status, func(t *tx, uid string) error {
		sealed, err := t.sealTokens(connectionPlace("tokens", uid, key), tokens)
		if err != nil {
			return err
		}
		var expires time.Time
		if tokens != nil {
			expires = tokens.Expires
		}
		return t.exec(`UPDATE connections SET tokens = ?, expires = ? WHERE provider = ? AND id = ?`, sealed, at(expires), key.Provider, key.Connection)
	})
}

// SaveStatus implements Store.
func (s *SQLite) SaveStatus(ctx context.Context, key Key, when Guard, status Status) (int64, error) {
	return s.save(ctx, key, when, status, func(*tx, string) error { return nil })
}

// save changes the living half of a connection.
func (s *SQLite) save(ctx context.Context, key Key, when Guard, status Status, also func(t *tx, uid string) error) (version int64, err error) {
	err = s.write(ctx, s.durable, func(t *tx) error {
		var uid string
		var state State
		var since time.Time
		err := t.row(`SELECT uid, version, state, since FROM connections WHERE provider = ? AND id = ?`, key.Provider, key.Connection).
			Scan(&uid, &version, &state, instant{&since})
		if err != nil {
			return err
		}
		if version != when.Version {
			return ErrConflict
		}
		if when.Lease.Fence != 0 {
			if when.Lease.Key != key {
				return ErrLeaseLost
			}
			if err := t.holds(when.Lease); err != nil {
				return err
			}
		}
		if state != status.State {
			since = t.now
		}
		if err := also(t, uid); err != nil {
			return err
		}
		version++
		return t.exec(`UPDATE connections SET state = ?, reason = ?, failure = ?, since = ?, version = ? WHERE provider = ? AND id = ?`,
			string(status.State), status.Reason, object{status.Failure}, at(since), version, key.Provider, key.Connection)
	})
	if err != nil {
		return 0, connectionError(key, err)
	}
	return version, nil
}
