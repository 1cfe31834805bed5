package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"time"
)

// peer is what stands behind one session of the old kind: a server of any era, or a
// Handler. The first request it is asked is initialize. Requests may be asked at the same
// time.
type peer interface {
	// ask asks a request and is its answer. What the server says in relation to it before,
	// notifications and requests of its own, is given to to, in order; tell brings the
	// answers. It returns when ctx ends, but does not tell the server that it did unless
	// that is how the server's era cancels.
	ask(ctx context.Context, t *Target, m *Message, to sink) (*Message, *Error)
	// tell sends on a notification or an answer.
	tell(ctx context.Context, t *Target, m *Message) *Error
	// listen passes on what the server says unasked until ctx ends; errNotOffered if it
	// never will.
	listen(ctx context.Context, t *Target, to sink) error
	// close ends the session, the server's as well where it knows one: that may take as
	// long as farewell.
	close()
}

// sink takes a message of the server. An error says that it was not taken.
type sink func(m *Message) error

var errNotOffered = errors.New("the server offers no stream of its own")

// newPeer takes what a Target has, where it is several things the one that keeps most of
// the meaning.
func (b *Bridge) newPeer(t *Target) (peer, *Error) {
	switch {
	case t.Handler != nil:
		return &handlerPeer{}, nil
	case t.Server.Stateless:
		return newStatelessPeer(b.limit), nil
	case t.Server.Sessions:
		return &sessionPeer{limit: b.limit}, nil
	case t.Server.SSE:
		return newSSEPeer(b.limit, b.base), nil
	}
	return nil, unreachable("speaks no revision the gateway knows")
}

// unreachable is all that is said about an answer that did not come or cannot be read. It
// has no HTTP status of its own: clients show what is wrong only if it comes as an answer.
func unreachable(what string) *Error { return refuse(0, CodeInternal, "the MCP server %s", what) }

func contextError(ctx context.Context) *Error {
	if ctx.Err() != nil {
		return refuse(0, CodeInternal, "the request was cancelled")
	}
	return nil
}

// idKey makes ids comparable that may be written in several ways.
func idKey(id json.RawMessage) string {
	if s, err := text(id); err == nil {
		return "s" + s
	}
	return "n" + strings.TrimSpace(string(id))
}

// asking is a request and what was learned on the way of its answer.
type asking struct {
	upstream Upstream
	limit    int
	header   [][2]string // beside Content-Type and Accept
	within   bool        // of a session: 404 says that it is over, whatever is in the body
	body     []byte
	id       json.RawMessage
	to       sink

	status  int    // of the answer's head
	session string // Mcp-Session-Id of the answer's head
	lastID  string // of the last event that had one
	retry   time.Duration
}

// do posts the request and waits for its answer. Streams that end early can be resumed
// where events had ids and resume is set ("Resumability and Redelivery").
func (a *asking) do(ctx context.Context, resume bool) (*Message, *Error) {
	r, err := a.upstream.Do(ctx, "POST", "", append([][2]string{
		{"Content-Type", typeJSON}, {"Accept", typeJSON + ", " + typeStream}}, a.header...), a.body)
	const most = 5 // resumptions in a row that bring nothing
	resumed := false
	for idle := 0; ; idle++ {
		if err != nil {
			if e := contextError(ctx); e != nil {
				return nil, e
			}
			return nil, unreachable("cannot be reached")
		}
		if !resumed {
			a.status, a.session = r.Status, r.header(HeaderSession)
		}
		before := a.lastID
		m, e := a.read(r)
		r.close()
		if e != nil && resumed && e.Status == 404 {
			e = unreachable("ended its answer before it was complete") // but it had begun with the request
		}
		if m != nil || e != nil {
			return m, e
		}
		if e := contextError(ctx); e != nil {
			return nil, e
		}
		if a.lastID != before {
			idle = 0
		}
		if !resume || a.lastID == "" || idle == most {
			return nil, unreachable("ended its answer before it was complete")
		}
		select {
		case <-time.After(min(max(a.retry, 100*time.Millisecond), time.Minute)):
		case <-ctx.Done():
			return nil, contextError(ctx)
		}
		resumed = true
		r, err = a.upstream.Do(ctx, "GET", "", append([][2]string{
			{"Accept", typeStream}, {"Last-Event-ID", a.lastID}}, a.header...), nil)
	}
}

// maxEventID bounds the event ids that streams are resumed with.
const maxEventID = 1024

