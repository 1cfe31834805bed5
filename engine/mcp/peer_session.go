package mcp

import (
	"context"
	"sync"
	"time"
)

// farewell bounds how long a server is told that something is over.
const farewell = 5 * time.Second

// sessionPeer is a server with sessions over Streamable HTTP.
type sessionPeer struct {
	limit int

	mu           sync.Mutex
	id, version  string   // of the session, from the answer to initialize
	lastUpstream Upstream // what close says goodbye with
}

func (p *sessionPeer) ask(ctx context.Context, t *Target, m *Message, to sink) (*Message, *Error) {
	a := asking{upstream: t.Upstream, limit: p.limit, header: p.header(t), body: m.Raw, id: m.ID, to: to}
	a.within = m.Method != "initialize"
	reply, e := a.do(ctx, true)
	if e != nil || a.within || reply.Result == nil {
		return reply, e
	}
	version := str(find(reply.Result, "protocolVersion"))
	if !known(version) || Stateless(version) {
		return nil, unreachable("speaks no revision the gateway knows")
	}
	p.mu.Lock()
	p.id, p.version = a.session, version
	p.mu.Unlock()
	return reply, nil
}

// header is what every request of the session has.
func (p *sessionPeer) header(t *Target) (h [][2]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastUpstream = t.Upstream
	if p.id != "" {
		h = append(h, [2]string{HeaderSession, p.id})
	}
	if p.version != "" {
		h = append(h, [2]string{HeaderVersion, p.version})
	}
	return h
}

func (p *sessionPeer) tell(ctx context.Context, t *Target, m *Message) *Error {
	r, err := t.Upstream.Do(ctx, "POST", "", append([][2]string{
		{"Content-Type", typeJSON}, {"Accept", typeJSON + ", " + typeStream}}, p.header(t)...), m.Raw)
	return accepted(r, err)
}

// accepted reads the answer to what has none.
func accepted(r *Response, err error) *Error {
	switch {
	case err != nil:
		return unreachable("cannot be reached")
	case r.Status == 404:
		r.close()
		return errSessionOver()
	}
	r.close()
	if r.Status/100 != 2 {
		return answeredWith(r)
	}
	return nil
}

func (p *sessionPeer) listen(ctx context.Context, t *Target, to sink) error {
	h := append([][2]string{{"Accept", typeStream}}, p.header(t)...)
	r, err := t.Upstream.Do(ctx, "GET", "", h, nil)
	if err != nil {
		return err
	}
	defer r.close()
	if r.Status/100 == 4 {
		return errNotOffered
	}
	if r.Status != 200 || r.mediaType() != typeStream {
		return unreachable("has no stream now")
	}
	for events := NewEvents(r.reader(), p.limit); ; {
		e, err := events.Next()
		if err != nil {
			return err
		}
		if m, bad := Parse([]byte(e.Data)); bad == nil && !m.IsAnswer() {
			if to(m) != nil && m.IsRequest() {
				p.tell(ctx, t, notTaken(m))
			}
		}
	}
}

// notTaken is the answer to a server's request that nobody could be asked.
func notTaken(m *Message) *Message {
	e := refuse(0, CodeInternal, "%s cannot be asked of the client now", m.Method)
	return &Message{Raw: e.Body(m.ID), ID: m.ID, Error: e.object()}
}

func (p *sessionPeer) close() {
	p.mu.Lock()
	id, version, upstream := p.id, p.version, p.lastUpstream
	p.id = ""
	p.mu.Unlock()
	if id == "" || upstream == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if r, err := upstream.Do(ctx, "DELETE", "", [][2]string{{HeaderSession, id}, {HeaderVersion, version}}, nil); err == nil {
		r.close()
	}
}
