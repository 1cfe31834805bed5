package authserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sekisho/builtins/authserver/records"
)

// The kinds of records that are the Server's own. Ids that are secrets (codes, states)
// are kept as hashes by the store, and values sealed.
const (
	kindKey      = "key"      // the signing keys, and the secret that others come from
	kindAnswered = "answered" // a consent page that was answered, by its id
	kindLogin    = "login"    // a login that has begun, by its state
	kindConfirm  = "confirm"  // a user who has logged in and has yet to approve
	kindSession  = "session"  // the user whose browser it is, by the cookie
	kindConsent  = "consent"  // what a user has approved; group: the user
	kindCode     = "code"     // an authorization code, also when it is spent
	kindGrant    = "grant"    // what a client may do for a user; group: both
	kindUpstream = "upstream" // the tokens of the identity provider, by grant
	kindLease    = "lease"    // who refreshes those, by grant
	kindRevoked  = "revoked"  // a grant that is revoked, while its tokens live
)

// Bounds of records. What is over them loses the oldest: whoever makes them up needs as
// many as there are to harm another.
const (
	maxLogins   = 10000
	maxAnswered = 20000
	maxConfirms = 1000
	maxCodes    = 10000
	maxSessions = 100000
	// maxConsents of a user, and maxGrants of a user with one client.
	maxConsents = 200
	maxGrants   = 20
)

// get reads a record into v.
func (s *Server) get(ctx context.Context, kind, id string, v any) (*records.Record, error) {
	r, err := s.o.Store.Get(ctx, kind, id)
	if err != nil {
		return nil, err
	}
	return r, decode(r, v)
}

// take is get of a record that nobody gets a second time.
func (s *Server) take(ctx context.Context, kind, id string, v any) error {
	r, err := s.o.Store.Take(ctx, kind, id)
	if err != nil {
		return err
	}
	return decode(r, v)
}

func decode(r *records.Record, v any) error {
	if json.Unmarshal(r.Value, v) != nil {
		return fmt.Errorf("a record of the kind %s cannot be read", r.Kind)
	}
	return nil
}

// put writes v into r.
func (s *Server) put(ctx context.Context, r *records.Record, v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("a record of the kind %s cannot be written", r.Kind)
	}
	r.Value = value
	return s.o.Store.Put(ctx, r)
}

// create makes a record that lives for some time.
func (s *Server) create(ctx context.Context, kind, id, group string, life time.Duration, v any) error {
	return s.put(ctx, &records.Record{Kind: kind, ID: id, Group: group, Expires: s.o.Now().Add(life)}, v)
}

// bound makes room for one more record of a kind in a group.
func (s *Server) bound(ctx context.Context, kind, group string, most int) error {
	n, err := s.o.Store.Count(ctx, kind, group)
	if err != nil || n < most {
		return err
	}
	old, err := s.o.Store.Oldest(ctx, kind, group, n-most+1)
	if err != nil {
		return err
	}
	for _, r := range old {
		if err := s.o.Store.Delete(ctx, kind, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// gone tells whether an error means that there is no record.
func gone(err error) bool { return errors.Is(err, records.ErrNotFound) }
