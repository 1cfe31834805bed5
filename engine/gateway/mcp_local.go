package gateway

import (
	"cmp"
	"context"
	"encoding/json"

	"sekisho/engine/config"
	"sekisho/engine/mcp"
	"sekisho/engine/mcp/tools"
	"sekisho/engine/pipeline"
)

// localTools makes the server of an API's own tools; nil where the tools are somebody else's.
func (l *loader) localTools(a *config.API, s *mcpServer) *tools.Server {
	if a.MCP.Of == nil {
		return nil
	}
	var list []*tools.Tool
	for _, t := range a.MCP.Tools {
		if t.Operation != nil {
			list = append(list, toolOf(t))
		}
	}
	info := tools.Info{Name: a.ID, Title: a.Name, Version: cmp.Or(a.Version, "1")}
	var visible func(context.Context, *tools.Tool) bool
	if s.filters || s.guarded() { // else everybody's list is the same, and clients may share it
		visible = func(ctx context.Context, t *tools.Tool) bool {
			c := callerOf(ctx)
			return c != nil && s.shows(t.Name, c.caller)
		}
	}
	server, err := tools.New(info, list, callTool, visible)
	if err != nil {
		l.diags.Errorf(a.MCP.At, "gateway-tool", "%v", err)
		return nil
	}
	return server
}

// toolOf is a tool as package tools makes a server of it.
func toolOf(t *config.Tool) *tools.Tool {
	o := t.Operation
	op := &tools.Operation{ID: o.ID, Method: o.Method, Template: o.Template.Source, Undescribed: o.Input == nil}
	description := t.Description
	if in := o.Input; in != nil {
		description = cmp.Or(description, in.Description, in.Summary)
		op.Output = in.Output
		for _, p := range in.Parameters {
			op.Parameters = append(op.Parameters, tools.Parameter(p))
		}
		if in.Body != nil {
			b := tools.Body(*in.Body)
			op.Body = &b
		}
	}
	is := func(p *bool) bool { return p != nil && *p }
	return &tools.Tool{
		Name: t.Name, Title: t.Title, Description: description, Operation: op,
		ReadOnly: is(t.ReadOnly), Destructive: is(t.Destructive), Idempotent: is(t.Idempotent),
	}
}

// boundTools are the tools of an API for one caller. It holds nothing of an Exchange: a
// call may go on when the request that made it is answered.
type boundTools struct {
	server *tools.Server
	caller *mcpCaller
}

// Answer implements mcp.Handler.
func (b boundTools) Answer(ctx context.Context, version string, m *mcp.Message, notify func(method string, params any)) (json.RawMessage, *mcp.Error) {
	return b.server.Answer(context.WithValue(ctx, callerKey{}, b.caller), version, m, notify)
}

// callerKey finds the mcpCaller of a context.
type callerKey struct{}

func callerOf(ctx context.Context) *mcpCaller {
	c, _ := ctx.Value(callerKey{}).(*mcpCaller)
	return c
}

// local answers by the tools of the API itself.
func (e *mcpExchange) local(x *pipeline.Exchange) error {
	restore := e.sanitized(x)
	caller := e.callerOf(x)
	restore()
	h := boundTools{e.server.local, caller}
	life := e.life(x)
	r, err := e.request(x)
	switch {
	case err != nil:
		return err
	case e.endpoint != "mcp":
		return e.cross(x, life, r, &mcp.Target{Handler: h}, nil)
	}
	e.respond(x, life, mcp.Serve(life, h, r))
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
