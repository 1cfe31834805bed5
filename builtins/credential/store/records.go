package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sekisho/builtins/authserver/records"
	"sekisho/builtins/credential/keys"
)

const (
	// maxRecord is the length of the longest value of a record.
	maxRecord = 1 << 18
	// sweepBatch is how many records whose time is over go when one is made: more than
	// one, so that they end; few, because somebody waits for it.
	sweepBatch = 100
)

// Records is the part of a store that the authorization server keeps its state in.
//
// Every write waits for the disk: a code that has been redeemed must not serve again after
// a power cut, and a grant that a client was told of must be there.
type Records struct{ s *SQLite }

var _ records.Store = Records{}

// Records gives the authorization server's part of the store.
func (s *SQLite) Records() Records { return Records{s} }

// recordError says what an error is about. The ID of a record may be a secret.
func recordError(kind string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		err = records.ErrNotFound
	}
	return fmt.Errorf("record (%s): %w", kind, err)
}

func recordPlace(uid, kind, id string) keys.Place {
	return keys.Place{Table: "records", Column: "value", Row: []string{uid, kind, id}}
}

// sealedRecord is a record as it is sealed: its value, its ID, which is nowhere else, and
// what its columns say.
type sealedRecord struct {
	ID      string `json:"id"`
	Group   string `json:"group,omitempty"`
	Version int64  `json:"version"`
	Expires int64  `json:"expires,omitempty"`
	Value   []byte `json:"value"`
}

