package jose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/engine/pipeline"
)

// keySet is what an issuer publishes: its OpenID configuration and the keys that this
// names. It is fetched when it is first asked for, by one call for all who wait, and
// again in the background once it has expired, when somebody asks; meanwhile, and while
// the issuer cannot be reached, what is known serves on.
type keySet struct {
	tokens *Tokens
	url    string
	guard  *pipeline.Guard
	state  atomic.Pointer[keyState]
	used   atomic.Int64 // when it was last looked up, in seconds since 1970

	mu       sync.Mutex
	flight   *flight
	forced   time.Time // when a token with a key that is not known last made us ask
	retry    time.Time // not before this, after a failure
	failures int       // in a row
	err      error     // of the last of them
}

// keyState is a keySet as it was fetched.
type keyState struct {
	*published
	fetched, expires time.Time
}

// published is what was fetched. Its address is its version: a fetch that finds the same
// keeps it.
type published struct {
	issuer string
	keys   []*publicKey
}

// flight is a fetch under way; done is closed at its end.
type flight struct{ done chan struct{} }

// current is the set as it is known, or as it comes if it is not known yet.
func (s *keySet) current(ctx context.Context) (*keyState, error) {
	now := s.tokens.now()
	st := s.state.Load()
	if st != nil && now.Before(st.expires) {
		return st, nil
	}
	if s.usable(st, now) {
		s.start(now)
		return st, nil
	}
	return s.wait(ctx, s.start(now))
}

// usable tells whether a state may serve, if need be although it has expired.
func (s *keySet) usable(st *keyState, now time.Time) bool {
	return st != nil && now.Before(st.fetched.Add(s.tokens.limits.Stale))
}

// refreshed is the set after it was asked for again because a token names a key that is
// not in it; at most once in Limits.Retry. It is what is known if that is too soon, or fails.
func (s *keySet) refreshed(ctx context.Context) (*keyState, error) {
	now := s.tokens.now()
	s.mu.Lock()
	f := s.flight
	if f == nil && !now.Before(s.forced.Add(s.tokens.limits.Retry)) {
		s.forced = now
		f = s.launch(now)
	}
	s.mu.Unlock()
	return s.wait(ctx, f)
}

// start begins a fetch unless one is under way or the last failed a short while ago: then
// it returns nil.
func (s *keySet) start(now time.Time) *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight != nil {
		return s.flight
	}
	return s.launch(now)
}

// launch is start for who holds the lock and knows that no fetch is under way.
func (s *keySet) launch(now time.Time) *flight {
	if now.Before(s.retry) || !s.tokens.begin() {
		return nil
	}
	f := &flight{done: make(chan struct{})}
	s.flight = f
	go func() {
		defer s.tokens.running.Done()
		defer close(f.done)
		s.fetch()
	}()
	return f
}

