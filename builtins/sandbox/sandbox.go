package sandbox

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// System is the application that is always there: the system-assigned identity.
const System = "system"

// IdentityHeader is what /msi/token wants to see in X-IDENTITY-HEADER. It is no secret.
const IdentityHeader = "development"

// Config is what there is in a Sandbox.
type Config struct {
	// BaseURL is where it is reached: a scheme and a host with its port, no more.
	BaseURL  string
	TenantID string
	// KeyRotation is how long a key signs (24 hours if 0), Lifetime how long access
	// tokens are good (1 hour if 0).
	KeyRotation, Lifetime time.Duration
	Applications          []Application
	Users                 []User
	Services              []Service
	// Now is the clock, Rand yields randomness; nil stands for the real ones.
	Now  func() time.Time
	Rand io.Reader
}

// Application is a client. Without a secret it is a public client, or a managed identity.
type Application struct {
	ID, Secret   string
	RedirectURIs []string
	Roles        []string
}

// User may log in, without a password. Without a Name it is the ID, and without an Email
// one at example.com.
type User struct{ ID, Name, Email string }

// Service answers those who bring a token for its Audience that one of its Applications
// got, by client id.
type Service struct {
	ID, Audience string
	Applications []string
}

// Sandbox serves it all. It is safe for use by many goroutines.
type Sandbox struct {
	now    func() time.Time
	rand   io.Reader
	known  atomic.Pointer[known]
	keys   keyring
	grants grants
	mux    *http.ServeMux
}

// known is a Config, ready to look up.
type known struct {
	Config
	issuer       string
	hosts        []string
	applications map[string]*Application
	users        map[string]*User
	services     map[string]*Service
}

// New makes a Sandbox.
func New(c Config) (*Sandbox, error) {
	s := &Sandbox{now: c.Now, rand: c.Rand, mux: http.NewServeMux()}
	if s.now == nil {
		s.now = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if err := s.Configure(c); err != nil {
		return nil, err
	}
	s.mux.HandleFunc("GET /identity/.well-known/openid-configuration", s.discovery)
	s.mux.HandleFunc("GET /.well-known/oauth-authorization-server/identity", s.discovery)
	s.mux.HandleFunc("GET /identity/keys", s.publishKeys)
	s.mux.HandleFunc("GET /identity/authorize", s.authorize)
	s.mux.HandleFunc("POST /identity/authorize", s.consent)
	s.mux.HandleFunc("POST /identity/token", s.token)
	s.mux.HandleFunc("POST /identity/revoke", s.revoke)
	s.mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.tenantToken)
	s.mux.HandleFunc("GET /metadata/identity/oauth2/token", s.imds)
	s.mux.HandleFunc("GET /msi/token", s.appService)
	s.mux.HandleFunc("GET /workload/token", s.workload)
	return s, nil
}

// Configure puts another Config in the place of the first, but for Now and Rand. Keys and
// what was granted stay; grants to applications and users that are gone are refused.
func (s *Sandbox) Configure(c Config) error {
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Host == "" || c.BaseURL != base.Scheme+"://"+base.Host {
		return errors.New("sandbox: the base URL must be a scheme and a host")
	}
	if c.KeyRotation == 0 {
		c.KeyRotation = 24 * time.Hour
	}
	if c.Lifetime == 0 {
		c.Lifetime = time.Hour
	}
	k := &known{
		Config: c, issuer: c.BaseURL + "/identity", hosts: []string{base.Hostname(), "localhost"},
		applications: map[string]*Application{System: {ID: System}},
		users:        map[string]*User{},
		services:     map[string]*Service{},
	}
	for i := range c.Applications {
		a := &c.Applications[i]
		for _, u := range a.RedirectURIs {
			if p, err := url.Parse(u); err != nil || p.Scheme == "" || p.Fragment != "" {
				return fmt.Errorf("sandbox: a redirect URI of the application %q is no absolute URI without a fragment", a.ID)
			}
		}
		k.applications[a.ID] = a
	}
	for i := range c.Users {
		u := c.Users[i]
		if u.Name == "" {
			u.Name = u.ID
		}
		if u.Email == "" {
			u.Email = u.ID + "@example.com"
		}
		k.users[u.ID] = &u
	}
	for i := range c.Services {
		k.services[c.Services[i].ID] = &c.Services[i]
	}
	s.known.Store(k)
	return nil
}

// Issuer is the URL of the OpenID issuer.
func (s *Sandbox) Issuer() string { return s.known.Load().issuer }

// maxBody bounds what is read of a request, in bytes.
const maxBody = 64 << 10

// ServeHTTP implements http.Handler. It answers only to the names of this machine: a page
// of the web that has its own name lead to 127.0.0.1 gets nothing.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	if !slices.Contains(s.known.Load().hosts, host) && (ip == nil || !ip.IsLoopback()) {
		http.Error(w, "The sandbox does not answer to that name.", http.StatusMisdirectedRequest)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if id, ok := strings.CutPrefix(r.URL.Path, "/services/"); ok {
		id, path, _ := strings.Cut(id, "/")
		s.service(w, r, id, "/"+path)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// writeJSON answers with v, which nobody may keep.
func writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic("sandbox: internal error: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}

// random is a text that nobody can guess.
func (s *Sandbox) random() string {
	var b [32]byte
	if _, err := io.ReadFull(s.rand, b[:]); err != nil {
		panic("sandbox: internal error: no randomness: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// parameters are those of a query or form, each of which may be there once.
type parameters map[string]string

func readParameters(v url.Values) (parameters, bool) {
	p := parameters{}
	for name, values := range v {
		if len(values) != 1 {
			return nil, false
		}
		p[name] = values[0]
	}
	return p, true
}
