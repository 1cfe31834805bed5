package gateway

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"sync"

	"sekisho/engine/mcp"
	"sekisho/engine/pipeline"
)

// Why a stream was ended before its time.
var (
	errRevoked    = errors.New("the caller's access was revoked")
	errOtherPlace = errors.New("the MCP server names an endpoint that is not its own")
)

// stream makes an event stream of a server the client's: as it comes, with comments while
// it is silent, and without a limit on how long that is.
func (e *mcpExchange) stream(x *pipeline.Exchange, life *lifeline, session, member string) error {
	if c := x.Response.Header.Get("Content-Encoding"); c != "" && !strings.EqualFold(c, "identity") {
		return pipeline.Faultf(502, pipeline.ReasonBackend, "The MCP server answered with a compressed event stream.")
	}
	data, src, _ := x.Response.Body.Take()
	if src == nil {
		src = io.NopCloser(strings.NewReader(string(data)))
	}
	unlimited(src)
	r := &rewriting{e: e, caller: x.Caller, session: session, member: member, base: x.Request.URL, sealer: e.gateway.sealer()}
	r.seals = session != "" && e.endpoint == "mcp" && !mcp.Stateless(e.version)
	r.endpoint = e.endpoint == "sse"
	r.filters = e.server.filters && (!mcp.Stateless(e.version) || e.message != nil && e.message.Method == "tools/list")
	o := mcp.RelayOptions{KeepAlive: e.server.conf.KeepAlive, Limit: maxEvent}
	if r.seals || r.endpoint || r.filters {
		o.Rewrite = r.rewrite
	}
	e.relay(x, life, &heldBody{body: src, life: life}, o)
	return nil
}

// relay makes src the body of the response.
func (e *mcpExchange) relay(x *pipeline.Exchange, life *lifeline, src io.ReadCloser, o mcp.RelayOptions) {
	h := &x.Response.Header
	h.Set("X-Accel-Buffering", "no")
	if !h.Has("Cache-Control") {
		h.Set("Cache-Control", "no-cache, no-transform")
	}
	h.Del("Content-Length")
	stop := func() {}
	if a := e.gateway.access(); a != nil && x.Caller != nil {
		stop = a.Watch(x.Caller, func() { life.end(errRevoked) })
	}
	left := func() {}
	if e.message == nil {
		left = e.gateway.mcp.wait(life)
	}
	open := e.gateway.metrics.streams.WithLabelValues(e.server.api.ID)
	open.Inc()
	x.Response.Body.SetStream(&openStream{ReadCloser: mcp.NewRelay(src, o), ended: func() { stop(); left(); open.Dec() }}, -1)
}

// openStream is an event stream on its way to a client.
type openStream struct {
	io.ReadCloser
	once  sync.Once
	ended func()
}

// Close implements io.Closer.
func (s *openStream) Close() error {
	err := s.ReadCloser.Close()
	s.once.Do(s.ended)
	return err
}

// heldBody lets the body of a backend's response be closed while somebody reads it: the
// end of its lifeline makes the read return first. When Close has returned nobody touches
// the body any more, whose memory is the Exchange's.
type heldBody struct {
	life   *lifeline
	mu     sync.Mutex // of what follows
	body   io.ReadCloser
	closed bool
}

// Read implements io.Reader.
func (h *heldBody) Read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return 0, io.ErrClosedPipe
	}
	return h.body.Read(p)
}

// Close implements io.Closer.
func (h *heldBody) Close() error {
	h.life.end(context.Canceled)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	h.closed = true
	return h.body.Close()
}

// rewriting is what changes in the events of a stream. It runs in the goroutine of a relay
// and so knows nothing of the Exchange.
type rewriting struct {
	e               *mcpExchange
	caller          *pipeline.Caller
	session, member string
	base            pipeline.URL
	sealer          *mcp.Sealer

	seals    bool // ids of events, so that they are good for this session of this user
	endpoint bool // the server says where it takes messages
	filters  bool
}

func (r *rewriting) rewrite(ev *mcp.Event) (bool, error) {
	if r.seals && ev.ID != "" {
		ev.ID = r.sealer.Seal(r.e.sealedFor()+"\x00event", r.e.user+"\x00"+r.session, ev.ID)
	}
	if r.endpoint && ev.Name == "endpoint" {
		u, ok := sameServer(&r.base, ev.Data)
		if !ok {
			return false, errOtherPlace
		}
		id := r.sealer.Seal(r.e.sealedFor(), r.e.user, r.member+"\x00"+u.RequestURI())
		ev.Data = messagesPath(r.e) + "?sessionId=" + url.QueryEscape(id)
		return true, nil
	}
	if r.filters && ev.HasData && ev.Data != "" {
		ev.Data = string(r.e.filterMessage(r.caller, []byte(ev.Data)))
	}
	return true, nil
}

// messagesPath is where clients of HTTP+SSE send their messages.
func messagesPath(e *mcpExchange) string {
	path := ""
	if u, err := url.Parse(e.names.base); err == nil {
		path = strings.TrimRight(u.EscapedPath(), "/")
	}
	return path + e.server.api.Prefix() + "/messages"
}
