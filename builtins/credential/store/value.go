package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sekisho/builtins/credential/keys"
)

// instant is a time in a column: nanoseconds since 1970, NULL for the zero time.
type instant struct{ *time.Time }

func at(t time.Time) instant { return instant{&t} }

func (i instant) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return i.UnixNano(), nil
}

func (i instant) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*i.Time = time.Time{}
	case int64:
		*i.Time = time.Unix(0, v).UTC()
	default:
		return fmt.Errorf("a time is stored as %T", v)
	}
	return nil
}

// object is a value in a column as JSON.
type object struct{ v any }

func (o object) Value() (driver.Value, error) {
	data, err := json.Marshal(o.v)
	return string(data), err
}

func (o object) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("an object is stored as %T", v)
	}
	return json.Unmarshal([]byte(text), o.v)
}

// newUID is what tells a row from all others that ever had its names.
func newUID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// limits end a page; SQLite takes -1 for no limit.
func (p Page) limits() (top, skip int) {
	if p.Top <= 0 {
		return -1, max(0, p.Skip)
	}
	return p.Top, max(0, p.Skip)
}

// ignoreNoRows makes nothing of a row that is not there.
func ignoreNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// missingRow makes ErrNotFound of one.
func missingRow(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// The places of sealed values. Beside the names of a row its uid belongs to them.
func providerPlace(uid, id string) keys.Place {
	return keys.Place{Table: "providers", Column: "secrets", Row: []string{uid, id}}
}

func connectionPlace(column, uid string, k Key) keys.Place {
	return keys.Place{Table: "connections", Column: column, Row: []string{uid, k.Provider, k.Connection}}
}

func loginPlace(uid, kind, id string) keys.Place {
	return keys.Place{Table: "logins", Column: "secrets", Row: []string{uid, kind, id}}
}

func registrationPlace(uid, provider, issuer string) keys.Place {
	return keys.Place{Table: "registrations", Column: "secrets", Row: []string{uid, provider, issuer}}
}

// seal encrypts the JSON of v under the current master key, as the database knows it: a
// process that has not heard of a rotation must not seal under a key that is to be retired.
func (t *tx) seal(p keys.Place, v any) ([]byte, error) {
	var name string
	if err := t.row(`SELECT id FROM master_keys WHERE current = 1`).Scan(&name); err != nil {
		return nil, err
	}
	id, err := keys.ParseID(name)
	if err != nil {
		return nil, err
	}
	if !t.s.ring.Has(id) {
		return nil, errStale
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	return t.s.ring.Seal(t.ctx, id, p, data)
}

// unseal decrypts what seal made; nothing for nothing.
func (s *SQLite) unseal(ctx context.Context, p keys.Place, sealed []byte, v any) error {
	if sealed == nil {
		return nil
	}
	data, err := s.ring.Open(ctx, p, sealed)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", p.Column, p.Table, err)
	}
	defer clear(data)
	if json.Unmarshal(data, v) != nil {
		return fmt.Errorf("%s of %s: %w", p.Column, p.Table, keys.ErrNotHere)
	}
	return nil
}

// sealSecrets seals named secrets; none are NULL.
func (t *tx) sealSecrets(p keys.Place, secrets map[string]Secret) ([]byte, error) {
	if len(secrets) == 0 {
		return nil, nil
	}
	plain := make(map[string]string, len(secrets))
	for k, v := range secrets {
		plain[k] = v.Reveal()
	}
	return t.seal(p, plain)
}

func (s *SQLite) unsealSecrets(ctx context.Context, p keys.Place, sealed []byte) (map[string]Secret, error) {
	var plain map[string]string
	if err := s.unseal(ctx, p, sealed, &plain); err != nil || plain == nil {
		return nil, err
	}
	out := make(map[string]Secret, len(plain))
	for k, v := range plain {
		out[k] = NewSecret(v)
	}
	return out, nil
}

// sealedTokens is Tokens as they are sealed.
type sealedTokens struct {
	Access   string     `json:"access,omitempty"`
	Refresh  string     `json:"refresh,omitempty"`
	Type     string     `json:"type,omitempty"`
	Scope    string     `json:"scope,omitempty"`
	Obtained time.Time  `json:"obtained"`
	Expires  *time.Time `json:"expires,omitempty"`
	Response string     `json:"response,omitempty"`
}

func (t *tx) sealTokens(p keys.Place, v *Tokens) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	w := sealedTokens{
		Access: v.Access.Reveal(), Refresh: v.Refresh.Reveal(), Type: v.Type, Scope: v.Scope,
		Obtained: v.Obtained.UTC(), Response: v.Response.Reveal(),
	}
	if !v.Expires.IsZero() {
		u := v.Expires.UTC()
		w.Expires = &u
	}
	return t.seal(p, w)
}

