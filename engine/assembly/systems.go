package assembly

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"sekisho/builtins/authserver"
	"sekisho/builtins/credential"
	"sekisho/builtins/identity"
	"sekisho/builtins/jose"
	"sekisho/builtins/tokencache"
	"sekisho/engine/config"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/gateway"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

// systems implements gateway.Systems.
type systems struct {
	o          Options
	services   *pipeline.Services
	log        *slog.Logger
	tokens     *jose.Tokens
	identities *identity.Identities

	// credentials is nil until gateway.yaml asks for a credential manager, access while it
	// does not ask for an authorization server.
	credentials atomic.Pointer[credentials]
	access      atomic.Pointer[access]

	mu          sync.Mutex // guards what follows: loads are one at a time, Serving and Close are not loads
	model       *config.Model
	url         string             // where the gateway is reached, "" until it serves
	development *development       // nil without any
	authserver  *authserver.Server // nil until one is asked for
}

var _ gateway.Systems = (*systems)(nil)

func newSystems(o Options, s *pipeline.Services) gateway.Systems {
	tokens, err := jose.New(jose.Options{Transport: s.Transport, Now: s.Now, Log: s.Log})
	if err != nil {
		panic("assembly: internal error: the memory of tokens: " + err.Error()) // its size is fixed
	}
	identities, err := identity.New(identity.Options{
		Now: s.Now, Sleep: s.Sleep, Rand: s.Rand, Env: o.Env, Dial: o.Dial, Log: s.Log,
	})
	if err != nil {
		panic("assembly: internal error: the cache of tokens: " + err.Error())
	}
	y := &systems{o: o, services: s, log: s.Log, tokens: tokens, identities: identities}
	s.Tokens, s.Identities, s.Connections = tokens, identities, connections{y}
	return y
}

// notice tells whoever runs the gateway something.
func (y *systems) notice(message string) {
	if y.o.Notice != nil {
		y.o.Notice(message)
		return
	}
	y.log.Info(message)
}

// Configure implements gateway.Systems. The order is that of need: the master key of the
// credential manager may want the token of an identity, and that one development services.
func (y *systems) Configure(m *config.Model, diags *source.List) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	before := y.model
	if !y.configure(m, diags) {
		if before != nil && !y.configure(before, new(source.List)) {
			y.log.Error("what stands behind policies could not be put back after a faulty reload")
		}
		return false
	}
	y.model = m
	return true
}

func (y *systems) configure(m *config.Model, diags *source.List) bool {
	if err := y.develop(m.Development); err != nil {
		var at source.Range // a file that has no services any more
		if m.Development != nil {
			at = m.Development.At
		}
		diags.Errorf(at, codeDevelopment, "the development services cannot start: %v", err)
		return false
	}
	if err := y.identities.Configure(identitiesOf(m)); err != nil {
		diags.Errorf(m.IdentitiesAt, codeIdentities, "the identities cannot be used: %v", err)
		return false
	}
	if m.CredentialManager != nil && y.credentials.Load() == nil {
		c, err := openCredentials(y, m)
		if err != nil {
			diags.Errorf(m.CredentialManager.At, codeCredentials, "the credential manager cannot start: %v", err)
			return false
		}
		y.credentials.Store(c)
	}
	if c := y.credentials.Load(); c != nil {
		if err := c.configure(m, y.publicURL(m)); err != nil {
			var at source.Range
			if m.CredentialManager != nil {
				at = m.CredentialManager.At
			}
			diags.Errorf(at, codeCredentials, "the credential manager cannot use this: %v", err)
			return false
		}
	}
	if err := y.authorize(context.Background(), m); err != nil {
		diags.Errorf(m.AuthorizationServer.At, codeAuthorization, "the authorization server cannot use this: %v", err)
		return false
	}
	return true
}

// publicURL is where browsers reach the gateway, "" if that is not known yet.
func (y *systems) publicURL(m *config.Model) string {
	if m.Gateway.PublicURL != "" {
		return m.Gateway.PublicURL
	}
	return y.url
}

// Serving implements gateway.Systems.
func (y *systems) Serving(url string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.url = url
	if c := y.credentials.Load(); c != nil && y.model.Gateway.PublicURL == "" {
		if err := c.configure(y.model, url); err != nil {
			y.log.Error("the credential manager cannot be reached by browsers", "error", err)
		}
	}
	if y.model.Gateway.PublicURL == "" {
		if err := y.authorize(context.Background(), y.model); err != nil {
			y.log.Error("the authorization server cannot be reached", "error", err)
		}
	}
}

// Public implements gateway.Systems.
func (y *systems) Public(path string) http.Handler {
	if a := y.access.Load(); a != nil {
		if h := a.s.Handler(path); h != nil {
			return h
		}
	}
	if c := y.credentials.Load(); c != nil && strings.HasPrefix(path, gateway.PublicPrefix) {
		return c.public
	}
	return nil
}

// Access implements gateway.Systems.
func (y *systems) Access() gateway.Access {
	if a := y.access.Load(); a != nil {
		return a
	}
	return nil
}

// Management implements gateway.Systems.
func (y *systems) Management() http.Handler {
	if c := y.credentials.Load(); c != nil {
		return c.management
	}
	return nil
}

// Tokens implements gateway.Systems.
func (y *systems) Tokens() []gateway.TokenStatus {
	list := []gateway.TokenStatus{}
	for _, s := range y.identities.Status() {
		t := tokenStatus("identity", s.Identity, s.Status)
		t.ClientID, t.Resource = s.ClientID, s.Resource
		list = append(list, t)
	}
	if c := y.credentials.Load(); c != nil {
		for _, s := range c.cache.Status() {
			list = append(list, tokenStatus("connection", strings.TrimPrefix(s.Key, "connection:"), s))
		}
	}
	return list
}

func tokenStatus(of, name string, s tokencache.Status) gateway.TokenStatus {
	t := gateway.TokenStatus{Of: of, Name: name, Expires: s.Expires, RefreshAt: s.RefreshAt, Failures: s.Failures, RetryAt: s.RetryAt}
	if s.Err != nil {
		t.Error = s.Err.Error()
	}
	return t
}

// Failing implements gateway.Systems.
func (y *systems) Failing() int {
	n := y.identities.Failing()
	if c := y.credentials.Load(); c != nil {
		n += c.cache.Failing()
	}
	return n
}

// Close implements gateway.Systems.
func (y *systems) Close(ctx context.Context) error {
	y.mu.Lock()
	defer y.mu.Unlock()
	var err error
	if y.authserver != nil {
		y.authserver.Close()
	}
	if c := y.credentials.Load(); c != nil {
		err = c.close()
	}
	y.identities.Close()
	y.tokens.Close()
	return errors.Join(err, y.development.close(ctx))
}

// connections are those of the credential manager, if there is one.
type connections struct{ y *systems }

// Authorization implements pipeline.Connections.
func (c connections) Authorization(ctx context.Context, r pipeline.AuthorizationRequest) (*apim.Authorization, error) {
	if a := c.y.access.Load(); a != nil && r.Provider == upstream {
		return a.authorization(ctx, r)
	}
	have := c.y.credentials.Load()
	if have == nil {
		return nil, errNoManager
	}
	return have.manager.Authorization(ctx, r)
}

var errNoManager = errors.New("there is no credential manager: gateway.yaml has no credentialManager")

var _ pipeline.Connections = (*credential.Manager)(nil)
