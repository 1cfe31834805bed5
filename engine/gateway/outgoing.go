package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// outgoing is one request on its way to a backend.
type outgoing struct {
	transport *Transport
	request   *pipeline.Request // its method and header
	url       pipeline.URL
	tls       *BackendTLS
	tlsID     string
	proxy     *pipeline.ProxyOptions
	guard     *pipeline.Guard
	extra     []pipeline.Field // replace the fields of the same name
	forward   *pipeline.Exchange
	keepHost  bool // the header's Host was set on purpose

	wait    time.Duration // for the response's header, once the request is sent
	proceed time.Duration // for 100 Continue before the body is sent; 0: do not ask for it
	upgrade bool          // pass a WebSocket handshake

	present  bool // there is a body
	data     []byte
	stream   io.ReadCloser
	length   int64
	streamed bool // the body was a stream

	// What becomes of it, held here so that a request costs one allocation.
	sender   sender
	call     call
	response backendBody
}

// authenticate has the request present a certificate of its own, nil for none, if it goes by TLS.
func (m *outgoing) authenticate(c *apim.Certificate) {
	if c != nil && (m.url.Scheme == "https" || m.url.Scheme == "wss") {
		m.tls, m.tlsID = m.tls.presenting(c, m.tlsID)
	}
}

// takeBody takes the body over. A stream can be sent once; whoever sends the request
// again finds a body that says so.
func (m *outgoing) takeBody(b *pipeline.Body) {
	m.present = b.Present()
	m.data, m.stream, m.length = b.Take()
	if m.stream != nil {
		m.streamed = true
		b.SetStream(spent{}, m.length)
	}
}

// spent is the body of a request whose stream was sent already.
type spent struct{}

func (spent) Read([]byte) (int, error) {
	return 0, &pipeline.Fault{Status: 500, Reason: pipeline.ReasonInternal, Message: "The request body was streamed to the backend and cannot be sent again; use buffer-request-body to keep it."}
}

func (spent) Close() error { return nil }

// send sends the request, follows redirects if asked to, and fills resp. Errors are
// Faults.
func (m *outgoing) send(ctx context.Context, resp *pipeline.Response, follow bool) error {
	for hops := 0; ; hops++ {
		if err := m.once(ctx, resp); err != nil {
			return err
		}
		if !follow || hops == maxRedirects {
			return nil
		}
		next := m.redirected(resp)
		if next == nil {
			return nil
		}
		resp.Body.Clear()
		m = next
	}
}

// once sends the request to one origin.
func (m *outgoing) once(ctx context.Context, resp *pipeline.Response) error {
	err := m.exchange(ctx, resp)
	if m.stream != nil {
		_ = m.stream.Close()
		m.stream = nil
	}
	return err
}

func (m *outgoing) exchange(ctx context.Context, resp *pipeline.Response) error {
	if !isToken(m.request.Method) {
		return pipeline.Faultf(500, pipeline.ReasonInternal, "the method %q is not a token", m.request.Method)
	}
	o, err := m.transport.origin(&m.url, m.tls, m.tlsID, m.proxy, m.guard)
	if err != nil {
		return &pipeline.Fault{Status: 500, Reason: pipeline.ReasonBackend, Message: err.Error(), Cause: err}
	}
	if err := ctx.Err(); err != nil {
		return fault(ctx, &m.url, err, false)
	}
	wait := m.wait
	if until, ok := ctx.Deadline(); ok {
		wait = max(time.Until(until), time.Millisecond)
	}
	s := &m.sender
	*s = sender{stream: m.stream, mode: bodyNone}
	size := int64(len(m.data))
	if m.stream != nil {
		size = m.length
	}
	done := m.stream == nil && size <= inlineBody
	if !done {
		s.lease(size)
		done, err = m.prepare(o, s)
	}
	a := &m.call
	for attempt := 0; err == nil; {
		var c *backendConn
		if c, err = o.acquire(wait, done); err != nil {
			break
		}
		if s.pooled == nil { // there is a buffer for it once it can be sent, and not before
			s.lease(size)
			_, _ = m.prepare(o, s) // what is in memory is prepared without fail
		}
		*a = call{m: m, conn: c, ctx: ctx, resp: resp}
		if done && c.socket != nil {
			err = a.ask(s)
			if c.unsent == nil {
				if err != nil {
					return a.fail(err)
				}
				return a.receive()
			}
			c.unsent = nil
			a.unbind()
		} else if err = c.write(s.out); err == nil {
			break
		}
		again := c.wrote == 0 && c.uses > 1 && attempt == 0
		c.give(false)
		switch {
		case err == errStale:
			err = nil
		case again:
			err = nil // a kept connection that was gone: nothing was sent
			attempt++
		}
	}
	if err != nil {
		if s.pooled != nil {
			s.release()
		}
		return fault(ctx, &m.url, err, false)
	}
	if done {
		s.release()
	} else {
		s.out, s.to = s.out[:0], a.conn
		a.rest = s
	}
	a.bind()
	return a.receive()
}

