package gateway

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sekisho/engine/pipeline"

	"github.com/valyala/fasthttp"
)

// TransportOptions say how backends are reached. DefaultTransportOptions gives values.
type TransportOptions struct {
	ConnectTimeout time.Duration // for the connection and its TLS handshake
	HeaderBytes    int           // of a response's header
	// BodyIdle bounds the time between two pieces of a response's body; 0 means no
	// limit: an event stream may be silent for as long as its client stays. A WebSocket
	// may be silent as long, both ways together.
	BodyIdle  time.Duration
	WriteIdle time.Duration // in which a backend must take something of a request
	// MaxConns bounds the connections to one backend, and MaxWait the time that a
	// request waits for one of them to become free.
	MaxConns int
	MaxWait  time.Duration
	// MaxIdle is how long a connection is kept without a request.
	MaxIdle time.Duration
	// Roots are who is trusted where a backend names nobody; nil means the system's.
	Roots *x509.CertPool
	// Dial makes connections; nil means the system's way. For tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// DefaultTransportOptions are the options where a gateway.yaml names none.
func DefaultTransportOptions() TransportOptions {
	return TransportOptions{
		ConnectTimeout: 10 * time.Second,
		HeaderBytes:    64 << 10,
		WriteIdle:      60 * time.Second,
		MaxConns:       4096,
		MaxWait:        10 * time.Second,
		MaxIdle:        55 * time.Second,
	}
}

// Transport keeps the connections to all backends and sends requests on them. It
// outlives reloads. Connections are pooled by fasthttp, one HostClient for each scheme,
// host, TLS settings and proxy; what goes over them is written and read here, because
// fasthttp's client renames and reorders headers, bounds whole streams where it should
// bound waiting, and retries.
type Transport struct {
	opts         TransportOptions
	certificates atomic.Pointer[map[string]*tls.Certificate]

	mu      sync.RWMutex
	origins map[originKey]*origin
	pools   []*x509.CertPool // see poolNumber
}

// NewTransport makes a Transport.
func NewTransport(o TransportOptions) *Transport {
	t := &Transport{opts: o, origins: map[originKey]*origin{}}
	t.SetCertificates(nil)
	return t
}

// SetCertificates replaces the certificates that SendOptions may name.
func (t *Transport) SetCertificates(byID map[string]*tls.Certificate) { t.certificates.Store(&byID) }

// CloseIdle closes all connections that carry no request.
func (t *Transport) CloseIdle() {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, o := range t.origins {
		o.pool.CloseIdleConnections()
	}
}

// Connections counts the connections to backends, those in use and those kept.
func (t *Transport) Connections() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n := 0
	for _, o := range t.origins {
		n += o.pool.ConnsCount()
	}
	return n
}

// originKey is what connections must have in common to be shared.
type originKey struct {
	scheme, host, tls, proxy string
	guard                    *pipeline.Guard
}

// origin is where a request can be sent: an address, and how to speak to it.
type origin struct {
	transport *Transport
	address   string
	tls       *tls.Config
	proxy     *proxy
	host      string          // as it stands in the URL
	guard     *pipeline.Guard // nil: any address will do
	pool      *fasthttp.HostClient
}

// proxy is an HTTP proxy on the way to an origin.
type proxy struct {
	address       string
	tls           *tls.Config
	authorization string // of Proxy-Authorization, "" for none
}

// maxOrigins is how many origins may be known before those without a connection are
// forgotten: expressions can make up any number of URLs.
const maxOrigins = 256

// origin finds or makes the origin of a URL.
func (t *Transport) origin(u *pipeline.URL, b *BackendTLS, tlsID string, via *pipeline.ProxyOptions, guard *pipeline.Guard) (*origin, error) {
	key := originKey{scheme: u.Scheme, host: u.Host, tls: tlsID, guard: guard}
	if via != nil {
		key.proxy = via.Username + ":" + via.Password + "@" + via.URL
	}
	t.mu.RLock()
	o := t.origins[key]
	t.mu.RUnlock()
	if o != nil {
		return o, nil
	}
	o, err := t.newOrigin(u, b, via)
	if err != nil {
		return nil, err
	}
	o.host, o.guard = u.Host, guard
	t.mu.Lock()
	defer t.mu.Unlock()
	if known := t.origins[key]; known != nil {
		return known, nil
	}
	if len(t.origins) >= maxOrigins {
		for k, old := range t.origins {
			if old.pool.ConnsCount() == 0 {
				delete(t.origins, k)
			}
		}
	}
	t.origins[key] = o
	return o, nil
}

