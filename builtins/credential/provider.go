package credential

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"time"

	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
)

// client makes the provider of a connection ready to be asked: its settings and those of
// the connection together, and for one that describes itself what it has said and the
// client that it has registered. With discover it is asked, else only what is in the
// store counts.
func (m *Manager) client(ctx context.Context, c *store.Connection, discover bool) (*oauth.Provider, error) {
	config, err := m.config(ctx, c)
	if err != nil {
		return nil, err
	}
	p, err := oauth.Resolve(config)
	if err != nil {
		return nil, &Error{CodeInvalid, "the settings of " + c.Key.String() + " do not suffice: " + err.Error(), err}
	}
	if p.Preset.Discovery {
		if p, err = m.registered(ctx, c.Provider, p, discover); err != nil {
			return nil, err
		}
	}
	if p.ClientID == "" {
		return nil, fail(CodeInvalid, "the settings of %s have no clientId", c.Key)
	}
	return p, nil
}

// config joins the settings of a provider and one of its connections.
func (m *Manager) config(ctx context.Context, c *store.Connection) (oauth.Config, error) {
	if d := m.settings.Load().declared[c.Provider]; d != nil {
		own := d.connections[c.Connection]
		if own == nil {
			return oauth.Config{}, fail(CodeNotFound, "there is no connection %s", c.Key)
		}
		return oauth.Config{Kind: d.IdentityProvider, ClientCredentials: d.ClientCredentials, Settings: merge(d.Settings, own.Parameters)}, nil
	}
	p, err := m.o.Store.Provider(ctx, c.Provider)
	if err != nil {
		return oauth.Config{}, err
	}
	if p.Settings[mark] != "" {
		return oauth.Config{}, fail(CodeNotFound, "the provider %s is not in gateway.yaml any more", p.ID)
	}
	return oauth.Config{
		Kind: p.IdentityProvider, ClientCredentials: p.Grant == GrantClient,
		Settings: merge(all(p.Settings, p.Secrets), all(c.Parameters, c.Secrets)),
	}, nil
}

// all are settings with those that are secret.
func all(settings map[string]string, secrets map[string]store.Secret) map[string]string {
	out := map[string]string{}
	maps.Copy(out, settings)
	for name, s := range secrets {
		out[name] = s.Reveal()
	}
	return out
}

// redirectURI is the callback of a provider: each has its own, so that the answer of one
// cannot be taken for that of another.
func (m *Manager) redirectURI(provider string) string {
	return m.settings.Load().PublicURL + Prefix + callbackPath + provider
}

// What is kept in the settings of a Registration.
const (
	keptDiscovery   = "discovery"
	keptRedirectURI = "redirectUri"
	keptSecret      = "clientSecret"
)

// registered completes a provider that describes itself. The record is found by the URL
// of the server, and made anew if the server has moved to another issuer, if our redirect
// URI has changed, or if the client's secret has run out.
func (m *Manager) registered(ctx context.Context, id string, p *oauth.Provider, discover bool) (*oauth.Provider, error) {
	have, err := m.o.Store.Registration(ctx, id, p.ServerURL)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	var known oauth.Discovery
	if err != nil || json.Unmarshal([]byte(have.Settings[keptDiscovery]), &known) != nil {
		have = nil
	}
	fits := have != nil && (p.ClientCredentials || have.Settings[keptRedirectURI] == m.redirectURI(id) || p.ClientID != "") &&
		(have.Expires.IsZero() || m.o.Now().Before(have.Expires))
	if have != nil && (!discover || p.ClientCredentials && fits) {
		return complete(p, &known, have), nil
	}
	if !discover && !p.ClientCredentials {
		return nil, fail(CodeState, "the server of %s has not been asked yet: it needs a consent", id)
	}
	now, err := m.o.Client.Discover(ctx, p)
	if err != nil {
		return nil, err
	}
	if fits && now.Metadata.Issuer == known.Metadata.Issuer {
		return complete(p, now, have), nil
	}
	return m.register(ctx, id, p, now, have)
}

// complete adds what is registered to a provider.
func complete(p *oauth.Provider, d *oauth.Discovery, r *store.Registration) *oauth.Provider {
	q := p.With(d)
	if q.ClientID == "" {
		q = q.WithClient(r.ClientID, r.Secrets[keptSecret].Reveal())
	}
	return q
}

// register makes a client at the server, unless the settings have one, and keeps it with
// what the server says of itself.
func (m *Manager) register(ctx context.Context, id string, p *oauth.Provider, d *oauth.Discovery, old *store.Registration) (*oauth.Provider, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	r := &store.Registration{Provider: id, Issuer: p.ServerURL, ClientID: p.ClientID, Settings: map[string]string{
		keptDiscovery: string(text), keptRedirectURI: m.redirectURI(id),
	}}
	if p.ClientID == "" {
		made, err := m.o.Client.Register(ctx, p.With(d), d, "Sekisho gateway: "+id, m.redirectURI(id))
		if err != nil {
			return nil, err
		}
		r.ClientID, r.Expires = made.ClientID, made.Expires
		r.Secrets = map[string]store.Secret{keptSecret: store.NewSecret(made.ClientSecret)}
	}
	match := store.Absent
	if old != nil {
		match = store.Match(old.ETag)
	}
	err = m.o.Store.PutRegistration(ctx, r, match)
	if errors.Is(err, store.ErrConflict) {
		// Another process was faster; its client is as good.
		if r, err = m.o.Store.Registration(ctx, id, p.ServerURL); err == nil && json.Unmarshal([]byte(r.Settings[keptDiscovery]), d) != nil {
			err = errors.New("a registration is not readable")
		}
	}
	if err != nil {
		return nil, err
	}
	return complete(p, d, r), nil
}

// knownIssuer is an issuer that an OpenID configuration has named.
type knownIssuer struct {
	issuer string
	until  time.Time
}

// issuer is what the parameter iss of a provider's answers must be, "" if nothing is
// known of that. Only URLs of the configuration get here, so the memory is bounded.
func (m *Manager) issuer(ctx context.Context, p *oauth.Provider) (string, error) {
	if p.Issuer != "" || p.OpenID == "" {
		return p.Issuer, nil
	}
	now := m.o.Now()
	if k, ok := m.issuers.Load(p.OpenID); ok && now.Before(k.(knownIssuer).until) {
		return k.(knownIssuer).issuer, nil
	}
	issuer, err := m.o.Client.Issuer(ctx, p)
	if err != nil {
		return "", err
	}
	if strings.Contains(issuer, "{") {
		issuer = "" // Entra's for all tenants: which one it is only the id_token tells
	}
	m.issuers.Store(p.OpenID, knownIssuer{issuer, now.Add(time.Hour)})
	return issuer, nil
}
