package mcp

import (
	"context"
	"net/url"
	"sync"
)

// ssePeer is a server of 2024-11-05: one stream on which everything comes, opened before
// initialize and kept for the whole session, and a URL to post to that the stream names.
type ssePeer struct {
	limit  int
	base   *url.URL
	ctx    context.Context // the session's
	cancel context.CancelFunc

	mu       sync.Mutex
	opened   bool
	target   string // what to post to
	pending  map[string]*awaited
	unasked  map[*listener]struct{}
	upstream Upstream // the last one that was used
}

// awaited is a request the server has not answered yet.
type awaited struct {
	to       sink
	progress string // the key of its progress token, "" if it has none
	answer   chan *Message
}

type listener struct{ to sink }

func newSSEPeer(limit int, base *url.URL) *ssePeer {
	p := &ssePeer{limit: limit, base: base, pending: map[string]*awaited{}, unasked: map[*listener]struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// open opens the stream and waits for the event that says where to post.
func (p *ssePeer) open(ctx context.Context, t *Target) *Error {
	p.mu.Lock()
	opened := p.opened
	p.opened, p.upstream = true, t.Upstream
	p.mu.Unlock()
	if opened {
		return nil
	}
	stop := context.AfterFunc(ctx, p.cancel) // until it is open, who waits decides
	defer stop()
	target, r, events, e := openSSE(p.ctx, t.Upstream, p.base, p.limit)
	if e != nil {
		p.cancel()
		return e
	}
	p.mu.Lock()
	p.target = target
	p.mu.Unlock()
	go p.dispatch(r, events)
	return nil
}

// openSSE asks for the stream of an HTTP+SSE server and reads its first event, endpoint,
// which must lead to where the stream came from: whoever controls it gets what policies
// have added to requests.
func openSSE(ctx context.Context, u Upstream, base *url.URL, limit int) (target string, r *Response, events *Events, e *Error) {
	r, err := u.Do(ctx, "GET", "", [][2]string{{"Accept", typeStream}}, nil)
	if err != nil {
		return "", nil, nil, unreachable("cannot be reached")
	}
	if r.Status != 200 || r.mediaType() != typeStream {
		r.close()
		return "", nil, nil, answeredWith(r)
	}
	events = NewEvents(r.reader(), limit)
	first, err := events.Next()
	if err != nil || first.Name != "endpoint" {
		r.close()
		return "", nil, nil, unreachable("does not say where to post to")
	}
	target, ok := sameOrigin(base, first.Data)
	if !ok {
		r.close()
		return "", nil, nil, unreachable("names an endpoint on another origin, which is refused")
	}
	return target, r, events, nil
}

// dispatch gives what comes on the stream to those it is for, until the stream ends.
func (p *ssePeer) dispatch(r *Response, events *Events) {
	stop := context.AfterFunc(p.ctx, r.close)
	defer stop()
	defer r.close()
	defer p.cancel()
	for {
		e, err := events.Next()
		if err != nil {
			return
		}
		if e.Name != "" && e.Name != "message" {
			continue
		}
		m, bad := Parse([]byte(e.Data))
		if bad != nil {
			return // what comes after would be answered by guesswork
		}
		if m.IsAnswer() {
			p.mu.Lock()
			w := p.pending[idKey(m.ID)]
			p.mu.Unlock()
			if w != nil {
				select {
				case w.answer <- m:
				default: // a second answer
				}
			}
			continue
		}
		if !p.route(m) && m.IsRequest() {
			p.mu.Lock()
			t := &Target{Upstream: p.upstream}
			p.mu.Unlock()
			p.tell(p.ctx, t, notTaken(m))
		}
	}
}

// route finds out which request a message of the server belongs to, for nothing in this
// revision says: the one with its progress token, else the only one there is; what belongs
// to none is for who listens.
func (p *ssePeer) route(m *Message) (taken bool) {
	token := ""
	if m.Method == "notifications/progress" {
		if raw := find(m.Params, "progressToken"); raw != nil {
			token = idKey(raw)
		}
	}
	var sinks []sink
	p.mu.Lock()
	for _, w := range p.pending {
		if token == "" && len(p.pending) == 1 && !unrelated(m.Method) || token != "" && w.progress == token {
			sinks = append(sinks, w.to)
		}
	}
	if sinks == nil {
		for l := range p.unasked {
			sinks = append(sinks, l.to)
		}
	}
	p.mu.Unlock()
	for _, to := range sinks {
		if to != nil && to(m) == nil {
			taken = true
			if m.IsRequest() {
				return true // asked once
			}
		}
	}
	return taken
}

// unrelated are the notifications that never are about a request.
func unrelated(method string) bool {
	switch method {
	case "notifications/tools/list_changed", "notifications/prompts/list_changed",
		"notifications/resources/list_changed", "notifications/resources/updated":
		return true
	}
	return false
}

func (p *ssePeer) ask(ctx context.Context, t *Target, m *Message, to sink) (*Message, *Error) {
	if m.Method == "initialize" {
		if e := p.open(ctx, t); e != nil {
			return nil, e
		}
	}
	w := &awaited{to: to, answer: make(chan *Message, 1)}
	if token := find(m.meta, "progressToken"); token != nil {
		w.progress = idKey(token)
	}
	key := idKey(m.ID)
	p.mu.Lock()
	if p.pending[key] != nil {
		p.mu.Unlock()
		return nil, refuse(400, CodeInvalidRequest, "Invalid request: a request with this id is still running")
	}
	p.pending[key] = w
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.pending, key)
		p.mu.Unlock()
	}()
	if e := p.tell(ctx, t, m); e != nil {
		return nil, e
	}
	select {
	case a := <-w.answer:
		return a, nil
	case <-ctx.Done():
		return nil, contextError(ctx)
	case <-p.ctx.Done():
	}
	select {
	case a := <-w.answer:
		return a, nil
	default:
		return nil, unreachable("has closed its stream")
	}
}

func (p *ssePeer) tell(ctx context.Context, t *Target, m *Message) *Error {
	if p.ctx.Err() != nil {
		return errSessionOver()
	}
	p.mu.Lock()
	target := p.target
	p.upstream = t.Upstream
	p.mu.Unlock()
	r, err := t.Upstream.Do(ctx, "POST", target, [][2]string{{"Content-Type", typeJSON}}, m.Raw)
	return accepted(r, err)
}

func (p *ssePeer) listen(ctx context.Context, _ *Target, to sink) error {
	l := &listener{to}
	p.mu.Lock()
	p.unasked[l] = struct{}{}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.unasked, l)
		p.mu.Unlock()
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

func (p *ssePeer) close() { p.cancel() }
