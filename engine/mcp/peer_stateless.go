package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// maxRounds bounds how often a server may ask for input before it answers one request.
const maxRounds = 16

// statelessPeer is a server of 2026-07-28 behind a client with a session: what the session
// knows of the client goes into every request, and what the server needs of the client is
// asked on its stream.
type statelessPeer struct {
	running
	limit int

	mu           sync.Mutex
	version      string          // the client's
	client       json.RawMessage // clientInfo of initialize
	capabilities json.RawMessage // the client's
	offered      json.RawMessage // the server's capabilities
	level        json.RawMessage // of logging/setLevel
	resources    []string        // subscribed to
	changed      chan struct{}   // closed when resources change
	asked        map[string]chan *Message
	next         int
	params       map[string][]paramHeader // of tools that were listed
}

func newStatelessPeer(limit int) *statelessPeer {
	return &statelessPeer{limit: limit, changed: make(chan struct{}), asked: map[string]chan *Message{}, params: map[string][]paramHeader{}}
}

func (p *statelessPeer) ask(ctx context.Context, t *Target, m *Message, to sink) (*Message, *Error) {
	ctx, done := p.begin(ctx, m.ID)
	defer done()
	switch m.Method {
	case "initialize":
		return p.initialize(ctx, t, m)
	case "ping":
		return answer(m.ID, json.RawMessage("{}")), nil
	case "logging/setLevel":
		p.mu.Lock()
		p.level = find(m.Params, "level")
		p.mu.Unlock()
		return answer(m.ID, json.RawMessage("{}")), nil
	case "resources/subscribe", "resources/unsubscribe":
		p.subscribe(m.Name, m.Method == "resources/subscribe")
		return answer(m.ID, json.RawMessage("{}")), nil
	case "server/discover", "subscriptions/listen":
		return nil, checkEra(V20251125, m)
	}
	params, err := members(orEmpty(m.Params))
	if err != nil {
		return nil, parseError(err)
	}
	for round := 1; ; round++ {
		reply, e := p.call(ctx, t, m, params, to)
		if e != nil || reply.Result == nil {
			return reply, e
		}
		if m.Method == "tools/list" {
			p.learn(reply.Result)
		}
		result, err := members(reply.Result)
		if err != nil {
			return nil, unreachable("sends a result that cannot be read")
		}
		if str(lookup(result, "resultType")) != "input_required" {
			return reply, nil
		}
		if round == maxRounds {
			return nil, refuse(0, CodeInternal, "the MCP server has asked for input %d times and does not answer", maxRounds)
		}
		responses, e := p.gather(ctx, m, lookup(result, "inputRequests"), to, round)
		if e != nil {
			return nil, e
		}
		params = set(params, "inputResponses", responses)
		params = set(params, "requestState", lookup(result, "requestState"))
	}
}

// call sends the client's request in the server's revision.
func (p *statelessPeer) call(ctx context.Context, t *Target, m *Message, params []member, to sink) (*Message, *Error) {
	for try := 1; ; try++ {
		a := asking{upstream: t.Upstream, limit: p.limit, id: m.ID, to: to}
		a.header = Mirror(m, V20260728)
		if m.Method == "tools/call" {
			p.mu.Lock()
			annotated := p.params[m.Name]
			p.mu.Unlock()
			a.header = append(a.header, paramHeaders(annotated, lookup(params, "arguments"))...)
		}
		a.body = request(m.ID, m.Method, object(p.withMeta(params)))
		reply, e := a.do(ctx, false)
		if e != nil || reply.Error == nil || m.Method != "tools/call" || try > 1 ||
			string(find(reply.Error, "code")) != strconv.Itoa(CodeHeaderMismatch) {
			return reply, e
		}
		// The tool has parameters that are to be mirrored, and was not listed, or has
		// changed since ("Client Behavior" says to list and to try again).
		if e := p.list(ctx, t); e != nil {
			return reply, nil
		}
	}
}

// list asks for all tools, for what their schemas say about header fields.
func (p *statelessPeer) list(ctx context.Context, t *Target) *Error {
	const pages = 50
	var cursor json.RawMessage
	for range pages {
		var params []member
		if cursor != nil {
			params = []member{{"cursor", cursor}}
		}
		m := &Message{ID: json.RawMessage(`"sekisho-list"`), Method: "tools/list"}
		a := asking{upstream: t.Upstream, limit: p.limit, id: m.ID, header: Mirror(m, V20260728)}
		a.body = request(m.ID, m.Method, object(p.withMeta(params)))
		reply, e := a.do(ctx, false)
		if e != nil {
			return e
		}
		p.learn(reply.Result)
		if cursor = find(reply.Result, "nextCursor"); str(cursor) == "" {
			return nil
		}
	}
	return nil
}

