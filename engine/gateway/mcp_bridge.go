package gateway

import (
	"context"
	"crypto/rand"
	"net/url"
	"sync"
	"time"
	"unsafe"

	"sekisho/engine/mcp"
	"sekisho/engine/pipeline"
)

// mcpState is what the gateway keeps for MCP servers over reloads.
type mcpState struct {
	mu      sync.Mutex
	key     []byte
	seals   *mcp.Sealer
	own     []byte                 // the key of this process, where there is no authorization server
	bridges map[string]*mcp.Bridge // by API and URL
	probes  map[string]*probe      // by URL
	open    map[*lifeline]struct{} // streams that wait for what a server says unasked
	closed  bool
}

// sealer seals the ids of sessions: with the key of the authorization server, which all its
// processes have, else with one of this process.
func (g *Gateway) sealer() *mcp.Sealer {
	var key []byte
	if a := g.access(); a != nil {
		key = a.SessionKey()
	}
	st := &g.mcp
	st.mu.Lock()
	defer st.mu.Unlock()
	if key == nil {
		if st.own == nil {
			st.own = make([]byte, 32)
			_, _ = rand.Read(st.own) // it never fails
		}
		key = st.own
	}
	if st.seals == nil || string(st.key) != string(key) {
		s, err := mcp.NewSealer(key)
		if err != nil {
			panic("gateway: internal error: " + err.Error())
		}
		st.key, st.seals = key, s
	}
	return st.seals
}

// maxBridges bounds the servers that clients of another era can be in front of: policies
// can make up any number of URLs.
const maxBridges = 1000

// bridge is the Bridge of an API in front of a server; base is nil for tools of the API
// itself. nil stands for one too many.
func (st *mcpState) bridge(api string, base *url.URL) *mcp.Bridge {
	key := api + "\x00"
	if base != nil {
		key += base.String()
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	b := st.bridges[key]
	if b == nil && len(st.bridges) < maxBridges && !st.closed {
		if st.bridges == nil {
			st.bridges = map[string]*mcp.Bridge{}
		}
		b = mcp.NewBridge(mcp.BridgeOptions{URL: base, Limit: maxEvent})
		st.bridges[key] = b
	}
	return b
}

// wait notes a stream that may stay silent for ever; left forgets it.
func (st *mcpState) wait(l *lifeline) (left func()) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		l.end(errShutdown)
		return func() {}
	}
	if st.open == nil {
		st.open = map[*lifeline]struct{}{}
	}
	st.open[l] = struct{}{}
	return func() {
		st.mu.Lock()
		defer st.mu.Unlock()
		delete(st.open, l)
	}
}

// drain ends the streams that nothing is under way on, when the gateway is shut down: a
// client that waits for what a server says unasked would wait for ever, and will call
// again.
func (st *mcpState) drain() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.closed = true
	for l := range st.open {
		l.end(errShutdown)
	}
}

// close ends all sessions that the gateway itself keeps.
func (st *mcpState) close() {
	st.mu.Lock()
	bridges := st.bridges
	st.bridges = nil
	st.mu.Unlock()
	for _, b := range bridges {
		b.Close()
	}
}

// probe is what is known of a server, or is being found out.
type probe struct {
	done   chan struct{}
	server mcp.Server // good after done, with err
	err    error
	until  time.Time
}

// How long finding out may take, for how long the answer is good, and how many are kept.
const (
	probeTime = 20 * time.Second
	probeGood = 10 * time.Minute
	probeBad  = 3 * time.Second // for how long nothing is
	maxProbes = 1000
)

// speaksMCP finds out what a server speaks, once for all who ask.
func (g *Gateway) speaksMCP(ctx context.Context, u *mcpUpstream) (mcp.Server, error) {
	base := u.base()
	key, now := base.String(), g.o.Now()
	st := &g.mcp
	st.mu.Lock()
	p := st.probes[key]
	if p == nil || !p.until.IsZero() && now.After(p.until) {
		if st.probes == nil || len(st.probes) >= maxProbes {
			st.probes = map[string]*probe{}
		}
		p = &probe{done: make(chan struct{})}
		st.probes[key] = p
		g.task(func() { g.find(p, u, base) })
	}
	st.mu.Unlock()
	select {
	case <-p.done:
		return p.server, p.err
	case <-ctx.Done():
		return mcp.Server{}, ctx.Err()
	}
}

// find asks a server what it speaks.
func (g *Gateway) find(p *probe, u *mcpUpstream, base *url.URL) {
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	server, err := mcp.Probe(ctx, u, base)
	st := &g.mcp
	st.mu.Lock()
	defer st.mu.Unlock()
	p.server, p.err = server, err
	if p.until = g.o.Now().Add(probeGood); err != nil {
		p.until = g.o.Now().Add(probeBad)
	}
	close(p.done)
}

// speaks tells what the server behind an exchange speaks. Where that cannot be found out,
// the client is taken to know: it hears from the server what is wrong.
func (e *mcpExchange) speaks(life *lifeline, u *mcpUpstream) mcp.Server {
	if e.server.conf.Transport == "sse" {
		return mcp.Server{SSE: true}
	}
	s, err := e.gateway.speaksMCP(life, u)
	if err == nil {
		return s
	}
	if e.endpoint == "mcp" {
		return mcp.Server{Stateless: true, Sessions: true}
	}
	return mcp.Server{SSE: true}
}

// cross serves a client that speaks otherwise than the server does, or one of HTTP+SSE in
// front of tools of the API itself.
func (e *mcpExchange) cross(x *pipeline.Exchange, life *lifeline, r *mcp.Request, t *mcp.Target, base *url.URL) error {
	b := e.gateway.mcp.bridge(e.server.api.ID, base)
	if b == nil {
		return pipeline.Faultf(503, pipeline.ReasonInternal, "There are too many MCP servers.")
	}
	if e.server.filters {
		caller := x.Caller
		t.Tools = func(name string) bool { return e.server.shows(name, caller) }
	}
	switch e.endpoint {
	case "sse":
		e.respond(x, life, b.Open(life, r, t, messagesPath(e)))
	case "messages":
		e.respond(x, life, b.Message(life, r, t, e.session.claimed))
	default:
		e.respond(x, life, b.Serve(life, r, t))
	}
	return nil
}

// request is the client's request as package mcp sees it, with the message as documents have
// left it. It holds nothing of the Exchange.
func (e *mcpExchange) request(x *pipeline.Exchange) (*mcp.Request, error) {
	header := pipeline.Header{}
	header.CopyFrom(&x.Request.Header)
	if e.endpoint == "mcp" && e.session.claimed != "" {
		// Servers see no ids of the gateway's; a session here is the Bridge's own.
		header.Set(mcp.HeaderSession, e.session.claimed)
	}
	r := &mcp.Request{
		HTTPMethod: x.OriginalMethod, Message: e.message, Version: e.version, User: e.user,
		Values: func(name string) []string { v, _ := header.Lookup(name); return v },
	}
	if e.message == nil {
		return r, nil
	}
	data, err := x.Request.Body.Buffer()
	if err != nil {
		return nil, err
	}
	if unsafe.SliceData(data) != unsafe.SliceData(e.message.Raw) {
		m, refused := mcp.Parse(data)
		if refused != nil {
			return nil, pipeline.Faultf(500, pipeline.ReasonInternal, "The message that the documents have made is none of MCP: %v", refused)
		}
		r.Message = m
	}
	return r, nil
}
