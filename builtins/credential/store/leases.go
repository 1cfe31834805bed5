package store

import (
	"context"
	"errors"
	"time"
)

// lease reads the lease of a connection, one that has run out or was given back included.
func (t *tx) lease(key Key) (Lease, error) {
	l := Lease{Key: key}
	err := t.row(`SELECT holder, until, fence FROM leases WHERE provider = ? AND connection = ?`, key.Provider, key.Connection).
		Scan(&l.Holder, instant{&l.Until}, &l.Fence)
	return l, ignoreNoRows(err)
}

// holds tells whether a lease still stands: ErrLeaseLost if not.
func (t *tx) holds(l Lease) error {
	now, err := t.lease(l.Key)
	if err != nil {
		return err
	}
	if now.Fence != l.Fence || now.Holder != l.Holder || !now.Until.After(t.now) {
		return ErrLeaseLost
	}
	return nil
}

// AcquireLease implements Store.
func (s *SQLite) AcquireLease(ctx context.Context, key Key, holder string, ttl time.Duration) (Lease, error) {
	if holder == "" || ttl <= 0 {
		return Lease{}, connectionError(key, errors.New("a lease has a holder and a time"))
	}
	var l Lease
	err := s.write(ctx, s.quick, func(t *tx) error {
		var err error
		if l, err = t.lease(key); err != nil {
			return err
		}
		if l.Until.After(t.now) {
			return ErrLeaseHeld
		}
		var one int
		if err := t.row(`SELECT 1 FROM connections WHERE provider = ? AND id = ?`, key.Provider, key.Connection).Scan(&one); err != nil {
			return err
		}
		l.Holder, l.Until = holder, t.now.Add(ttl)
		l.Fence++
		return t.exec(`INSERT INTO leases (provider, connection, holder, until, fence) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (provider, connection) DO UPDATE SET holder = excluded.holder, until = excluded.until, fence = excluded.fence`,
			key.Provider, key.Connection, l.Holder, at(l.Until), l.Fence)
	})
	if err != nil && !errors.Is(err, ErrLeaseHeld) {
		l = Lease{}
	}
	return l, connectionError(key, err)
}

// RenewLease implements Store.
func (s *SQLite) RenewLease(ctx context.Context, l Lease, ttl time.Duration) (Lease, error) {
	err := s.write(ctx, s.quick, func(t *tx) error {
		if err := t.holds(l); err != nil {
			return err
		}
		l.Until = t.now.Add(ttl)
		return t.exec(`UPDATE leases SET until = ? WHERE provider = ? AND connection = ?`, at(l.Until), l.Provider, l.Connection)
	})
	if err != nil {
		return Lease{}, connectionError(l.Key, err)
	}
	return l, nil
}

// ReleaseLease implements Store.
func (s *SQLite) ReleaseLease(ctx context.Context, l Lease) error {
	return connectionError(l.Key, s.write(ctx, s.quick, func(t *tx) error {
		now, err := t.lease(l.Key)
		if err != nil {
			return err
		}
		if now.Fence != l.Fence || now.Holder != l.Holder {
			return ErrLeaseLost
		}
		return t.exec(`UPDATE leases SET holder = '', until = ? WHERE provider = ? AND connection = ?`, at(time.Unix(0, 0)), l.Provider, l.Connection)
	}))
}