// withMeta adds what every request has to say of the client.
func (p *statelessPeer) withMeta(params []member) []member {
	p.mu.Lock()
	defer p.mu.Unlock()
	var meta []member
	if raw := lookup(params, "_meta"); raw != nil {
		meta, _ = members(raw)
	}
	meta = set(meta, MetaVersion, marshal(V20260728))
	meta = set(meta, MetaCapabilities, orEmpty(p.capabilities))
	meta = set(meta, MetaClient, p.client)
	if p.level != nil {
		meta = set(meta, MetaLogLevel, p.level)
	}
	return set(params, "_meta", object(meta))
}

func (p *statelessPeer) initialize(ctx context.Context, t *Target, m *Message) (*Message, *Error) {
	p.mu.Lock()
	p.version = negotiated(m.Version)
	p.client = find(m.Params, "clientInfo")
	p.capabilities = find(m.Params, "capabilities")
	version := p.version
	p.mu.Unlock()
	discover := &Message{ID: m.ID, Method: "server/discover"}
	reply, e := p.call(ctx, t, discover, nil, nil)
	if e != nil || reply.Result == nil {
		return reply, e
	}
	result, err := members(reply.Result)
	if err != nil {
		return nil, unreachable("sends a result that cannot be read")
	}
	offered := orEmpty(lookup(result, "capabilities"))
	server := find(lookup(result, "_meta"), MetaServer)
	if server == nil {
		server = json.RawMessage(`{"name":"unnamed","version":""}`)
	}
	p.mu.Lock()
	p.offered = offered
	p.mu.Unlock()
	out := []member{{"protocolVersion", marshal(version)}, {"capabilities", offered}, {"serverInfo", server}}
	if i := lookup(result, "instructions"); i != nil {
		out = append(out, member{"instructions", i})
	}
	return answer(m.ID, object(out)), nil
}

// inputs are the requests a server may have for a client, and the capability a client
// declares for each.
var inputs = map[string]string{
	"elicitation/create":     "elicitation",
	"sampling/createMessage": "sampling",
	"roots/list":             "roots",
}

// gather asks the client, on the stream of its request m, for what the server needs.
func (p *statelessPeer) gather(ctx context.Context, m *Message, requests json.RawMessage, to sink, round int) (json.RawMessage, *Error) {
	all, err := members(orEmpty(requests))
	if err != nil || nameKeyOf(m.Method) == "" {
		return nil, unreachable("asks for input in a way that cannot be read")
	}
	if len(all) == 0 { // it wants to be asked again later
		select {
		case <-time.After(time.Duration(round) * 200 * time.Millisecond):
			return nil, nil
		case <-ctx.Done():
			return nil, contextError(ctx)
		}
	}
	type question struct {
		key    string
		method string
		answer chan *Message
	}
	var questions []question
	for _, r := range all {
		method := str(find(r.value, "method"))
		params := find(r.value, "params")
		if e := p.survives(method, params); e != nil {
			return nil, e
		}
		id, answered, forget := p.expect()
		defer forget()
		if method == "elicitation/create" {
			params = p.elicitation(params, id)
		}
		ask, bad := Parse(request(id, method, params))
		if bad != nil {
			return nil, unreachable("asks for input in a way that cannot be read")
		}
		if to == nil || to(ask) != nil {
			return nil, refuse(0, CodeInternal, "the server needs %s of the client, which takes no event stream to be asked on", method)
		}
		questions = append(questions, question{r.key, method, answered})
	}
	var responses []member
	for _, q := range questions {
		select {
		case a := <-q.answer:
			if a.Error != nil {
				return nil, refuse(0, CodeInternal, "the server needs %s of the client, which answered with an error: %s", q.method, str(find(a.Error, "message")))
			}
			responses = append(responses, member{q.key, a.Result})
		case <-ctx.Done():
			return nil, contextError(ctx)
		}
	}
	return object(responses), nil
}

