package gateway

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"

	"github.com/valyala/fasthttp"
)

// The states of a client connection that Shutdown tells apart.
const (
	connIdle   int32 = iota // waits for a request
	connActive              // serves one
	connClosed              // Shutdown has closed it while idle
)

// initialReadBuffer is the size in bytes that a connection's buffer begins with. A
// header that does not fit makes it grow, up to the limit.
const initialReadBuffer = 4 << 10

// sweepEvery is how often a Server looks for exchanges that have been under way since
// the last time, to begin watching their clients. A timer for each exchange would be
// more exact and costs several microseconds: it wakes the network poller. Most exchanges
// are done before anybody looks, and pay for two uncontended locks.
const sweepEvery = 20 * time.Millisecond

// client is a connection that a client made. One goroutine serves it; what others may
// touch is under mu.
type client struct {
	server *Server
	raw    net.Conn // the socket
	net    net.Conn // what is read and written: the socket, or TLS on it
	br     *bufio.Reader
	life   *lifeline
	state  atomic.Int32

	scheme string
	ip     string
	local  string
	cert   *apim.Certificate

	parser  *fasthttp.RequestHeader // made for the first head that is not plain
	head    head                    // of the request being served
	out     []byte                  // what is to be written
	fr      framing
	body    requestBody
	tunnel  *tunnel
	whole   atomic.Bool // the request's body was read to its end
	sending atomic.Bool // somebody else is reading the request's body right now

	interrupted atomic.Bool // see interrupt

	socket *socket // nil if the socket has none
	final  []byte  // the end of a response, which is written by the next read, with ask
	last   ending  // what is to be done then
	sender sender  // of the response's body
	eager  int     // so many more responses are written in the plain way, see defers

	waiting  time.Duration // the limit of the read under way
	reading  deadline
	writing  deadline
	received int64 // bytes of the request's body
	sent     int64 // bytes of the response's body

	mu       sync.Mutex
	cond     sync.Cond
	serial   uint64    // of the exchange
	swept    uint64    // the serial that the last sweep saw
	since    time.Time // when a sweep first saw it, with its body read
	headed   bool      // the response has begun
	served   bool      // an exchange is under way and its client may be watched
	pending  bool      // its body is not read to its end yet
	overdue  bool      // it has been under way for longer than between two sweeps
	watchID  uint64    // of the lookout's watch; 0 for none
	watching bool      // look does, where the lookout cannot
	stopping bool
	resting  rest
	held     [1]byte // a byte that the watcher read
	holds    atomic.Bool
}

// rest is how a client's connection waits for the next request.
type rest uint8

const (
	restNone   rest = iota // as any read does, or not at all
	restBlind              // with ask: what has come too early is not noticed
	restLooked             // with ask, and a sweep has seen that nothing came too early
	restWoken              // a sweep has ended the wait: something had
)

// ending is what is left to be done for an exchange once its response is written.
type ending struct {
	x      *pipeline.Exchange
	status int
	pooled bool // the bytes are the sender's, to be given back
}

func newClient(s *Server, raw, nc net.Conn) *client {
	c := &client{server: s, raw: raw, net: nc, scheme: "http"}
	c.cond.L = &c.mu
	c.life = newLifeline(c)
	c.reading.set, c.writing.set = nc.SetReadDeadline, nc.SetWriteDeadline
	c.socket = newSocket(c, nc)
	c.borrow()
	c.ip, _, _ = net.SplitHostPort(nc.RemoteAddr().String())
	c.local = nc.LocalAddr().String()
	return c
}

// readers are the buffers of connections: clients' and backends'.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, initialReadBuffer) }}

// borrow gets the connection a buffer, and lend gives it away while nothing is to be read:
// there may be thousands of clients that listen to a stream.
func (c *client) borrow() {
	if c.br == nil {
		c.br = readers.Get().(*bufio.Reader)
		c.br.Reset(c)
	}
}

func (c *client) lend() {
	if c.br != nil && c.whole.Load() && c.br.Buffered() == 0 && c.br.Size() == initialReadBuffer {
		c.br.Reset(nil)
		readers.Put(c.br)
		c.br, c.body.br = nil, nil
	}
}

// secured takes over what the TLS handshake told.
func (c *client) secured(state tls.ConnectionState) {
	c.scheme = "https"
	if len(state.PeerCertificates) > 0 {
		c.cert = &apim.Certificate{Certificate: state.PeerCertificates[0], Intermediates: state.PeerCertificates[1:]}
		if len(state.VerifiedChains) > 0 {
			// The listener trusts somebody, and has checked this certificate against that.
			c.cert.Roots = x509.NewCertPool()
			for _, chain := range state.VerifiedChains {
				c.cert.Roots.AddCert(chain[len(chain)-1])
			}
		}
	}
}

