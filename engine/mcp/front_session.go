package mcp

import (
	"context"
	"io"
	"sync"
)

// maxRunning bounds the requests that run at a time in one session.
const maxRunning = 64

// session is a client's, from its initialize (or the opening of its HTTP+SSE stream) on.
type session struct {
	usage
	peer peer // of HTTP+SSE clients nil before initialize; guarded by mu
	ctx  context.Context
	stop context.CancelFunc

	mu        sync.Mutex
	running   int
	listening context.CancelFunc // ends the client's present stream for what comes unasked
	stream    *io.PipeWriter     // of HTTP+SSE clients
}

// newSession is a session in use until release is called.
func (b *Bridge) newSession(user string, p peer) (s *session, release func(), e *Error) {
	s = &session{peer: p}
	s.id, s.user = newID(), user
	s.ctx, s.stop = context.WithCancel(context.Background())
	b.mu.Lock()
	e = b.admit(user)
	if e == nil {
		b.sessions[s.id] = s
		release = b.holdLocked(s)
	}
	b.mu.Unlock()
	if e != nil {
		s.stop()
		return nil, nil, e
	}
	return s, release, nil
}

func (s *session) end() {
	s.stop()
	s.mu.Lock()
	p, stream := s.peer, s.stream
	s.mu.Unlock()
	if stream != nil {
		stream.CloseWithError(io.EOF)
	}
	if p != nil {
		p.close()
	}
}

// begin counts a running request.
func (s *session) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == maxRunning {
		return false
	}
	s.running++
	return true
}

func (s *session) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
}

func (s *session) behind() peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peer
}

// find is the session of an id, held in use; nil if there is none or it is another user's.
func (b *Bridge) find(user, id string) (s *session, release func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s = b.sessions[id]
	if s == nil || s.user != user {
		return nil, nil
	}
	return s, b.holdLocked(s)
}

// serveSession answers clients of the revisions with sessions.
func (b *Bridge) serveSession(ctx context.Context, r *Request, t *Target) *Response {
	m := r.Message
	id, e := single(r.Values, HeaderSession)
	if e != nil {
		return refused(r.Version, nil, e)
	}
	if r.HTTPMethod == "POST" {
		if m == nil {
			return refused(r.Version, nil, refuse(400, CodeInvalidRequest, "Invalid request: a POST needs a message"))
		}
		if m.Method == "initialize" && m.IsRequest() {
			return b.initialize(ctx, r, t)
		}
	}
	if id == "" {
		return refused(r.Version, requestID(m), refuse(400, CodeInvalidRequest, "Invalid request: %s is missing; initialize begins a session", HeaderSession))
	}
	s, release := b.find(r.User, id)
	if s == nil {
		return refused(r.Version, requestID(m), errSessionOver())
	}
	switch r.HTTPMethod {
	case "POST":
		if m.IsRequest() {
			return b.ask(ctx, s, release, r, t)
		}
		defer release()
		return told(s.behind().tell(ctx, t, m))
	case "GET":
		if !accepts(r.Values, typeStream) {
			release()
			return &Response{Status: 406}
		}
		return b.stream(ctx, s, release, t)
	case "DELETE":
		release()
		b.drop(s)
		return &Response{Status: 204}
	}
	release()
	return notAllowed("GET, POST, DELETE")
}

// told is the answer to a notification or an answer.
func told(e *Error) *Response {
	switch {
	case e == nil:
		return &Response{Status: 202}
	case e.Status == 0:
		return jsonResponse(502, e.Body(nil))
	}
	return jsonResponse(e.Status, e.Body(nil))
}

func requestID(m *Message) []byte {
	if m == nil {
		return nil
	}
	return m.ID
}

// initialize begins a session.
func (b *Bridge) initialize(ctx context.Context, r *Request, t *Target) *Response {
	p, e := b.newPeer(t)
	if e != nil {
		return refused(r.Version, r.Message.ID, e)
	}
	s, release, e := b.newSession(r.User, p)
	if e != nil {
		return refused(r.Version, r.Message.ID, e)
	}
	defer release()
	a, e := p.ask(ctx, t, r.Message, nil)
	if e != nil || a.Result == nil {
		b.drop(s)
		if e != nil {
			return refused(r.Version, r.Message.ID, e)
		}
		return jsonResponse(200, a.Raw)
	}
	resp := jsonResponse(200, a.Raw)
	resp.Header = append(resp.Header, [2]string{HeaderSession, s.id})
	return resp
}

// ask answers a request within a session.
func (b *Bridge) ask(ctx context.Context, s *session, release func(), r *Request, t *Target) *Response {
	if !s.begin() {
		release()
		return refused(r.Version, r.Message.ID, refuse(429, CodeInternal, "too many requests of this session are running"))
	}
	return serveStream(ctx, r.Values, func(ctx context.Context, send func([]byte) error) reply {
		defer release()
		defer s.done()
		ctx, cancel := both(ctx, s.ctx)
		defer cancel()
		var to sink
		if send != nil {
			to = func(m *Message) error { return send(m.Raw) }
		}
		a, e := b.answer(ctx, s.behind(), r.Message, t, to)
		if e != nil {
			if e.Status == 404 {
				b.drop(s)
			}
			return reply{statusOf(e, r.Version), e.Body(r.Message.ID)}
		}
		return reply{200, a.Raw}
	})
}

// answer asks, and makes of the answer what the client may have: lists of tools are without
// those that are not shown, and an error that is about no request is about this one.
func (b *Bridge) answer(ctx context.Context, p peer, m *Message, t *Target, to sink) (*Message, *Error) {
	a, e := p.ask(ctx, t, m, to)
	if e == nil && m.Method == "tools/list" && a.Result != nil && t.Tools != nil {
		result, err := FilterTools(a.Result, t.Tools)
		if err != nil {
			return nil, unreachable("sends a list of tools that cannot be read")
		}
		a = answer(a.ID, result)
	}
	if e == nil && a.ID == nil {
		b := append([]byte(`{"jsonrpc":"2.0","id":`), m.ID...)
		b = append(append(b, `,"error":`...), a.Error...)
		a = &Message{Raw: append(b, '}'), ID: m.ID, Error: a.Error}
	}
	return a, e
}

// both is ctx, ended as well when other does.
func both(ctx, other context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(other, cancel)
	return ctx, func() { stop(); cancel() }
}

// stream is the stream of a GET: what the server says unasked. A new one takes over from
// the one before, which may be dead without anyone having noticed.
func (b *Bridge) stream(ctx context.Context, s *session, release func(), t *Target) *Response {
	ctx, cancel := both(ctx, s.ctx)
	s.mu.Lock()
	if s.listening != nil {
		s.listening()
	}
	s.listening = cancel
	s.mu.Unlock()
	read, write := io.Pipe()
	context.AfterFunc(ctx, func() { write.CloseWithError(io.EOF) })
	go func() {
		defer release()
		s.behind().listen(ctx, t, func(m *Message) error {
			_, err := write.Write(message(m.Raw))
			return err
		})
		<-ctx.Done() // a server without a stream has nothing to say; that is no reason to hang up
	}()
	return streamResponse(&ending{read, cancel})
}