func (t *Transport) newOrigin(u *pipeline.URL, b *BackendTLS, via *pipeline.ProxyOptions) (*origin, error) {
	if u.Host == "" || !isHost(u.Host) {
		return nil, fmt.Errorf("the backend URL %q has no valid host", u.Scheme+"://"+u.Host)
	}
	host := strings.Trim(u.Hostname(), "[]")
	o := &origin{transport: t, address: net.JoinHostPort(host, fmt.Sprint(u.Port()))}
	switch u.Scheme {
	case "http", "ws":
	case "https", "wss":
		if b == nil {
			b = &BackendTLS{}
		}
		o.tls = b.config(host, t.opts.Roots)
	default:
		return nil, fmt.Errorf("the backend URL has the scheme %q, want http or https", u.Scheme)
	}
	if via != nil {
		p, ok := pipeline.ParseURL(via.URL)
		if !ok {
			return nil, errors.New("the URL of the proxy is not an absolute http or https URL")
		}
		host := strings.Trim(p.Hostname(), "[]")
		o.proxy = &proxy{address: net.JoinHostPort(host, fmt.Sprint(p.Port()))}
		if p.Scheme == "https" {
			o.proxy.tls = (&BackendTLS{}).config(host, t.opts.Roots)
		}
		if via.Username != "" {
			o.proxy.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(via.Username+":"+via.Password))
		}
	}
	o.pool = &fasthttp.HostClient{
		Addr:                o.address,
		DialTimeout:         o.dial,
		MaxConns:            t.opts.MaxConns,
		MaxConnWaitTimeout:  t.opts.MaxWait,
		MaxIdleConnDuration: t.opts.MaxIdle,
		ConnPoolStrategy:    fasthttp.LIFO,
		// Nothing is ever sent through HostClient.Do; these say what would hold if it was.
		DisablePathNormalizing:        true,
		DisableHeaderNamesNormalizing: true,
		NoDefaultUserAgentHeader:      true,
		RetryIfErr:                    func(*fasthttp.Request, int, error) (bool, bool) { return false, false },
	}
	return o, nil
}

// dial makes a connection in a goroutine of its own: resolving, connecting and shaking
// hands want a deep stack, which would stay with the client's connection for as long as it
// lasts.
func (o *origin) dial(_ string, limit time.Duration) (conn net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err = o.connect(limit)
	}()
	<-done
	return conn, err
}

// connect makes a connection, through the proxy if there is one, secured if it is to be.
func (o *origin) connect(limit time.Duration) (net.Conn, error) {
	if connect := o.transport.opts.ConnectTimeout; limit <= 0 || connect > 0 && connect < limit {
		limit = connect
	}
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	address := o.address
	if o.proxy != nil {
		address = o.proxy.address
	}
	dial := o.transport.opts.Dial
	if dial == nil {
		// What is forbidden is not even knocked at: whether a port is open shows.
		dial = (&net.Dialer{Control: o.control}).DialContext
	}
	raw, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if err := o.guarded(raw.RemoteAddr()); err != nil {
		_ = raw.Close()
		return nil, err
	}
	conn, err := o.prepare(ctx, raw)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return newBackendConn(o, raw, conn), nil
}

// guarded refuses an address that the origin's guard forbids. It is asked for the
// address that was really connected to: a name may resolve to another at each asking.
func (o *origin) guarded(a net.Addr) error {
	if o.guard == nil {
		return nil
	}
	var ip netip.Addr
	if tcp, ok := a.(*net.TCPAddr); ok {
		ip = tcp.AddrPort().Addr()
	}
	if o.guard.Refuses(o.host, ip) {
		return fmt.Errorf("scripts must not reach the address of %s; sandbox.allowedHosts in gateway.yaml can allow it", o.host)
	}
	return nil
}

// control asks the guard for each address before it is connected to.
func (o *origin) control(_, address string, _ syscall.RawConn) error {
	ip, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return o.guarded(net.TCPAddrFromAddrPort(ip))
}

