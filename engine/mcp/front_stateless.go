package mcp

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// pooled is a session with a server which requests of stateless clients share: those of one
// user whose clients declare the same capabilities.
type pooled struct {
	usage
	peer peer

	begin sync.Mutex // held while it is initialized
	ready bool
	// What initialize said; not changed once ready.
	version                       string
	offered, server, instructions json.RawMessage

	mu        sync.Mutex
	next      int
	level     string
	listeners map[*listener]struct{}
	hangUp    context.CancelFunc // ends the stream of what the server says unasked
	resources map[string]int     // subscriptions, by how many listen
}

func (p *pooled) end() {
	p.mu.Lock()
	hangUp := p.hangUp
	p.mu.Unlock()
	if hangUp != nil {
		hangUp()
	}
	p.peer.close()
}

// pool is the session for a request, initialized and held in use.
func (b *Bridge) pool(ctx context.Context, r *Request, t *Target) (p *pooled, release func(), e *Error) {
	capabilities := find(r.Message.meta, MetaCapabilities)
	key := r.User + "\x00" + string(capabilities)
	b.mu.Lock()
	p = b.pooled[key]
	if p == nil {
		made, e := b.newPeer(t)
		if e == nil {
			e = b.admit(r.User)
		}
		if e != nil {
			b.mu.Unlock()
			return nil, nil, e
		}
		p = &pooled{peer: made, listeners: map[*listener]struct{}{}, resources: map[string]int{}}
		p.id, p.user = key, r.User
		b.pooled[key] = p
	}
	release = b.holdLocked(p)
	b.mu.Unlock()
	p.begin.Lock()
	defer p.begin.Unlock()
	if p.ready {
		return p, release, nil
	}
	if e := p.initialize(ctx, t, r.Message.meta, capabilities); e != nil {
		release()
		b.drop(p)
		return nil, nil, e
	}
	p.ready = true
	return p, release, nil
}

func (p *pooled) initialize(ctx context.Context, t *Target, meta, capabilities json.RawMessage) *Error {
	client := find(meta, MetaClient)
	if client == nil {
		client = json.RawMessage(`{"name":"unnamed","version":""}`)
	}
	m, e := Parse(request(json.RawMessage("0"), "initialize", object([]member{
		{"protocolVersion", marshal(V20251125)}, {"capabilities", capabilities}, {"clientInfo", client}})))
	if e != nil {
		return e
	}
	a, e := p.peer.ask(ctx, t, m, nil)
	if e != nil {
		return e
	}
	if a.Result == nil {
		return unreachable("refuses to begin a session")
	}
	p.version = str(find(a.Result, "protocolVersion"))
	p.offered, p.server, p.instructions = orEmpty(find(a.Result, "capabilities")), find(a.Result, "serverInfo"), find(a.Result, "instructions")
	if !known(p.version) || Stateless(p.version) {
		return unreachable("speaks no revision the gateway knows")
	}
	return p.peer.tell(ctx, t, &Message{Raw: notification("notifications/initialized", nil), Method: "notifications/initialized"})
}

// id is one that no other request of the session has.
func (p *pooled) number() json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	return marshal(p.next)
}

