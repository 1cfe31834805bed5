package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sekisho/builtins/credential/keys"
)

// Options say where a store is and what opens it.
type Options struct {
	// Path is the database file. It is made, for its owner alone, if there is none; so is
	// its folder.
	Path string
	// Keys say where the master keys are.
	Keys keys.Options
	// Now is the clock. All processes on one database must have the same.
	Now func() time.Time
}

// SQLite is the Store in a file.
//
// It is in WAL mode, where what is committed survives the death of the process in any case;
// how often the disk is waited for only matters when the machine itself stops. Most
// transactions wait (synchronous=FULL): tokens, whose loss may cost a consent because the
// provider has rotated them; descriptions, which the caller was told are written; logins that
// are used up, which must not serve again. Leases, new logins and sweeping do not
// (synchronous=NORMAL): after a power cut nobody holds a lease, and a link that was lost is
// asked for again.
type SQLite struct {
	path    string
	now     func() time.Time
	ring    *keys.Ring
	notices []string

	reads   *sql.DB
	durable *sql.DB // synchronous=FULL
	quick   *sql.DB // synchronous=NORMAL
	// writing is full while this process writes: a wait in line, where SQLite would
	// sleep and try again.
	writing chan struct{}
}

var _ Store = (*SQLite)(nil)

const (
	readers = 4
	// busyTimeout is how long one process waits for another's transaction.
	busyTimeout = 10 * time.Second
	// Several processes that open a new database at once may meet where SQLite does not
	// wait by itself.
	openTries = 100
	openPause = 20 * time.Millisecond
)

// Open opens a store and makes it if there is none.
//
// If nothing is sealed in it yet and its source of master keys holds none, one is made, and
// Notices says where. A store that holds sealed values and whose master keys are not there
// is not opened: keys.ErrNoKey, keys.ErrUnknownKey.
func Open(ctx context.Context, o Options) (*SQLite, error) {
	s, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("credential store %s: %w", o.Path, err)
	}
	return s, nil
}

func open(ctx context.Context, o Options) (_ *SQLite, err error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// SQLite would let everybody read what it makes; its other files take after this one.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	s := &SQLite{path: path, now: o.Now, writing: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.durable, err = s.pool(1, "synchronous(FULL)"); err != nil {
		return nil, err
	}
	if s.quick, err = s.pool(1, "synchronous(NORMAL)"); err != nil {
		return nil, err
	}
	if s.reads, err = s.pool(readers, "query_only(1)"); err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		if err = migrate(ctx, s.durable, migrations); !busy(err) || try == openTries {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(openPause):
		}
	}
	if err != nil {
		return nil, err
	}
	s.ring, err = keys.Open(ctx, o.Keys, shelf{s})
	if err != nil && !errors.Is(err, keys.ErrNoKey) {
		return nil, err
	}
	if err := s.settle(ctx, err); err != nil {
		return nil, err
	}
	return s, nil
}

// pool opens connections that have run the pragma.
func (s *SQLite) pool(size int, pragma string) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(s.path), RawQuery: url.Values{
		"_txlock": {"immediate"}, // a transaction that writes must not find out in its middle that it cannot
		"_dqs":    {"0"},
		"_pragma": {
			fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
			"journal_mode(WAL)", "foreign_keys(1)",
			// What a retired master key could still open is not to be found in
			// pages that are free.
			"secure_delete(1)",
			pragma,
		},
	}.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// Notices are what whoever runs the program should be told: that a master key was made.
func (s *SQLite) Notices() []string { return s.notices }

// Close ends the use of the store.
func (s *SQLite) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.reads, s.quick, s.durable} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// tx is a transaction that writes.
type tx struct {
	*sql.Tx
	ctx context.Context
	s   *SQLite
	now time.Time
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.ExecContext(t.ctx, query, args...)
	return err
}

// count runs a statement and says how many rows it changed.
func (t *tx) count(query string, args ...any) (int, error) {
	r, err := t.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}

func (t *tx) row(query string, args ...any) *sql.Row { return t.QueryRowContext(t.ctx, query, args...) }

// errStale ends a transaction that needs a master key which another process has added: it
// is fetched while no transaction waits for it.
var errStale = errors.New("the master keys have changed")

// write runs f in a transaction, once more if the master keys had to be read again.
func (s *SQLite) write(ctx context.Context, db *sql.DB, f func(*tx) error) error {
	select {
	case s.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.writing }()
	err := s.attempt(ctx, db, f)
	if errors.Is(err, errStale) {
		if err := s.ring.Reload(ctx); err != nil {
			return err
		}
		if err = s.attempt(ctx, db, f); errors.Is(err, errStale) {
			err = s.missing(ctx)
		}
	}
	return err
}

func (s *SQLite) attempt(ctx context.Context, db *sql.DB, f func(*tx) error) error {
	t, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback()
	if err := f(&tx{Tx: t, ctx: ctx, s: s, now: s.now().UTC().Round(0)}); err != nil {
		return err
	}
	return t.Commit()
}
