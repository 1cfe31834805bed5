package jose

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// Options are what Tokens needs of the world.
type Options struct {
	Transport pipeline.Transport
	Now       func() time.Time
	Log       *slog.Logger
	// Limits stand for DefaultLimits if they are zero.
	Limits Limits
}

// Limits bound what Tokens holds and waits for.
type Limits struct {
	TokenBytes int   // of a token
	CacheBytes int64 // of verified tokens that are remembered
	// MaxAge is how long keys of an issuer are good, MinAge the least that an issuer can
	// make of that by Cache-Control.
	MinAge, MaxAge time.Duration
	// Retry is the pause between two fetches after a failure, and between two that
	// tokens with unknown keys cause.
	Retry time.Duration
	// Stale is how long keys serve after they were fetched while they cannot be fetched again.
	Stale         time.Duration
	Timeout       time.Duration // of a fetch as a whole
	DocumentBytes int64         // of an OpenID configuration, and of a key set
	Keys          int           // in a set
	Sets          int           // that are known at a time
}

// DefaultLimits follow what API Management documents: hourly, and at most every five
// minutes on failures and unknown keys.
func DefaultLimits() Limits {
	return Limits{
		TokenBytes: 16 << 10, CacheBytes: 32 << 20,
		MinAge: 5 * time.Minute, MaxAge: time.Hour, Retry: 5 * time.Minute, Stale: 12 * time.Hour,
		Timeout: 10 * time.Second, DocumentBytes: 512 << 10, Keys: 100, Sets: 256,
	}
}

// Tokens verifies tokens. It outlives reloads, and is safe for use by many goroutines.
type Tokens struct {
	transport pipeline.Transport
	now       func() time.Time
	log       *slog.Logger
	limits    Limits
	verified  *verified
	headers   *headers
	given     [64]atomic.Pointer[givenKeys] // by the address of their TokenKeys

	ctx     context.Context // of fetches
	cancel  context.CancelFunc
	running sync.WaitGroup // fetches

	mu     sync.Mutex
	closed bool
	sets   map[string]*keySet // by URL
}

var _ pipeline.Tokens = (*Tokens)(nil)

// New makes a Tokens; Close ends it.
func New(o Options) (*Tokens, error) {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	v, err := newVerified(o.Limits.CacheBytes)
	if err != nil {
		return nil, err
	}
	t := &Tokens{transport: o.Transport, now: o.Now, log: o.Log, limits: o.Limits, verified: v, headers: newHeaders(), sets: map[string]*keySet{}}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t, nil
}

// Close ends fetches that are under way, and waits for them.
func (t *Tokens) Close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	t.running.Wait()
	t.verified.close()
}

// begin counts a fetch that is about to begin, and tells whether it may.
func (t *Tokens) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.running.Add(1)
	return true
}

// Warm fetches the keys of OpenID configurations before anybody needs them, and returns
// when all are there or have failed, which is logged, or ctx ends.
func (t *Tokens) Warm(ctx context.Context, urls []string) {
	var all sync.WaitGroup
	for _, u := range urls {
		all.Go(func() { _, _ = t.set(u).current(ctx) })
	}
	all.Wait()
}

// set finds or makes the set of a URL. Of too many, the one that was not looked up for
// the longest time is forgotten: URLs may be computed.
func (t *Tokens) set(url string) *keySet {
	now := t.now().Unix()
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sets[url]
	if s == nil {
		for len(t.sets) >= t.limits.Sets {
			var oldest *keySet
			for _, o := range t.sets {
				if oldest == nil || o.used.Load() < oldest.used.Load() {
					oldest = o
				}
			}
			delete(t.sets, oldest.url)
		}
		s = &keySet{tokens: t, url: url, guard: &pipeline.Guard{}}
		if u, ok := pipeline.ParseURL(url); ok {
			s.guard.Allowed = []string{u.Host}
		}
		t.sets[url] = s
	}
	s.used.Store(now)
	return s
}

// Verify implements pipeline.Tokens. ctx bounds the wait for keys of issuers.
func (t *Tokens) Verify(ctx context.Context, token string, keys *pipeline.TokenKeys) (*pipeline.VerifiedToken, error) {
	id := identity{token, keys}
	if v := t.verified.get(&id, t); v != nil {
		return v, nil
	}
	// What is remembered must not hold on to all that the request was read into.
	token = strings.Clone(token)
	parts, err := segments(token, t.limits.TokenBytes)
	if err != nil {
		return nil, malformed(err)
	}
	inner := token
	if len(parts) == 5 {
		if len(keys.Decryption) == 0 {
			return nil, malformed(errNoDecKey)
		}
		plain, err := decrypt(token, parts, keys.Decryption)
		if err != nil {
			return nil, malformed(err)
		}
		inner = string(plain)
		if parts, err = segments(inner, t.limits.TokenBytes); err != nil {
			return nil, malformed(err)
		}
	}
	s, err := parseSigned(inner, parts, t.headers)
	if err != nil {
		return nil, malformed(err)
	}
	k := t.gather(ctx, keys)
	key, err := t.check(ctx, s, keys, k)
	if err != nil {
		return nil, err
	}
	claims, err := checkClaims(s.payload)
	if err != nil {
		return nil, malformed(err)
	}
	e := &entry{}
	out := &e.verified
	out.Jwt, out.Issuers = s.jwt(inner, claims), k.issuers(key)
	if k.err == nil {
		t.verified.put(e, identity{token, keys}, t.now(), claims, k, len(inner))
	}
	return out, nil
}