func (o *origin) prepare(ctx context.Context, raw net.Conn) (net.Conn, error) {
	conn := raw
	if o.proxy != nil && o.proxy.tls != nil {
		t := tls.Client(conn, o.proxy.tls)
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = t
	}
	if o.tls == nil {
		return conn, nil
	}
	if o.proxy != nil {
		if err := o.proxy.tunnel(ctx, conn, o.address); err != nil {
			return nil, err
		}
	}
	t := tls.Client(conn, o.tls)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// tunnel asks the proxy for a connection to an address.
func (p *proxy) tunnel(ctx context.Context, conn net.Conn, address string) error {
	if until, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(until)
		defer func() { _ = conn.SetDeadline(time.Time{}) }()
	}
	b := append([]byte("CONNECT "), address...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, address...)
	b = append(b, "\r\n"...)
	if p.authorization != "" {
		b = appendField(b, "Proxy-Authorization", p.authorization, "")
	}
	if _, err := conn.Write(append(b, "\r\n"...)); err != nil {
		return err
	}
	// Byte by byte: what follows the header belongs to the tunnel.
	var head []byte
	one := make([]byte, 1)
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		if len(head) > 16<<10 {
			return errors.New("the proxy's answer is too long")
		}
		if _, err := conn.Read(one); err != nil {
			return err
		}
		head = append(head, one[0])
	}
	line, _, _ := strings.Cut(string(head), "\r\n")
	if status, _, ok := parseStatusLine(line); !ok || status != 200 {
		return fmt.Errorf("the proxy refused the connection: %s", line)
	}
	return nil
}

// backendConn is a connection to a backend, in use by one request or kept in its pool.
type backendConn struct {
	net.Conn // what is read and written: the socket, or TLS on it
	raw      net.Conn
	origin   *origin
	br       *bufio.Reader
	source   io.Reader // what br reads from
	uses     int
	give     func(reuse bool) // back to the pool, or closed
	waiting  time.Duration
	reading  deadline
	writing  deadline
	wrote    int64
	peeker   peeker

	socket *socket // nil if the socket has none
	unsent *sender // whose bytes are written by the next read, with ask
}

// peeker looks whether anything has come on a connection that should be idle.
type peeker struct {
	control func(func(fd uintptr)) error
	look    func(fd uintptr)
	idle    bool
}

func (p *peeker) peek(fd uintptr) { p.idle = idle(fd) }

func newBackendConn(o *origin, raw, conn net.Conn) *backendConn {
	c := &backendConn{Conn: conn, raw: raw, origin: o}
	c.source = readerFunc(c.read)
	c.borrow()
	c.reading.set, c.writing.set = conn.SetReadDeadline, conn.SetWriteDeadline
	if t, ok := raw.(*net.TCPConn); ok {
		if rc, err := t.SyscallConn(); err == nil {
			c.peeker.control, c.peeker.look = rc.Control, c.peeker.peek
		}
	}
	c.socket = newSocket(c, conn)
	return c
}

// borrow gets the connection a buffer, and lend gives it away while nothing is to be read,
// and tells whether it has: most streams are silent most of the time.
func (c *backendConn) borrow() {
	if c.br == nil {
		c.br = readers.Get().(*bufio.Reader)
		c.br.Reset(c.source)
	}
}