// ask sends the whole request and waits for something of the response to come. Afterwards
// c.unsent tells whether it could be sent.
func (a *call) ask(s *sender) error {
	c := a.conn
	a.bind()
	a.asked = true
	c.waiting = untouched
	a.await()
	c.unsent = s
	_, err := c.br.Peek(1)
	return err
}

// inlineBody is how much of a body held in memory goes out in one write with the header.
const inlineBody = 16 << 10

// prepare puts the request's header into the sender, and what can be had of its body
// without waiting, and tells whether that is all.
func (m *outgoing) prepare(o *origin, s *sender) (done bool, err error) {
	s.out = m.appendHead(s.out, o)
	if m.stream == nil {
		first := min(len(m.data), inlineBody)
		s.out = append(s.out, m.data[:first]...)
		if first == len(m.data) {
			return true, nil
		}
		rest := m.data[first:]
		s.stream, s.mode, s.length = bytes.NewReader(rest), bodyLength, int64(len(rest))
		return false, nil
	}
	s.mode, s.length = bodyChunks, m.length
	if m.length >= 0 {
		s.mode = bodyLength
	}
	if b, ok := m.stream.(*requestBody); ok {
		s.trailer = &b.trailer
		if m.proceed == 0 && b.expect {
			if err := b.proceed(); err != nil {
				return false, b.fault(err)
			}
		}
	}
	if m.proceed > 0 {
		return false, nil
	}
	return s.gather()
}

