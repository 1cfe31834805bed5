package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"
	"weak"

	"sekisho/engine/pipeline"
)

// Kind is what a backend is.
type Kind uint8

// The kinds.
const (
	Single Kind = iota // a service behind a URL
	Pool               // several Single backends
	Echo               // answers with the request that it got, without a socket
	Static             // answers with fixed responses, without a socket
)

// BackendDefinition is a backend as gateway.yaml defines it.
type BackendDefinition struct {
	ID   string
	Kind Kind

	URL         pipeline.URL // of a Single backend
	Credentials Credentials
	TLS         BackendTLS
	Proxy       *pipeline.ProxyOptions
	Breaker     *BreakerRule // nil for none

	Members []Member // of a Pool
	// AffinityCookie is the cookie that keeps a client at one member of a Pool; "" for
	// none.
	AffinityCookie string

	Responses []StaticResponse // of a Static backend
}

// Credentials are added to every request for a backend. A header replaces the request's
// own of that name; a query parameter is appended.
type Credentials struct {
	Header []pipeline.Field
	Query  []pipeline.Field
	// Authorization is the value of that header, scheme and parameter; "" for none.
	Authorization string
}

// Member is a backend in a Pool. Members of a higher Priority number are used when all
// of lower ones are tripped. Weight 0 counts as 1.
type Member struct {
	ID               string
	Priority, Weight int
}

// Backends implements pipeline.Forwarder for one set of definitions. The case of ids
// makes no difference. It is part of a
// Snapshot and immutable; what must survive a reload is held in its Registry.
type Backends struct {
	registry *Registry
	byID     map[string]*backend // by id in lower case
	plain    backend             // stands for a URL that no backend is defined for
}

// Registry keeps what outlives reloads: breakers and the turns of pools, by the
// backend's id and a hash of its definition, as long as some Snapshot uses them.
type Registry struct {
	transport *Transport
	now       func() time.Time

	mu       sync.Mutex
	breakers map[string]weak.Pointer[breaker]
	rings    map[string]weak.Pointer[ring]
}

// NewRegistry makes a Registry. Now is the clock of breakers.
func NewRegistry(t *Transport, now func() time.Time) *Registry {
	return &Registry{transport: t, now: now, breakers: map[string]weak.Pointer[breaker]{}, rings: map[string]weak.Pointer[ring]{}}
}

// Transport is where the Registry's backends are reached through.
func (r *Registry) Transport() *Transport { return r.transport }

// backend is a definition, prepared.
type backend struct {
	def     BackendDefinition
	tlsID   string
	extra   []pipeline.Field
	breaker *breaker
	ring    *ring
	members []*backend // of a pool, as def.Members
	token   string     // its value in affinity cookies
	statics *statics
}

// Build prepares definitions, whose ids are distinct. An error names what is wrong with
// one of them.
func (r *Registry) Build(defs []BackendDefinition) (*Backends, error) {
	r.mu.Lock()
	forget(r.breakers)
	forget(r.rings)
	r.mu.Unlock()
	bs := &Backends{registry: r, byID: make(map[string]*backend, len(defs))}
	for _, d := range defs {
		if bs.backend(d.ID) != nil {
			return nil, fmt.Errorf("there are two backends %q", d.ID)
		}
		b := &backend{def: d, tlsID: r.transport.tlsID(&d.TLS)}
		b.extra = append(b.extra, d.Credentials.Header...)
		if a := d.Credentials.Authorization; a != "" {
			b.extra = append(b.extra, pipeline.Field{Name: "Authorization", Value: a})
		}
		if d.Kind == Single && d.URL.Host == "" {
			return nil, fmt.Errorf("backend %q has no URL", d.ID)
		}
		if d.Breaker != nil {
			b.breaker = keep(r, r.breakers, key(d.ID, *d.Breaker), func() *breaker { return &breaker{rule: *d.Breaker} })
		}
		if d.Kind == Static {
			b.statics = newStatics(d.Responses)
		}
		sum := sha256.Sum256([]byte("member " + d.ID))
		b.token = hex.EncodeToString(sum[:8])
		bs.byID[strings.ToLower(d.ID)] = b
	}
	for _, b := range bs.byID {
		if b.def.Kind != Pool {
			continue
		}
		if len(b.def.Members) == 0 {
			return nil, fmt.Errorf("pool %q has no members", b.def.ID)
		}
		for _, m := range b.def.Members {
			member := bs.backend(m.ID)
			switch {
			case member == nil:
				return nil, fmt.Errorf("pool %q has the member %q, which is not defined", b.def.ID, m.ID)
			case member.def.Kind == Pool:
				return nil, fmt.Errorf("pool %q has the member %q, which is a pool", b.def.ID, m.ID)
			}
			b.members = append(b.members, member)
		}
		b.ring = keep(r, r.rings, key(b.def.ID, b.def.Members), func() *ring { return newRing(b.def.Members) })
	}
	return bs, nil
}

func key(id string, definition any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", definition))
	return id + "\x00" + string(sum[:])
}

