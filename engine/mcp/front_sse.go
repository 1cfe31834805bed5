package mcp

import (
	"context"
	"io"
	"net/url"
	"strings"
)

// Open answers the GET of an HTTP+SSE client (2024-11-05): a stream that is the session,
// and whose first event says where to post to: messages, the path of that endpoint as the
// client sees it, with the session's id as sessionId.
func (b *Bridge) Open(ctx context.Context, r *Request, t *Target, messages string) *Response {
	if r.HTTPMethod != "GET" {
		return notAllowed("GET")
	}
	if !accepts(r.Values, typeStream) {
		return &Response{Status: 406}
	}
	s, release, e := b.newSession(r.User, nil)
	if e != nil {
		return refused(V20241105, nil, e)
	}
	read, write := io.Pipe()
	s.mu.Lock()
	s.stream = write
	s.mu.Unlock()
	// The session lives as long as its stream, which is one use of it.
	over := func() {
		release()
		b.drop(s)
	}
	stop := context.AfterFunc(ctx, over)
	glue := "?"
	if strings.Contains(messages, "?") {
		glue = "&"
	}
	go write.Write(AppendEvent(nil, &Event{Name: "endpoint", Data: messages + glue + "sessionId=" + url.QueryEscape(s.id)}))
	return streamResponse(&ending{read, func() { stop(); over() }})
}

// Message answers a POST of an HTTP+SSE client: 202, and what there is to answer on the
// session's stream. sessionID is from the URL.
func (b *Bridge) Message(ctx context.Context, r *Request, t *Target, sessionID string) *Response {
	if r.HTTPMethod != "POST" {
		return notAllowed("POST")
	}
	m := r.Message
	s, release := b.find(r.User, sessionID)
	if s == nil || s.stream == nil {
		if release != nil {
			release()
		}
		return refused(V20241105, requestID(m), errSessionOver())
	}
	if m == nil {
		release()
		return refused(V20241105, nil, refuse(400, CodeInvalidRequest, "Invalid request: a POST needs a message"))
	}
	p := s.behind()
	if m.Method == "initialize" && m.IsRequest() {
		var e *Error
		if p, e = b.behindStream(s, t); e != nil {
			release()
			return refused(V20241105, m.ID, e)
		}
	}
	if p == nil {
		release()
		return refused(V20241105, m.ID, refuse(400, CodeInvalidRequest, "Invalid request: the first request of a session is initialize"))
	}
	if !m.IsRequest() {
		defer release()
		return told(p.tell(ctx, t, m))
	}
	if !s.begin() {
		release()
		return refused(V20241105, m.ID, refuse(429, CodeInternal, "too many requests of this session are running"))
	}
	go func() {
		defer release()
		defer s.done()
		to := func(m *Message) error {
			_, err := s.stream.Write(message(m.Raw))
			return err
		}
		body := []byte(nil)
		a, e := b.answer(s.ctx, p, m, t, to)
		if e != nil {
			body = e.Body(m.ID)
		} else {
			body = a.Raw
		}
		s.stream.Write(message(body))
		if e == nil && a.Result != nil && m.Method == "initialize" {
			go p.listen(s.ctx, t, to)
		}
	}()
	return &Response{Status: 202}
}

// behindStream makes what stands behind a session, at its initialize.
func (b *Bridge) behindStream(s *session, t *Target) (peer, *Error) {
	p, e := b.newPeer(t)
	if e != nil {
		return nil, e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peer != nil {
		p.close()
		return nil, refuse(400, CodeInvalidRequest, "Invalid request: this session was initialized before")
	}
	if s.ctx.Err() != nil {
		p.close()
		return nil, errSessionOver()
	}
	s.peer = p
	return p, nil
}