// jwt is the token as expressions have it.
func (s *signed) jwt(token string, claims object) *apim.Jwt {
	c := apim.NewClaims(len(claims))
	for i := range claims {
		c.Add(claims[i].name, claims[i].value)
	}
	return apim.NewJwt(token, s.alg, s.typ, c)
}

// givenKeys are the keys that a TokenKeys has by itself, made ready. It keeps the TokenKeys,
// so that their address stays theirs.
type givenKeys struct {
	of  *pipeline.TokenKeys
	all gathered
}

// ready finds or makes the keys that are given by themselves.
func (t *Tokens) ready(keys *pipeline.TokenKeys) *givenKeys {
	at := &t.given[uint64(uintptr(unsafe.Pointer(keys)))*0x9e3779b97f4a7c15>>58]
	if r := at.Load(); r != nil && r.of == keys {
		return r
	}
	r := &givenKeys{of: keys}
	for i := range keys.Signing {
		k := &keys.Signing[i]
		r.all.keys = append(r.all.keys, &publicKey{id: k.ID, key: k.Key})
	}
	at.Store(r)
	return r
}

// gathered are the keys that a token is tried with.
type gathered struct {
	sets   []*keySet // with states as they were; those that are not known are left out
	states []*keyState
	keys   []*publicKey
	err    error // of a set that is not known
}

// gather collects the keys of all sets, and those given by themselves.
func (t *Tokens) gather(ctx context.Context, keys *pipeline.TokenKeys) *gathered {
	given := t.ready(keys)
	if len(keys.OpenID) == 0 {
		return &given.all // which check leaves as they are
	}
	g := &gathered{}
	for _, u := range keys.OpenID {
		g.sets = append(g.sets, t.set(u))
	}
	if len(g.sets) > 1 {
		for _, s := range g.sets {
			if s.state.Load() == nil {
				s.start(t.now()) // all at once
			}
		}
	}
	g.collect(given.all.keys, func(s *keySet) (*keyState, error) { return s.current(ctx) })
	return g
}

// collect asks every set for its state; given are the keys besides those of sets.
func (g *gathered) collect(given []*publicKey, state func(s *keySet) (*keyState, error)) {
	asked := g.sets
	g.sets, g.states, g.keys = nil, nil, slices.Clip(given)
	for _, s := range asked {
		st, err := state(s)
		if err != nil {
			g.err = err
			continue
		}
		g.sets, g.states = append(g.sets, s), append(g.states, st)
		g.keys = append(g.keys, st.keys...)
	}
}

// knows tells whether a set has a key of that name.
func (g *gathered) knows(kid string) bool {
	for _, k := range g.keys {
		if k.id == kid && kid != "" {
			return true
		}
	}
	return false
}

// issuers are those whose configurations have the key that has signed; those of all if
// it was given by itself, or the token is not signed.
func (g *gathered) issuers(key *publicKey) []string {
	var own, all []string
	for _, st := range g.states {
		if st.issuer == "" {
			continue
		}
		all = append(all, st.issuer)
		if key != nil && st.has(key) {
			own = append(own, st.issuer)
		}
	}
	if len(own) > 0 {
		return own
	}
	return all
}

var errUnsigned = errors.New("the token is not signed")

// check finds the key that has signed, nil for a token that is not signed and need not
// be. If none has, and the token names one that is not known, the sets are asked again.
func (t *Tokens) check(ctx context.Context, s *signed, keys *pipeline.TokenKeys, g *gathered) (*publicKey, error) {
	if s.alg == "none" {
		if !keys.Unsigned || len(s.signature) > 0 {
			return nil, refused("TokenSignatureInvalid", "The token is not signed.", errUnsigned)
		}
		return nil, nil
	}
	if len(s.signature) == 0 {
		return nil, refused("TokenSignatureInvalid", "The signature of the token is missing.", errUnsigned)
	}
	key, named := s.find(g.keys)
	if key == nil && len(g.sets) > 0 && !g.knows(s.kid) {
		before := g.states
		g.collect(t.ready(keys).all.keys, func(s *keySet) (*keyState, error) { return s.refreshed(ctx) })
		if changed(before, g.states) {
			key, named = s.find(g.keys)
		}
	}
	switch {
	case key != nil:
		return key, nil
	case named:
		return nil, refused("TokenSignatureInvalid", "The signature of the token is invalid.", nil)
	case g.err != nil:
		return nil, refused("TokenSignatureKeyNotFound", "The keys of the issuer are not available.", g.err)
	}
	return nil, refused("TokenSignatureKeyNotFound", "The key that the token was signed with was not found.", nil)
}

func changed(before, after []*keyState) bool {
	if len(before) != len(after) {
		return true
	}
	for i := range before {
		if before[i].published != after[i].published {
			return true
		}
	}
	return false
}

func refused(reason, message string, cause error) *pipeline.TokenError {
	return &pipeline.TokenError{Reason: reason, Message: message + " Access denied.", Cause: cause}
}
