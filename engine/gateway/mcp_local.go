package gateway

import (
	"sekisho/engine/mcp"
	"sekisho/engine/pipeline"
)

// local answers by the tools of the API itself.
func (e *mcpExchange) local(x *pipeline.Exchange) error {
	life := e.life(x)
	values := func(name string) []string { v, _ := x.Request.Header.Lookup(name); return v }
	r := mcp.Serve(life, e.server.handler, &mcp.Request{
		HTTPMethod: x.Request.Method, Values: values, Message: e.message, Version: e.version, User: e.user,
	})
	e.respond(x, life, r)
	return nil
}

// respond makes a Response of package mcp the client's.
func (e *mcpExchange) respond(x *pipeline.Exchange, life *lifeline, r *mcp.Response) {
	x.Response.Header.Reset()
	x.Response.Trailer.Reset()
	x.Response.Status, x.Response.Reason = r.Status, ""
	for _, f := range r.Header {
		x.Response.Header.Add(f[0], f[1])
	}
	if r.Stream == nil {
		x.Response.Body.SetBytes(r.Body)
		return
	}
	e.relay(x, life, r.Stream, mcp.RelayOptions{KeepAlive: e.server.conf.KeepAlive})
}