// Read is what the connection's buffer reads from. It extends the deadline of the read
// under way and hands back what the watcher took.
func (c *client) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.final != nil {
		if !c.holds.Load() {
			return c.answer(p)
		}
		if err := c.finish(c.final); err != nil {
			return 0, err
		}
	}
	if c.holds.Load() {
		c.mu.Lock()
		p[0] = c.held[0]
		c.holds.Store(false)
		c.mu.Unlock()
		return 1, nil
	}
	c.reading.extend(c.waiting)
	if c.interrupted.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	return c.net.Read(p)
}

// write writes p whole, so long as the client takes some of it within each limit.
func (c *client) write(p []byte) error {
	for {
		c.writing.extend(c.server.limits.WriteIdle)
		n, err := c.net.Write(p)
		p = p[n:]
		if err == nil {
			return nil
		}
		if n > 0 && isTimeout(err) {
			continue
		}
		c.life.end(errClientLeft)
		return err
	}
}

// eagerness is how many responses are written in the plain way to a client that has sent
// something too early.
const eagerness = 64

// defers tells whether the end of the response may wait for the next read to write it: the
// connection goes on, and its client has not sent requests before it had the responses to
// those before.
func (c *client) defers() bool {
	if c.socket == nil || c.fr.close || c.tunnel != nil || !c.whole.Load() || c.server.draining.Load() {
		return false
	}
	if c.br.Buffered() > 0 {
		c.eager = eagerness
	}
	if c.eager > 0 {
		c.eager--
		return false
	}
	return true
}

// answer writes the end of the response and reads the beginning of the next request.
func (c *client) answer(p []byte) (int, error) {
	c.reading.extend(c.waiting)
	out := c.final
	wrote, n, err := c.socket.ask(out, p, false)
	if c.final != nil {
		if err == nil { // the socket is full
			err = c.finish(out[wrote:])
		} else {
			c.life.end(errClientLeft)
			c.finished(err)
		}
		if err != nil {
			return 0, err
		}
		return c.net.Read(p)
	}
	c.mu.Lock()
	woken := c.resting == restWoken
	c.resting = restNone
	c.mu.Unlock()
	if woken {
		c.reading.unknown()
		c.reading.extend(c.waiting)
		if n == 0 && isTimeout(err) {
			c.eager = eagerness
			return c.net.Read(p)
		}
	}
	return n, err
}

// written implements asker: the response is, and the next request is to be awaited.
func (c *client) written() bool {
	c.finished(nil)
	c.mu.Lock()
	c.resting = restBlind
	c.mu.Unlock()
	return c.idle()
}

// idle says that the connection waits for the next request, and tells whether it may.
func (c *client) idle() bool {
	c.state.Store(connIdle)
	return !c.server.draining.Load()
}

// finish writes what is left of the response in the plain way.
func (c *client) finish(rest []byte) error {
	err := c.write(rest)
	c.finished(err)
	if err == nil && !c.idle() {
		err = errUnawaited
	}
	return err
}

// finished ends the exchange whose response has been written, or could not be.
func (c *client) finished(err error) {
	x, status := c.last.x, c.last.status
	if c.last.pooled {
		c.sender.release()
		c.sender = sender{}
	}
	if err != nil {
		c.sent = 0
		if c.life.why() == errClientLeft {
			status = 499
		}
	}
	c.final, c.last = nil, ending{}
	c.server.finished(c, x, status, err)
	x.Release()
}

// next waits for the next request and reads its header. An error that is a *refusal is
// to be answered; after any other the connection is to be closed silently.
func (c *client) next(first bool) error {
	c.head = head{}
	c.waiting = c.server.limits.KeepAlive
	if first {
		c.waiting = c.server.limits.HeaderTimeout
	}
	if _, err := c.br.Peek(1); err != nil {
		return err
	}
	if !c.state.CompareAndSwap(connIdle, connActive) {
		return net.ErrClosed
	}
	// The rest of the header has one deadline, however it trickles in.
	c.waiting = untouched
	if c.takePlain() {
		return nil
	}
	if !headComplete(c.br) {
		c.reading.reset(c.server.limits.HeaderTimeout)
	}
	if c.parser == nil {
		c.parser = new(fasthttp.RequestHeader)
		c.parser.DisableNormalizing()
	}
	for {
		err := c.parser.Read(c.br)
		if err == nil {
			c.takeParsed()
			return nil
		}
		var small *fasthttp.ErrSmallBuffer
		switch {
		case errors.As(err, &small) && c.br.Size() < c.server.limits.HeaderBytes:
			c.grow()
		case errors.As(err, &small):
			return c.tooLarge()
		case isTimeout(err):
			return refuse(408, "The request's header was not complete in time.")
		case errors.Is(err, io.EOF), isClosed(err):
			return err
		default:
			if tooLong(c.br, c.server.limits.URLBytes) {
				return c.tooLarge()
			}
			return refuse(400, "The request is malformed.")
		}
	}
}

