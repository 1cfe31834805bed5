package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekisho/builtins/credential/keys"
)

// shelf is the table of master keys, as a Ring sees it.
type shelf struct{ s *SQLite }

// Wrapped implements keys.Shelf.
func (h shelf) Wrapped(ctx context.Context) ([]keys.Wrapped, error) {
	rows, err := h.s.reads.QueryContext(ctx, `SELECT id, wrapped FROM master_keys WHERE wrapped IS NOT NULL
		ORDER BY created DESC, current IS NULL`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []keys.Wrapped
	for rows.Next() {
		var name string
		var w keys.Wrapped
		if err := rows.Scan(&name, &w.Key); err != nil {
			return nil, err
		}
		if w.ID, err = keys.ParseID(name); err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, rows.Err()
}

// sealedColumns are all columns with sealed values, and how the place of one is found.
var sealedColumns = []struct {
	table, column string
	row           string // the columns that place takes
	place         func(column string, row []string) keys.Place
}{
	{"providers", "secrets", "uid, id, ''", func(_ string, r []string) keys.Place { return providerPlace(r[0], r[1]) }},
	{"connections", "secrets", "uid, provider, id", placeOfConnection},
	{"connections", "tokens", "uid, provider, id", placeOfConnection},
	{"logins", "secrets", "uid, kind, id", func(_ string, r []string) keys.Place { return loginPlace(r[0], r[1], r[2]) }},
	{"registrations", "secrets", "uid, provider, issuer", func(_ string, r []string) keys.Place { return registrationPlace(r[0], r[1], r[2]) }},
	{"records", "value", "uid, kind, id", func(_ string, r []string) keys.Place { return recordPlace(r[0], r[1], r[2]) }},
}

func placeOfConnection(column string, r []string) keys.Place {
	return connectionPlace(column, r[0], Key{r[1], r[2]})
}

// queryer is a pool or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// inUse counts the sealed values by master key.
func inUse(ctx context.Context, q queryer) (map[keys.ID]int, error) {
	var each []string
	for _, c := range sealedColumns {
		each = append(each, fmt.Sprintf("SELECT substr(%[1]s, 2, 8), count(*) FROM %[2]s WHERE %[1]s IS NOT NULL GROUP BY 1", c.column, c.table))
	}
	rows, err := q.QueryContext(ctx, strings.Join(each, " UNION ALL "))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[keys.ID]int{}
	for rows.Next() {
		var b []byte
		var n int
		if err := rows.Scan(&b, &n); err != nil {
			return nil, err
		}
		if len(b) == len(keys.ID{}) {
			out[keys.ID(b)] += n
		}
	}
	return out, rows.Err()
}

// uses tells whether anything is sealed under a master key. Unlike inUse it looks at the
// indexes alone, however large the store is.
func (t *tx) uses(id keys.ID) (bool, error) {
	var each []string
	var args []any
	for _, c := range sealedColumns {
		each = append(each, fmt.Sprintf("EXISTS (SELECT 1 FROM %[2]s WHERE %[1]s IS NOT NULL AND substr(%[1]s, 2, 8) = ?)", c.column, c.table))
		args = append(args, id[:])
	}
	var yes bool
	err := t.row("SELECT "+strings.Join(each, " OR "), args...).Scan(&yes)
	return yes, err
}

// KeyStatus is one master key of a store.
type KeyStatus struct {
	ID      keys.ID
	Current bool      // new values are sealed under it
	Held    bool      // the source has it
	Values  int       // sealed under it
	Since   time.Time // when the store began to use it
}

// Keys lists the master keys that the store uses or has used, the current one first.
func (s *SQLite) Keys(ctx context.Context) ([]KeyStatus, error) {
	// Other processes may have changed the source.
	if err := s.ring.Reload(ctx); err != nil {
		return nil, err
	}
	known, err := s.known(ctx, s.reads)
	if err != nil {
		return nil, err
	}
	used, err := inUse(ctx, s.reads)
	if err != nil {
		return nil, err
	}
	for i := range known {
		known[i].Values = used[known[i].ID]
	}
	return known, nil
}

// known is Keys without the numbers.
func (s *SQLite) known(ctx context.Context, q queryer) ([]KeyStatus, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, current IS NOT NULL, created FROM master_keys ORDER BY current IS NULL, created DESC, id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	held := s.ring.IDs()
	var out []KeyStatus
	for rows.Next() {
		var name string
		var k KeyStatus
		if err := rows.Scan(&name, &k.Current, instant{&k.Since}); err != nil {
			return nil, err
		}
		if k.ID, err = keys.ParseID(name); err != nil {
			return nil, err
		}
		k.Held = slices.Contains(held, k.ID)
		out = append(out, k)
	}
	return out, rows.Err()
}

// settle brings the store and its source of master keys together when the store is opened.
// none is why the source has no keys, if it has none.
func (s *SQLite) settle(ctx context.Context, none error) error {
	// All processes come here in turn, so that of several that start at once one makes
	// the first key.
	return s.write(ctx, s.durable, func(t *tx) error {
		known, err := s.known(ctx, t)
		if err != nil {
			return err
		}
		var lost []string
		var unused []keys.ID
		settled := false
		for _, k := range known {
			if k.Held {
				settled = settled || k.Current
				continue
			}
			used, err := t.uses(k.ID)
			if err != nil {
				return err
			}
			if used {
				lost = append(lost, k.ID.String())
			} else {
				unused = append(unused, k.ID)
			}
		}
		if len(lost) > 0 {
			reason := none
			if reason == nil {
				reason = fmt.Errorf("%w: %s holds others", keys.ErrUnknownKey, s.ring)
			}
			return fmt.Errorf("%w; what is in the store is sealed under %s, without which it cannot be read: put that back", reason, strings.Join(lost, ", "))
		}
		if settled {
			return nil
		}
		if none != nil {
			if err := s.ring.Reload(ctx); err != nil {
				return err
			}
		}
		for _, id := range unused {
			if err := t.exec(`DELETE FROM master_keys WHERE id = ?`, id.String()); err != nil {
				return err
			}
		}
		var wrapped []byte
		ids := s.ring.IDs()
		if len(ids) == 0 {
			id, w, err := s.ring.Generate(ctx)
			if err != nil {
				return fmt.Errorf("%w; %w", none, err)
			}
			ids, wrapped = []keys.ID{id}, w
			s.notices = append(s.notices, fmt.Sprintf("made the master key %s of the credential store in %s: keep a copy, what is in the store cannot be read without it", id, s.ring))
		}
		return t.makeCurrent(ids[0], wrapped)
	})
}

// makeCurrent seals what comes under a key from now on, in every process.
func (t *tx) makeCurrent(id keys.ID, wrapped []byte) error {
	if err := t.exec(`UPDATE master_keys SET current = NULL`); err != nil {
		return err
	}
	return t.exec(`INSERT INTO master_keys (id, wrapped, current, created) VALUES (?, ?, 1, ?)
		ON CONFLICT (id) DO UPDATE SET current = 1`, id.String(), wrapped, at(t.now))
}

// missing says which key is current and not to be had.
func (s *SQLite) missing(ctx context.Context) error {
	known, err := s.known(ctx, s.reads)
	if err != nil {
		return err
	}
	for _, k := range known {
		if k.Current {
			return fmt.Errorf("%w %s: it is the store's current one, and %s does not hold it", keys.ErrUnknownKey, k.ID, s.ring)
		}
	}
	return fmt.Errorf("%w: the store has no current one", keys.ErrNoKey)
}

// Rotation is what RotateKey did.
type Rotation struct {
	Key     keys.ID // the current one now
	Made    bool    // by this call; else it was in the source already
	Values  int     // put under it
	Damaged int     // left as they are, because they do not open
}

// rewrapBatch is how many values one transaction puts under another key: few, because
// everybody else waits for it.
const rewrapBatch = 100

// RotateKey makes a new master key the current one, or the newest of the source if the store
// has not used that yet, and puts all data keys under it. The store stays in use by all its
// processes; those find the new key in the source when they first meet it. A call that was
// interrupted is finished by the next.
func (s *SQLite) RotateKey(ctx context.Context) (Rotation, error) {
	var r Rotation
	if err := s.ring.Reload(ctx); err != nil {
		return r, err
	}
	known, err := s.known(ctx, s.reads)
	if err != nil {
		return r, err
	}
	var wrapped []byte
	ids := s.ring.IDs()
	if len(ids) > 0 && !slices.ContainsFunc(known, func(k KeyStatus) bool { return k.ID == ids[0] }) {
		r.Key = ids[0]
	} else {
		if r.Key, wrapped, err = s.ring.Generate(ctx); err != nil {
			return r, err
		}
		r.Made = true
	}
	if err := s.write(ctx, s.durable, func(t *tx) error { return t.makeCurrent(r.Key, wrapped) }); err != nil {
		return r, err
	}
	for i := range sealedColumns {
		for after, more := int64(0), true; more; {
			err := s.write(ctx, s.durable, func(t *tx) error {
				var done, damaged int
				after, done, damaged, more, err = t.rewrap(i, r.Key, after)
				r.Values += done
				r.Damaged += damaged
				return err
			})
			if err != nil {
				return r, err
			}
		}
	}
	// What the old key opens is still in the log of the database; it goes when no reader
	// is in its way, now or at the next checkpoint.
	if _, err := s.durable.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil && !busy(err) {
		return r, err
	}
	return r, nil
}

// rewrap puts one batch of a column, the rows behind after, under a key.
func (t *tx) rewrap(column int, id keys.ID, after int64) (last int64, done, damaged int, more bool, err error) {
	c := sealedColumns[column]
	var current string
	if err := t.row(`SELECT id FROM master_keys WHERE current = 1`).Scan(&current); err != nil {
		return after, 0, 0, false, err
	}
	if current != id.String() {
		return after, 0, 0, false, fmt.Errorf("the master key: %w, by another rotation", ErrConflict)
	}
	rows, err := t.QueryContext(t.ctx, fmt.Sprintf(`SELECT rowid, %[1]s, %[2]s FROM %[3]s
		WHERE %[1]s IS NOT NULL AND substr(%[1]s, 2, 8) <> ? AND rowid > ? ORDER BY rowid LIMIT ?`, c.column, c.row, c.table),
		id[:], after, rewrapBatch)
	if err != nil {
		return after, 0, 0, false, err
	}
	type value struct {
		rowid  int64
		sealed []byte
		row    [3]string
	}
	var batch []value
	for rows.Next() {
		var v value
		if err := rows.Scan(&v.rowid, &v.sealed, &v.row[0], &v.row[1], &v.row[2]); err != nil {
			rows.Close()
			return after, 0, 0, false, err
		}
		batch = append(batch, v)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return after, 0, 0, false, err
	}
	update := fmt.Sprintf(`UPDATE %s SET %s = ? WHERE rowid = ?`, c.table, c.column)
	for _, v := range batch {
		last = v.rowid
		sealed, err := t.s.ring.Rewrap(t.ctx, id, c.place(c.column, v.row[:]), v.sealed)
		if errors.Is(err, keys.ErrNotHere) || errors.Is(err, keys.ErrUnknownKey) {
			damaged++
			continue
		}
		if err != nil {
			return after, 0, 0, false, err
		}
		if err := t.exec(update, sealed, v.rowid); err != nil {
			return after, 0, 0, false, err
		}
		done++
	}
	return last, done, damaged, len(batch) == rewrapBatch, nil
}

// RetireKeys drops the master keys under which nothing is sealed any more and returns them.
// Copies of the database from before still need them. With keys.ErrReadOnly the store has
// done with them, but somebody has to take them out of the source.
func (s *SQLite) RetireKeys(ctx context.Context) ([]keys.ID, error) {
	var retired []keys.ID
	var byHand error
	err := s.write(ctx, s.durable, func(t *tx) error {
		retired = nil
		known, err := s.known(ctx, t)
		if err != nil {
			return err
		}
		for _, k := range known {
			used, err := t.uses(k.ID)
			if err != nil {
				return err
			}
			if k.Current || used {
				continue
			}
			if err := t.exec(`DELETE FROM master_keys WHERE id = ?`, k.ID.String()); err != nil {
				return err
			}
			retired = append(retired, k.ID)
		}
		if len(retired) == 0 {
			return nil
		}
		// Before the commit: a key that is gone from the source and still known here
		// is dropped by the next call; the other way round it would stay.
		if byHand = s.ring.Retire(retired); errors.Is(byHand, keys.ErrReadOnly) {
			return nil
		}
		return byHand
	})
	if err == nil {
		err = byHand
	}
	return retired, err
}
