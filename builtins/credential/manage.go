package credential

import (
	"context"
	"errors"
	"time"

	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
)

// What whoever manages connections may do. Providers of gateway.yaml are read like
// others, but not changed.

// GatewayPolicy is the id of the access policy by which the gateway itself may use a
// connection. A new connection gets it.
const GatewayPolicy = "gateway"

// maxRevocations bounds how many connections are revoked upstream when their provider is
// deleted, and revocationTime how long all of that may take.
const (
	maxRevocations = 200
	revocationTime = 10 * time.Second
)

// Provider reads one. A provider of gateway.yaml has its settings, without the secrets.
func (m *Manager) Provider(ctx context.Context, id string) (*store.Provider, error) {
	if err := checkID("provider", id); err != nil {
		return nil, fail(CodeNotFound, "there is no provider of that name")
	}
	p, err := m.o.Store.Provider(ctx, id)
	if err != nil {
		return nil, wrap("the provider "+id, err)
	}
	return m.shown(p), nil
}

// shown adds what gateway.yaml says of a provider that is declared there.
func (m *Manager) shown(p *store.Provider) *store.Provider {
	d := m.settings.Load().declared[p.ID]
	if d == nil {
		return p
	}
	p.Settings = map[string]string{}
	for name, v := range d.Settings {
		if !Secret(name) {
			p.Settings[name] = v
		}
	}
	return p
}

// Secret tells settings that are never shown.
func Secret(setting string) bool { return setting == "clientSecret" || setting == "registrationToken" }

// Split parts settings into those that may be shown and those that may not.
func Split(settings map[string]string) (map[string]string, map[string]store.Secret) {
	open, secret := map[string]string{}, map[string]store.Secret{}
	for name, v := range settings {
		if Secret(name) {
			secret[name] = store.NewSecret(v)
		} else {
			open[name] = v
		}
	}
	return open, secret
}

// Providers lists them.
func (m *Manager) Providers(ctx context.Context, page store.Page) ([]*store.Provider, int, error) {
	list, n, err := m.o.Store.Providers(ctx, page)
	for _, p := range list {
		m.shown(p)
	}
	return list, n, err
}

// PutProvider writes one. Secrets that are left out stay what they were, since nobody who
// reads a provider can repeat them.
func (m *Manager) PutProvider(ctx context.Context, p *store.Provider, match store.Match) (created bool, err error) {
	if err := checkID("provider", p.ID); err != nil {
		return false, &Error{CodeInvalid, err.Error(), err}
	}
	if m.Declared(p.ID) {
		return false, declaredHere(p.ID)
	}
	old, err := m.o.Store.Provider(ctx, p.ID)
	switch {
	case err == nil:
		if p.Secrets == nil {
			p.Secrets = map[string]store.Secret{}
		}
		for name, s := range old.Secrets {
			if _, given := p.Secrets[name]; !given {
				p.Secrets[name] = s
			}
		}
		if old.Grant != p.Grant {
			if _, n, err := m.o.Store.Connections(ctx, p.ID, store.Page{Top: 1}); err != nil || n > 0 {
				return false, errors.Join(err, fail(CodeConflict, "the grant type of the provider %s cannot change while it has connections", p.ID))
			}
		}
	case !errors.Is(err, store.ErrNotFound):
		return false, err
	}
	if p.Grant != GrantCode && p.Grant != GrantClient {
		return false, fail(CodeInvalid, "the grant type wants to be %s or %s", GrantCode, GrantClient)
	}
	// Templates may be filled by the connections, so what is missing is no fault yet.
	if preset := oauth.Find(p.IdentityProvider); preset == nil {
		return false, fail(CodeInvalid, "there is no identity provider %q", oauth.Clean(p.IdentityProvider, 64))
	} else if len(preset.Settings) == 0 {
		if _, err := oauth.Resolve(oauth.Config{Kind: p.IdentityProvider, ClientCredentials: p.Grant == GrantClient, Settings: all(p.Settings, p.Secrets)}); err != nil {
			return false, &Error{CodeInvalid, err.Error(), err}
		}
	}
	delete(p.Settings, mark)
	created, err = m.o.Store.PutProvider(ctx, p, match, m.settings.Load().Limits.Providers)
	if err == nil {
		m.forgetProvider(p.ID)
	}
	return created, wrap("the provider "+p.ID, err)
}

func declaredHere(id string) error {
	return fail(CodeConflict, "the provider %s is one of gateway.yaml and is changed there", id)
}

// forgetProvider drops what is known of a provider's connections, and their tokens.
func (m *Manager) forgetProvider(id string) {
	m.mu.Lock()
	var keys []store.Key
	for k := range m.entries {
		if k.Provider == id {
			keys = append(keys, k)
		}
	}
	m.mu.Unlock()
	for _, k := range keys {
		m.forget(k)
	}
}