// serveStateless answers clients of 2026-07-28 in front of servers with sessions.
func (b *Bridge) serveStateless(ctx context.Context, r *Request, t *Target) *Response {
	if r.HTTPMethod != "POST" {
		return notAllowed("POST")
	}
	m := r.Message
	if m == nil {
		return refused(r.Version, nil, refuse(400, CodeInvalidRequest, "Invalid request: a POST needs a message"))
	}
	if !m.IsRequest() {
		return &Response{Status: 202} // none that this revision defines comes by HTTP
	}
	if e := checkEra(r.Version, m); e != nil {
		return refused(r.Version, m.ID, e)
	}
	state := find(m.Params, "requestState")
	if c := b.suspended(r, str(state)); c != nil {
		return c.serve(ctx, r, t, true)
	} else if state != nil {
		return refused(r.Version, m.ID, refuse(400, CodeInvalidParams,
			"Invalid params: the request this requestState belongs to is not waiting here (any more); send it again without"))
	}
	p, release, e := b.pool(ctx, r, t)
	if e != nil {
		return refused(r.Version, m.ID, e)
	}
	switch m.Method {
	case "server/discover":
		defer release()
		return jsonResponse(200, resultBody(m.ID, completed(r.Version, m.Method, p.discovered())))
	case "subscriptions/listen":
		return b.subscribe(ctx, r, t, p, release)
	}
	if e := p.setLevel(ctx, t, find(m.meta, MetaLogLevel)); e != nil {
		release()
		return refused(r.Version, m.ID, e)
	}
	c := newCall(b, p, r, release)
	return c.serve(ctx, r, t, false)
}

// discovered is the answer to server/discover that initialize's answer amounts to.
func (p *pooled) discovered() json.RawMessage {
	offered, err := members(p.offered)
	if err == nil {
		offered = set(offered, "tasks", nil) // were part of the protocol, and are an extension that differs
	}
	out := []member{{"supportedVersions", marshal([]string{V20260728})}, {"capabilities", object(offered)}}
	if p.instructions != nil {
		out = append(out, member{"instructions", p.instructions})
	}
	if p.server != nil {
		out = append(out, member{"_meta", object([]member{{MetaServer, p.server}})})
	}
	return object(out)
}

// setLevel asks the server for log messages as a request wants them. The session's level is
// the last one asked for; requests that ask for none are given none.
func (p *pooled) setLevel(ctx context.Context, t *Target, level json.RawMessage) *Error {
	if level == nil || find(p.offered, "logging") == nil {
		return nil
	}
	switch str(level) {
	case "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency":
	default:
		return refuse(400, CodeInvalidParams, "Invalid params: %s is no log level", MetaLogLevel)
	}
	p.mu.Lock()
	same := p.level == str(level)
	p.level = str(level)
	p.mu.Unlock()
	if same {
		return nil
	}
	id := p.number()
	_, e := p.peer.ask(ctx, t, &Message{Raw: request(id, "logging/setLevel", object([]member{{"level", level}})), ID: id, Method: "logging/setLevel"}, nil)
	return e
}

// legacyParams are a stateless request's params as a server with sessions takes them: what
// the protocol's own keys of _meta say is the session's there.
func legacyParams(m *Message, progress json.RawMessage) (params json.RawMessage, token json.RawMessage) {
	all, err := members(orEmpty(m.Params))
	if err != nil {
		return m.Params, nil
	}
	all = set(set(all, "inputResponses", nil), "requestState", nil)
	meta, _ := members(orEmpty(m.meta))
	var rest []member
	for _, e := range meta {
		switch {
		case e.key == "progressToken":
			token = e.value
			rest = append(rest, member{e.key, progress})
		case !strings.HasPrefix(e.key, "io.modelcontextprotocol/"):
			rest = append(rest, e)
		}
	}
	if rest == nil {
		return object(set(all, "_meta", nil)), token
	}
	return object(set(all, "_meta", object(rest))), token
}

