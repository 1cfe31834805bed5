package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/engine/pipeline"
)

// Limits bound what a client may send and how long it may take. A duration of 0 means
// no limit, as does BodyBytes 0; DefaultLimits gives the rest a value.
type Limits struct {
	HeaderBytes   int           // of the request line and the header: 431
	URLBytes      int           // of the request target: 414
	BodyBytes     int64         // of the request body: 413
	HeaderTimeout time.Duration // from a request's first byte to the end of its header
	BodyIdle      time.Duration // between two pieces of a request's body
	WriteIdle     time.Duration // in which a client must take something of a response
	KeepAlive     time.Duration // between two requests
	// Total bounds the time from the end of a request to the header of its response.
	// Bodies that flow, either way, and WebSockets are not cut by it.
	Total time.Duration
	// How many there may be at once; 0 means no limit.
	Connections      int // 503
	ConnectionsPerIP int // 429
	WebSockets       int // 503
}

// DefaultLimits are the limits where a gateway.yaml names none.
func DefaultLimits() Limits {
	return Limits{
		HeaderBytes:   64 << 10,
		URLBytes:      16 << 10,
		HeaderTimeout: 10 * time.Second,
		BodyIdle:      60 * time.Second,
		WriteIdle:     60 * time.Second,
		KeepAlive:     120 * time.Second,
	}
}

// Listener is an address to listen on.
type Listener struct {
	Address string
	TLS     *tls.Config // nil for plain HTTP
}

// Options say how a Server serves.
type Options struct {
	Listeners []Listener
	Limits    Limits
	Services  *pipeline.Services
	// BodyLimit bounds a body that a policy wants in memory, in bytes.
	BodyLimit int64
	// Handler fills the Exchange's Response. What is filled in before: Request, Original*,
	// ClientIP, ClientCert, Context. It must not keep the Exchange.
	Handler func(x *pipeline.Exchange)
	// Finished is called once for every Exchange, after its response was sent or given
	// up and before it is released; nil for none.
	Finished func(x *pipeline.Exchange, o Outcome)
	Log      *slog.Logger
}

// Outcome is what became of an Exchange.
type Outcome struct {
	Status   int   // as sent; 499 if the client left before
	Received int64 // bytes of the request's body
	Sent     int64 // bytes of the response's body; of a WebSocket, of all messages
	Err      error // what cut the response short, nil if it was sent whole
}

// Server accepts connections, reads requests off them, has a Handler answer each, and
// writes the answers.
//
// Requests are parsed by fasthttp, and then once more by readFields, which is stricter
// where it matters to a proxy, and both must agree; see head.go for heads that need no
// parser. The loop around the parser is our
// own and not fasthttp.Server, which does what a proxy must not: it reads up to 8 KiB of
// a body, and sends 100 Continue, before anybody has seen the request; it moves and
// renames response headers; and it does not notice a client that leaves.
type Server struct {
	opts   Options
	limits Limits

	listeners []net.Listener
	draining  atomic.Bool
	open      atomic.Int64
	sockets   atomic.Int64 // WebSockets
	lookout   *lookout     // made by Serve; nil where there is none

	mu      sync.Mutex
	clients map[*client]struct{}
	perIP   map[string]int // kept if Limits.ConnectionsPerIP is set
	empty   chan struct{}  // closed when draining and no client is left
	busy    chan struct{}  // has an element when there may be clients to sweep
}

// NewServer makes a Server that does not listen yet.
func NewServer(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{opts: o, limits: o.Limits, clients: map[*client]struct{}{}, perIP: map[string]int{}, empty: make(chan struct{}), busy: make(chan struct{}, 1)}
}

// Listen binds all addresses, or none.
func (s *Server) Listen() error {
	for _, l := range s.opts.Listeners {
		ln, err := net.Listen("tcp", l.Address)
		if err != nil {
			for _, bound := range s.listeners {
				_ = bound.Close()
			}
			s.listeners = nil
			return err
		}
		s.listeners = append(s.listeners, ln)
	}
	return nil
}

// Addrs are the addresses bound by Listen, in the order of the options.
func (s *Server) Addrs() []net.Addr {
	addrs := make([]net.Addr, len(s.listeners))
	for i, ln := range s.listeners {
		addrs[i] = ln.Addr()
	}
	return addrs
}

// Serve serves until Shutdown, which makes it return nil, or until a listener fails.
func (s *Server) Serve() error {
	s.lookout = newLookout()
	go s.lookout.run()
	go s.sweep()
	failed := make(chan error, len(s.listeners))
	for i, ln := range s.listeners {
		go func() { failed <- s.accept(ln, s.opts.Listeners[i].TLS) }()
	}
	var first error
	for range s.listeners {
		if err := <-failed; err != nil && first == nil {
			first = err
			s.closeListeners()
		}
	}
	return first
}

func (s *Server) closeListeners() {
	for _, ln := range s.listeners {
		_ = ln.Close()
	}
}

func (s *Server) accept(ln net.Listener, config *tls.Config) error {
	pause := 5 * time.Millisecond
	for {
		nc, err := ln.Accept()
		switch {
		case err == nil:
			pause = 5 * time.Millisecond
		case s.draining.Load():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default:
			// Out of file descriptors, most likely: others must close first.
			s.opts.Log.Warn("accepting a connection failed", "error", err)
			time.Sleep(pause)
			pause = min(2*pause, time.Second)
			continue
		}
		s.open.Add(1)
		go func() {
			defer s.open.Add(-1)
			s.serve(nc, config)
		}()
	}
}

