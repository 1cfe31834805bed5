package store

import (
	"context"
	"fmt"
)

func registrationError(provider string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("registration of provider %q: %w", provider, missingRow(err))
}

// Registration implements Store.
func (s *SQLite) Registration(ctx context.Context, provider, issuer string) (*Registration, error) {
	r := &Registration{Provider: provider, Issuer: issuer}
	var h head
	var sealed []byte
	err := s.reads.QueryRowContext(ctx, `SELECT uid, client_id, settings, secrets, expires, revision, created, changed
		FROM registrations WHERE provider = ? AND issuer = ?`, provider, issuer).
		Scan(&h.uid, &r.ClientID, object{&r.Settings}, &sealed, instant{&r.Expires}, &h.revision, instant{&r.Created}, instant{&r.Changed})
	if err == nil {
		r.ETag = h.etag()
		r.Secrets, err = s.unsealSecrets(ctx, registrationPlace(h.uid, provider, issuer), sealed)
	}
	if err != nil {
		return nil, registrationError(provider, err)
	}
	return r, nil
}

// PutRegistration implements Store.
func (s *SQLite) PutRegistration(ctx context.Context, r *Registration, match Match) error {
	var h head
	err := s.write(ctx, s.durable, func(t *tx) error {
		h = head{}
		if err := t.head(&h, `FROM registrations WHERE provider = ? AND issuer = ?`, r.Provider, r.Issuer); err != nil {
			return err
		}
		if err := h.check(match); err != nil {
			return err
		}
		var one int
		if err := t.row(`SELECT 1 FROM providers WHERE id = ?`, r.Provider).Scan(&one); err != nil {
			return err
		}
		h.next(t.now)
		sealed, err := t.sealSecrets(registrationPlace(h.uid, r.Provider, r.Issuer), r.Secrets)
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO registrations (provider, issuer, uid, client_id, settings, secrets, expires, revision, created, changed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (provider, issuer) DO UPDATE SET client_id = excluded.client_id, settings = excluded.settings, secrets = excluded.secrets,
				expires = excluded.expires, revision = excluded.revision, changed = excluded.changed`,
			r.Provider, r.Issuer, h.uid, r.ClientID, object{r.Settings}, sealed, at(r.Expires), h.revision, at(h.created), at(h.changed))
	})
	if err != nil {
		return registrationError(r.Provider, err)
	}
	r.ETag, r.Created, r.Changed = h.etag(), h.created, h.changed
	return nil
}

// DeleteRegistration implements Store.
func (s *SQLite) DeleteRegistration(ctx context.Context, provider, issuer string, match Match) error {
	return registrationError(provider, s.write(ctx, s.durable, func(t *tx) error {
		return t.delete(match, `FROM registrations WHERE provider = ? AND issuer = ?`, provider, issuer)
	}))
}