// headComplete tells whether the buffer holds a whole header.
func headComplete(br *bufio.Reader) bool {
	b, _ := br.Peek(br.Buffered())
	return bytes.Contains(b, []byte("\r\n\r\n"))
}

// grow makes the buffer of the connection large enough for any header allowed.
func (c *client) grow() {
	b, _ := c.br.Peek(c.br.Buffered())
	have := bytes.NewReader(bytes.Clone(b))
	c.br = bufio.NewReaderSize(io.MultiReader(have, c), c.server.limits.HeaderBytes)
	_, _ = c.br.Peek(have.Len())
}

// tooLarge tells which limit a header is over.
func (c *client) tooLarge() error {
	if tooLong(c.br, c.server.limits.URLBytes) {
		return refuse(414, "The request URL is too long.")
	}
	return refuse(431, "The request header is too large.")
}

// tooLong tells whether the request line in the buffer has a target over limit bytes.
func tooLong(br *bufio.Reader, limit int) bool {
	b, _ := br.Peek(br.Buffered())
	line, _, _ := bytes.Cut(b, []byte("\n"))
	_, target, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return false
	}
	target, _, _ = bytes.Cut(target, []byte(" "))
	return len(target) > limit
}

// admit makes the header that next has read into the request of x. The error is a
// *refusal.
func (c *client) admit(x *pipeline.Exchange) error {
	h := &c.head
	if len(h.target) > c.server.limits.URLBytes {
		return refuse(414, "The request URL is too long.")
	}
	proto := h.proto
	if proto != "HTTP/1.1" && proto != "HTTP/1.0" {
		return refuse(505, "The HTTP version is not supported.")
	}
	r := &x.Request
	r.Proto, r.Method = proto, h.method
	if r.Method == "CONNECT" {
		return refuse(405, "The method is not allowed.")
	}
	var err error
	c.fr, err = readFields(h.fields, &r.Header, false)
	switch {
	case err == errExpectation:
		return refuse(417, "The expectation cannot be met.")
	case err != nil:
		return &refusal{400, "The request is malformed: " + err.Error() + "."}
	case proto == "HTTP/1.0" && c.fr.chunked:
		return refuse(400, "The request is malformed: HTTP/1.0 has no chunked bodies.")
	case c.fr.hosts > 1 || c.fr.hosts == 0 && proto == "HTTP/1.1":
		return refuse(400, "The request must have one Host header.")
	case c.fr.hosts == 1 && !isHost(c.fr.host):
		return refuse(400, "The Host header is malformed.")
	case h.plain && c.fr.trailer != "" && !goodTrailer(c.fr.trailer):
		return refuse(400, "The request is malformed.")
	}
	if proto == "HTTP/1.0" {
		c.fr.close = !c.fr.keep || c.fr.close
		c.fr.expect = false
	}
	if err := c.locate(h.target, r); err != nil {
		return err
	}
	if c.fr.websocket() && r.Method == "GET" && proto == "HTTP/1.1" {
		r.Header.Add("Connection", "Upgrade")
		r.Header.Add("Upgrade", c.fr.protocol)
	} else {
		c.fr.upgrade = false
	}
	if c.fr.trailers {
		r.Header.Add("TE", "trailers")
	}
	if c.fr.trailer != "" && c.fr.chunked {
		r.Header.Add("Trailer", c.fr.trailer)
	}
	x.OriginalURL, x.OriginalMethod = r.URL, r.Method
	x.ClientIP, x.ClientCert = c.ip, c.cert
	x.Context = c.life
	return c.attachBody(r)
}

