package credential

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
	"sekisho/builtins/tokencache"
	"sekisho/engine/pipeline"
)

// Options are what a Manager works with. It closes none of them.
type Options struct {
	Store  store.Store
	Client *oauth.Client
	Cache  *tokencache.Cache
	// Tokens verifies the tokens of callers and the id_tokens of providers.
	Tokens pipeline.Tokens
	Now    func() time.Time
	Rand   io.Reader // nil is the system's
	Log    *slog.Logger
	// LeaseTTL is how long a process that died keeps others from renewing a connection;
	// 0 is 15 seconds.
	LeaseTTL time.Duration
}

// Settings are what may change while a Manager works.
type Settings struct {
	// PublicURL is where browsers reach the gateway: scheme, host and perhaps a path,
	// without a slash at its end. "" allows no consents.
	PublicURL string
	// PostLoginRedirects are where a browser may go after a consent; see redirectAllowed.
	PostLoginRedirects []string
	// TokenIssuers are URLs of OpenID configurations; tokens of callers must be of one.
	TokenIssuers []string
	// TokenAudience is what these must be for, "" for DefaultAudience.
	TokenAudience string
	Limits        Limits
	// Providers are those of gateway.yaml.
	Providers []ProviderConfig
}

// DefaultAudience is the audience of tokens that say who asks for a connection, APIM's.
const DefaultAudience = "https://azure-api.net/authorization-manager"

// Limits are the most that there may be; 0 is the default, which is APIM's.
type Limits struct {
	Providers, Connections, AccessPolicies int
	// AuthorizationsPerMinute bounds how often the token cache may ask for one connection:
	// APIM's limit is that of the service behind the gateway's cache. A thousand callers
	// that wait for one token are one. Each process counts for itself.
	AuthorizationsPerMinute int
}

// ProviderConfig is a provider of gateway.yaml.
type ProviderConfig struct {
	ID, Name, IdentityProvider string
	ClientCredentials          bool
	Settings                   map[string]string // with the secrets
	Connections                []ConnectionConfig
}

// ConnectionConfig is a connection of gateway.yaml.
type ConnectionConfig struct {
	ID             string
	Parameters     map[string]string // with the secrets
	AccessPolicies []AccessConfig
}

// AccessConfig allows a principal to use a connection.
type AccessConfig struct{ ID, TenantID, ObjectID string }

// Manager is the credential manager. It implements pipeline.Connections and is safe for
// concurrent use.
type Manager struct {
	o        Options
	settings atomic.Pointer[settings]

	mu      sync.RWMutex
	entries map[store.Key]*entry

	renewing singleflight.Group
	issuers  sync.Map // URL of an OpenID configuration → knownIssuer

	base    context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup

	// step is called before each step of a renewal, by tests that end the process there.
	step func(name string)
}

// settings are Settings, made ready.
type settings struct {
	Settings
	keys     *pipeline.TokenKeys // of callers
	declared map[string]*declared
}

// declared is a provider of gateway.yaml.
type declared struct {
	ProviderConfig
	connections map[string]*ConnectionConfig
}

// New makes a Manager without providers of gateway.yaml; Configure brings these.
func New(o Options) *Manager {
	if o.LeaseTTL == 0 {
		o.LeaseTTL = 15 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	m := &Manager{o: o, entries: map[store.Key]*entry{}, step: func(string) {}}
	m.base, m.stop = context.WithCancel(context.Background())
	s, err := prepare(Settings{})
	if err != nil {
		panic("credential: internal error: no settings are wrong settings: " + err.Error())
	}
	m.settings.Store(s)
	return m
}

// Close ends renewals that have not been sent yet, and waits for the others.
func (m *Manager) Close() {
	// Under the lock of background, which begins nothing after this.
	m.mu.Lock()
	m.stop()
	m.mu.Unlock()
	m.running.Wait()
}

// Check says what is wrong with Settings, each fault an error that names its provider;
// nil if nothing is.
func Check(s Settings) []error {
	out := check(s)
	if s.PublicURL != "" && checkRedirect(s.PublicURL) != nil {
		out = append(out, fmt.Errorf("the public URL %q wants https, or http to this machine", s.PublicURL))
	}
	return out
}

// check is Check but for the public URL, which may be the address of a listener: one that
// browsers must not be sent to forbids consents, and nothing else.
func check(s Settings) []error {
	var out []error
	seen := map[string]bool{}
	for i := range s.Providers {
		p := &s.Providers[i]
		if err := checkID("provider", p.ID); err != nil {
			out = append(out, err)
			continue
		}
		if seen[p.ID] {
			out = append(out, fmt.Errorf("the provider %q is there twice", p.ID))
		}
		seen[p.ID] = true
		out = append(out, checkProvider(p)...)
	}
	for _, r := range s.PostLoginRedirects {
		if err := checkRedirect(strings.TrimSuffix(r, "/*")); err != nil {
			out = append(out, fmt.Errorf("the post-login redirect %q: %w", r, err))
		}
	}
	return out
}

// checkProvider checks the settings of a provider of gateway.yaml. Those that each
// connection brings itself may be missing.
func checkProvider(p *ProviderConfig) []error {
	var out []error
	base := oauth.Config{Kind: p.IdentityProvider, ClientCredentials: p.ClientCredentials, Settings: p.Settings}
	if len(p.Connections) == 0 {
		if _, err := oauth.Resolve(base); err != nil {
			out = append(out, fmt.Errorf("the provider %q: %w", p.ID, err))
		}
	}
	seen := map[string]bool{}
	for _, c := range p.Connections {
		if err := checkID("connection", c.ID); err != nil {
			out = append(out, fmt.Errorf("the provider %q: %w", p.ID, err))
			continue
		}
		if seen[c.ID] {
			out = append(out, fmt.Errorf("the provider %q has the connection %q twice", p.ID, c.ID))
		}
		seen[c.ID] = true
		with := base
		with.Settings = merge(p.Settings, c.Parameters)
		r, err := oauth.Resolve(with)
		if err == nil && !r.Preset.Discovery && r.ClientID == "" {
			err = errors.New(`it needs the setting "clientId"`)
		}
		if err != nil {
			out = append(out, fmt.Errorf("the connection %q of the provider %q: %w", c.ID, p.ID, err))
		}
	}
	return out
}

func merge(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, b)
	return out
}

