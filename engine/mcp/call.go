package mcp

import (
	"context"
	"encoding/json"
	"strconv"
	"time"
)

// call is a request of a stateless client to a server with sessions. It outlives the HTTP
// request that began it where the server asks something of the client in the middle: then
// the client is told input_required, the call waits in the Bridge under the requestState,
// and the client's next request goes on with it.
type call struct {
	bridge       *Bridge
	pooled       *pooled
	release      func()
	user         string
	method, name string
	capabilities string
	ctx          context.Context
	cancel       context.CancelFunc
	id           json.RawMessage // towards the server
	from         chan *Message   // what the server says before it answers
	answered     chan outcome
	renewed      bool // it was asked of a second session, the first being over
	target       *Target
	since        time.Time // when it was suspended; guarded by the Bridge

	asked map[string]*Message // the server's open requests, by the key in inputRequests
	keys  int
}

type outcome struct {
	answer *Message
	e      *Error
}

// waiting is how many messages of a server may wait for a client that is not there.
const waiting = 64

func newCall(b *Bridge, p *pooled, r *Request, release func()) *call {
	m := r.Message
	c := &call{bridge: b, pooled: p, release: release, user: r.User, method: m.Method, name: m.Name, id: p.number(),
		from: make(chan *Message, waiting), answered: make(chan outcome, 1), asked: map[string]*Message{}}
	c.capabilities = string(find(m.meta, MetaCapabilities))
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// serve asks the server, or goes on where the call was suspended, until there is an answer
// of either kind. The client leaving cancels.
func (c *call) serve(ctx context.Context, r *Request, t *Target, again bool) *Response {
	c.target = t
	if !again {
		if e := c.send(r); e != nil {
			c.over()
			return refused(r.Version, r.Message.ID, e)
		}
	}
	return serveStream(ctx, r.Values, func(ctx context.Context, send func([]byte) error) reply {
		if again {
			if out := c.resume(ctx, r); out != nil {
				return *out
			}
		}
		return c.wait(ctx, r, send)
	})
}

// send sends the client's request as the server's revision has it.
func (c *call) send(r *Request) *Error {
	params, _ := legacyParams(r.Message, c.id)
	m, e := Parse(request(c.id, c.method, params))
	if e != nil {
		return e
	}
	p, t := c.pooled.peer, c.target
	go func() {
		a, e := c.bridge.answer(c.ctx, p, m, t, c.take)
		c.answered <- outcome{a, e}
	}()
	return nil
}

// renew sends the request in a new session, where the server has forgotten the one it was
// sent in, and so has not begun with it.
func (c *call) renew(ctx context.Context, r *Request) bool {
	if c.renewed {
		return false
	}
	c.renewed = true
	c.bridge.drop(c.pooled)
	p, release, e := c.bridge.pool(ctx, r, c.target)
	if e != nil {
		return false
	}
	c.release()
	c.pooled, c.release, c.id = p, release, p.number()
	return c.send(r) == nil
}

// over ends the call for good.
func (c *call) over() {
	c.cancel()
	c.release()
}

// abandon is over for a call whose answer nobody waits for: the server is told.
func (c *call) abandon() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	params := object([]member{{"requestId", c.id}, {"reason", json.RawMessage(`"the client has gone"`)}})
	c.pooled.peer.tell(ctx, c.target, &Message{Raw: notification("notifications/cancelled", params), Method: "notifications/cancelled", Params: params})
	for _, m := range c.asked {
		c.pooled.peer.tell(ctx, c.target, notTaken(m))
	}
	c.over()
}