// locate reads the request target into the URL.
func (c *client) locate(target string, r *pipeline.Request) error {
	r.URL = pipeline.URL{Scheme: c.scheme, Host: c.fr.host}
	if target[0] != '/' && target != "*" {
		u, ok := pipeline.ParseURL(target)
		if !ok || !isHost(u.Host) {
			return refuse(400, "The request target is malformed.")
		}
		// RFC 9112, section 3.2.2: the target's host counts, not the header's; whoever
		// looks at either from here on sees the same one.
		_, authority, _ := stringsCut3(target)
		r.URL.Host = authority
		for i, f := range r.Header.Fields() {
			if classify(f.Name) == fieldHost {
				r.Header.Fields()[i].Value = authority
			}
		}
		if r.URL.Path, r.URL.Query = u.Path, u.Query; r.URL.Path == "" {
			r.URL.Path = "/"
		}
		return nil
	}
	for i := 0; i < len(target); i++ {
		if target[i] == '?' {
			r.URL.Path, r.URL.Query = target[:i], target[i+1:]
			break
		}
	}
	if r.URL.Path == "" {
		r.URL.Path = target
	}
	if r.URL.Host == "" {
		r.URL.Host = c.local
	}
	return nil
}

// stringsCut3 cuts scheme://authority/rest.
func stringsCut3(s string) (scheme, authority, rest string) {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == ':' {
			scheme, authority = s[:i], s[i+3:]
			break
		}
	}
	for i := 0; i < len(authority); i++ {
		if authority[i] == '/' || authority[i] == '?' || authority[i] == '#' {
			return scheme, authority[:i], authority[i:]
		}
	}
	return scheme, authority, ""
}

// attachBody gives the request its body, a stream off the connection.
func (c *client) attachBody(r *pipeline.Request) error {
	c.received, c.sent = 0, 0
	limit := c.server.limits.BodyBytes
	c.body = requestBody{client: c, limit: limit}
	c.whole.Store(true)
	switch {
	case c.fr.chunked:
	case c.fr.length < 0:
		return nil
	case limit > 0 && c.fr.length > limit:
		return refuse(413, "The request body is too large.")
	case c.fr.length == 0:
		r.Body.SetBytes(nil)
		return nil
	}
	c.whole.Store(false)
	c.body.framed = newFramed(c.br, &c.fr)
	c.body.expect = c.fr.expect
	length := c.fr.length
	r.Body.SetStream(&c.body, length)
	return nil
}

// requestBody is the body of the request that its client is sending.
type requestBody struct {
	framed
	client *client
	limit  int64
	expect bool // the client waits for 100 Continue before it sends
}

// Read implements io.Reader. Errors are Faults.
func (b *requestBody) Read(p []byte) (int, error) {
	if b.expect {
		if err := b.proceed(); err != nil {
			return 0, b.fault(err)
		}
	}
	c := b.client
	c.waiting = c.server.limits.BodyIdle
	n, err := b.framed.Read(p)
	c.received += int64(n)
	if b.limit > 0 && c.received > b.limit {
		b.framed.err = &pipeline.Fault{Status: 413, Reason: pipeline.ReasonBodyTooLarge, Message: "The request body is too large."}
		return 0, b.framed.err
	}
	if b.done && !c.whole.Load() {
		c.bodyDone()
	}
	if err != nil && err != io.EOF {
		err = b.fault(err)
	}
	return n, err
}

// proceed tells a client that waits for it to send its body.
func (b *requestBody) proceed() error {
	b.expect = false
	return b.client.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
}

// Close implements io.Closer. What is left of the body is the connection's business.
func (b *requestBody) Close() error { return nil }

func (b *requestBody) fault(err error) error {
	var f *pipeline.Fault
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, errChunk):
		return &pipeline.Fault{Status: 400, Reason: "MalformedBody", Message: "The request is malformed: " + err.Error() + ".", Cause: err}
	case isTimeout(err) && b.client.life.why() == nil:
		return &pipeline.Fault{Status: 408, Reason: pipeline.ReasonTimeout, Message: "The request body did not arrive in time.", Cause: err}
	}
	b.client.life.end(errClientLeft)
	return clientLeft(err)
}

// clientLeft is the Fault of a request whose client closed its connection.
func clientLeft(cause error) *pipeline.Fault {
	return &pipeline.Fault{Status: 499, Reason: pipeline.ReasonClient, Message: "The client closed the connection before the response was sent.", Cause: cause}
}

// interrupt makes a read of the request's body that is under way elsewhere fail, and
// those after it, until the next request.
func (c *client) interrupt() {
	c.interrupted.Store(true)
	_ = c.net.SetReadDeadline(time.Unix(1, 0))
}

