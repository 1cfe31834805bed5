package clients

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"sekisho/builtins/authserver/records"
)

// The records of this package.
const (
	kindClient = "client"
	kindKey    = "client-key"
	keyID      = "1"

	groupUnused, groupUsed = "unused", "used"
)

const (
	// rowPrefix begins the ids of dynamic clients.
	rowPrefix = "dcr-"
	rowLength = len(rowPrefix) + 26
	// tailSize is the length of each half of what follows the row in the id of a
	// confidential client: a random one, and the proof that it was issued.
	tailSize = 10
	// idleFor is how long a client stays after it was last asked for, once it was used:
	// longer than any of its grants, and not for ever, so that what is abandoned does not
	// fill the registry.
	idleFor = 180 * 24 * time.Hour
	// touchAfter is how old the record of a used client is when its time is renewed.
	touchAfter = 24 * time.Hour
	// tries are how often a record that others change at once is tried again.
	tries = 10
)

// errFull: there are as many clients as there may be, and all have been used.
var errFull = errors.New("there are too many registered clients")

var text32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// row is the value of a client's record.
type row struct {
	metadata
	Issued int64 `json:"issued"` // seconds since 1970
}

// secretKey is the key that ids and secrets are derived with, the same in all processes. It
// is made when it is first needed.
func (r *Registry) secretKey(ctx context.Context) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.key != nil {
		return r.key, nil
	}
	k, err := r.o.Store.Get(ctx, kindKey, keyID)
	if errors.Is(err, records.ErrNotFound) {
		k = &records.Record{Kind: kindKey, ID: keyID, Value: make([]byte, 32)}
		if _, err := io.ReadFull(r.o.Rand, k.Value); err != nil {
			return nil, err
		}
		if err = r.o.Store.Put(ctx, k); errors.Is(err, records.ErrConflict) { // another process was faster
			k, err = r.o.Store.Get(ctx, kindKey, keyID)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(k.Value) != 32 {
		return nil, errors.New("the key of client ids is damaged")
	}
	r.key = k.Value
	return r.key, nil
}

// derive is the keyed hash of parts for a purpose.
func derive(key []byte, purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range append([]string{purpose}, parts...) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		io.WriteString(h, p)
	}
	return h.Sum(nil)
}

// same compares in a time that does not depend on the texts.
func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

func secretOf(key []byte, id string) string {
	return base64.RawURLEncoding.EncodeToString(derive(key, "secret", id))
}

// managementToken lets a client read its registration.
func managementToken(key []byte, id string) string {
	return base64.RawURLEncoding.EncodeToString(derive(key, "management", id))
}

func rowID(key []byte, m *metadata) (string, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	return rowPrefix + text32.EncodeToString(derive(key, "row", string(data))[:16]), nil
}

// confidentialID is a new id of a confidential client.
func confidentialID(key []byte, random io.Reader, row string) (string, error) {
	tail := make([]byte, tailSize)
	if _, err := io.ReadFull(random, tail); err != nil {
		return "", err
	}
	return row + "." + text32.EncodeToString(append(tail, derive(key, "id", row, string(tail))[:tailSize]...)), nil
}

// issued tells whether an id is one that confidentialID made.
func issued(key []byte, row, tail string) bool {
	b, err := text32.DecodeString(tail)
	return err == nil && len(b) == 2*tailSize && text32.EncodeToString(b) == tail &&
		hmac.Equal(b[tailSize:], derive(key, "id", row, string(b[:tailSize]))[:tailSize])
}

// dynamic finds a client that registered itself.
func (r *Registry) dynamic(ctx context.Context, id string) (*Client, error) {
	name, tail, confidential := strings.Cut(id, ".")
	if len(name) != rowLength {
		return nil, ErrUnknown
	}
	rec, v, err := r.row(ctx, name)
	if err != nil {
		return nil, err
	}
	if confidential != (v.AuthMethod != AuthNone) {
		return nil, ErrUnknown
	}
	if confidential {
		key, err := r.secretKey(ctx)
		if err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
		if !issued(key, name, tail) {
			return nil, ErrUnknown
		}
	}
	if now := r.o.Now(); rec.Group == groupUsed && now.Sub(rec.Put) > touchAfter {
		rec.Expires = now.Add(idleFor)
		if err := r.o.Store.Put(ctx, rec); err != nil && !errors.Is(err, records.ErrConflict) {
			r.o.Log.WarnContext(ctx, "the time of a client could not be renewed", "client", id, "err", err)
		}
	}
	return v.client(id, rec.Version), nil
}

