package authserver

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"sekisho/builtins/authserver/clients"
	"sekisho/builtins/credential/oauth"

	"golang.org/x/sync/singleflight"
)

// Prefix begins the paths of the endpoints, on the host of the issuer.
const Prefix = "/.sekisho/oauth/"

// Where clients look for metadata, before or behind the issuer's path.
const (
	wellKnownOAuth  = "/.well-known/oauth-authorization-server"
	wellKnownOpenID = "/.well-known/openid-configuration"
)

// Server is the authorization server. It outlives reloads, and is safe for concurrent
// use; Close ends it. All that must outlive the process, or be known to others on the same
// store, is in the store.
type Server struct {
	o        Options
	registry *clients.Registry
	client   *oauth.Client
	settings atomic.Pointer[settings]
	keys     keyring
	revoked  revocations
	verified memory

	configuring sync.Mutex
	refreshing  singleflight.Group // of the identity provider's tokens, by grant

	stop    context.CancelFunc // of what runs behind
	ctx     context.Context
	running sync.WaitGroup
	polling sync.Once
}

// settings are a Config as it serves. They are immutable.
type settings struct {
	Config
	origin, base string // base is origin with Prefix
	secure       bool   // the issuer is https
	metadata     []byte
	paths        map[string]bool // of the metadata
	scopes       []string        // that can be granted
	texts        map[string]string
	resources    map[string]*Resource // by every URL
	provider     *upstream
}

// New makes a Server that answers nothing until Configure.
func New(o Options) (*Server, error) {
	if o.Store == nil || o.Tokens == nil || o.Now == nil || o.Log == nil {
		return nil, errors.New("an authorization server needs a store, a verifier of tokens, a clock and a log")
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	s := &Server{
		o:        o,
		registry: clients.New(clients.Options{Store: o.Store, Now: o.Now, Rand: o.Rand, Dial: o.Dial, Log: o.Log}),
		client:   oauth.NewClient(oauth.ClientOptions{Transport: o.Transport, Now: o.Now}),
	}
	s.revoked.init()
	s.verified.init()
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// Close ends what runs behind, and waits for it.
func (s *Server) Close() {
	s.stop()
	s.running.Wait()
	s.client.Close()
}

// Configure makes c count from now on. On an error nothing changes.
func (s *Server) Configure(ctx context.Context, c Config) error {
	if errs := Check(c); len(errs) > 0 {
		return errors.Join(errs...)
	}
	s.configuring.Lock()
	defer s.configuring.Unlock()
	set, err := newSettings(c.withDefaults())
	if err != nil {
		return err
	}
	if old := s.settings.Load(); old != nil && old.provider.same(&set.Provider) {
		set.provider = old.provider
	} else if set.provider, err = newUpstream(set.Provider); err != nil {
		return err
	}
	if err := s.loadKeys(ctx); err != nil {
		return err
	}
	if err := s.revoked.poll(ctx, s); err != nil {
		return err
	}
	c.Clients.Issuer = set.Issuer
	s.registry.Configure(c.Clients)
	s.settings.Store(set)
	s.polling.Do(func() { s.running.Go(s.watch) })
	return nil
}

func newSettings(c Config) (*settings, error) {
	set := &settings{Config: c, paths: map[string]bool{}, texts: map[string]string{}, resources: map[string]*Resource{}}
	for _, s := range c.Scopes {
		set.scopes = append(set.scopes, s.Name)
		set.texts[s.Name] = s.Text
	}
	for i := range c.Resources {
		r := &c.Resources[i]
		for _, id := range append([]string{r.ID}, r.Aliases...) {
			set.resources[id] = r
		}
		for _, s := range r.Scopes {
			if !slices.Contains(set.scopes, s) && !slices.Contains(standardScopes, s) {
				set.scopes = append(set.scopes, s)
			}
		}
	}
	if c.Issuer == "" {
		return set, nil
	}
	u, err := url.Parse(c.Issuer)
	if err != nil {
		return nil, err
	}
	set.origin, set.secure = u.Scheme+"://"+u.Host, u.Scheme == "https"
	set.base = set.origin + Prefix
	path := u.Path
	for _, p := range []string{wellKnownOAuth, wellKnownOpenID, wellKnownOAuth + path, wellKnownOpenID + path, path + wellKnownOpenID, path + wellKnownOAuth} {
		set.paths[p] = true
	}
	set.metadata, err = set.document()
	return set, err
}

// Issuer is the identifier of the Server, "" while it is not known.
func (s *Server) Issuer() string {
	if set := s.settings.Load(); set != nil {
		return set.Issuer
	}
	return ""
}

// Handler answers requests for a path; nil if that is not one of the Server's. URLs that
// it writes are made of the issuer, never of what a request says of itself.
func (s *Server) Handler(path string) http.Handler {
	set := s.settings.Load()
	if set == nil || set.Issuer == "" {
		return nil
	}
	if set.paths[path] {
		return open(s.metadata, "GET")
	}
	name, ok := strings.CutPrefix(path, Prefix)
	if !ok {
		return nil
	}
	switch name {
	case "authorize":
		return page(s.authorize, "GET", "POST")
	case "consent":
		return page(s.consent, "POST")
	case "callback":
		return page(s.callback, "GET")
	case "token":
		return open(s.token, "POST")
	case "revoke":
		return open(s.revoke, "POST")
	case "introspect":
		return noStore(s.introspect, "POST")
	case "jwks":
		return open(s.jwks, "GET")
	case "register":
		if set.Clients.Dynamic {
			return s.registry
		}
	}
	return nil
}

// allow refuses all but some methods. HEAD is refused, too: what scanners of links send
// must not use anything up.
func allow(w http.ResponseWriter, r *http.Request, methods []string) bool {
	if slices.Contains(methods, r.Method) {
		return true
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	w.WriteHeader(http.StatusMethodNotAllowed)
	return false
}

// noStore is an endpoint for programs.
func noStore(f http.HandlerFunc, methods ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Pragma", "no-cache") // RFC 6749, section 5.1
		h.Set("X-Content-Type-Options", "nosniff")
		if allow(w, r, methods) {
			f(w, r)
		}
	})
}

// open is an endpoint that scripts of any origin may call: nothing there is proved by a
// cookie.
func open(f http.HandlerFunc, methods ...string) http.Handler {
	inner := noStore(f, methods...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, MCP-Protocol-Version")
			h.Set("Access-Control-Max-Age", "3600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// page is an endpoint for browsers: never in a frame, never kept, nothing loaded.
func page(f http.HandlerFunc, methods ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// No form-action: browsers apply it to the redirects after the form, too, and
		// those lead to the identity provider and to the client.
		h.Set("Content-Security-Policy", "default-src 'none'; style-src '"+styleHash+"'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if allow(w, r, methods) {
			f(w, r)
		}
	})
}

// seeOther redirects without a body; 303 makes a GET of it, so that no form goes along.
func seeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}
