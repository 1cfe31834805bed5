package assembly

import (
	"context"
	"errors"

	"sekisho/builtins/authserver"
	"sekisho/builtins/authserver/clients"
	"sekisho/engine/config"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/gateway"
	"sekisho/engine/pipeline"
)

// access makes the authorization server what gateway.Access is.
type access struct{ s *authserver.Server }

// Verify implements gateway.Access.
func (a access) Verify(ctx context.Context, token string, audiences []string) (*pipeline.Caller, error) {
	c, err := a.s.Verify(ctx, token, audiences)
	if err == nil {
		return c, nil
	}
	out := &gateway.AccessError{Description: "The access token could not be judged.", Cause: err, Unavailable: true}
	var e *authserver.TokenError
	if errors.As(err, &e) {
		out.Description, out.Cause, out.Unavailable = e.Description, e.Cause, e.Unavailable
	}
	return nil, out
}

// Watch implements gateway.Access.
func (a access) Watch(c *pipeline.Caller, ended func()) (stop func()) { return a.s.Watch(c, ended) }

// Issuer implements gateway.Access.
func (a access) Issuer() string { return a.s.Issuer() }

// SessionKey implements gateway.Access.
func (a access) SessionKey() []byte { return a.s.SessionKey() }

// authorize makes the authorization server of a Model count: it is made when gateway.yaml
// first asks for one, and answers nothing from when that does no more.
func (y *systems) authorize(ctx context.Context, m *config.Model) error {
	url := y.publicURL(m)
	if m.AuthorizationServer == nil || url == "" { // that is not known before it serves
		y.access.Store(nil)
		return nil
	}
	if y.authserver == nil {
		s, err := authserver.New(authserver.Options{
			Store: y.credentials.Load().store.Records(), Tokens: y.tokens, Now: y.services.Now, Rand: y.services.Rand,
			Log: y.log, Dial: y.o.Dial,
		})
		if err != nil {
			return err
		}
		y.authserver = s
	}
	if err := y.authserver.Configure(ctx, authorizationOf(m, url)); err != nil {
		return err
	}
	y.access.Store(&access{y.authserver})
	return nil
}

// authorizationOf is what a Model says of the authorization server, for a gateway that is
// reached at a URL.
func authorizationOf(m *config.Model, url string) authserver.Config {
	a := m.AuthorizationServer
	c := authserver.Config{
		Issuer: a.Issuer, DefaultScopes: a.DefaultScopes, Claims: a.Claims,
		Provider: authserver.Provider{
			Entra: a.Provider.Entra, Issuer: a.Provider.Issuer,
			ClientID: a.Provider.ClientID, ClientSecret: a.Provider.ClientSecret.Reveal(), Scopes: a.Provider.Scopes,
		},
		Clients: clients.Config{
			Dynamic: a.DynamicRegistration, Documents: a.MetadataDocuments,
			RedirectHosts: a.RedirectHosts, AllowedHosts: a.AllowedHosts, Roots: a.Roots,
			Maximum: a.MaximumClients, UnusedFor: a.UnusedFor,
		},
		AccessToken: a.AccessToken, RefreshToken: a.RefreshToken, RefreshGrace: a.RefreshGrace,
		Code: a.Code, Login: a.Login, Consent: a.Consent,
	}
	if c.Issuer == "" {
		c.Issuer = url
	}
	c.Clients.Issuer = c.Issuer
	for _, s := range a.Scopes {
		c.Scopes = append(c.Scopes, authserver.Scope{Name: s.Name, Text: s.Text})
	}
	for _, k := range a.Clients {
		c.Clients.Static = append(c.Clients.Static, clients.StaticClient{ID: k.ID, Name: k.Name, Secret: k.Secret.Reveal(), RedirectURIs: k.RedirectURIs})
	}
	for _, api := range m.APIs {
		if api.MCP == nil || !api.MCP.Authorization || !api.IsCurrent {
			continue
		}
		base := url + api.Prefix()
		c.Resources = append(c.Resources, authserver.Resource{
			ID: base + "/mcp", Aliases: []string{base + "/sse", base + "/messages", base}, Name: api.Name, Scopes: api.MCP.RequiredScopes,
		})
	}
	return c
}

// upstream is the identity provider of the authorization server, as connections name it:
// its connection is that of whoever presents the access token.
const upstream = "authorizationServer"

// authorization is what the caller's login at the identity provider grants.
func (a *access) authorization(ctx context.Context, r pipeline.AuthorizationRequest) (*apim.Authorization, error) {
	if !r.JWT {
		return nil, errNoCaller
	}
	return a.s.Upstream(ctx, r.Identity)
}

var errNoCaller = errors.New(`the token of a user's login is lent to that user only: identity-type="jwt", with the access token of this gateway as identity`)
