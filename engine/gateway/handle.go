package gateway

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"sekisho/engine/config"
	"sekisho/engine/config/access"
	"sekisho/engine/config/route"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/pipeline"
)

// handle takes one request from the Server to its answer: it matches API and
// operation, answers preflights, checks the key and runs the pipeline.
func (g *Gateway) handle(x *pipeline.Exchange) {
	s := g.current.Load()
	x.Start, x.ID = g.o.Now(), newID()
	x.Forwarder, x.GlobalPolicy = s.backends, s.global
	g.metrics.active.Inc()
	var op *operation
	if !g.public(x) && !g.metadata(s, x) {
		op = g.serve(s, x)
	}
	m := g.metrics.unmatched
	if op != nil {
		m = op.metrics
	}
	m.observe(x.Response.Status, g.since(x.Start))
}

// newID makes the id of a request: a random GUID. It names a request and guards
// nothing, so a generator without system calls will do.
func newID() (id clr.Guid) {
	binary.LittleEndian.PutUint64(id[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(id[8:], rand.Uint64())
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// finished is called when the answer has been sent, or the client has left.
func (g *Gateway) finished(x *pipeline.Exchange, o Outcome) {
	g.metrics.active.Dec()
	if g.current.Load().model.Logging.Access {
		g.logAccess(x, o)
	}
}

// serve runs a request and returns the operation it was for, nil if none.
func (g *Gateway) serve(s *Snapshot, x *pipeline.Exchange) *operation {
	op, done := g.route(s, x)
	if !done {
		x.Process()
	}
	return op
}

// route finds the operation of a request and decides who calls; done tells that the request
// has been answered already. It is apart from serve, so that what it needs of the stack does
// not stay there while the request is forwarded.
func (g *Gateway) route(s *Snapshot, x *pipeline.Exchange) (op *operation, done bool) {
	path, ok := route.NormalizePath(x.OriginalURL.Path)
	if !ok {
		x.Fail(&pipeline.Fault{Status: 400, Source: "configuration", Reason: "InvalidPath",
			Message: "The path of the request is not valid."})
		return nil, true
	}
	host, query := x.OriginalURL.Host, x.OriginalURL.Query
	m, ok := s.model.Match(host, path, query, x.Request.Method, x.Request.Header.Get)
	if ok && !speaks(m.API, x) {
		m, ok = config.Match{Match: route.Match{Miss: route.NoAPI, API: -1, Op: -1}}, false
	}
	if !ok && g.preflight(s, x, host, path, query) {
		return nil, true
	}
	if !ok {
		g.notFound(s, x, m, path)
		return nil, true
	}
	if m.API.MCP != nil {
		return g.serveMCP(s, x, m), true
	}
	op = &s.routes[m.Number]
	x.Route = &op.route
	p := &scratchOf(x).params
	p.match, p.path, p.query = m.Match, path, query
	x.Parameters = p
	x.Request.URL.SetService(op.route.ServiceURL)
	x.Request.URL.Path, x.Request.URL.Query = path[m.Suffix:], query
	x.BackendID = op.route.BackendID
	if f := s.admit(x, m.API, x.Start); f != nil {
		x.Fail(f)
		return op, true
	}
	return op, false
}

// speaks tells whether the API takes requests over the protocol of this one.
func speaks(a *config.API, x *pipeline.Exchange) bool {
	if len(a.Protocols) == 0 {
		return true
	}
	scheme := x.OriginalURL.Scheme
	if slices.Contains(a.Protocols, scheme) {
		return true
	}
	upgrade := strings.EqualFold(x.Request.Header.Get("Upgrade"), "websocket")
	return upgrade && slices.Contains(a.Protocols, "ws"+strings.TrimPrefix(scheme, "http"))
}

// preflight answers a CORS preflight for an operation that exists; it reports whether
// it did. APIs that declare OPTIONS themselves have been matched before.
func (g *Gateway) preflight(s *Snapshot, x *pipeline.Exchange, host, path, query string) bool {
	method := x.Request.Header.Get("Access-Control-Request-Method")
	if g.o.Preflight == nil || x.Request.Method != "OPTIONS" || method == "" || !x.Request.Header.Has("Origin") {
		return false
	}
	m, ok := s.model.Match(host, path, query, method, x.Request.Header.Get)
	if !ok {
		return false
	}
	r := &s.routes[m.Number].route
	x.Route = r
	documents := []*pipeline.Compiled{r.OperationPolicy, r.APIPolicy}
	if p := m.API.OpenProduct; p != nil {
		documents = append(documents, s.product[p].policy)
	}
	documents = slices.DeleteFunc(append(documents, s.global), func(c *pipeline.Compiled) bool { return c == nil })
	if g.o.Preflight(x, documents) {
		return true
	}
	x.Route = nil
	return false
}

// notFound answers a request that matches no operation.
func (g *Gateway) notFound(s *Snapshot, x *pipeline.Exchange, m config.Match, path string) {
	if m.API != nil {
		x.Route = s.apis[m.API]
	}
	f := &pipeline.Fault{Status: 404, Source: "configuration", Reason: "OperationNotFound",
		Message: "Unable to match incoming request to an operation.", Public: "Resource not found"}
	if s.model.Gateway.Development {
		if near := s.model.Nearest(path, x.Request.Method); len(near) > 0 {
			f.Public += ". The nearest routes are: " + strings.Join(near, ", ")
		}
	}
	x.Fail(f)
}

// admit decides by the subscription key who calls, and refuses who may not.
func (s *Snapshot) admit(x *pipeline.Exchange, api *config.API, now time.Time) *pipeline.Fault {
	d := s.keys.Check(api, access.Key(api, x.Request.Header.Get, x.OriginalURL.Query), now)
	if !d.Allowed {
		return s.refusal(x, api, d.Reason)
	}
	if d.Product != nil {
		p := s.product[d.Product]
		x.Product, x.ProductPolicy = p.apim, p.policy
	}
	if d.Subscription != nil {
		sub := s.subs[d.Subscription]
		x.Subscription, x.User = sub.primary, sub.user
		if !d.Primary {
			x.Subscription = sub.secondary
		}
	}
	return nil
}

func (s *Snapshot) refusal(x *pipeline.Exchange, api *config.API, why access.Reason) *pipeline.Fault {
	f := &pipeline.Fault{Status: 401, Source: "authorization", Reason: "SubscriptionKeyNotFound",
		Message: "Access denied due to missing subscription key. Make sure to include subscription key when making requests to this API.",
		Public:  "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API."}
	if why == access.Invalid {
		f.Reason = "SubscriptionKeyInvalid"
		f.Message = "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription."
		f.Public = f.Message
	}
	realm := x.OriginalURL.Scheme + "://" + x.OriginalURL.Host + api.Prefix()
	f.Header = []pipeline.Field{{Name: "WWW-Authenticate",
		Value: `AzureApiManagementKey realm="` + quoted(realm) + `",name="` + api.KeyHeader + `",type="header"`}}
	return f
}

// quoted makes a text safe inside of a quoted string of a header.
func quoted(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == '"' || r == '\\' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// parameters are the matched parameters of a URL template: they are decoded when
// asked for.
type parameters struct {
	match       route.Match
	path, query string
}

// Lookup implements apim.Values.
func (p *parameters) Lookup(name string) (string, bool) { return p.match.Value(name, p.path, p.query) }

// LookupRaw is a path parameter as the client has encoded it, for whoever puts it into
// another path.
func (p *parameters) LookupRaw(name string) (string, bool) {
	for i := range p.match.Len() {
		param, raw := p.match.Param(i, p.path, p.query)
		if param.Kind != route.InQuery && strings.EqualFold(param.Name, name) {
			return raw, true
		}
	}
	return "", false
}

// Len implements apim.Values.
func (p *parameters) Len() int { return p.match.Len() }

// Each implements apim.Values.
func (p *parameters) Each(f func(name, value string) bool) {
	for i := range p.match.Len() {
		param, raw := p.match.Param(i, p.path, p.query)
		if !f(param.Name, route.Unescape(raw, param.Kind == route.InQuery)) {
			return
		}
	}
}

// logAccess writes the line of a request: what came, what was answered, and for a
// Fault what failed and why. No header, query or body is in it: they may be secret.
func (g *Gateway) logAccess(x *pipeline.Exchange, o Outcome) {
	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs,
		slog.String("requestId", x.ID.String()), slog.String("method", x.OriginalMethod),
		slog.String("host", x.OriginalURL.Host), slog.String("path", x.OriginalURL.Path),
		slog.Int("status", o.Status), slog.Duration("took", g.since(x.Start)),
		slog.Int64("received", o.Received), slog.Int64("sent", o.Sent), slog.String("client", x.ClientIP))
	if x.Route != nil {
		attrs = append(attrs, slog.String("api", x.Route.API.ID), slog.String("operation", x.Route.Operation.ID))
	}
	if e := mcpOf(x); e != nil {
		attrs = e.logged(attrs)
	}
	if x.Subscription != nil {
		attrs = append(attrs, slog.String("subscription", x.Subscription.ID))
	}
	level := slog.LevelInfo
	if f := x.Fault(); f != nil {
		attrs = append(attrs, slog.String("source", f.Source), slog.String("reason", f.Reason))
		if f.Status >= 500 {
			level = slog.LevelError
			attrs = append(attrs, slog.String("message", g.messageOf(f)))
			if !f.Range.IsZero() {
				at := f.Range.Pos()
				attrs = append(attrs, slog.Group("at", slog.String("file", f.Range.Text.Name), slog.Int("line", at.Line), slog.Int("column", at.Col)))
			}
			if f.Cause != nil && !errors.Is(f.Cause, f) {
				attrs = append(attrs, slog.String("cause", causeOf(f)))
			}
		}
	}
	if o.Err != nil {
		attrs = append(attrs, slog.String("cut", o.Err.Error()))
	}
	g.log.LogAttrs(x.Context, level, "request", attrs...)
}

// messageOf is a Fault's message for the log. That of an expression may quote any part
// of the request, a token perhaps: only a gateway in development writes it.
func (g *Gateway) messageOf(f *pipeline.Fault) string {
	if f.Reason == pipeline.ReasonExpression && !g.current.Load().model.Gateway.Development {
		return "Expression evaluation failed."
	}
	return f.Message
}

// causeOf names what is behind a Fault: of an exception its type, since its message is
// the Fault's.
func causeOf(f *pipeline.Fault) string {
	var e *clr.Exception
	if errors.As(f.Cause, &e) {
		return e.Type
	}
	if f.Reason == pipeline.ReasonExpression {
		return "script"
	}
	return f.Cause.Error()
}
