package store

import (
	"context"
	"fmt"
)

const policyColumns = `SELECT id, uid, tenant_id, object_id, app_ids, kind, revision, created, changed FROM access_policies
	WHERE provider = ? AND connection = ?`

func scanPolicy(key Key, scan func(...any) error) (*AccessPolicy, error) {
	p := &AccessPolicy{Key: key}
	var h head
	err := scan(&p.ID, &h.uid, &p.TenantID, &p.ObjectID, object{&p.AppIDs}, &p.Kind, &h.revision, instant{&p.Created}, instant{&p.Changed})
	p.ETag = h.etag()
	return p, err
}

func policyError(key Key, id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("access policy %q of connection %q: %w", id, key.String(), missingRow(err))
}

// AccessPolicy implements Store.
func (s *SQLite) AccessPolicy(ctx context.Context, key Key, id string) (*AccessPolicy, error) {
	p, err := scanPolicy(key, s.reads.QueryRowContext(ctx, policyColumns+` AND id = ?`, key.Provider, key.Connection, id).Scan)
	if err != nil {
		return nil, policyError(key, id, err)
	}
	return p, nil
}

// AccessPolicies implements Store.
func (s *SQLite) AccessPolicies(ctx context.Context, key Key, page Page) ([]*AccessPolicy, int, error) {
	top, skip := page.limits()
	return list(ctx, s.reads, policyColumns+` ORDER BY id LIMIT ? OFFSET ?`, []any{key.Provider, key.Connection, top, skip},
		`SELECT count(*) FROM access_policies WHERE provider = ? AND connection = ?`, []any{key.Provider, key.Connection},
		func(scan func(...any) error) (*AccessPolicy, error) { return scanPolicy(key, scan) })
}

// PutAccessPolicy implements Store.
func (s *SQLite) PutAccessPolicy(ctx context.Context, p *AccessPolicy, match Match, limit int) (created bool, err error) {
	var h head
	err = s.write(ctx, s.durable, func(t *tx) error {
		h = head{}
		if err := t.head(&h, `FROM access_policies WHERE provider = ? AND connection = ? AND id = ?`, p.Provider, p.Connection, p.ID); err != nil {
			return err
		}
		if err := h.check(match); err != nil {
			return err
		}
		if created = h.uid == ""; created {
			var one int
			if err := t.row(`SELECT 1 FROM connections WHERE provider = ? AND id = ?`, p.Provider, p.Connection).Scan(&one); err != nil {
				return fmt.Errorf("its connection: %w", missingRow(err))
			}
			if err := t.limit(limit, `SELECT count(*) FROM access_policies WHERE provider = ? AND connection = ?`, p.Provider, p.Connection); err != nil {
				return err
			}
		}
		h.next(t.now)
		return t.exec(`INSERT INTO access_policies (provider, connection, id, uid, tenant_id, object_id, app_ids, kind, revision, created, changed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (provider, connection, id) DO UPDATE SET tenant_id = excluded.tenant_id, object_id = excluded.object_id,
				app_ids = excluded.app_ids, kind = excluded.kind, revision = excluded.revision, changed = excluded.changed`,
			p.Provider, p.Connection, p.ID, h.uid, p.TenantID, p.ObjectID, object{p.AppIDs}, string(p.Kind), h.revision, at(h.created), at(h.changed))
	})
	if err != nil {
		return false, policyError(p.Key, p.ID, err)
	}
	p.ETag, p.Created, p.Changed = h.etag(), h.created, h.changed
	return created, nil
}

// DeleteAccessPolicy implements Store.
func (s *SQLite) DeleteAccessPolicy(ctx context.Context, key Key, id string, match Match) error {
	return policyError(key, id, s.write(ctx, s.durable, func(t *tx) error {
		return t.delete(match, `FROM access_policies WHERE provider = ? AND connection = ? AND id = ?`, key.Provider, key.Connection, id)
	}))
}