// maxID bounds an id, as APIM does.
const maxID = 256

// checkID wants an id that needs no escaping in a URL.
func checkID(kind, id string) error {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
	if id == "" || len(id) > maxID || strings.Trim(id, allowed) != "" || strings.Trim(id, ".") == "" {
		return fmt.Errorf("a %s's id has 1 to %d letters, digits and any of -_.~", kind, maxID)
	}
	return nil
}

func prepare(s Settings) (*settings, error) {
	if faults := check(s); len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	for _, d := range []struct {
		limit *int
		def   int
	}{{&s.Limits.Providers, 1000}, {&s.Limits.Connections, 10_000}, {&s.Limits.AccessPolicies, 100}, {&s.Limits.AuthorizationsPerMinute, 250}} {
		if *d.limit == 0 {
			*d.limit = d.def
		}
	}
	if s.TokenAudience == "" {
		s.TokenAudience = DefaultAudience
	}
	s.PublicURL = strings.TrimSuffix(s.PublicURL, "/")
	out := &settings{Settings: s, declared: map[string]*declared{}, keys: &pipeline.TokenKeys{OpenID: s.TokenIssuers}}
	for _, p := range s.Providers {
		d := &declared{p, map[string]*ConnectionConfig{}}
		for i := range p.Connections {
			d.connections[p.Connections[i].ID] = &p.Connections[i]
		}
		out.declared[p.ID] = d
	}
	return out, nil
}

// mark is the setting by which a record of the store is known to stand for a provider of
// gateway.yaml.
const mark = "declaredIn"

// Configure makes s count. Providers and connections of gateway.yaml get their records in
// the store, which their tokens need; their secrets are kept in memory only. A provider
// that was made over REST is not taken over: that is an error. After an error the old
// settings go on counting.
func (m *Manager) Configure(ctx context.Context, s Settings) error {
	next, err := prepare(s)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(next.declared)) {
		if err := m.declare(ctx, next.declared[id]); err != nil {
			return err
		}
	}
	m.settings.Store(next)
	m.mu.Lock()
	clear(m.entries)
	m.mu.Unlock()
	return nil
}

// SetPublicURL changes PublicURL alone: it may be known only when listeners are open.
func (m *Manager) SetPublicURL(u string) {
	for {
		old := m.settings.Load()
		next := *old
		next.PublicURL = strings.TrimSuffix(u, "/")
		if m.settings.CompareAndSwap(old, &next) {
			return
		}
	}
}

// declare sees to the records of a provider of gateway.yaml.
func (m *Manager) declare(ctx context.Context, d *declared) error {
	want := &store.Provider{
		ID: d.ID, DisplayName: d.Name, IdentityProvider: d.IdentityProvider, Grant: grant(d.ClientCredentials),
		Settings: map[string]string{mark: "gateway.yaml"},
	}
	have, err := m.o.Store.Provider(ctx, d.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		have = nil
	case err != nil:
		return err
	case have.Settings[mark] == "":
		return fmt.Errorf("the provider %q of gateway.yaml exists in the store already; delete it there, or give this one another id", d.ID)
	}
	if have == nil || have.DisplayName != want.DisplayName || have.IdentityProvider != want.IdentityProvider || have.Grant != want.Grant {
		if _, err := m.o.Store.PutProvider(ctx, want, store.Always, 0); err != nil {
			return err
		}
	}
	for _, c := range d.Connections {
		key := store.Key{Provider: d.ID, Connection: c.ID}
		have, err := m.o.Store.Connection(ctx, key)
		if err == nil && have.Grant == want.Grant {
			continue
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if _, err := m.o.Store.PutConnection(ctx, &store.Connection{Key: key, Grant: want.Grant}, store.Always, 0); err != nil {
			return err
		}
	}
	return nil
}

// Grants, as APIM's resources call them.
const (
	GrantCode   = "authorizationCode"
	GrantClient = "clientCredentials"
)

func grant(clientCredentials bool) string {
	if clientCredentials {
		return GrantClient
	}
	return GrantCode
}

// Declared tells whether a provider is one of gateway.yaml.
func (m *Manager) Declared(id string) bool { return m.settings.Load().declared[id] != nil }

// Settings are those that count at the moment.
func (m *Manager) Settings() Settings { return m.settings.Load().Settings }

// background runs f with a context that ends with Close, and not at all after that.
func (m *Manager) background(f func(ctx context.Context)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.base.Err() != nil {
		return
	}
	m.running.Add(1)
	go func() {
		defer m.running.Done()
		f(m.base)
	}()
}