// appendHead appends the request line and the header.
func (m *outgoing) appendHead(b []byte, o *origin) []byte {
	r := m.request
	b = append(b, r.Method...)
	b = append(b, ' ')
	if o.proxy != nil && o.tls == nil {
		b = append(append(append(b, m.url.Scheme...), "://"...), m.url.Host...)
	}
	b = appendTarget(b, m.url.Base)
	b = appendTarget(b, m.url.Path)
	if m.url.Query != "" {
		b = append(b, '?')
		b = appendTarget(b, m.url.Query)
	}
	b = append(b, " HTTP/1.1\r\n"...)

	x := m.forward
	from := r.Header.Block() // the client's, to tell its fields from those of policies
	if !r.Header.Has("Host") {
		b = appendField(b, "Host", m.url.Host, "")
	}
	length := int64(-1)
	if m.present && m.stream == nil {
		length = int64(len(m.data))
	} else if m.present {
		length = m.length
	}
	var forwardedFor, forwardedProto, forwardedHost, wroteLength bool
	fields := r.Header.Fields()
	for i := range fields {
		f := &fields[i]
		if len(m.extra) > 0 && m.replaced(f.Name) {
			continue
		}
		value := f.Value
		switch classify(f.Name) {
		case fieldHost:
			if !m.keepHost && (x == nil || isPiece(f.Name, from)) {
				value = m.url.Host
			}
		case fieldContentLength:
			if wroteLength || length < 0 {
				continue
			}
			wroteLength = true
			b = appendLength(b, f.Name, length)
			continue
		case fieldTransferEncoding, fieldConnection, fieldUpgrade, fieldHopByHop, fieldExpect:
			continue
		case fieldTE:
			if !hasToken(value, "trailers") {
				continue
			}
			value = "trailers"
		case fieldTrailer:
			if m.stream == nil || m.length >= 0 {
				continue
			}
		case fieldForwardedFor:
			if x != nil && isPiece(f.Name, from) {
				if forwardedFor {
					continue
				}
				value = m.forwardedFor()
			}
			forwardedFor = true
		case fieldForwardedProto:
			if x != nil && isPiece(f.Name, from) {
				if forwardedProto {
					continue
				}
				value = x.OriginalURL.Scheme
			}
			forwardedProto = true
		case fieldForwardedHost:
			if x != nil && isPiece(f.Name, from) {
				if forwardedHost {
					continue
				}
				value = x.OriginalURL.Host
			}
			forwardedHost = true
		}
		b = appendField(b, f.Name, value, from)
	}
	for _, f := range m.extra {
		b = appendField(b, f.Name, f.Value, "")
	}
	if x != nil {
		if !forwardedFor && x.ClientIP != "" {
			b = appendField(b, "X-Forwarded-For", x.ClientIP, from)
		}
		if !forwardedProto && x.OriginalURL.Scheme != "" {
			b = appendField(b, "X-Forwarded-Proto", x.OriginalURL.Scheme, from)
		}
		if !forwardedHost && x.OriginalURL.Host != "" {
			b = appendField(b, "X-Forwarded-Host", x.OriginalURL.Host, from)
		}
	}
	switch {
	case !m.present:
	case length < 0:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case !wroteLength:
		b = appendLength(b, "Content-Length", length)
	}
	if m.proceed > 0 {
		b = append(b, "Expect: 100-continue\r\n"...)
	}
	if m.upgrade {
		b = append(b, "Connection: Upgrade\r\nUpgrade: websocket\r\n"...)
	}
	if o.proxy != nil && o.tls == nil && o.proxy.authorization != "" {
		b = appendField(b, "Proxy-Authorization", o.proxy.authorization, "")
	}
	return append(b, '\r', '\n')
}

func (m *outgoing) replaced(name string) bool {
	for i := range m.extra {
		if strings.EqualFold(m.extra[i].Name, name) {
			return true
		}
	}
	return false
}

// forwardedFor is the client's X-Forwarded-For with the client's address at its end.
func (m *outgoing) forwardedFor() string {
	values, _ := m.request.Header.Lookup("X-Forwarded-For")
	return strings.Join(append(values, m.forward.ClientIP), ", ")
}

