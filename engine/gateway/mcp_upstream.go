package gateway

import (
	"context"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/mcp"
	"sekisho/engine/pipeline"
)

// mcpUpstream sends requests of package mcp to the server behind an exchange, as policies
// have made that exchange's request. It outlives the Exchange and holds nothing of it.
type mcpUpstream struct {
	backends    *Backends
	backend     *backend // a Single one, or that of plain URLs
	url         pipeline.URL
	fields      []pipeline.Field
	keepHost    bool
	certificate *apim.Certificate
	wait        time.Duration // for the header of an answer
}

// protocolFields are those that package mcp sets, for each request anew.
var protocolFields = []string{
	"Content-Type", "Content-Length", "Transfer-Encoding", "Accept", "TE", "Trailer", "Expect",
	mcp.HeaderVersion, mcp.HeaderMethod, mcp.HeaderName,
}

// ownFields are the fields of an exchange's request that belong to none of its messages in
// particular. host tells that a Host is among them: one that a document has set.
func ownFields(x *pipeline.Exchange) (fields []pipeline.Field, host bool) {
	block := x.Request.Header.Block()
	for _, h := range x.Request.Header.Fields() {
		switch k := classify(h.Name); {
		case slices.ContainsFunc(protocolFields, func(n string) bool { return strings.EqualFold(n, h.Name) }):
			continue
		case k == fieldForwardedFor || k == fieldForwardedProto || k == fieldForwardedHost:
			if isPiece(h.Name, block) {
				continue // whoever sends it on says it better
			}
		case k == fieldHost:
			if isPiece(h.Name, block) {
				continue
			}
			host = true
		case k != ordinary:
			continue
		}
		fields = append(fields, pipeline.Field{Name: strings.Clone(h.Name), Value: strings.Clone(h.Value)})
	}
	return fields, host
}

// upstream takes what is needed of the exchange's request, which sanitize has seen.
func (f *mcpForwarder) upstream(x *pipeline.Exchange, wait time.Duration) *mcpUpstream {
	u := &mcpUpstream{backends: f.Backends, backend: f.backend(x.BackendID), url: x.Request.URL, certificate: x.Request.Certificate, wait: wait}
	if u.backend == nil {
		u.backend = &f.plain
	}
	u.fields, u.keepHost = ownFields(x)
	for _, h := range []pipeline.Field{
		{Name: "X-Forwarded-For", Value: x.ClientIP},
		{Name: "X-Forwarded-Proto", Value: x.OriginalURL.Scheme},
		{Name: "X-Forwarded-Host", Value: strings.Clone(x.OriginalURL.Host)},
	} {
		if !slices.ContainsFunc(u.fields, func(o pipeline.Field) bool { return strings.EqualFold(o.Name, h.Name) }) {
			u.fields = append(u.fields, h)
		}
	}
	return u
}

// base is the URL of the server.
func (u *mcpUpstream) base() *url.URL {
	b, err := url.Parse(u.url.String())
	if err != nil {
		return &url.URL{Scheme: u.url.Scheme, Host: u.url.Host, Path: "/"}
	}
	return b
}

// Do implements mcp.Upstream.
func (u *mcpUpstream) Do(ctx context.Context, method, target string, header [][2]string, body []byte) (*mcp.Response, error) {
	b, now := u.backend, u.backends.registry.now()
	if !b.breaker.allow(now) {
		return nil, tripped(b.def.ID)
	}
	to := u.url
	if target != "" {
		to.Base = ""
		to.Path, to.Query, _ = strings.Cut(target, "?")
	}
	if to.Base+to.Path == "" {
		to.Path = "/"
	}
	for _, q := range b.def.Credentials.Query {
		to.Query = pipeline.QueryAdd(to.Query, q.Name, q.Value)
	}
	r := &pipeline.Request{Method: method}
	for _, h := range u.fields {
		r.Header.Add(h.Name, h.Value)
	}
	for _, h := range header {
		r.Header.Set(h[0], h[1])
	}
	m := &outgoing{
		transport: u.backends.registry.transport, request: r, url: to, keepHost: u.keepHost,
		tls: &b.def.TLS, tlsID: b.tlsID, proxy: b.def.Proxy, extra: b.extra, wait: u.wait,
		present: body != nil, data: body,
	}
	m.authenticate(u.certificate)
	life := newLifeline(&client{})
	stop := context.AfterFunc(ctx, func() { life.end(errClientLeft) })
	resp := pipeline.NewResponse(maxEvent)
	err := m.send(life, resp, false)
	if b.breaker != nil {
		b.breaker.record(now, resp, err)
	}
	if err != nil {
		stop()
		life.end(context.Canceled)
		return nil, err
	}
	out := &mcp.Response{Status: resp.Status}
	for _, h := range resp.Header.Fields() {
		out.Header = append(out.Header, [2]string{h.Name, h.Value})
	}
	data, stream, _ := resp.Body.Take()
	if stream == nil {
		stop()
		out.Body = data
		return out, nil
	}
	unlimited(stream)
	out.Stream = &boundBody{heldBody: heldBody{body: stream, life: life}, unbind: stop}
	return out, nil
}

// boundBody is a body that is cut when a context ends.
type boundBody struct {
	heldBody
	unbind func() bool
}

// Close implements io.Closer.
func (b *boundBody) Close() error {
	b.unbind()
	return b.heldBody.Close()
}

// unlimited lets a body of a backend be silent for as long as it likes. Nobody has read
// from it yet.
func unlimited(body io.Reader) {
	if b, ok := body.(*backendBody); ok && !b.given {
		b.call.conn.waiting = 0
	}
}