func (v *row) client(id string, version int64) *Client {
	return &Client{
		ID: id, Name: v.Name, URI: v.URI, RedirectURIs: v.RedirectURIs, Kind: Dynamic,
		AuthMethod: v.AuthMethod, GrantTypes: v.GrantTypes, Scope: v.Scope, Version: version,
	}
}

// row reads the record of a client: ErrUnknown.
func (r *Registry) row(ctx context.Context, name string) (*records.Record, *row, error) {
	rec, err := r.o.Store.Get(ctx, kindClient, name)
	if errors.Is(err, records.ErrNotFound) {
		return nil, nil, ErrUnknown
	}
	if err != nil {
		return nil, nil, fmt.Errorf("client: %w", err)
	}
	v := &row{}
	if err := json.Unmarshal(rec.Value, v); err != nil {
		return nil, nil, errors.New("client: its record is damaged")
	}
	return rec, v, nil
}

// Used notes that a client has got a grant: it stays from now on.
func (r *Registry) Used(ctx context.Context, c *Client) {
	if c.Kind != Dynamic {
		return
	}
	name, _, _ := strings.Cut(c.ID, ".")
	err := r.markUsed(ctx, name)
	if err != nil {
		r.o.Log.WarnContext(ctx, "a client could not be marked as used", "client", c.ID, "err", err)
	}
}

func (r *Registry) markUsed(ctx context.Context, name string) error {
	for range tries {
		rec, _, err := r.row(ctx, name)
		if err != nil || rec.Group == groupUsed {
			return err
		}
		rec.Group, rec.Expires = groupUsed, r.o.Now().Add(idleFor)
		if err := r.o.Store.Put(ctx, rec); !errors.Is(err, records.ErrConflict) {
			return err
		}
	}
	return records.ErrConflict
}

// register finds the row of metadata or makes it: errFull.
func (r *Registry) register(ctx context.Context, key []byte, m *metadata) (string, *row, error) {
	name, err := rowID(key, m)
	if err != nil {
		return "", nil, err
	}
	s := r.state.Load()
	for range tries {
		now := r.o.Now()
		rec, v, err := r.row(ctx, name)
		switch {
		case errors.Is(err, ErrUnknown):
			v = &row{metadata: *m, Issued: now.Unix()}
			err = r.admit(ctx, s, name, v)
		case err == nil && rec.Group == groupUnused && rec.Expires.Sub(now) < s.UnusedFor/2:
			rec.Expires = now.Add(s.UnusedFor)
			err = r.o.Store.Put(ctx, rec)
		}
		if !errors.Is(err, records.ErrConflict) {
			return name, v, err
		}
	}
	return "", nil, records.ErrConflict
}

// admit makes the row of a new client, and room for it: errFull, records.ErrConflict. Of
// this process one goroutine does at a time, so that the bound is never passed; processes
// that admit at once may pass it by one each, until they have looked again.
func (r *Registry) admit(ctx context.Context, s *state, name string, v *row) error {
	select {
	case r.admitting <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.admitting }()
	if err := r.makeRoom(ctx, s.Maximum-1, ""); err != nil {
		return err
	}
	value, err := json.Marshal(v)
	if err != nil {
		return err
	}
	err = r.o.Store.Put(ctx, &records.Record{
		Kind: kindClient, ID: name, Group: groupUnused, Value: value, Expires: r.o.Now().Add(s.UnusedFor),
	})
	if err != nil {
		return err
	}
	return r.makeRoom(ctx, s.Maximum, name)
}

// makeRoom ends the oldest clients that were never used until there are at most n: errFull if
// there are not enough of them, or the client of that name is among them.
func (r *Registry) makeRoom(ctx context.Context, n int, name string) error {
	for {
		have, err := r.o.Store.Count(ctx, kindClient, "")
		if err != nil || have <= n {
			return err
		}
		oldest, err := r.o.Store.Oldest(ctx, kindClient, groupUnused, 1)
		if err != nil {
			return err
		}
		if len(oldest) == 0 {
			return errFull
		}
		// It ends by a change, which another's use of it in this moment forestalls.
		oldest[0].Expires = time.Unix(1, 0)
		switch err := r.o.Store.Put(ctx, oldest[0]); {
		case errors.Is(err, records.ErrConflict):
		case err != nil:
			return err
		case oldest[0].ID == name:
			return errFull
		}
	}
}
