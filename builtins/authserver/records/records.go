// Package records says what the authorization server wants of the store that it keeps its
// state in.
package records

import (
	"context"
	"errors"
	"time"
)

// Store keeps what must outlive the process and be one for all processes: clients,
// logins that have begun, codes, consents, grants, keys. Values are sealed at rest; ids
// may be secrets, and only their hashes are kept. Records whose time is over do not
// exist any more.
type Store interface {
	// Get is a record; ErrNotFound if there is none.
	Get(ctx context.Context, kind, id string) (*Record, error)
	// Put makes a record (Version 0) or replaces the one with its Version, and sets Version to
	// the new one. ErrConflict if there is another already, or none any more.
	Put(ctx context.Context, r *Record) error
	// Take deletes a record and returns it: of all that take it, one gets it.
	Take(ctx context.Context, kind, id string) (*Record, error)
	// Delete deletes a record, if there is one.
	Delete(ctx context.Context, kind, id string) error
	// DeleteGroup deletes the records of a kind in a group, and tells how many.
	DeleteGroup(ctx context.Context, kind, group string) (int, error)
	// Count counts the records of a kind, in one group unless it is "".
	Count(ctx context.Context, kind, group string) (int, error)
	// Oldest lists the records of a kind in a group, the ones put longest ago first, at
	// most n.
	Oldest(ctx context.Context, kind, group string, n int) ([]*Record, error)
	// Since lists the records of a kind that were put at or after a time: what other
	// processes have done.
	Since(ctx context.Context, kind string, t time.Time) ([]*Record, error)
}

// Record is a value under a kind and an id.
type Record struct {
	Kind, ID string
	// Group is what records of a kind are found by together; it is not a secret.
	Group string
	Value []byte
	// Version counts the changes; 0 of a record that is not kept yet.
	Version int64
	// Expires is when it ceases to exist; zero for never. Put says when it was put last.
	Expires, Put time.Time
}

// Errors of a Store.
var (
	ErrNotFound = errors.New("there is no such record")
	ErrConflict = errors.New("the record was changed by another")
)