func (c *backendConn) lend() bool {
	if c.socket == nil || c.br.Buffered() > 0 || c.br.Size() != initialReadBuffer {
		return false
	}
	c.br.Reset(nil)
	readers.Put(c.br)
	c.br = nil
	return true
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (c *backendConn) read(p []byte) (int, error) {
	c.reading.extend(c.waiting)
	if c.unsent != nil {
		return c.ask(p)
	}
	return c.Conn.Read(p)
}

// ask writes what is unsent, and reads the beginning of the answer.
func (c *backendConn) ask(p []byte) (int, error) {
	out := c.unsent.out
	wrote, n, err := c.socket.ask(out, p, c.uses > 1)
	c.wrote += int64(wrote)
	if c.unsent == nil || err != nil {
		return n, err
	}
	if err := c.write(out[wrote:]); err != nil { // the socket was full
		return 0, err
	}
	c.written()
	return c.Conn.Read(p)
}

// written implements asker.
func (c *backendConn) written() bool {
	c.unsent.release()
	c.unsent = nil
	return true
}

func (c *backendConn) write(p []byte) error {
	for len(p) > 0 {
		c.writing.extend(c.origin.transport.opts.WriteIdle)
		n, err := c.Conn.Write(p[:min(len(p), writePiece)])
		p = p[n:]
		c.wrote += int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}

// abort makes everything under way on the connection fail. It implements aborter.
func (c *backendConn) abort() { _ = c.raw.Close() }

// stale tells whether a kept connection cannot be used any more, as far as that can be
// known before a request is sent: the backend has closed it, or has said something that
// it was not asked.
func (c *backendConn) stale() bool {
	if c.br.Buffered() > 0 {
		return true
	}
	if c.peeker.control == nil {
		return false
	}
	return c.peeker.control(c.peeker.look) != nil || !c.peeker.idle
}

// acquire takes a connection from the pool, or makes one. Wait bounds the time for
// that; 0 means only the Transport's own limits do. Whole says that all of the request is
// there to be sent: the connection's socket, if it has one, will see whether it is stale.
func (o *origin) acquire(wait time.Duration, whole bool) (*backendConn, error) {
	for {
		lease, err := o.pool.AcquireConn(wait, false)
		if err != nil {
			return nil, err
		}
		c := lease.Conn().(*backendConn)
		if c.give == nil {
			c.give = func(reuse bool) {
				if reuse {
					o.pool.ReleaseConn(lease)
				} else {
					o.pool.CloseConn(lease)
				}
			}
		}
		if c.uses > 0 && !(whole && c.socket != nil && c.br.Buffered() == 0) && c.stale() {
			c.give(false)
			continue
		}
		c.uses++
		c.wrote = 0
		return c, nil
	}
}

// parseStatusLine reads "HTTP/1.1 200 OK".
func parseStatusLine(line string) (status int, reason string, ok bool) {
	if len(line) < 12 || line[:7] != "HTTP/1." || line[7] != '0' && line[7] != '1' || line[8] != ' ' {
		return 0, "", false
	}
	for i := 9; i < 12; i++ {
		d := line[i] - '0'
		if d > 9 {
			return 0, "", false
		}
		status = status*10 + int(d)
	}
	if len(line) > 12 {
		if line[12] != ' ' {
			return 0, "", false
		}
		reason = line[13:]
	}
	return status, reason, status >= 100
}

// readHead takes a response's header off the connection: the status line and the block
// of fields, pieces of one string.
func (c *backendConn) readHead() (line, block string, err error) {
	limit := c.origin.transport.opts.HeaderBytes
	searched := 0
	for {
		b, _ := c.br.Peek(c.br.Buffered())
		if end := headEnd(b[searched:]); end >= 0 {
			head := intern(b[:searched+end])
			_, _ = c.br.Discard(len(head))
			i := strings.IndexByte(head, '\n')
			if i < 1 || head[i-1] != '\r' {
				return "", "", errHeaderSyntax
			}
			return head[:i-1], head[i+1:], nil
		}
		searched = max(0, len(b)-3)
		if len(b) == c.br.Size() {
			if len(b) >= limit {
				return "", "", errors.New("the header of the response is too large")
			}
			have := bytes.NewReader(bytes.Clone(b))
			c.br = bufio.NewReaderSize(io.MultiReader(have, c.source), limit)
			_, _ = c.br.Peek(len(b))
		}
		if _, err = c.br.Peek(len(b) + 1); err != nil {
			return "", "", err
		}
	}
}

// Send implements pipeline.Transport.
func (t *Transport) Send(ctx context.Context, r *pipeline.Request, o pipeline.SendOptions) (*pipeline.Response, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	settings := &BackendTLS{}
	if o.Certificate != "" {
		if settings.Certificate = (*t.certificates.Load())[o.Certificate]; settings.Certificate == nil {
			return nil, pipeline.Faultf(500, pipeline.ReasonBackend, "there is no certificate %q", o.Certificate)
		}
	}
	resp := pipeline.NewResponse(o.BodyLimit)
	m := &outgoing{transport: t, request: r, url: r.URL, tls: settings, tlsID: t.tlsID(settings), proxy: o.Proxy, guard: o.Guard, keepHost: true}
	m.authenticate(r.Certificate)
	m.takeBody(&r.Body)
	if err := m.send(ctx, resp, o.FollowRedirects); err != nil {
		return nil, err
	}
	return resp, nil
}

// fault makes a failure to get a response a Fault, with the reason that on-error
// sections branch on. Sent tells whether a connection was there at all.
func fault(ctx context.Context, u *pipeline.URL, err error, connected bool) error {
	var f *pipeline.Fault
	if errors.As(err, &f) {
		return f
	}
	host := u.Host
	if l := lifelineOf(ctx); l != nil {
		switch why := l.why(); why {
		case nil:
		case errTotal:
			return &pipeline.Fault{Status: 500, Reason: pipeline.ReasonTimeout, Message: "The backend " + host + " did not answer in time: " + why.Error() + ".", Cause: why}
		default:
			return clientLeft(why)
		}
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &pipeline.Fault{Status: 500, Reason: pipeline.ReasonClient, Message: "The request to " + host + " was canceled.", Cause: err}
	case ctx.Err() != nil, connected && isTimeout(err):
		return &pipeline.Fault{Status: 500, Reason: pipeline.ReasonTimeout, Message: "The backend " + host + " did not answer in time.", Cause: err}
	case connected:
		return &pipeline.Fault{Status: 500, Reason: pipeline.ReasonBackend, Message: "The connection to the backend " + host + " failed: " + err.Error(), Cause: err}
	}
	return &pipeline.Fault{Status: 500, Reason: pipeline.ReasonBackend, Message: "The backend " + host + " cannot be reached: " + err.Error(), Cause: err}
}