// forget drops what no Snapshot uses any more.
func forget[T any](m map[string]weak.Pointer[T]) {
	for k, p := range m {
		if p.Value() == nil {
			delete(m, k)
		}
	}
}

// keep returns the state that is in use under a key, or makes it.
func keep[T any](r *Registry, m map[string]weak.Pointer[T], key string, make func() *T) *T {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, ok := m[key]; ok {
		if state := p.Value(); state != nil {
			return state
		}
	}
	state := make()
	m[key] = weak.Make(state)
	return state
}

// HasBackend implements pipeline.Forwarder.
func (bs *Backends) HasBackend(id string) bool { return bs.backend(id) != nil }

// backend finds a backend, whatever the case of its id; nil if there is none.
func (bs *Backends) backend(id string) *backend {
	if b := bs.byID[id]; b != nil {
		return b
	}
	return bs.byID[strings.ToLower(id)]
}

// BackendURL implements pipeline.Forwarder. Backends without a socket have a URL that
// says what they are.
func (bs *Backends) BackendURL(id string) (u pipeline.URL, pool, ok bool) {
	b := bs.backend(id)
	if b == nil {
		return pipeline.URL{}, false, false
	}
	switch b.def.Kind {
	case Pool:
		return pipeline.URL{}, true, true
	case Echo, Static:
		return pipeline.URL{Scheme: "http", Host: b.def.ID + ".internal"}, false, true
	}
	return b.def.URL, false, true
}

// Forward implements pipeline.Forwarder. The request goes where its URL says, save that
// of a pool, whose member's URL takes the place of scheme, host and base.
func (bs *Backends) Forward(x *pipeline.Exchange, o pipeline.ForwardOptions) error {
	if x.BackendID == "" {
		return bs.send(x, &bs.plain, x.Request.URL, o)
	}
	b := bs.backend(x.BackendID)
	if b == nil {
		return pipeline.Faultf(500, pipeline.ReasonBackend, "there is no backend %q", x.BackendID)
	}
	if b.def.Kind != Pool {
		if b.breaker != nil && !b.breaker.allow(bs.registry.now()) {
			return tripped(b.def.ID)
		}
		return bs.send(x, b, x.Request.URL, o)
	}
	m, fresh := b.choose(x, bs.registry.now())
	if m == nil {
		return tripped(b.def.ID)
	}
	u := x.Request.URL
	if m.def.Kind == Single {
		u.SetService(m.def.URL)
	}
	if err := bs.send(x, m, u, o); err != nil {
		return err
	}
	if fresh {
		x.Response.Header.Add("Set-Cookie", b.def.AffinityCookie+"="+m.token+"; Path=/; HttpOnly")
	}
	return nil
}

// tripped is the Fault of a request for a backend whose circuit breaker is open.
func tripped(id string) error {
	f := pipeline.Faultf(503, "CircuitBreakerOpen", "The circuit breaker of the backend %q is open.", id)
	f.Public = "Service unavailable"
	return f
}

// send sends x's request to a backend and has its breaker hear of the outcome.
func (bs *Backends) send(x *pipeline.Exchange, b *backend, u pipeline.URL, o pipeline.ForwardOptions) error {
	err := bs.answer(x, b, u, o)
	if b.breaker != nil {
		b.breaker.record(bs.registry.now(), &x.Response, err)
	}
	if err != nil {
		return err
	}
	if s := x.Response.Status; o.FailOnErrorStatus && s >= 400 && s <= 599 {
		f := pipeline.Faultf(s, "BackendErrorStatus", "The backend answered with status %d.", s)
		f.Public = x.Response.StatusReason()
		return f
	}
	return nil
}

func (bs *Backends) answer(x *pipeline.Exchange, b *backend, u pipeline.URL, o pipeline.ForwardOptions) error {
	if o.BufferRequestBody {
		if _, err := x.Request.Body.Buffer(); err != nil {
			return err
		}
	}
	for _, q := range b.def.Credentials.Query {
		u.Query = pipeline.QueryAdd(u.Query, q.Name, q.Value)
	}
	switch b.def.Kind {
	case Echo:
		return echo(x, u, b.extra)
	case Static:
		return b.statics.answer(x, u)
	}
	ctx := x.Context
	if ctx == nil {
		ctx = context.Background()
	}
	m := scratchOf(x).outgoing()
	m.transport, m.request, m.url = bs.registry.transport, &x.Request, u
	m.tls, m.tlsID, m.proxy, m.extra = &b.def.TLS, b.tlsID, b.def.Proxy, b.extra
	m.forward, m.wait, m.upgrade = x, max(o.Timeout, time.Millisecond), wantsWebSocket(x)
	m.authenticate(x.Request.Certificate)
	m.takeBody(&x.Request.Body)
	if m.stream != nil {
		m.proceed = o.ContinueTimeout
	}
	x.Response.Header.Reset()
	x.Response.Trailer.Reset()
	return m.send(ctx, &x.Response, o.FollowRedirects && !m.upgrade)
}