// take is the sink of what the server says: it waits while the client is slow, but not for
// one that was sent away to gather input.
func (c *call) take(m *Message) error {
	select {
	case c.from <- m:
		return nil
	default:
	}
	select {
	case c.from <- m:
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

// wait passes on what the server says until it answers, or asks.
func (c *call) wait(ctx context.Context, r *Request, send func([]byte) error) reply {
	_, token := legacyParams(r.Message, c.id)
	logs := find(r.Message.meta, MetaLogLevel) != nil
	for {
		select {
		case m := <-c.from:
			if out := c.said(m, token, logs, r, send); out != nil {
				return *out
			}
		case o := <-c.answered:
			if o.e != nil && o.e.Status == 404 && c.renew(ctx, r) {
				continue
			}
			for len(c.from) > 0 {
				if m := <-c.from; m.IsNotification() {
					c.said(m, token, logs, r, send)
				}
			}
			c.over()
			return c.final(r, o)
		case <-ctx.Done():
			c.abandon()
			e := contextError(ctx)
			return reply{statusOf(e, r.Version), e.Body(r.Message.ID)}
		}
	}
}

// said is one message of the server; the reply is there where it ends this request.
func (c *call) said(m *Message, token json.RawMessage, logs bool, r *Request, send func([]byte) error) *reply {
	if m.IsNotification() {
		switch {
		case send == nil || m.Method == "notifications/message" && !logs:
		case m.Method == "notifications/progress":
			if token == nil {
				return nil
			}
			params, err := members(m.Params)
			if err == nil {
				send(notification(m.Method, object(set(params, "progressToken", token))))
			}
		case m.Method == "notifications/message":
			send(m.Raw)
		}
		return nil
	}
	if !c.ask(m) {
		return nil
	}
	for len(c.from) > 0 { // what it asks as well, at the same time
		if m := <-c.from; m.IsRequest() {
			c.ask(m)
		}
	}
	out := c.suspend(r)
	return &out
}

// ask notes what the server asks; it is not ok, and the server is told why, where the
// client cannot be asked that.
func (c *call) ask(m *Message) (ok bool) {
	var e *Error
	capability := inputs[m.Method]
	switch {
	case m.Method == "ping":
		c.tell(&Message{Raw: resultBody(m.ID, json.RawMessage("{}")), ID: m.ID})
		return false
	case capability == "":
		e = refuse(0, CodeMethodNotFound, "clients of %s cannot be asked %s", V20260728, m.Method)
	case nameKeyOf(c.method) == "":
		e = refuse(0, CodeInvalidRequest, "clients of %s can be asked something only while tools/call, prompts/get or resources/read runs, not %s", V20260728, c.method)
	case find(json.RawMessage(c.capabilities), capability) == nil:
		e = refuse(0, CodeMethodNotFound, "the client has not declared the capability %s", capability)
	default:
		c.keys++
		c.asked["input-"+strconv.Itoa(c.keys)] = m
		return true
	}
	c.tell(&Message{Raw: e.Body(m.ID), ID: m.ID})
	return false
}

func (c *call) tell(m *Message) {
	ctx, cancel := context.WithTimeout(c.ctx, time.Minute)
	defer cancel()
	c.pooled.peer.tell(ctx, c.target, m)
}

// suspend answers what the client is to bring, and keeps the call until it does.
func (c *call) suspend(r *Request) reply {
	var requests []member
	for i := 1; i <= c.keys; i++ {
		key := "input-" + strconv.Itoa(i)
		m := c.asked[key]
		if m == nil {
			continue
		}
		params, _ := members(orEmpty(m.Params))
		if m.Method == "elicitation/create" {
			params = set(params, "elicitationId", nil) // gone in 2026-07-28: the retry tells
			if lookup(params, "mode") == nil {
				params = set(params, "mode", json.RawMessage(`"form"`))
			}
		}
		if meta, err := members(lookup(params, "_meta")); err == nil {
			params = set(params, "_meta", object(set(meta, "progressToken", nil)))
		}
		requests = append(requests, member{key, object([]member{{"method", marshal(m.Method)}, {"params", object(params)}})})
	}
	b, state := c.bridge, newID()
	b.mu.Lock()
	closed, full := b.closed, len(b.calls) >= b.most || b.waiting[c.user] >= b.mostOne
	if !closed && !full {
		c.since = time.Now()
		b.calls[state] = c
		b.waiting[c.user]++
	}
	b.mu.Unlock()
	if closed || full {
		c.abandon()
		e := refuse(503, CodeInternal, "too many requests wait for input")
		return reply{e.Status, e.Body(r.Message.ID)}
	}
	return reply{200, resultBody(r.Message.ID, object([]member{
		{"resultType", json.RawMessage(`"input_required"`)}, {"inputRequests", object(requests)}, {"requestState", marshal(state)}}))}
}

// suspended takes the call out that a request of the same user, for the same thing, goes on
// with.
func (b *Bridge) suspended(r *Request, state string) *call {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.calls[state]
	if c == nil || c.user != r.User || c.method != r.Message.Method || c.name != r.Message.Name {
		return nil
	}
	return b.takeCall(state)
}

// takeCall takes a call that waits out of the books. b.mu is held.
func (b *Bridge) takeCall(state string) *call {
	c := b.calls[state]
	delete(b.calls, state)
	if b.waiting[c.user]--; b.waiting[c.user] <= 0 {
		delete(b.waiting, c.user)
	}
	return c
}

// resume gives the server what the client has brought; the reply is there where something
// is still missing.
func (c *call) resume(ctx context.Context, r *Request) *reply {
	responses, err := members(orEmpty(find(r.Message.Params, "inputResponses")))
	if err != nil {
		out := c.suspend(r)
		return &out
	}
	for key, m := range c.asked {
		result := lookup(responses, key)
		if len(result) == 0 || result[0] != '{' {
			continue
		}
		delete(c.asked, key)
		if e := c.pooled.peer.tell(ctx, c.target, answer(m.ID, result)); e != nil {
			c.over()
			return &reply{statusOf(e, r.Version), e.Body(r.Message.ID)}
		}
	}
	if len(c.asked) > 0 {
		out := c.suspend(r)
		return &out
	}
	return nil
}

// final is the server's answer as the client's revision has it.
func (c *call) final(r *Request, o outcome) reply {
	m := r.Message
	if o.e != nil {
		if o.e.Status == 404 { // the next request begins a new one
			c.bridge.drop(c.pooled)
			o.e = unreachable("has ended the session")
		}
		return reply{statusOf(o.e, r.Version), o.e.Body(m.ID)}
	}
	if o.answer.Result != nil {
		return reply{200, resultBody(m.ID, completed(r.Version, m.Method, o.answer.Result))}
	}
	e := &Error{Message: str(find(o.answer.Error, "message")), Data: find(o.answer.Error, "data")}
	e.Code, _ = strconv.Atoi(string(find(o.answer.Error, "code")))
	if e.Code == codeResourceNotFound {
		e.Code = CodeInvalidParams
	}
	return reply{statusOf(e, r.Version), e.Body(m.ID)}
}

// codeResourceNotFound is -32602 from 2026-07-28 on ("Error Codes").
const codeResourceNotFound = -32002