func sealedExpiry(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

const recordColumns = `SELECT id, uid, in_group, value, version, put, expires FROM records WHERE kind = ?`

// live is the condition that the time of a record is not over.
const live = ` AND (expires IS NULL OR expires > ?)`

// scanned is a row before it is opened.
type scanned struct {
	records.Record
	hash, uid string
	sealed    []byte
}

func scanRecord(kind string, scan func(...any) error) (*scanned, error) {
	r := &scanned{Record: records.Record{Kind: kind}}
	err := scan(&r.hash, &r.uid, &r.Group, &r.sealed, &r.Version, instant{&r.Put}, instant{&r.Expires})
	return r, err
}

func (s *SQLite) openRecord(ctx context.Context, r *scanned) (*records.Record, error) {
	var v sealedRecord
	if err := s.unseal(ctx, recordPlace(r.uid, r.Kind, r.hash), r.sealed, &v); err != nil {
		return nil, err
	}
	if v.Group != r.Group || v.Version != r.Version || v.Expires != sealedExpiry(r.Expires) {
		return nil, fmt.Errorf("value of records: %w", keys.ErrNotHere)
	}
	out := r.Record
	out.ID, out.Value = v.ID, v.Value
	return &out, nil
}

// Get implements records.Store.
func (q Records) Get(ctx context.Context, kind, id string) (*records.Record, error) {
	row := q.s.reads.QueryRowContext(ctx, recordColumns+` AND id = ?`+live, kind, hashID(NewSecret(id)), at(q.s.now()))
	var out *records.Record
	r, err := scanRecord(kind, row.Scan)
	if err == nil {
		out, err = q.s.openRecord(ctx, r)
	}
	return out, recordError(kind, err)
}

// Put implements records.Store. It deletes some records whose time is over in passing.
func (q Records) Put(ctx context.Context, r *records.Record) error {
	if r.ID == "" || len(r.Value) > maxRecord {
		return recordError(r.Kind, fmt.Errorf("one has an id, and a value of at most %d bytes", maxRecord))
	}
	id := hashID(NewSecret(r.ID))
	var put time.Time
	err := q.s.write(ctx, q.s.durable, func(t *tx) error {
		put = t.now
		if _, err := t.sweepRecords(sweepBatch); err != nil {
			return err
		}
		var uid string
		var version int64
		err := ignoreNoRows(t.row(`SELECT uid, version FROM records WHERE kind = ? AND id = ?`+live, r.Kind, id, at(t.now)).Scan(&uid, &version))
		if err != nil {
			return err
		}
		if version != r.Version {
			return records.ErrConflict
		}
		if uid == "" {
			uid = newUID()
		}
		sealed, err := t.seal(recordPlace(uid, r.Kind, id), sealedRecord{r.ID, r.Group, version + 1, sealedExpiry(r.Expires), r.Value})
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO records (kind, id, uid, in_group, value, version, put, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (kind, id) DO UPDATE SET uid = excluded.uid, in_group = excluded.in_group, value = excluded.value,
				version = excluded.version, put = excluded.put, expires = excluded.expires`,
			r.Kind, id, uid, r.Group, sealed, version+1, at(t.now), at(r.Expires))
	})
	if err != nil {
		return recordError(r.Kind, err)
	}
	r.Version++
	r.Put = put
	return nil
}

// Take implements records.Store. A record that does not open stays.
func (q Records) Take(ctx context.Context, kind, id string) (*records.Record, error) {
	hash := hashID(NewSecret(id))
	var out *records.Record
	err := q.s.write(ctx, q.s.durable, func(t *tx) error {
		r, err := scanRecord(kind, t.row(recordColumns+` AND id = ?`+live, kind, hash, at(t.now)).Scan)
		if err != nil {
			return err
		}
		if out, err = q.s.openRecord(ctx, r); err != nil {
			return err
		}
		return t.exec(`DELETE FROM records WHERE kind = ? AND id = ?`, kind, hash)
	})
	if err != nil {
		return nil, recordError(kind, err)
	}
	return out, nil
}

// Delete implements records.Store.
func (q Records) Delete(ctx context.Context, kind, id string) error {
	return recordError(kind, q.s.write(ctx, q.s.durable, func(t *tx) error {
		return t.exec(`DELETE FROM records WHERE kind = ? AND id = ?`, kind, hashID(NewSecret(id)))
	}))
}

// DeleteGroup implements records.Store.
func (q Records) DeleteGroup(ctx context.Context, kind, group string) (n int, err error) {
	err = q.s.write(ctx, q.s.durable, func(t *tx) error {
		n, err = t.count(`DELETE FROM records WHERE kind = ? AND in_group = ?`+live, kind, group, at(t.now))
		return err
	})
	if err != nil {
		return 0, recordError(kind, err)
	}
	return n, nil
}

// Count implements records.Store.
func (q Records) Count(ctx context.Context, kind, group string) (n int, err error) {
	query, args := `SELECT count(*) FROM records WHERE kind = ?`, []any{kind}
	if group != "" {
		query, args = query+` AND in_group = ?`, append(args, group)
	}
	err = q.s.reads.QueryRowContext(ctx, query+live, append(args, at(q.s.now()))...).Scan(&n)
	return n, recordError(kind, err)
}

// Oldest implements records.Store.
func (q Records) Oldest(ctx context.Context, kind, group string, n int) ([]*records.Record, error) {
	return q.list(ctx, kind, ` AND in_group = ?`+live+` ORDER BY put LIMIT ?`, group, at(q.s.now()), max(0, n))
}

// Since implements records.Store.
func (q Records) Since(ctx context.Context, kind string, t time.Time) ([]*records.Record, error) {
	// The zero time is before all that can be stored.
	var from int64
	if t.After(time.Unix(0, 0)) {
		from = t.UnixNano()
	}
	return q.list(ctx, kind, ` AND put >= ?`+live+` ORDER BY put`, from, at(q.s.now()))
}

// list reads rows and opens them when all are there, so that no connection waits for a
// master key that is fetched.
func (q Records) list(ctx context.Context, kind, where string, args ...any) (out []*records.Record, err error) {
	rows, err := q.s.reads.QueryContext(ctx, recordColumns+where, append([]any{kind}, args...)...)
	if err != nil {
		return nil, recordError(kind, err)
	}
	defer rows.Close()
	var found []*scanned
	for rows.Next() {
		r, err := scanRecord(kind, rows.Scan)
		if err != nil {
			return nil, recordError(kind, err)
		}
		found = append(found, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, recordError(kind, err)
	}
	for _, r := range found {
		v, err := q.s.openRecord(ctx, r)
		if err != nil {
			return nil, recordError(kind, err)
		}
		out = append(out, v)
	}
	return out, nil
}

// sweepRecords deletes records whose time is over, at most n.
func (t *tx) sweepRecords(n int) (int, error) {
	return t.count(`DELETE FROM records WHERE rowid IN (SELECT rowid FROM records WHERE expires <= ? LIMIT ?)`, at(t.now), n)
}