// watch begins to look out for the client's leaving, unless the exchange is done soon.
func (c *client) watch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	c.served, c.overdue, c.headed = true, false, false
	c.pending = !c.whole.Load() && !(c.body.kind == 0 && int64(c.br.Buffered()) >= c.body.left)
}

// unwatch ends watch. Afterwards nobody else reads from the connection.
func (c *client) unwatch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.served = false
	if c.watchID != 0 {
		c.server.lookout.remove(c, c.watchID)
		c.watchID = 0
	}
	if !c.watching {
		return
	}
	c.stopping = true
	_ = c.net.SetReadDeadline(time.Unix(1, 0))
	for c.watching {
		c.cond.Wait()
	}
	c.stopping = false
	c.reading.unknown()
}

// sweep begins to watch the client of an exchange that the sweep before has seen too,
// and ends one that takes longer than it may.
func (c *client) sweep(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.serial != c.swept || c.pending {
		c.since = now
	}
	if !c.served || c.serial != c.swept {
		if c.resting == restBlind && c.serial == c.swept {
			c.resting = restLooked
			if !c.socket.idle() {
				c.resting = restWoken
				_ = c.net.SetReadDeadline(time.Unix(1, 0))
			}
		}
		c.swept = c.serial
		return
	}
	if total := c.server.limits.Total; total > 0 && !c.headed && now.Sub(c.since) > total {
		c.life.end(errTotal)
		return
	}
	c.overdue = true
	c.startWatching()
}

// begin marks the response as begun, and tells whether the exchange may still have one:
// if not, why.
func (c *client) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headed = true
	return c.life.why()
}

// bodyDone is called when the request's body has been read to its end.
func (c *client) bodyDone() {
	c.whole.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = false
	if c.overdue {
		c.startWatching()
	}
}

// startWatching has the client watched from now on, under mu, unless it is or need not be.
func (c *client) startWatching() {
	if !c.served || c.pending || c.watching || c.watchID != 0 || c.holds.Load() || c.life.why() != nil {
		return
	}
	if c.watchID = c.server.lookout.add(c); c.watchID == 0 {
		c.watching = true
		go c.look()
	}
}

// look reads from the connection until something happens there: a byte belongs to the
// next request and is kept, anything else means that the client is gone. It is for
// connections that the lookout cannot watch, those with TLS among them.
func (c *client) look() {
	c.mu.Lock()
	if !c.stopping && c.served {
		_ = c.net.SetReadDeadline(time.Time{})
	}
	c.mu.Unlock()
	n, err := c.net.Read(c.held[:])
	c.mu.Lock()
	c.watching = false
	c.holds.Store(n == 1)
	left := n == 0 && err != nil && !c.stopping
	c.cond.Broadcast()
	c.mu.Unlock()
	if left {
		c.life.end(errClientLeft)
	}
}

// deadline keeps a connection's deadline at least a limit away, and saves most of the
// calls that would move it by next to nothing.
type deadline struct {
	set   func(time.Time) error
	at    time.Duration // since the clock began; 0 for none
	limit time.Duration
}

// began is when the clock of deadlines began. The time since then is one reading of the
// monotonic clock, which time.Now reads beside that of the wall.
var began = time.Now()

// untouched is the limit that leaves a deadline as it is.
const untouched time.Duration = -1

// extend moves the deadline to limit from now, or up to a second later, never earlier;
// limit 0 means none.
func (d *deadline) extend(limit time.Duration) {
	switch limit {
	case untouched:
		return
	case 0:
		d.clear()
		return
	}
	now := time.Since(began)
	slack := min(limit/8, time.Second)
	if left := d.at - now; d.limit == limit && left >= limit && left <= limit+slack {
		return
	}
	d.at, d.limit = now+limit+slack, limit
	_ = d.set(began.Add(d.at))
}

// reset sets the deadline to limit from now; 0 means none.
func (d *deadline) reset(limit time.Duration) {
	d.limit = 0
	if limit == 0 {
		d.at = 0
		_ = d.set(time.Time{})
		return
	}
	d.at = time.Since(began) + limit
	_ = d.set(began.Add(d.at))
}

// clear removes the deadline if there is one.
func (d *deadline) clear() {
	if d.at != 0 {
		d.reset(0)
	}
}

// unknown says that somebody else has moved the deadline.
func (d *deadline) unknown() {
	d.limit = 0
	d.at = 1
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// isClosed tells whether err says that a connection is gone.
func isClosed(err error) bool {
	var op *net.OpError
	return errors.Is(err, net.ErrClosed) || errors.As(err, &op) && !op.Timeout()
}
