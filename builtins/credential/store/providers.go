package store

import (
	"context"
	"fmt"
)

// Provider implements Store.
func (s *SQLite) Provider(ctx context.Context, id string) (*Provider, error) {
	p := &Provider{ID: id}
	var h head
	var sealed []byte
	err := s.reads.QueryRowContext(ctx, `SELECT uid, display_name, identity_provider, grant_type, settings, secrets, revision, created, changed
		FROM providers WHERE id = ?`, id).
		Scan(&h.uid, &p.DisplayName, &p.IdentityProvider, &p.Grant, object{&p.Settings}, &sealed, &h.revision, instant{&p.Created}, instant{&p.Changed})
	if err == nil {
		p.ETag = h.etag()
		p.Secrets, err = s.unsealSecrets(ctx, providerPlace(h.uid, id), sealed)
	}
	if err != nil {
		return nil, providerError(id, err)
	}
	return p, nil
}

func providerError(id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("provider %q: %w", id, missingRow(err))
}

// Providers implements Store.
func (s *SQLite) Providers(ctx context.Context, page Page) ([]*Provider, int, error) {
	top, skip := page.limits()
	return list(ctx, s.reads, `SELECT id, display_name, identity_provider, grant_type, settings, uid, revision, created, changed
		FROM providers ORDER BY id LIMIT ? OFFSET ?`, []any{top, skip},
		`SELECT count(*) FROM providers`, nil,
		func(scan func(...any) error) (*Provider, error) {
			p := &Provider{}
			var h head
			err := scan(&p.ID, &p.DisplayName, &p.IdentityProvider, &p.Grant, object{&p.Settings}, &h.uid, &h.revision, instant{&p.Created}, instant{&p.Changed})
			p.ETag = h.etag()
			return p, err
		})
}

// PutProvider implements Store.
func (s *SQLite) PutProvider(ctx context.Context, p *Provider, match Match, limit int) (created bool, err error) {
	var h head
	err = s.write(ctx, s.durable, func(t *tx) error {
		h = head{}
		if err := t.head(&h, `FROM providers WHERE id = ?`, p.ID); err != nil {
			return err
		}
		if err := h.check(match); err != nil {
			return err
		}
		if created = h.uid == ""; created {
			if err := t.limit(limit, `SELECT count(*) FROM providers`); err != nil {
				return err
			}
		}
		h.next(t.now)
		sealed, err := t.sealSecrets(providerPlace(h.uid, p.ID), p.Secrets)
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO providers (id, uid, display_name, identity_provider, grant_type, settings, secrets, revision, created, changed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET display_name = excluded.display_name, identity_provider = excluded.identity_provider,
				grant_type = excluded.grant_type, settings = excluded.settings, secrets = excluded.secrets,
				revision = excluded.revision, changed = excluded.changed`,
			p.ID, h.uid, p.DisplayName, p.IdentityProvider, p.Grant, object{p.Settings}, sealed, h.revision, at(h.created), at(h.changed))
	})
	if err != nil {
		return false, providerError(p.ID, err)
	}
	p.ETag, p.Created, p.Changed = h.etag(), h.created, h.changed
	return created, nil
}

// DeleteProvider implements Store.
func (s *SQLite) DeleteProvider(ctx context.Context, id string, match Match) error {
	return providerError(id, s.write(ctx, s.durable, func(t *tx) error {
		return t.delete(match, `FROM providers WHERE id = ?`, id)
	}))
}