// wait waits for a fetch, if there is one, and returns what is usable then.
func (s *keySet) wait(ctx context.Context, f *flight) (*keyState, error) {
	if f != nil {
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if st := s.state.Load(); s.usable(st, s.tokens.now()) {
		return st, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		return nil, errors.New("the keys of the issuer are not known")
	}
	return nil, s.err
}

// fetch asks the issuer and keeps what it says.
func (s *keySet) fetch() {
	l := &s.tokens.limits
	ctx, cancel := context.WithTimeout(s.tokens.ctx, l.Timeout)
	defer cancel()
	p, age, err := s.ask(ctx)
	now := s.tokens.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight, s.err = nil, err
	old := s.state.Load()
	if err != nil {
		s.failures++
		wait := l.Retry
		if !s.usable(old, now) {
			// Nothing to go on with: the pauses begin short, and double.
			wait = min(time.Second<<min(s.failures-1, 16), wait)
		}
		s.retry = now.Add(wait)
		s.tokens.log.Warn("the keys of an issuer could not be fetched", "url", shownURL(s.url), "error", err, "failures", s.failures, "known", s.usable(old, now))
		return
	}
	if s.failures > 0 {
		s.tokens.log.Info("the keys of an issuer could be fetched again", "url", shownURL(s.url))
	}
	s.failures, s.retry = 0, time.Time{}
	if old != nil && old.published.same(p) {
		p = old.published
	}
	s.state.Store(&keyState{published: p, fetched: now, expires: now.Add(age)})
}

func (p *published) same(o *published) bool {
	if p.issuer != o.issuer || len(p.keys) != len(o.keys) {
		return false
	}
	for i, k := range p.keys {
		if other := o.keys[i]; k.id != other.id || k.alg != other.alg || !k.equal(other) {
			return false
		}
	}
	return true
}

// has tells whether a key is among those published.
func (p *published) has(k *publicKey) bool {
	for _, own := range p.keys {
		if own.equal(k) {
			return true
		}
	}
	return false
}

// ask fetches the configuration and the keys, and tells how long they are good.
func (s *keySet) ask(ctx context.Context) (p *published, age time.Duration, err error) {
	at, ok := pipeline.ParseURL(s.url)
	if !ok || at.Scheme != "https" && at.Scheme != "http" {
		return nil, 0, errors.New("the URL of the OpenID configuration is not an absolute http or https URL")
	}
	raw, age1, err := s.get(ctx, at)
	if err != nil {
		return nil, 0, fmt.Errorf("OpenID configuration: %w", err)
	}
	config, err := parseObject(string(raw))
	if err != nil {
		return nil, 0, fmt.Errorf("OpenID configuration: %w", err)
	}
	issuer, ok1 := config.text("issuer")
	where, ok2 := config.text("jwks_uri")
	if !ok1 || !ok2 || where == "" {
		return nil, 0, errors.New("OpenID configuration: it has no issuer, or no jwks_uri")
	}
	to, ok := pipeline.ParseURL(where)
	if !ok || !s.mayGo(at, to) {
		return nil, 0, errors.New("OpenID configuration: its jwks_uri is not where keys may be fetched from")
	}
	if raw, age, err = s.get(ctx, to); err != nil {
		return nil, 0, fmt.Errorf("key set: %w", err)
	}
	keys, err := parseKeySet(raw, s.tokens.limits.Keys)
	if err != nil {
		return nil, 0, fmt.Errorf("key set: %w", err)
	}
	return &published{issuer: strings.Clone(issuer), keys: keys}, min(age, age1), nil
}

// mayGo tells whether one document may send us on to another: anywhere by https, which
// proves whom we talk to, and by http only if the gateway's own configuration has said so.
func (s *keySet) mayGo(from, to pipeline.URL) bool {
	return to.Scheme == "https" || to.Scheme == "http" && from.Scheme == "http" && strings.HasPrefix(s.url, "http:")
}

const maxRedirects = 3

// get fetches one document and tells how long it is good.
func (s *keySet) get(ctx context.Context, u pipeline.URL) ([]byte, time.Duration, error) {
	for hops := 0; ; hops++ {
		r := pipeline.NewRequest(0)
		r.Method, r.URL = "GET", u
		r.Header.Add("Accept", "application/json")
		resp, err := s.tokens.transport.Send(ctx, r, pipeline.SendOptions{Guard: s.guard, BodyLimit: s.tokens.limits.DocumentBytes})
		if err != nil {
			return nil, 0, err
		}
		switch resp.Status {
		case 200:
			raw, err := s.read(ctx, resp)
			return raw, s.age(resp.Header.Get("Cache-Control")), err
		case 301, 302, 303, 307, 308:
			resp.Body.Clear()
			next, ok := redirectTo(u, resp.Header.Get("Location"))
			if !ok || hops == maxRedirects || !s.mayGo(u, next) || next.Scheme == "http" && next.Host != u.Host {
				return nil, 0, errors.New("it redirects to where it may not")
			}
			u = next
		default:
			resp.Body.Clear()
			return nil, 0, fmt.Errorf("it answers with status %d", resp.Status)
		}
	}
}

// redirectTo is where a Location leads.
func redirectTo(from pipeline.URL, location string) (pipeline.URL, bool) {
	base, err := url.Parse(from.String())
	if err != nil || location == "" {
		return pipeline.URL{}, false
	}
	to, err := base.Parse(location)
	if err != nil || to.User != nil {
		return pipeline.URL{}, false
	}
	return pipeline.ParseURL(to.String())
}

// read reads a document. The Transport bounds the time up to the header only, so that of
// the body is bounded here.
func (s *keySet) read(ctx context.Context, resp *pipeline.Response) ([]byte, error) {
	if e := resp.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		resp.Body.Clear()
		return nil, errors.New("it is compressed, which was not asked for")
	}
	data, stream, _ := resp.Body.Take()
	if stream == nil {
		return data, nil
	}
	defer func() { _ = stream.Close() }()
	if a, ok := stream.(interface{ Abort() }); ok {
		stop := context.AfterFunc(ctx, a.Abort)
		defer stop()
	}
	limit := s.tokens.limits.DocumentBytes
	data, err := io.ReadAll(io.LimitReader(stream, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it has more than %d bytes", limit)
	}
	return data, err
}

// age is how long a document is good, by its Cache-Control and within bounds.
func (s *keySet) age(control string) time.Duration {
	l := &s.tokens.limits
	for d := range strings.SplitSeq(strings.ToLower(control), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), "=")
		switch name {
		case "no-store", "no-cache":
			return l.MinAge
		case "max-age":
			if n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32); err == nil {
				return min(max(time.Duration(n)*time.Second, l.MinAge), l.MaxAge)
			}
		}
	}
	return l.MaxAge
}