// DeleteProvider deletes one with its connections, and revokes their tokens upstream as
// far as that is possible in a few seconds.
func (m *Manager) DeleteProvider(ctx context.Context, id string, match store.Match) error {
	if m.Declared(id) {
		return declaredHere(id)
	}
	revoke := m.collect(ctx, id)
	if err := m.o.Store.DeleteProvider(ctx, id, match); err != nil {
		return wrap("the provider "+oauth.Clean(id, maxID), err)
	}
	m.forgetProvider(id)
	m.revokeAll(ctx, revoke)
	return nil
}

// goodbye is what revoking the tokens of a connection takes.
type goodbye struct {
	key      store.Key
	provider *oauth.Provider
	tokens   *store.Tokens
}

// collect reads the tokens of a provider's connections while they are still there.
func (m *Manager) collect(ctx context.Context, id string) []goodbye {
	list, _, err := m.o.Store.Connections(ctx, id, store.Page{Top: maxRevocations})
	if err != nil {
		return nil
	}
	var out []goodbye
	for _, c := range list {
		if g, ok := m.goodbye(ctx, c.Key); ok {
			out = append(out, g)
		}
	}
	return out
}

func (m *Manager) goodbye(ctx context.Context, key store.Key) (goodbye, bool) {
	c, err := m.o.Store.Connection(ctx, key)
	if err != nil || c.Tokens == nil {
		return goodbye{}, false
	}
	p, err := m.client(ctx, c, false)
	if err != nil || p.RevocationURL == "" {
		return goodbye{}, false
	}
	return goodbye{key, p, c.Tokens}, true
}

// revokeAll tells providers that tokens are not wanted any more: best effort, bounded.
func (m *Manager) revokeAll(ctx context.Context, list []goodbye) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revocationTime)
	defer cancel()
	for _, g := range list {
		if ctx.Err() != nil {
			m.o.Log.Warn("not all tokens were revoked at the provider in time", "provider", g.key.Provider)
			return
		}
		if _, err := m.o.Client.Revoke(ctx, g.provider, g.tokens.Access.Reveal(), g.tokens.Refresh.Reveal()); err != nil {
			m.o.Log.Warn("tokens could not be revoked at the provider", "connection", g.key.String(), "error", err.Error())
		}
	}
}

// Connection reads one. One of gateway.yaml has its parameters, without the secrets.
func (m *Manager) Connection(ctx context.Context, key store.Key) (*store.Connection, error) {
	c, err := m.readable(ctx, key)
	if err != nil {
		return nil, err
	}
	if d := m.settings.Load().declared[key.Provider]; d != nil {
		c.Parameters, _ = Split(d.connections[key.Connection].Parameters)
	}
	return c, nil
}

// Connections lists a provider's.
func (m *Manager) Connections(ctx context.Context, provider string, page store.Page) ([]*store.Connection, int, error) {
	if _, err := m.Provider(ctx, provider); err != nil {
		return nil, 0, err
	}
	return m.o.Store.Connections(ctx, provider, page)
}

// PutConnection writes the description of one. A new one lets the gateway in.
func (m *Manager) PutConnection(ctx context.Context, c *store.Connection, match store.Match) (created bool, err error) {
	if err := checkID("connection", c.Connection); err != nil {
		return false, &Error{CodeInvalid, err.Error(), err}
	}
	if m.Declared(c.Provider) {
		return false, declaredHere(c.Provider)
	}
	p, err := m.Provider(ctx, c.Provider)
	if err != nil {
		return false, err
	}
	if c.Grant == "" {
		c.Grant = p.Grant
	}
	if c.Grant != p.Grant {
		return false, fail(CodeInvalid, "the provider %s grants by %s", p.ID, p.Grant)
	}
	old, err := m.o.Store.Connection(ctx, c.Key)
	switch {
	case err == nil:
		if c.Secrets == nil {
			c.Secrets = map[string]store.Secret{}
		}
		for name, s := range old.Secrets {
			if _, given := c.Secrets[name]; !given {
				c.Secrets[name] = s
			}
		}
	case !errors.Is(err, store.ErrNotFound):
		return false, err
	}
	config := oauth.Config{Kind: p.IdentityProvider, ClientCredentials: p.Grant == GrantClient, Settings: merge(all(p.Settings, p.Secrets), all(c.Parameters, c.Secrets))}
	r, err := oauth.Resolve(config)
	if err == nil && !r.Preset.Discovery && r.ClientID == "" {
		err = errors.New(`it needs the setting "clientId"`)
	}
	if err != nil {
		return false, &Error{CodeInvalid, err.Error(), err}
	}
	created, err = m.o.Store.PutConnection(ctx, c, match, m.settings.Load().Limits.Connections)
	if err == nil && created {
		_, err = m.o.Store.PutAccessPolicy(ctx, &store.AccessPolicy{Key: c.Key, ID: GatewayPolicy, Kind: store.Managed}, store.Always, 0)
	}
	if err == nil {
		m.forget(c.Key)
	}
	return created, wrap("the connection "+c.Key.String(), err)
}

