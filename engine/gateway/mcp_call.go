package gateway

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"

	"sekisho/engine/config"
	"sekisho/engine/config/route"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/mcp/tools"
	"sekisho/engine/pipeline"
)

// mcpCaller is what a tool's call of an operation takes from the request that the call came
// by: who calls, and what documents have added. It holds nothing of the Exchange.
type mcpCaller struct {
	gateway  *Gateway
	snapshot *Snapshot
	conf     *config.MCPServer
	caller   *pipeline.Caller

	product       *apim.Product
	productPolicy *pipeline.Compiled
	subscription  *apim.Subscription
	user          *apim.User
	clientIP      string
	clientCert    *apim.Certificate
	scheme, host  string
	tracing       bool
	fields        []pipeline.Field
}

// callerOf takes it from an Exchange whose request sanitize has seen.
func (e *mcpExchange) callerOf(x *pipeline.Exchange) *mcpCaller {
	c := &mcpCaller{
		gateway: e.gateway, snapshot: e.snapshot, conf: e.server.conf, caller: x.Caller,
		product: x.Product, productPolicy: x.ProductPolicy, subscription: x.Subscription, user: x.User,
		clientIP: x.ClientIP, clientCert: x.ClientCert, scheme: x.OriginalURL.Scheme, host: strings.Clone(x.OriginalURL.Host),
		tracing: x.Tracing,
	}
	c.fields, _ = ownFields(x)
	return c
}

// errNotThere says that a call does not come out where its tool says.
var errNotThere = tools.ErrElsewhere

// callTool is a tools.Caller: it runs the operation of a tool, for the caller of ctx.
func callTool(ctx context.Context, t *tools.Tool, call *tools.Call) (*tools.Result, error) {
	c := callerOf(ctx)
	for _, tool := range c.conf.Tools {
		if tool.Name == t.Name {
			return c.callOperation(ctx, tool.Operation, call)
		}
	}
	return nil, errNotThere
}

// callOperation runs an operation's own documents, from operation to global, in an Exchange
// of its own, and returns the response. No subscription key is asked for: whoever may call
// the tool may call its operation through it. The request must match the operation: what
// arguments make of a path cannot leave it.
func (c *mcpCaller) callOperation(ctx context.Context, op *config.Operation, call *tools.Call) (result *tools.Result, err error) {
	g, s := c.gateway, c.snapshot
	defer func() {
		if p := recover(); p != nil {
			g.log.Error("a call of an operation panicked", "panic", p, "stack", string(debug.Stack()))
			err = errors.New("internal error")
		}
	}()
	x := pipeline.NewExchange(g.services, max(c.conf.ResultBytes, c.conf.MessageBytes))
	defer x.Release()
	life := newLifeline(&client{})
	stop := context.AfterFunc(ctx, func() { life.end(errClientLeft) })
	defer func() { stop(); life.end(context.Canceled) }()

	x.Context, x.Start, x.ID, x.Tracing = life, g.o.Now(), newID(), c.tracing
	x.Forwarder, x.GlobalPolicy = s.backends, s.global
	x.Product, x.ProductPolicy, x.Subscription, x.User, x.Caller = c.product, c.productPolicy, c.subscription, c.user, c.caller
	x.ClientIP, x.ClientCert = c.clientIP, c.clientCert

	api := op.API
	r := &x.Request
	r.Method, r.Proto = call.Method, "HTTP/1.1"
	r.URL = pipeline.URL{Scheme: c.scheme, Host: hostFor(api, c.host), Path: api.Prefix() + call.Path, Query: call.Query}
	for _, f := range c.fields {
		r.Header.Add(f.Name, f.Value)
	}
	for _, f := range call.Header {
		r.Header.Set(f[0], f[1])
	}
	switch {
	case api.Version == "":
	case api.VersionScheme == route.Header:
		r.Header.Set(api.VersionName, api.Version)
	case api.VersionScheme == route.Query:
		r.URL.Query = pipeline.QueryAdd(r.URL.Query, api.VersionName, api.Version)
	}
	if call.Body != nil {
		r.Body.SetBytes(call.Body)
	}
	x.OriginalURL, x.OriginalMethod = r.URL, r.Method

	path, ok := route.NormalizePath(r.URL.Path)
	if !ok {
		return nil, errNotThere
	}
	m, ok := s.model.Match(r.URL.Host, path, r.URL.Query, r.Method, r.Header.Get)
	if !ok || m.Operation != op {
		return nil, errNotThere
	}
	o := &s.routes[op.Number]
	x.Route = &o.route
	x.Parameters = &parameters{m.Match, path, r.URL.Query}
	r.URL.SetService(o.route.ServiceURL)
	r.URL.Path = path[m.Suffix:]
	x.BackendID = o.route.BackendID
	x.Process()
	o.metrics.observe(x.Response.Status, g.since(x.Start))
	return c.result(x)
}

// hostFor is a host that an API answers to: the client's, if the API does not care.
func hostFor(api *config.API, host string) string {
	if len(api.Hosts) == 0 || matchesHost(api.Hosts, strings.ToLower(host)) {
		return host
	}
	return strings.Replace(api.Hosts[0], "*", "tools", 1)
}

// result reads the response of an operation, so far as it may be a tool's result.
func (c *mcpCaller) result(x *pipeline.Exchange) (*tools.Result, error) {
	r := &x.Response
	data, fault := bodyWithin(&r.Body, c.conf.ResultBytes)
	switch {
	case fault != nil && fault.Reason == pipeline.ReasonBodyTooLarge:
		return nil, tools.ErrTooLarge
	case fault != nil:
		return nil, fault
	}
	r.Body.SetBytes(data)
	data, err := r.Body.Text()
	if errors.Is(err, pipeline.ErrBodyTooLarge) || int64(len(data)) > c.conf.ResultBytes {
		return nil, tools.ErrTooLarge
	}
	if err != nil {
		return nil, err
	}
	return &tools.Result{Status: r.Status, ContentType: r.Header.Get("Content-Type"), Body: data}, nil
}
