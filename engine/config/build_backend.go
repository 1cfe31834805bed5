package config

import (
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"sekisho/engine/source"
)

func (b *builder) backends() {
	b.model.byID.backends = map[string]*Backend{}
	made := map[*Backend]*fileBackend{}
	for i := range b.file.Backends {
		f := &b.file.Backends[i]
		if !f.ID.Set {
			continue
		}
		k := b.backend(f)
		if unique(b, b.model.byID.backends, f.ID, k, "backend", k.At, func(o *Backend) source.Range { return o.At }) {
			b.model.Backends = append(b.model.Backends, k)
			made[k] = f
		}
	}
	for _, k := range b.model.Backends {
		if f := made[k]; f.Pool != nil {
			b.members(f.Pool, k)
		}
	}
}

func (b *builder) backend(f *fileBackend) *Backend {
	k := &Backend{ID: f.ID.Value, Title: f.Title.Value, At: f.ID.At}
	switch {
	case f.Type.Set:
		k.Kind = map[string]BackendKind{"single": Single, "pool": Pool, "echo": Echo, "static": Static}[f.Type.Value]
	case f.Pool != nil:
		k.Kind = Pool
	case f.Static != nil:
		k.Kind = Static
	}
	kind := []string{"single", "pool", "echo", "static"}[k.Kind]
	for _, c := range []struct {
		given bool
		key   string
		of    BackendKind
		at    source.Range
	}{
		{f.URL.Set, "url", Single, f.URL.At},
		{f.Pool != nil, "pool", Pool, placeIf(f.Pool != nil, func() source.Range { return f.Pool.At })},
		{f.Static != nil, "static", Static, placeIf(f.Static != nil, func() source.Range { return f.Static.At })},
	} {
		if c.given && k.Kind != c.of {
			b.diags.Errorf(c.at, CodeConflict, "a backend of the type %q has no %q", kind, c.key)
		}
	}
	switch k.Kind {
	case Single:
		if !f.URL.Set {
			b.diags.Errorf(k.At, CodeMissingKey, "the backend %q needs the key \"url\"", k.ID).
				WithHint("or type: echo, type: static, or a pool")
		}
		k.URL = b.url(f.URL, "https", "http", "wss", "ws")
	case Pool:
		if f.Pool == nil {
			b.diags.Errorf(k.At, CodeMissingKey, "the backend %q needs the key \"pool\"", k.ID)
		} else if f.Pool.SessionAffinity != nil {
			n := f.Pool.SessionAffinity.SessionID.Name
			k.AffinityCookie = n.Value
			if !token(n.Value) {
				b.diags.Errorf(n.At, CodeBadValue, "%q cannot name a cookie", n.Raw)
			}
		}
		if f.CircuitBreaker != nil {
			b.diags.Errorf(f.CircuitBreaker.At, CodeConflict, "a pool has no circuit breaker of its own: its members have")
		}
	case Static:
		if f.Static == nil {
			b.diags.Errorf(k.At, CodeMissingKey, "the backend %q needs the key \"static\"", k.ID)
		} else {
			k.Static = &StaticResponse{Status: int(f.Static.Status.Value), Body: f.Static.Body.Value}
			for _, h := range f.Static.Headers {
				b.headerName(h.Key)
				v := HeaderValues{Name: h.Key.Value}
				for _, x := range h.Values {
					b.headerValue(x)
					v.Values = append(v.Values, x.Value)
				}
				k.Static.Headers = append(k.Static.Headers, v)
			}
		}
	}
	b.credentials(&f.Credentials, k)
	k.TLS = BackendTLS{ValidateChain: f.TLS.ValidateChain.Value, ValidateName: f.TLS.ValidateName.Value,
		Roots: b.roots(f.TLS.Roots), ServerName: f.TLS.ServerName.Value}
	if f.CircuitBreaker != nil {
		k.Breaker = b.breaker(f.CircuitBreaker)
	}
	return k
}

func placeIf(ok bool, at func() source.Range) source.Range {
	if ok {
		return at()
	}
	return source.Range{}
}

func (b *builder) credentials(f *fileCredentials, k *Backend) {
	secrets := func(list []pair, header bool) []SecretValues {
		var out []SecretValues
		for _, p := range list {
			v := SecretValues{Name: p.Key.Value}
			if header {
				b.headerName(p.Key)
			}
			for _, x := range p.Values {
				if header {
					b.headerValue(x)
				}
				v.Values = append(v.Values, x.secret())
			}
			out = append(out, v)
		}
		return out
	}
	k.Credentials.Headers, k.Credentials.Query = secrets(f.Headers, true), secrets(f.Query, false)
	if a := f.Authorization; a != nil {
		if a.Scheme.Set && !token(a.Scheme.Value) {
			b.diags.Errorf(a.Scheme.At, CodeBadValue, "%q cannot be a scheme of authorization", a.Scheme.Raw)
		}
		b.headerValue(a.Parameter)
		k.Credentials.AuthorizationScheme, k.Credentials.AuthorizationParameter = a.Scheme.Value, a.Parameter.secret()
	}
	for i, ref := range f.Certificates {
		if i == 1 {
			b.diags.Errorf(ref.At, CodeConflict, "a client presents one certificate")
		}
		c, ok := lookup(b, b.model.byID.certificates, ref, ref.Value, "certificate")
		if ok && c.PrivateKey == nil {
			b.diags.Errorf(ref.At, CodeCertificate, "the certificate %q has no private key: it cannot be presented", ref.Value).WithNote(c.At, "the certificate")
		}
		if ok && i == 0 {
			k.Credentials.Certificate = c
		}
	}
}