// survives says whether a request for input means something to this client.
func (p *statelessPeer) survives(method string, params json.RawMessage) *Error {
	capability, ok := inputs[method]
	if !ok {
		return refuse(0, CodeInternal, "the MCP server needs input of a kind that the client's revision does not have")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if find(p.capabilities, capability) == nil {
		return refuse(0, CodeInternal, "the server needs %s, and the client has not declared the capability %s", method, capability)
	}
	if method == "elicitation/create" && str(find(params, "mode")) == "url" && p.version < V20251125 {
		return refuse(0, CodeInternal, "the server needs the user to visit a URL, which clients of %s cannot be asked for", p.version)
	}
	return nil
}

// elicitation is a request for input as the client's revision has it.
func (p *statelessPeer) elicitation(params json.RawMessage, id json.RawMessage) json.RawMessage {
	all, err := members(params)
	if err != nil {
		return params
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.version < V20251125:
		all = set(all, "mode", nil)
	case str(lookup(all, "mode")) == "url":
		all = set(all, "elicitationId", id)
	}
	return object(all)
}

// expect makes the id of a request of ours to the client.
func (p *statelessPeer) expect() (id json.RawMessage, answered chan *Message, forget func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	id = marshal(fmt.Sprintf("sekisho-%d", p.next))
	key := idKey(id)
	answered = make(chan *Message, 1)
	p.asked[key] = answered
	return id, answered, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.asked, key)
	}
}

func (p *statelessPeer) tell(_ context.Context, _ *Target, m *Message) *Error {
	switch {
	case m.IsAnswer() && m.ID != nil:
		p.mu.Lock()
		answered := p.asked[idKey(m.ID)]
		p.mu.Unlock()
		if answered != nil {
			select {
			case answered <- m:
			default: // a second answer
			}
		}
	case m.Method == "notifications/cancelled":
		p.cancelled(m)
	}
	return nil // the other notifications of clients mean nothing to a stateless server
}

func (p *statelessPeer) subscribe(uri string, wanted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	const most = 1000
	var now []string
	for _, u := range p.resources {
		if u != uri {
			now = append(now, u)
		}
	}
	if wanted && len(now) < most {
		now = append(now, uri)
	}
	p.resources = now
	close(p.changed)
	p.changed = make(chan struct{})
}

// listen keeps a subscription of what the server says it can tell of, and of the resources
// the client subscribed to.
func (p *statelessPeer) listen(ctx context.Context, t *Target, to sink) error {
	for wait := time.Second; ; {
		filter, changed := p.filter()
		began := time.Now()
		if len(filter) > 0 {
			until, cancel := context.WithCancel(ctx)
			go func() {
				select {
				case <-changed:
					cancel()
				case <-until.Done():
				}
			}()
			e := p.subscription(until, t, filter, to)
			cancel()
			if e != nil && e.Code == CodeMethodNotFound {
				return errNotOffered
			}
			if time.Since(began) > time.Minute {
				wait = time.Second
			}
		} else {
			wait = time.Second
		}
		var again <-chan time.Time
		if len(filter) > 0 {
			again = time.After(wait)
			wait = min(2*wait, time.Minute)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
			wait = time.Second
		case <-again:
		}
	}
}

// filter is the notifications to ask for ("Notification Filter"), and what tells of its
// next change.
func (p *statelessPeer) filter() (filter []member, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, kind := range []string{"tools", "prompts", "resources"} {
		if string(find(find(p.offered, kind), "listChanged")) == "true" {
			filter = append(filter, member{kind + "ListChanged", json.RawMessage("true")})
		}
	}
	if len(p.resources) > 0 {
		filter = append(filter, member{"resourceSubscriptions", marshal(p.resources)})
	}
	return filter, p.changed
}

// subscription is one subscriptions/listen.
func (p *statelessPeer) subscription(ctx context.Context, t *Target, filter []member, to sink) *Error {
	id, _, forget := p.expect()
	defer forget()
	m := &Message{ID: id, Method: "subscriptions/listen"}
	a := asking{upstream: t.Upstream, limit: p.limit, id: id, header: Mirror(m, V20260728)}
	a.body = request(id, m.Method, object(p.withMeta([]member{{"notifications", object(filter)}})))
	a.to = func(n *Message) error {
		if n.IsNotification() && n.Method != "notifications/subscriptions/acknowledged" {
			return to(n)
		}
		return nil
	}
	reply, e := a.do(ctx, false)
	if e == nil && reply.Error != nil && string(find(reply.Error, "code")) == strconv.Itoa(CodeMethodNotFound) {
		return refuse(0, CodeMethodNotFound, "the server has no subscriptions")
	}
	return e
}

func (p *statelessPeer) close() {}

func orEmpty(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("{}")
	}
	return raw
}
