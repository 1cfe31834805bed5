package clients

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/builtins/authserver/records"
)

// Options are what a Registry works with.
type Options struct {
	// Store keeps those that registered themselves.
	Store records.Store
	Now   func() time.Time
	Rand  io.Reader
	// Resolve and Dial stand for the network below metadata documents; nil for the
	// system's. With a Dial alone, it is given the host of the URL and resolves it. An
	// address is judged before anything is sent to it in any case.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Log     *slog.Logger
}

// Config is what may change at each load.
type Config struct {
	Dynamic, Documents bool // whether clients may register themselves, or publish who they are
	// RedirectHosts are the hosts that codes may be sent to, each a name, name:port or
	// *.name; loopback always is. None: all, and the schemes of native apps.
	RedirectHosts []string
	// AllowedHosts are those of metadata documents that may have any address and port;
	// others have public ones.
	AllowedHosts []string
	Roots        *x509.CertPool // of the certificates of those hosts; nil: the system's
	Maximum      int            // how many dynamic clients there may be; 0: 1000
	UnusedFor    time.Duration  // how long one stays that is never used; 0: an hour
	Static       []StaticClient
	// Issuer is the URL of the authorization server, "" while it is not known: documents are
	// not fetched from its own host, and clients find their registration there.
	Issuer string
}

// StaticClient is a client that is known beforehand.
type StaticClient struct {
	ID, Name     string
	Secret       string // "" for a public client
	RedirectURIs []string
}

const (
	defaultMaximum   = 1000
	defaultUnusedFor = time.Hour
	// minSecret is how many characters a secret has that nobody guesses.
	minSecret = 32
)

// Check tells all that is wrong with a Config.
func (c Config) Check() (errs []error) {
	seen := map[string]bool{}
	for _, s := range c.Static {
		complain := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("client %q: "+format, append([]any{s.ID}, args...)...))
		}
		switch {
		case s.ID == "" || len(s.ID) > maxURI || strings.ContainsFunc(s.ID, func(r rune) bool { return r < ' ' || r > '~' }):
			complain("an id is printable ASCII")
		case seen[s.ID]:
			complain("the id stands twice")
		case strings.HasPrefix(s.ID, rowPrefix):
			complain("ids of registered clients begin with %s", rowPrefix)
		}
		seen[s.ID] = true
		if s.Secret != "" && len(s.Secret) < minSecret {
			complain("a secret has at least %d characters", minSecret)
		}
		if len(s.RedirectURIs) == 0 {
			complain("it has no redirect URI")
		}
		for _, uri := range s.RedirectURIs {
			if err := checkRedirect(uri); err != nil {
				complain("redirect URI %q: %w", uri, err)
			} else if !hostAllowed(c.RedirectHosts, uri) {
				complain("redirect URI %q: its host is not among those that codes may be sent to", uri)
			}
		}
	}
	if c.Maximum < 0 || c.UnusedFor < 0 {
		errs = append(errs, errors.New("the bounds of registrations are not negative"))
	}
	return errs
}

// Registry knows all clients. It may be used by any number of goroutines; several processes
// with one Store know the same dynamic clients.
type Registry struct {
	o     Options
	state atomic.Pointer[state]

	mu  sync.Mutex // of key
	key []byte     // nil until it was needed
	// admitting is full while a new client is let in: the bound is counted by one at a time.
	admitting chan struct{}
}

// state is what follows from a Config.
type state struct {
	Config
	static    map[string]*Client
	documents *documents
}

// New makes a Registry, which knows nobody before Configure.
func New(o Options) *Registry {
	r := &Registry{o: o, admitting: make(chan struct{}, 1)}
	r.Configure(Config{})
	return r
}

// Configure replaces the Config, which has passed Check. Documents that are known stay known
// unless what they were judged by has changed.
func (r *Registry) Configure(c Config) {
	if c.Maximum == 0 {
		c.Maximum = defaultMaximum
	}
	if c.UnusedFor == 0 {
		c.UnusedFor = defaultUnusedFor
	}
	s := &state{Config: c, static: map[string]*Client{}}
	for _, k := range c.Static {
		s.static[k.ID] = staticClient(k)
	}
	if old := r.state.Load(); old != nil && slices.Equal(old.AllowedHosts, c.AllowedHosts) && old.Issuer == c.Issuer && sameRoots(old.Roots, c.Roots) {
		s.documents = old.documents
	} else {
		s.documents = newDocuments(&r.o, c)
	}
	r.state.Store(s)
}

func sameRoots(a, b *x509.CertPool) bool {
	return a == b || a != nil && b != nil && a.Equal(b)
}

func staticClient(k StaticClient) *Client {
	c := &Client{
		ID: k.ID, Name: cleanName(k.Name), RedirectURIs: slices.Clone(k.RedirectURIs), Kind: Static,
		AuthMethod: AuthNone, GrantTypes: []string{codeGrant, refreshGrant},
	}
	if k.Secret != "" {
		c.AuthMethod, c.secret = AuthBasic, sha256.Sum256([]byte(k.Secret))
	}
	return c
}

// Lookup finds a client: ErrUnknown, *DocumentError, or what the Store or ctx says.
func (r *Registry) Lookup(ctx context.Context, clientID string) (*Client, error) {
	s := r.state.Load()
	if c := s.static[clientID]; c != nil {
		return c, nil
	}
	var c *Client
	var err error
	switch {
	case strings.HasPrefix(clientID, rowPrefix):
		c, err = r.dynamic(ctx, clientID)
	case strings.HasPrefix(clientID, "https://") && s.Documents:
		c, err = s.documents.client(ctx, clientID)
	default:
		err = ErrUnknown
	}
	if err != nil || len(s.RedirectHosts) == 0 {
		return c, err
	}
	// The hosts may have been limited since it registered, and its document is the same for
	// all authorization servers.
	limited := *c
	limited.RedirectURIs = slices.DeleteFunc(slices.Clone(c.RedirectURIs), func(uri string) bool { return !hostAllowed(s.RedirectHosts, uri) })
	switch {
	case len(limited.RedirectURIs) > 0:
		return &limited, nil
	case c.Kind == Document:
		return nil, &DocumentError{Text: "codes are not sent to any of the redirect URIs of the client's metadata document"}
	}
	return nil, ErrUnknown
}

// Authenticate tells whether a secret is the client's, in a time that does not depend on the
// secret. A public client has none: its is "".
func (r *Registry) Authenticate(ctx context.Context, c *Client, secret string) bool {
	if !c.Confidential() {
		return secret == ""
	}
	want := c.secret
	if c.Kind == Dynamic {
		key, err := r.secretKey(ctx)
		if err != nil {
			r.o.Log.ErrorContext(ctx, "a client could not be authenticated", "err", err)
			return false
		}
		want = sha256.Sum256([]byte(secretOf(key, c.ID)))
	}
	got := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// origin is that of a URL, "" if it has none.
func origin(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