// appendTarget appends a piece of a request target. It goes byte for byte as it is;
// what would end the request line or is not ASCII is percent-encoded.
func appendTarget(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			b = append(b, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// call is a request that was sent, wholly or in part, and whose response is awaited.
type call struct {
	m      *outgoing
	conn   *backendConn
	ctx    context.Context
	resp   *pipeline.Response
	rest   *sender // of the request's body, so long as its upload has not begun
	upload *upload
	life   *lifeline
	stop   func() bool
	asked  bool // the request is sent, and the response has begun to come
}

// upload sends the rest of a request's body while its response is awaited.
type upload struct {
	sender sender
	client *client // whose body it is, nil for another stream
	conn   *backendConn
	wait   time.Duration
	done   chan struct{}
	err    error // good after done

	mu       sync.Mutex
	answered bool  // the response's header has come
	cause    error // what went wrong with the stream that is sent
}

// bind ties the connection to the context: its end makes everything under way fail.
func (a *call) bind() {
	if l, ok := a.ctx.(*lifeline); ok {
		a.life = l
		l.bind(a.conn)
	} else if a.ctx.Done() != nil {
		a.stop = context.AfterFunc(a.ctx, a.conn.abort)
	}
}

// unbind undoes bind.
func (a *call) unbind() {
	if a.stop != nil {
		a.stop()
	} else if a.life != nil {
		a.life.unbind(a.conn)
	}
}

// answered ends the binding to the context of the call, which bounds it up to the
// response's header only, and binds the rest to the client's stay. It tells whether the
// connection is still good.
func (a *call) answered() bool {
	if a.stop == nil {
		return true
	}
	ok := a.stop()
	a.stop = nil
	if a.life = lifelineOf(a.ctx); a.life != nil && ok {
		a.life.bind(a.conn)
	}
	return ok
}

// drop gives up what was not sent yet of the request's body.
func (a *call) drop() {
	if a.rest != nil {
		a.rest.release()
		a.rest = nil
	}
}

// fail gives the connection up and returns the Fault of err.
func (a *call) fail(err error) error {
	a.drop()
	if a.upload != nil {
		if cause := a.upload.stop(); cause != nil {
			err = cause
		}
	}
	a.unbind()
	f := fault(a.ctx, &a.m.url, err, true)
	a.conn.give(false)
	return f
}

// maxInterim is how many responses of the 1xx kind may come before the real one.
const maxInterim = 100

var errUnasked = errors.New("the backend switched to a protocol that was not asked for")

// receive sends what is left of the body, if there is any, and reads the response's
// header. The body of the response is a stream off the connection.
func (a *call) receive() error {
	c, m := a.conn, a.m
	c.waiting = untouched
	switch {
	case a.asked:
	case a.rest == nil:
		a.await()
	case m.proceed > 0:
		c.reading.reset(m.proceed)
	default:
		a.start()
	}
	for interim := 0; ; interim++ {
		line, block, err := c.readHead()
		if err != nil && a.rest != nil && isTimeout(err) && a.ctx.Err() == nil {
			// The backend does not know 100 Continue: it gets the body unasked.
			if err = a.release(); err == nil {
				continue
			}
		}
		if err != nil {
			return a.fail(err)
		}
		status, reason, ok := parseStatusLine(line)
		if !ok || interim > maxInterim {
			return a.fail(errHeaderSyntax)
		}
		a.resp.Header.Reset()
		a.resp.Trailer.Reset()
		f, err := readFields(block, &a.resp.Header, true)
		if err != nil {
			return a.fail(err)
		}
		switch {
		case status == 101 && m.upgrade && f.websocket():
			return a.switched(reason)
		case status == 101:
			return a.fail(errUnasked)
		case status == 100 && a.rest != nil:
			if err := a.release(); err != nil {
				return a.fail(err)
			}
		case status >= 200:
			if a.rest != nil {
				// Answered without having asked for the body: it is not sent.
				a.drop()
				f.close = true
			}
			a.resp.Status, a.resp.Reason = status, reason
			return a.body(line, &f)
		}
	}
}

// release sends a body that was held back for 100 Continue.
func (a *call) release() error {
	if b, ok := a.m.stream.(*requestBody); ok && b.expect {
		if err := b.proceed(); err != nil {
			return b.fault(err)
		}
	}
	a.start()
	return nil
}

// await sets the deadline of the response's header.
func (a *call) await() {
	if until, ok := a.ctx.Deadline(); ok {
		_ = a.conn.SetReadDeadline(until)
		a.conn.reading.unknown()
		return
	}
	a.conn.reading.extend(a.m.wait)
}

// start sends the rest of the body in a goroutine of its own. The deadline of the
// response's header begins when that is done: until then it is the sender of the body
// who takes its time.
func (a *call) start() {
	u := &upload{sender: *a.rest, conn: a.conn, wait: a.m.wait, done: make(chan struct{})}
	a.rest = nil
	if b, ok := a.m.stream.(*requestBody); ok {
		u.client = b.client
		u.client.sending.Store(true)
	}
	a.m.stream = nil // it is the upload's to close
	a.conn.reading.clear()
	a.conn.reading.unknown()
	a.upload = u
	go u.run()
}

func (u *upload) run() {
	defer close(u.done)
	u.err = u.sender.run()
	if u.client != nil {
		u.client.sending.Store(false)
	} else if s, ok := u.sender.stream.(io.Closer); ok {
		_ = s.Close()
	}
	u.sender.release()
	u.mu.Lock()
	defer u.mu.Unlock()
	if source, ok := u.err.(sourceError); ok {
		// Half a request has no answer worth waiting for.
		u.cause = source.error
		u.conn.abort()
	} else if !u.answered && u.wait > 0 {
		_ = u.conn.SetReadDeadline(time.Now().Add(u.wait))
	}
}

// stop ends the upload if it is still under way, and returns what went wrong with the
// stream that it sends, if that came before.
func (u *upload) stop() error {
	if u.client != nil && u.client.whole.Load() {
		// All is read; the last of it is being written.
		select {
		case <-u.done:
		case <-time.After(50 * time.Millisecond):
		}
	}
	u.mu.Lock()
	cause := u.cause
	u.mu.Unlock()
	select {
	case <-u.done:
	default:
		u.conn.abort()
		if u.client != nil {
			u.client.interrupt()
		} else if s, ok := u.sender.stream.(aborter); ok {
			s.abort()
		}
		<-u.done
	}
	if u.client != nil {
		u.client.reading.unknown()
	}
	return cause
}

// finished tells whether the upload is done and went well.
func (u *upload) finished() bool {
	select {
	case <-u.done:
		return u.err == nil
	default:
		return false
	}
}

// body makes the response's body a stream off the connection.
func (a *call) body(line string, f *framing) error {
	c := a.conn
	a.resp.Body.Clear()
	if a.upload != nil {
		a.upload.mu.Lock()
		a.upload.answered = true
		a.upload.mu.Unlock()
		c.reading.unknown()
	}
	if !a.answered() {
		return a.fail(a.ctx.Err())
	}
	c.waiting = c.origin.transport.opts.BodyIdle
	keep := !f.close && (line[7] == '1' || f.keep)
	b := &a.m.response
	*b = backendBody{framed: newFramed(c.br, f), call: a, keep: keep}
	status := a.resp.Status
	if a.m.request.Method == "HEAD" || status == 204 || status == 304 {
		b.framed = framed{done: true}
		return b.Close()
	}
	if f.trailer != "" && f.chunked {
		a.resp.Header.Add("Trailer", f.trailer)
	}
	if b.done {
		a.resp.Body.SetBytes(nil)
		return b.Close()
	}
	length := f.length
	if f.chunked {
		length = -1
	}
	a.resp.Body.SetStream(b, length)
	return nil
}

// backendBody is the body of a response that is still on its backend's connection. The
// connection goes back for reuse as soon as the body was read to its end, before the
// client has got it, or is closed with the body if it was not.
type backendBody struct {
	framed
	call  *call
	keep  bool
	given bool // the connection was
}

// Read implements io.Reader. Errors are Faults.
func (b *backendBody) Read(p []byte) (int, error) {
	if b.given && !b.done {
		return 0, io.ErrClosedPipe
	}
	n, err := b.framed.Read(p)
	if err == io.EOF {
		b.call.resp.Trailer.CopyFrom(&b.framed.trailer)
	} else if err != nil {
		ctx := context.Background()
		if b.call.life != nil {
			ctx = b.call.life
		}
		return n, fault(ctx, &b.call.m.url, err, true)
	}
	if b.done && !b.given && (b.call.upload == nil || b.call.upload.finished()) {
		_ = b.Close()
	}
	return n, err
}

// wait implements waiter. Where nothing has come it holds no buffer.
func (b *backendBody) wait() {
	if b.given {
		return
	}
	if c := b.call.conn; !b.ready() && c.lend() {
		b.br = nil
		c.reading.extend(c.waiting)
		if err := c.socket.await(); err != nil {
			b.err = err // whereupon nobody reads any more
			return
		}
		c.borrow()
		b.br = c.br
	}
	b.framed.await()
}

// abort makes a Read under way fail.
func (b *backendBody) abort() { b.Abort() }

// Abort makes a Read under way fail: whoever reads the body of a send-request within a
// time calls it at its end.
func (b *backendBody) Abort() { b.call.conn.abort() }

// Close implements io.Closer.
func (b *backendBody) Close() error {
	if b.given {
		return nil
	}
	b.given = true
	a := b.call
	if a.upload != nil {
		if a.upload.stop() != nil || !a.upload.finished() {
			b.keep = false
		}
	}
	if a.life != nil {
		a.life.unbind(a.conn)
		if a.life.why() != nil {
			b.keep = false
		}
	}
	a.conn.give(b.keep && b.done && a.conn.br.Buffered() == 0)
	return nil
}
