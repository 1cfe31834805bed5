package credential

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/builtins/credential/store"
	"sekisho/builtins/tokencache"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// What is known of connections in memory.
const (
	// knownFor is how long it is believed without asking the store again.
	knownFor = 2 * time.Second
	// staleFor is how long it may be used while somebody asks the store.
	staleFor = 30 * time.Second
	// maxEntries bounds it.
	maxEntries = 20_000
)

// entry is what is known of one connection.
type entry struct {
	name    string // in the token cache
	known   atomic.Pointer[access]
	reading sync.Mutex

	mu     sync.Mutex // guards the count of this minute
	minute int64
	count  int
}

// access says who may use a connection; it is immutable.
type access struct {
	read     time.Time
	version  int64
	revoked  bool
	managed  bool
	policies []*store.AccessPolicy
}

// lent is what the token cache keeps beside a token.
type lent struct {
	version int64
	auth    *apim.Authorization
}

// Authorization implements pipeline.Connections. Errors are of type *Error but for those
// of ctx and of the store.
func (m *Manager) Authorization(ctx context.Context, r pipeline.AuthorizationRequest) (*apim.Authorization, error) {
	key := store.Key{Provider: r.Provider, Connection: r.Connection}
	a, e, err := m.access(ctx, key)
	if err != nil {
		return nil, err
	}
	if r.JWT {
		err = m.allowed(ctx, a, r.Identity)
	} else if !a.managed {
		err = fail(CodeDenied, "the gateway has no access policy for the connection %s", key)
	}
	if err != nil {
		return nil, err
	}
	l, err := m.lend(ctx, key, a, e)
	if err != nil {
		return nil, err
	}
	return l.auth, nil
}

// lend takes the token from the cache, or has it fetched.
func (m *Manager) lend(ctx context.Context, key store.Key, a *access, e *entry) (*lent, error) {
	if a.revoked {
		return nil, fail(CodeState, "the connection %s has been revoked and needs a new consent", key)
	}
	if t, ok := m.o.Cache.Lookup(e.name); ok {
		if l := t.Extra.(*lent); l.version >= a.version {
			return l, nil
		}
		// Somebody else has written new tokens, or a consent has: these are the past.
		m.o.Cache.Delete(e.name)
	}
	t, err := m.o.Cache.Get(ctx, e.name, func(ctx context.Context) (tokencache.Token, error) {
		if !e.take(m.o.Now(), m.settings.Load().Limits.AuthorizationsPerMinute) {
			return tokencache.Token{}, fail(CodeLimit, "the connection %s was asked for too often this minute", key)
		}
		return m.fetch(ctx, key)
	})
	if err != nil {
		return nil, err
	}
	return t.Extra.(*lent), nil
}

// cacheKey names a connection in the token cache, apart from the gateway's identities.
func cacheKey(key store.Key) string { return "connection:" + key.String() }

// take counts one more this minute; false if that is too many.
func (e *entry) take(now time.Time, most int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if minute := now.Unix() / 60; minute != e.minute {
		e.minute, e.count = minute, 0
	}
	e.count++
	return e.count <= most
}

// access is what is known of a connection, read anew if it is not known for sure.
func (m *Manager) access(ctx context.Context, key store.Key) (*access, *entry, error) {
	m.mu.RLock()
	e := m.entries[key]
	m.mu.RUnlock()
	now := m.o.Now()
	if e != nil {
		a := e.known.Load()
		age := time.Duration(1<<63 - 1)
		if a != nil {
			age = now.Sub(a.read)
		}
		switch {
		case age < knownFor:
			return a, e, nil
		case e.reading.TryLock():
		case age < staleFor:
			return a, e, nil // somebody reads it; what was so a moment ago will do
		default:
			e.reading.Lock()
			if a := e.known.Load(); a != nil && now.Sub(a.read) < knownFor {
				e.reading.Unlock()
				return a, e, nil
			}
		}
		defer e.reading.Unlock()
	}
	a, err := m.readAccess(ctx, key)
	if err != nil {
		if errors.Is(err, store.ErrNotFound) {
			m.forget(key)
			return nil, nil, fail(CodeNotFound, "there is no connection %s", shown(key))
		}
		return nil, nil, err
	}
	if e == nil {
		e = m.remember(key)
	}
	a.read = now
	e.known.Store(a)
	return a, e, nil
}

// shown is the name of a connection that a request may have made up.
func shown(key store.Key) string {
	if checkID("provider", key.Provider) != nil || checkID("connection", key.Connection) != nil {
		return "of that name"
	}
	return key.String()
}

// remember makes room for a connection, if need be at the cost of another.
func (m *Manager) remember(key store.Key) *entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil {
		return e
	}
	if len(m.entries) >= maxEntries {
		for k := range m.entries {
			delete(m.entries, k)
			break
		}
	}
	e := &entry{name: cacheKey(key)}
	m.entries[key] = e
	return e
}

// forget drops what is known of a connection, and its token.
func (m *Manager) forget(key store.Key) {
	m.mu.Lock()
	delete(m.entries, key)
	m.mu.Unlock()
	m.o.Cache.Delete(cacheKey(key))
}

func (m *Manager) readAccess(ctx context.Context, key store.Key) (*access, error) {
	if checkID("provider", key.Provider) != nil || checkID("connection", key.Connection) != nil {
		return nil, store.ErrNotFound
	}
	c, err := m.o.Store.Connection(ctx, key)
	if err != nil {
		return nil, err
	}
	a := &access{version: c.Version, revoked: c.Status.State == store.Revoked}
	if d := m.settings.Load().declared[key.Provider]; d != nil {
		config := d.connections[key.Connection]
		if config == nil {
			return nil, store.ErrNotFound
		}
		a.managed = true
		for _, p := range config.AccessPolicies {
			a.policies = append(a.policies, &store.AccessPolicy{Key: key, ID: p.ID, TenantID: p.TenantID, ObjectID: p.ObjectID})
		}
		return a, nil
	}
	policies, _, err := m.o.Store.AccessPolicies(ctx, key, store.Page{})
	if err != nil {
		return nil, err
	}
	for _, p := range policies {
		if p.Kind == store.Managed {
			a.managed = true
			continue
		}
		a.policies = append(a.policies, p)
	}
	return a, nil
}

// Use obtains the token of a connection without asking who wants it, for whoever manages
// connections. It returns when the token ends, zero if nobody says. One by client
// credentials that was revoked begins anew: there is no consent that could do that.
func (m *Manager) Use(ctx context.Context, key store.Key) (expires time.Time, err error) {
	if err := m.revive(ctx, key); err != nil {
		return time.Time{}, err
	}
	a, err := m.readAccess(ctx, key)
	if err != nil {
		return time.Time{}, wrap("the connection "+shown(key), err)
	}
	if _, err := m.lend(ctx, key, a, m.remember(key)); err != nil {
		return time.Time{}, err
	}
	c, err := m.o.Store.Connection(ctx, key)
	if err != nil {
		return time.Time{}, wrap("the connection "+shown(key), err)
	}
	return c.Expires, nil
}

// revive ends the revocation of a connection by client credentials.
func (m *Manager) revive(ctx context.Context, key store.Key) error {
	c, err := m.readable(ctx, key)
	if err != nil || c.Grant != GrantClient || c.Status.State != store.Revoked {
		return err
	}
	_, err = m.o.Store.SaveStatus(ctx, key, store.Guard{Version: c.Version}, store.Status{State: store.Pending, Reason: "asked for again"})
	m.forget(key)
	return wrap("the connection "+key.String(), err)
}