// read is the answer in a response; neither answer nor error if it is a stream without.
func (a *asking) read(r *Response) (*Message, *Error) {
	if a.within && r.Status == 404 {
		return nil, errSessionOver()
	}
	switch r.mediaType() {
	case typeJSON:
		body, err := io.ReadAll(io.LimitReader(r.reader(), int64(a.limit)+1))
		if err != nil {
			return nil, unreachable("broke off its answer")
		}
		if len(body) > a.limit {
			return nil, unreachable("answers with more than the gateway takes")
		}
		m, e := Parse(body)
		if e != nil || !m.IsAnswer() || m.ID != nil && idKey(m.ID) != idKey(a.id) {
			break
		}
		return m, nil
	case typeStream:
		if r.Status != 200 {
			break
		}
		for events := NewEvents(r.reader(), a.limit); ; {
			e, err := events.Next()
			if err == ErrEventTooLong {
				return nil, unreachable("answers with more than the gateway takes")
			}
			if err != nil {
				return nil, nil
			}
			if e.ID != "" && len(e.ID) <= maxEventID && plain(e.ID) { // it goes into a header field
				a.lastID = e.ID
			}
			if e.Retry > 0 {
				a.retry = time.Duration(e.Retry) * time.Millisecond
			}
			if e.Data == "" || e.Name != "" && e.Name != "message" {
				continue
			}
			m, bad := Parse([]byte(e.Data))
			switch {
			case bad != nil:
				return nil, unreachable("sends messages that are none")
			case !m.IsAnswer():
				if a.to != nil {
					a.to(m) // whether it was taken is for the one who asked to say
				}
			case m.ID == nil || idKey(m.ID) == idKey(a.id):
				return m, nil
			}
		}
	}
	if r.Status == 404 {
		return nil, errSessionOver()
	}
	if r.Status/100 == 2 {
		return nil, unreachable("answers with something that is no answer")
	}
	return nil, answeredWith(r)
}

func answeredWith(r *Response) *Error {
	return refuse(0, CodeInternal, "the MCP server answered with HTTP status %d", r.Status)
}

// errSessionOver is the answer to ids of sessions that there are not, or that are somebody
// else's.
func errSessionOver() *Error {
	return refuse(404, CodeInvalidRequest, "there is no such session; initialize begins a new one")
}

// running are the requests that a notifications/cancelled can end.
type running struct {
	mu   sync.Mutex
	ends map[string]context.CancelFunc
}

// begin derives the context of a request; done must be called at its end.
func (r *running) begin(ctx context.Context, id json.RawMessage) (inner context.Context, done func()) {
	ctx, cancel := context.WithCancel(ctx)
	key := idKey(id)
	r.mu.Lock()
	if r.ends == nil {
		r.ends = map[string]context.CancelFunc{}
	}
	r.ends[key] = cancel
	r.mu.Unlock()
	return ctx, func() {
		r.mu.Lock()
		delete(r.ends, key)
		r.mu.Unlock()
		cancel()
	}
}

func (r *running) cancelled(m *Message) {
	id := find(m.Params, "requestId")
	if id == nil {
		return
	}
	r.mu.Lock()
	cancel := r.ends[idKey(id)]
	r.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// handlerPeer is a Handler behind a client with one stream.
type handlerPeer struct {
	running
	version string // written by initialize, before there are other requests
}

func (p *handlerPeer) ask(ctx context.Context, t *Target, m *Message, to sink) (*Message, *Error) {
	if t.Handler == nil {
		return nil, unreachable("is another than when this session began")
	}
	if m.Method == "initialize" {
		p.version = negotiated(m.Version)
	}
	if e := checkEra(p.version, m); e != nil {
		return nil, e
	}
	ctx, done := p.begin(ctx, m.ID)
	defer done()
	result, e := t.Handler.Answer(ctx, p.version, m, notifier(func(raw []byte) error {
		n, e := Parse(raw)
		if e != nil {
			return e
		}
		return to(n)
	}))
	if e != nil {
		return nil, e
	}
	return answer(m.ID, result), nil
}

func (p *handlerPeer) tell(_ context.Context, _ *Target, m *Message) *Error {
	if m.Method == "notifications/cancelled" {
		p.cancelled(m)
	}
	return nil
}

func (p *handlerPeer) listen(context.Context, *Target, sink) error { return errNotOffered }

func (p *handlerPeer) close() {}

// answer is the message that answers id with result.
func answer(id, result json.RawMessage) *Message {
	return &Message{Raw: resultBody(id, result), ID: id, Result: result}
}