// subscribe serves subscriptions/listen.
func (b *Bridge) subscribe(ctx context.Context, r *Request, t *Target, p *pooled, release func()) *Response {
	m := r.Message
	if !accepts(r.Values, typeStream) {
		release()
		return refused(r.Version, m.ID, refuse(400, CodeInvalidRequest, "Invalid request: subscriptions/listen is answered with an event stream, which Accept does not list"))
	}
	wanted, honoured := p.honoured(find(m.Params, "notifications"))
	return serveStream(ctx, r.Values, func(ctx context.Context, send func([]byte) error) reply {
		defer release()
		id := []member{{MetaSubscription, m.ID}}
		send(notification("notifications/subscriptions/acknowledged", object([]member{{"_meta", object(id)}, {"notifications", object(honoured)}})))
		l := &listener{func(n *Message) error {
			if !wanted(n) {
				return errNotOffered
			}
			params, _ := members(orEmpty(n.Params))
			meta, _ := members(orEmpty(n.meta))
			return send(notification(n.Method, object(set(params, "_meta", object(set(meta, MetaSubscription, m.ID))))))
		}}
		var uris []string
		json.Unmarshal(lookup(honoured, "resourceSubscriptions"), &uris)
		p.listen(t, l)
		p.watch(ctx, t, uris, true)
		<-ctx.Done()
		p.forget(l)
		over, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		p.watch(over, t, uris, false)
		return reply{200, resultBody(m.ID, object([]member{{"resultType", json.RawMessage(`"complete"`)}, {"_meta", object(id)}}))}
	})
}

// honoured is the part of a filter that the server can tell of, and what falls under it.
func (p *pooled) honoured(filter json.RawMessage) (wanted func(*Message) bool, honoured []member) {
	methods := map[string]bool{}
	for _, kind := range []string{"tools", "prompts", "resources"} {
		key := kind + "ListChanged"
		if string(find(filter, key)) == "true" && string(find(find(p.offered, kind), "listChanged")) == "true" {
			honoured = append(honoured, member{key, json.RawMessage("true")})
			methods["notifications/"+kind+"/list_changed"] = true
		}
	}
	const most = 1000
	resources := map[string]bool{}
	var uris []string
	if json.Unmarshal(find(filter, "resourceSubscriptions"), &uris) == nil && len(uris) > 0 && len(uris) <= most &&
		string(find(find(p.offered, "resources"), "subscribe")) == "true" {
		honoured = append(honoured, member{"resourceSubscriptions", marshal(uris)})
		for _, u := range uris {
			resources[u] = true
		}
	}
	return func(m *Message) bool {
		return methods[m.Method] || m.Method == "notifications/resources/updated" && resources[str(find(m.Params, "uri"))]
	}, honoured
}

// listen gives l what the server says unasked; the first listener opens the stream for it.
func (p *pooled) listen(t *Target, l *listener) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners[l] = struct{}{}
	if p.hangUp != nil {
		return
	}
	var ctx context.Context
	ctx, p.hangUp = context.WithCancel(context.Background())
	go func() {
		for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, time.Minute) {
			if p.peer.listen(ctx, t, p.fan) == errNotOffered {
				return
			}
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
	}()
}

// fan gives a message to all that listen; the error says that nobody took it.
func (p *pooled) fan(m *Message) error {
	if m.IsRequest() {
		return errNotOffered // a stateless client is asked within its requests only
	}
	p.mu.Lock()
	var all []*listener
	for l := range p.listeners {
		all = append(all, l)
	}
	p.mu.Unlock()
	err := errNotOffered
	for _, l := range all {
		if l.to(m) == nil {
			err = nil
		}
	}
	return err
}

func (p *pooled) forget(l *listener) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.listeners, l)
	if len(p.listeners) == 0 && p.hangUp != nil {
		p.hangUp()
		p.hangUp = nil
	}
}

// watch subscribes to resources, or ends that; the server hears of the first and the last.
func (p *pooled) watch(ctx context.Context, t *Target, uris []string, on bool) {
	for _, uri := range uris {
		method, step, edge := "resources/subscribe", 1, 1
		if !on {
			method, step, edge = "resources/unsubscribe", -1, 0
		}
		p.mu.Lock()
		p.resources[uri] += step
		tell := p.resources[uri] == edge
		if p.resources[uri] <= 0 {
			delete(p.resources, uri)
		}
		p.mu.Unlock()
		if tell {
			id := p.number()
			p.peer.ask(ctx, t, &Message{Raw: request(id, method, object([]member{{"uri", marshal(uri)}})), ID: id, Method: method, Name: uri}, nil)
		}
	}
}