func (s *SQLite) unsealTokens(ctx context.Context, p keys.Place, sealed []byte) (*Tokens, error) {
	if sealed == nil {
		return nil, nil
	}
	var w sealedTokens
	if err := s.unseal(ctx, p, sealed, &w); err != nil {
		return nil, err
	}
	v := &Tokens{
		Access: NewSecret(w.Access), Refresh: NewSecret(w.Refresh), Type: w.Type, Scope: w.Scope,
		Obtained: w.Obtained, Response: NewSecret(w.Response),
	}
	if w.Expires != nil {
		v.Expires = *w.Expires
	}
	return v, nil
}

// head is what rows with an ETag have in common.
type head struct {
	uid              string // "" for a row that is not there
	revision         int64
	created, changed time.Time
}

// head reads that of a row; from is the statement from its FROM on.
func (t *tx) head(h *head, from string, args ...any) error {
	return ignoreNoRows(t.row(`SELECT uid, revision, created, changed `+from, args...).
		Scan(&h.uid, &h.revision, instant{&h.created}, instant{&h.changed}))
}

// etag is the ETag of a revision of a row.
func (h *head) etag() string {
	return `"` + h.uid[:min(8, len(h.uid))] + "-" + strconv.FormatInt(h.revision, 10) + `"`
}

// check compares what there is with what the caller expects.
func (h *head) check(m Match) error {
	switch {
	case m == Absent && h.uid != "":
		return ErrConflict
	case m == Always || m == Absent:
		return nil
	case h.uid == "":
		return ErrNotFound
	case m != Exists && string(m) != h.etag():
		return ErrConflict
	}
	return nil
}

// next makes it that of the row as it is written now.
func (h *head) next(now time.Time) {
	if h.uid == "" {
		h.uid, h.created = newUID(), now
	}
	h.revision++
	h.changed = now
}

// limit refuses one more row than there may be.
func (t *tx) limit(limit int, count string, args ...any) error {
	if limit <= 0 {
		return nil
	}
	var n int
	if err := t.row(count, args...).Scan(&n); err != nil {
		return err
	}
	if n >= limit {
		return fmt.Errorf("%w: there may be %d", ErrLimit, limit)
	}
	return nil
}

// delete deletes a row under a condition; from is the statement from its FROM on.
func (t *tx) delete(match Match, from string, args ...any) error {
	var h head
	if err := t.head(&h, from, args...); err != nil {
		return err
	}
	if h.uid == "" {
		return ErrNotFound
	}
	if err := h.check(match); err != nil {
		return err
	}
	return t.exec(`DELETE `+from, args...)
}

// list reads a page of rows and counts those of all pages, at one moment.
func list[T any](ctx context.Context, db *sql.DB, query string, args []any, count string, countArgs []any,
	read func(scan func(...any) error) (T, error)) ([]T, int, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, 0, err
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRowContext(ctx, count, countArgs...).Scan(&n); err != nil {
		return nil, 0, err
	}
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := read(rows.Scan)
		if err != nil {
			return nil, 0, err
		}
		out = append(out, v)
	}
	return out, n, rows.Err()
}