// shownURL is a URL for the log, without what may be a secret.
func shownURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "a URL that cannot be read"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

// parseKeySet reads the keys of a set that signatures may be checked with. What is of
// another kind or use, damaged, weak, private or symmetric is passed over: one such key
// must not keep the others from use, nor may it be used, whoever has it.
func parseKeySet(raw []byte, limit int) ([]*publicKey, error) {
	set, err := parseObject(string(raw))
	if err != nil {
		return nil, err
	}
	list, err := parseArray(set.get("keys"))
	if err != nil {
		return nil, err
	}
	if len(list) > limit {
		return nil, fmt.Errorf("it has more than %d keys", limit)
	}
	var keys []*publicKey
	for _, item := range list {
		if k := parseJWK(item); k != nil {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("it has no key that can be used")
	}
	return keys, nil
}

// parseJWK reads one public key for signatures, nil if it is none.
func parseJWK(raw string) *publicKey {
	o, err := parseObject(raw)
	if err != nil {
		return nil
	}
	var s [9]string
	for i, name := range [...]string{"kty", "kid", "use", "alg", "crv", "n", "e", "x", "y"} {
		var ok bool
		if s[i], ok = o.text(name); !ok {
			return nil
		}
	}
	kty, kid, use, alg, crv := s[0], s[1], s[2], s[3], s[4]
	if use != "" && use != "sig" || len(kid) > maxKeyID {
		return nil
	}
	for _, private := range [...]string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if o.get(private) != "" {
			return nil
		}
	}
	if ops, ok := o.texts("key_ops"); !ok || o.get("key_ops") != "" && !slices.Contains(ops, "verify") {
		return nil
	}
	k := &publicKey{id: strings.Clone(kid)} // and not all of the set with it
	switch kty {
	case "RSA":
		k.key, err = PublicKey(s[5], s[6])
	case "EC":
		k.key, err = ecKey(crv, s[7], s[8])
	case "OKP":
		k.key, err = edKey(crv, s[7])
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	if alg == "ES521" {
		alg = "ES512" // named after its curve, by mistake, here and there
	}
	if k.alg = strings.Clone(alg); alg != "" && !k.takes(alg) {
		return nil
	}
	return k
}