// serve serves one connection to its end.
func (s *Server) serve(nc net.Conn, config *tls.Config) {
	defer func() { _ = nc.Close() }()
	raw := nc
	if config != nil {
		nc = tls.Server(raw, config)
	}
	c := newClient(s, raw, nc)
	if !s.enter(c) {
		return
	}
	defer s.leave(c)
	defer c.life.end(errClientLeft)
	if r := s.overcrowded(c); r != nil {
		if config == nil {
			c.refuse(r)
		}
		return
	}
	if t, ok := nc.(*tls.Conn); ok && !s.handshake(c, t) {
		return
	}
	for first := true; ; first = false {
		if err := c.next(first); err != nil {
			var r *refusal
			if errors.As(err, &r) {
				c.refuse(r)
				c.linger()
			}
			return
		}
		again := s.exchange(c)
		if !again {
			c.linger()
			return
		}
		if c.final == nil && !c.idle() && c.br.Buffered() == 0 {
			return
		}
	}
}

// handshake secures a connection, and tells whether it is.
func (s *Server) handshake(c *client, t *tls.Conn) bool {
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if s.limits.HeaderTimeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, s.limits.HeaderTimeout)
	}
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		s.opts.Log.Debug("the TLS handshake failed", "client", c.ip, "error", err)
		return false
	}
	c.secured(t.ConnectionState())
	return true
}

// exchange serves the request whose header has been read, and tells whether the
// connection can take another.
func (s *Server) exchange(c *client) (again bool) {
	x := pipeline.NewExchange(s.opts.Services, s.opts.BodyLimit)
	if err := c.admit(x); err != nil {
		x.Release()
		var r *refusal
		errors.As(err, &r)
		c.refuse(r)
		return false
	}
	c.tunnel = nil
	c.watch()
	if c.serial == 1 {
		c.lend() // clients may come all at once, and wait for connections to be made
	}
	s.handle(x)
	c.borrow()
	status, err := c.respond(x)
	if c.tunnel != nil && err == nil && status == 101 {
		c.unwatch()
		c.sent, err = c.tunnel.run(c)
		s.sockets.Add(-1)
		s.finished(c, x, status, err)
		x.Release()
		return false
	}
	c.dropTunnel()
	c.unwatch()
	if c.final != nil {
		c.last.x, c.last.status = x, status
		return true
	}
	s.finished(c, x, status, err)
	x.Release()
	return err == nil && !c.fr.close && c.skipBody()
}

func (s *Server) finished(c *client, x *pipeline.Exchange, status int, err error) {
	if s.opts.Finished != nil {
		s.opts.Finished(x, Outcome{Status: status, Received: c.received, Sent: c.sent, Err: err})
	}
}

// handle calls the Handler. A panic there is ours to survive: it costs one answer.
func (s *Server) handle(x *pipeline.Exchange) {
	defer func() {
		if p := recover(); p != nil {
			s.opts.Log.Error("a handler panicked", "panic", p, "stack", string(debug.Stack()))
			r := &x.Response
			r.Header.Reset()
			r.Trailer.Reset()
			r.Status, r.Reason = 500, ""
			r.Header.Add("Content-Type", "application/json")
			r.Body.SetBytes(pipeline.ErrorBody(500, "Internal server error", x.ID.String()))
		}
	}()
	s.opts.Handler(x)
}

func (s *Server) enter(c *client) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return false
	}
	s.clients[c] = struct{}{}
	select {
	case s.busy <- struct{}{}:
	default:
	}
	if s.limits.ConnectionsPerIP > 0 {
		s.perIP[c.ip]++
	}
	return true
}

// sweep has the clients of exchanges that take their time watched, until the Server is
// drained. It sleeps while there are no clients.
func (s *Server) sweep() {
	defer s.lookout.close()
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.empty:
			return
		case <-ticker.C:
		}
		now := time.Now()
		s.mu.Lock()
		for c := range s.clients {
			c.sweep(now)
		}
		idle := len(s.clients) == 0
		s.mu.Unlock()
		if idle {
			ticker.Stop()
			select {
			case <-s.empty:
				return
			case <-s.busy:
				ticker.Reset(sweepEvery)
			}
		}
	}
}

// overcrowded refuses a connection that is one too many.
func (s *Server) overcrowded(c *client) error {
	if n := s.limits.Connections; n > 0 && s.open.Load() > int64(n) {
		return refuse(503, "The gateway has too many connections.")
	}
	if n := s.limits.ConnectionsPerIP; n > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.perIP[c.ip] > n {
			return refuse(429, "The gateway has too many connections from this address.")
		}
	}
	return nil
}

func (s *Server) leave(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, c)
	if s.limits.ConnectionsPerIP > 0 {
		if s.perIP[c.ip]--; s.perIP[c.ip] == 0 {
			delete(s.perIP, c.ip)
		}
	}
	if s.draining.Load() && len(s.clients) == 0 {
		close(s.empty)
	}
}

// Connections counts the open connections, WebSockets included.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// Shutdown drains: it stops accepting, closes connections that wait for a request, and
// lets requests, streams and WebSockets go on until they end or ctx does; then it cuts
// them. It returns ctx's error if something had to be cut. It must be called once.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining.Store(true)
	s.closeListeners()
	if len(s.clients) == 0 {
		close(s.empty)
	}
	for c := range s.clients {
		if c.state.CompareAndSwap(connIdle, connClosed) {
			_ = c.raw.Close()
		}
	}
	s.mu.Unlock()
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for c := range s.clients {
		c.life.end(errShutdown)
		_ = c.raw.Close()
	}
	s.mu.Unlock()
	select {
	case <-s.empty:
	case <-time.After(lastGrace):
		s.opts.Log.Error("connections are still being served after they were cut", "connections", s.Connections())
	}
	return ctx.Err()
}

// lastGrace is how long Shutdown waits for exchanges that it has cut.
const lastGrace = 5 * time.Second
