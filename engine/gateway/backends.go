package gateway

import (
	"crypto/tls"
	"strings"

	"sekisho/engine/config"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

// transportOptions are the bounds of gateway.yaml on calls to backends.
func transportOptions(o Setup, l config.Limits) TransportOptions {
	t := DefaultTransportOptions()
	t.ConnectTimeout = l.BackendConnectTimeout
	t.HeaderBytes = l.ResponseHeaderBytes
	t.WriteIdle = l.BodyTimeout
	t.BodyIdle = l.StreamIdleTimeout
	t.MaxConns = l.BackendConnections
	t.MaxIdle = l.BackendIdleTimeout
	t.Dial = o.Dial
	return t
}

// backends prepares the backends of a Model. What it says of them has been checked by
// config already; what is wrong all the same is reported where they begin.
func (g *Gateway) backends(m *config.Model, diags *source.List) *Backends {
	defs := make([]BackendDefinition, 0, len(m.Backends))
	for _, b := range m.Backends {
		defs = append(defs, definition(b))
	}
	bs, err := g.registry.Build(defs)
	if err != nil {
		diags.Errorf(m.Backends[0].At, "gateway-backend", "%v", err)
		return nil
	}
	return bs
}

func definition(b *config.Backend) BackendDefinition {
	d := BackendDefinition{
		ID: b.ID, URL: urlOf(b.URL), AffinityCookie: b.AffinityCookie,
		TLS: BackendTLS{
			Roots: b.TLS.Roots, ServerName: b.TLS.ServerName,
			SkipChain: !b.TLS.ValidateChain, SkipName: !b.TLS.ValidateName,
		},
		Credentials: Credentials{Header: fields(b.Credentials.Headers), Query: fields(b.Credentials.Query)},
	}
	switch b.Kind {
	case config.Single:
		d.Kind = Single
	case config.Pool:
		d.Kind = Pool
	case config.Echo:
		d.Kind = Echo
	case config.Static:
		d.Kind = Static
	}
	if s := b.Credentials.AuthorizationScheme; s != "" {
		d.Credentials.Authorization = s + " " + b.Credentials.AuthorizationParameter.Reveal()
	}
	if c := b.Credentials.Certificate; c != nil {
		t := c.TLS()
		d.TLS.Certificate = &t
	}
	if r := b.Breaker; r != nil {
		d.Breaker = &BreakerRule{
			Name: r.Name, Count: r.Count, Percentage: r.Percentage, Interval: r.Interval,
			TripDuration: r.TripDuration, AcceptRetryAfter: r.AcceptRetryAfter, ErrorReasons: r.ErrorReasons,
		}
		for _, s := range r.StatusCodes {
			d.Breaker.StatusRanges = append(d.Breaker.StatusRanges, StatusRange(s))
		}
	}
	for _, m := range b.Members {
		d.Members = append(d.Members, Member{ID: m.Backend.ID, Priority: m.Priority, Weight: m.Weight})
	}
	if s := b.Static; s != nil {
		r := StaticResponse{Status: s.Status, Body: []byte(s.Body)}
		for _, h := range s.Headers {
			r.Header = append(r.Header, pipeline.Field{Name: h.Name, Value: strings.Join(h.Values, ",")})
		}
		d.Responses = []StaticResponse{r}
	}
	return d
}

// fields are credentials as lines: a header or a parameter of several values is as
// many lines.
func fields(values []config.SecretValues) []pipeline.Field {
	var out []pipeline.Field
	for _, v := range values {
		for _, s := range v.Values {
			out = append(out, pipeline.Field{Name: v.Name, Value: s.Reveal()})
		}
	}
	return out
}

// certificates are those that requests may present, by id and by thumbprint.
func certificates(m *config.Model) map[string]*tls.Certificate {
	out := map[string]*tls.Certificate{}
	for _, c := range m.Certificates {
		if c.PrivateKey == nil {
			continue
		}
		t := c.TLS()
		out[c.ID], out[c.Thumbprint] = &t, &t
	}
	return out
}
