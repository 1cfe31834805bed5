package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

const (
	// minLoginID is how long an ID that nobody guesses is at least.
	minLoginID = 16
	// loginMemory is how long an expired login is told from one that never was.
	loginMemory = time.Hour
)

// loginError says what an error is about. The ID of a login is a secret.
func loginError(kind string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("login (%s): %w", kind, missingRow(err))
}

// hashID is what is kept of an ID.
func hashID(id Secret) string {
	sum := sha256.Sum256([]byte(id.Reveal()))
	return hex.EncodeToString(sum[:])
}

// CreateLogin implements Store.
func (s *SQLite) CreateLogin(ctx context.Context, l *Login, limit int) error {
	if len(l.ID.Reveal()) < minLoginID {
		return loginError(l.Kind, fmt.Errorf("an id has at least %d characters", minLoginID))
	}
	var now time.Time
	err := s.write(ctx, s.quick, func(t *tx) error {
		now = t.now
		if _, err := t.sweep(); err != nil {
			return err
		}
		var one int
		if err := t.row(`SELECT 1 FROM connections WHERE provider = ? AND id = ?`, l.Provider, l.Connection).Scan(&one); err != nil {
			return connectionError(l.Key, err)
		}
		err := t.limit(limit, `SELECT count(*) FROM logins WHERE provider = ? AND connection = ? AND kind = ? AND used IS NULL AND expires > ?`,
			l.Provider, l.Connection, l.Kind, at(t.now))
		if err != nil {
			return err
		}
		uid, id := newUID(), hashID(l.ID)
		sealed, err := t.sealSecrets(loginPlace(uid, l.Kind, id), l.Secrets)
		if err != nil {
			return err
		}
		n, err := t.count(`INSERT INTO logins (kind, id, uid, provider, connection, user, redirect, secrets, created, expires)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			l.Kind, id, uid, l.Provider, l.Connection, object{l.User}, l.Redirect, sealed, at(t.now), at(l.Expires))
		if err == nil && n == 0 {
			err = ErrConflict
		}
		return err
	})
	if err != nil {
		return loginError(l.Kind, err)
	}
	l.Created, l.Used = now, time.Time{}
	return nil
}

const loginColumns = `SELECT uid, provider, connection, user, redirect, secrets, created, expires, used FROM logins WHERE kind = ? AND id = ?`

// login reads one and says whether it may serve.
func (s *SQLite) login(ctx context.Context, kind string, id Secret, now time.Time, scan func(...any) error) (*Login, error) {
	l := &Login{Kind: kind, ID: id}
	var uid string
	var sealed []byte
	err := scan(&uid, &l.Provider, &l.Connection, object{&l.User}, &l.Redirect, &sealed, instant{&l.Created}, instant{&l.Expires}, instant{&l.Used})
	switch {
	case err != nil:
		return nil, err
	case !l.Used.IsZero():
		return nil, ErrUsed
	case !l.Expires.After(now):
		return nil, ErrExpired
	}
	l.Secrets, err = s.unsealSecrets(ctx, loginPlace(uid, kind, hashID(id)), sealed)
	return l, err
}

// Login implements Store.
func (s *SQLite) Login(ctx context.Context, kind string, id Secret) (*Login, error) {
	l, err := s.login(ctx, kind, id, s.now(), s.reads.QueryRowContext(ctx, loginColumns, kind, hashID(id)).Scan)
	if err != nil {
		return nil, loginError(kind, err)
	}
	return l, nil
}

// ConsumeLogin implements Store.
func (s *SQLite) ConsumeLogin(ctx context.Context, kind string, id Secret) (*Login, error) {
	var l *Login
	err := s.write(ctx, s.durable, func(t *tx) error {
		var err error
		if l, err = s.login(ctx, kind, id, t.now, t.row(loginColumns, kind, hashID(id)).Scan); err != nil {
			return err
		}
		l.Used = t.now
		return t.exec(`UPDATE logins SET used = ?, secrets = NULL WHERE kind = ? AND id = ?`, at(t.now), kind, hashID(id))
	})
	if err != nil {
		return nil, loginError(kind, err)
	}
	return l, nil
}

// Sweep implements Store.
func (s *SQLite) Sweep(ctx context.Context) (n int, err error) {
	err = s.write(ctx, s.quick, func(t *tx) error {
		if n, err = t.sweep(); err != nil {
			return err
		}
		over, err := t.sweepRecords(-1)
		n += over
		return err
	})
	if err != nil {
		return 0, errors.Join(errors.New("sweeping"), err)
	}
	return n, nil
}

func (t *tx) sweep() (int, error) {
	return t.count(`DELETE FROM logins WHERE expires < ?`, at(t.now.Add(-loginMemory)))
}