// DeleteConnection deletes one and revokes its tokens upstream.
func (m *Manager) DeleteConnection(ctx context.Context, key store.Key, match store.Match) error {
	if m.Declared(key.Provider) {
		return declaredHere(key.Provider)
	}
	g, ok := m.goodbye(ctx, key)
	if err := m.o.Store.DeleteConnection(ctx, key, match); err != nil {
		return wrap("the connection "+shown(key), err)
	}
	m.forget(key)
	if ok {
		m.revokeAll(ctx, []goodbye{g})
	}
	return nil
}

// Revoke gives the tokens of a connection back and leaves it without any, until there is
// a new consent; one by client credentials until Use.
func (m *Manager) Revoke(ctx context.Context, key store.Key) error {
	if _, err := m.readable(ctx, key); err != nil {
		return err
	}
	g, ok := m.goodbye(ctx, key)
	for attempt := 0; ; attempt++ {
		c, err := m.o.Store.Connection(ctx, key)
		if err != nil {
			return wrap("the connection "+key.String(), err)
		}
		_, err = m.o.Store.SaveTokens(ctx, key, store.Guard{Version: c.Version}, nil, store.Status{State: store.Revoked, Reason: "revoked"})
		if errors.Is(err, store.ErrConflict) && attempt < 10 {
			g, ok = m.goodbye(ctx, key) // it was renewed in between: those are the tokens
			continue
		}
		if err != nil {
			return wrap("the connection "+key.String(), err)
		}
		break
	}
	m.forget(key)
	if ok {
		m.revokeAll(ctx, []goodbye{g})
	}
	m.o.Log.Info("a connection is revoked", "connection", key.String())
	return nil
}

// AccessPolicies lists those of a connection.
func (m *Manager) AccessPolicies(ctx context.Context, key store.Key, page store.Page) ([]*store.AccessPolicy, int, error) {
	if _, err := m.readable(ctx, key); err != nil {
		return nil, 0, err
	}
	if d := m.settings.Load().declared[key.Provider]; d != nil {
		list := []*store.AccessPolicy{{Key: key, ID: GatewayPolicy, Kind: store.Managed}}
		for _, a := range d.connections[key.Connection].AccessPolicies {
			list = append(list, &store.AccessPolicy{Key: key, ID: a.ID, TenantID: a.TenantID, ObjectID: a.ObjectID})
		}
		n := len(list)
		list = list[min(page.Skip, n):]
		if page.Top > 0 {
			list = list[:min(page.Top, len(list))]
		}
		return list, n, nil
	}
	return m.o.Store.AccessPolicies(ctx, key, page)
}

// AccessPolicy reads one.
func (m *Manager) AccessPolicy(ctx context.Context, key store.Key, id string) (*store.AccessPolicy, error) {
	if m.Declared(key.Provider) {
		list, _, err := m.AccessPolicies(ctx, key, store.Page{})
		for _, p := range list {
			if p.ID == id {
				return p, nil
			}
		}
		if err == nil {
			err = store.ErrNotFound
		}
		return nil, wrap("the access policy", err)
	}
	if _, err := m.readable(ctx, key); err != nil {
		return nil, err
	}
	p, err := m.o.Store.AccessPolicy(ctx, key, id)
	return p, wrap("the access policy", err)
}

// PutAccessPolicy writes one.
func (m *Manager) PutAccessPolicy(ctx context.Context, p *store.AccessPolicy, match store.Match) (created bool, err error) {
	if m.Declared(p.Provider) {
		return false, declaredHere(p.Provider)
	}
	if err := checkID("access policy", p.ID); err != nil {
		return false, &Error{CodeInvalid, err.Error(), err}
	}
	for _, id := range append([]string{p.TenantID, p.ObjectID}, p.AppIDs...) {
		if id != oauth.Clean(id, maxID) {
			return false, fail(CodeInvalid, "an id of an access policy holds what ids do not")
		}
	}
	if p.Kind != store.Managed && (p.TenantID == "" || p.ObjectID == "") {
		return false, fail(CodeInvalid, "an access policy needs tenantId and objectId")
	}
	if _, err := m.readable(ctx, p.Key); err != nil {
		return false, err
	}
	created, err = m.o.Store.PutAccessPolicy(ctx, p, match, m.settings.Load().Limits.AccessPolicies)
	if err == nil {
		m.unknow(p.Key)
	}
	return created, wrap("the access policy "+p.ID, err)
}

// DeleteAccessPolicy deletes one.
func (m *Manager) DeleteAccessPolicy(ctx context.Context, key store.Key, id string, match store.Match) error {
	if m.Declared(key.Provider) {
		return declaredHere(key.Provider)
	}
	err := m.o.Store.DeleteAccessPolicy(ctx, key, id, match)
	if err == nil {
		m.unknow(key)
	}
	return wrap("the access policy", err)
}

// unknow has what is known of a connection read anew; its token stays.
func (m *Manager) unknow(key store.Key) {
	m.mu.Lock()
	delete(m.entries, key)
	m.mu.Unlock()
}

// RedirectURL is what has to be registered at a provider, "" as long as the gateway does
// not know where it is reached.
func (m *Manager) RedirectURL(provider string) string {
	if m.settings.Load().PublicURL == "" {
		return ""
	}
	return m.redirectURI(provider)
}