// token tells whether a string is a token of RFC 9110.
func token(s string) bool { return httpguts.ValidHeaderFieldName(s) }

func (b *builder) headerName(t text) {
	if !token(t.Value) {
		b.diags.Errorf(t.At, CodeBadValue, "%q cannot name a header", t.Raw)
		return
	}
	switch name := http.CanonicalHeaderKey(t.Value); name {
	case "Content-Length", "Transfer-Encoding", "Connection", "Host":
		b.diags.Errorf(t.At, CodeBadValue, "the header %s is the gateway's own to set", name)
	}
}

func (b *builder) headerValue(t text) {
	if !httpguts.ValidHeaderFieldValue(t.Value) {
		b.diags.Errorf(t.At, CodeBadValue, "the value of a header has no line breaks and control characters").
			WithHint("a file given as ${file:…} loses only its last line break")
	}
}

func (b *builder) breaker(f *fileBreaker) *Breaker {
	if len(f.Rules) == 0 {
		return nil
	}
	if len(f.Rules) > 1 {
		b.diags.Errorf(f.Rules[1].At, CodeBreaker, "a circuit breaker has one rule")
	}
	r := &f.Rules[0]
	c := &r.FailureCondition
	k := &Breaker{Name: r.Name.Value, Count: int(c.Count.Value), Percentage: int(c.Percentage.Value), Interval: c.Interval.Value,
		TripDuration: r.TripDuration.Value, AcceptRetryAfter: r.AcceptRetryAfter.Value}
	if !c.Interval.Set && !c.Count.Set && !c.Percentage.Set && c.StatusCodeRanges == nil && c.ErrorReasons == nil {
		return k // missing altogether, and reported
	}
	switch {
	case c.Count.Set && c.Percentage.Set:
		b.diags.Errorf(c.Percentage.At, CodeBreaker, "failures are counted already: count or percentage, not both").WithNote(c.Count.At, "here")
	case !c.Count.Set && !c.Percentage.Set:
		b.diags.Errorf(c.At, CodeBreaker, "the failure condition needs count or percentage")
	}
	for _, d := range []duration{c.Interval, r.TripDuration} {
		if d.Set && d.Value <= 0 {
			b.diags.Errorf(d.At, CodeBreaker, "a circuit breaker needs a time longer than nothing")
		}
	}
	for _, s := range c.StatusCodeRanges {
		if rng, ok := b.statusRange(&s); ok {
			k.StatusCodes = append(k.StatusCodes, rng)
		}
	}
	for _, t := range c.ErrorReasons {
		k.ErrorReasons = append(k.ErrorReasons, t.Value)
	}
	if c.StatusCodeRanges == nil && c.ErrorReasons == nil {
		b.diags.Errorf(c.At, CodeBreaker, "nothing counts as a failure: the condition needs statusCodeRanges or errorReasons")
	}
	return k
}

// statusRange reads {min, max}, "429" or "500-599".
func (b *builder) statusRange(f *fileStatusRange) (StatusRange, bool) {
	r := StatusRange{int(f.Min.Value), int(f.Max.Value)}
	at := f.At
	if f.written.Set {
		lo, hi, isRange := strings.Cut(f.written.Value, "-")
		if !isRange {
			hi = lo
		}
		var err1, err2 error
		r.Min, err1 = strconv.Atoi(strings.TrimSpace(lo))
		r.Max, err2 = strconv.Atoi(strings.TrimSpace(hi))
		at = f.written.At
		if err1 != nil || err2 != nil || r.Min < 100 || r.Max > 599 {
			b.diags.Errorf(at, CodeBadValue, "%q is not a status code, nor a range such as 500-599", f.written.Raw)
			return r, false
		}
	}
	if !f.Min.Set || !f.Max.Set {
		return r, false // reported
	}
	if r.Min > r.Max {
		b.diags.Errorf(at, CodeBadValue, "the range of status codes ends before it begins")
		return r, false
	}
	return r, true
}

// maxMembers is how many backends a pool may have, as in Azure API Management.
const maxMembers = 30

func (b *builder) members(f *filePool, k *Backend) {
	if len(f.Services) > maxMembers {
		b.diags.Errorf(f.Services[maxMembers].At, CodePool, "a pool has at most %d members, this one has %d", maxMembers, len(f.Services))
	}
	seen := map[*Backend]source.Range{}
	for _, s := range f.Services {
		id := s.ID.Value
		if i := strings.LastIndexByte(id, '/'); i >= 0 {
			id = id[i+1:]
		}
		m, ok := lookup(b, b.model.byID.backends, s.ID, id, "backend")
		if !ok {
			continue
		}
		first, twice := seen[m]
		switch {
		case m == k:
			b.diags.Errorf(s.ID.At, CodePool, "a pool cannot be its own member")
		case m.Kind == Pool:
			b.diags.Errorf(s.ID.At, CodePool, "the backend %q is a pool: pools have no pools as members", m.ID).WithNote(m.At, "the pool")
		case twice:
			b.diags.Errorf(s.ID.At, CodePool, "the backend %q is a member already", m.ID).WithHint("give it more weight").WithNote(first, "here")
		default:
			seen[m] = s.ID.At
			k.Members = append(k.Members, Member{m, int(s.Priority.Value), int(s.Weight.Value)})
		}
	}
}
