package gateway

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/engine/pipeline"
)

// closingTime is how long one direction of a tunnel may go on after the other has ended.
const closingTime = 5 * time.Second

// tunnel is a backend's side of a WebSocket whose handshake it has accepted. The server
// takes it over when the response with status 101 was sent.
type tunnel struct {
	conn *backendConn
	life *lifeline
	once sync.Once
}

// switched makes the backend's 101 the response and leaves the connection to the
// client's server loop.
func (a *call) switched(reason string) error {
	client := a.m.forward.Context.(*lifeline).client
	if a.life.why() != nil {
		return a.fail(a.life.why())
	}
	s := client.server
	if n := s.sockets.Add(1); s.limits.WebSockets > 0 && n > int64(s.limits.WebSockets) {
		s.sockets.Add(-1)
		return a.fail(&pipeline.Fault{Status: 503, Reason: pipeline.ReasonInternal, Public: "Service unavailable",
			Message: "The gateway has too many WebSockets."})
	}
	a.resp.Status, a.resp.Reason = 101, reason
	a.resp.Body.Clear()
	a.resp.Header.Add("Upgrade", "websocket")
	client.dropTunnel() // that of a forward-request before this one
	client.tunnel = &tunnel{conn: a.conn, life: a.life}
	return nil
}

// close ends the tunnel and its connection.
func (t *tunnel) close() {
	t.once.Do(func() {
		t.life.unbind(t.conn)
		t.conn.give(false)
	})
}

// dropTunnel closes a tunnel that the response turned out not to be.
func (c *client) dropTunnel() {
	if c.tunnel != nil {
		c.tunnel.close()
		c.tunnel = nil
		c.server.sockets.Add(-1)
	}
}

// run passes bytes both ways until both ends have closed, and returns how many went to
// the client. When one side closes, the other is told, and has a moment to say its last.
func (t *tunnel) run(c *client) (sent int64, err error) {
	defer t.close()
	idle := &silence{limit: t.conn.origin.transport.opts.BodyIdle}
	idle.heard()
	c.waiting, t.conn.waiting = untouched, untouched
	c.reading.reset(0)
	t.conn.reading.reset(0)
	up := make(chan struct{})
	var received int64
	go func() {
		defer close(up)
		var err error
		received, err = pass(t.conn, c.br, c.net, idle)
		closeWrite(t.conn.Conn)
		idle.closing(t.conn, err)
	}()
	sent, err = pass(c, t.conn.br, t.conn, idle)
	closeWrite(c.net)
	idle.closing(c.net, err)
	<-up
	c.received = received
	if isTimeout(err) {
		err = nil
	}
	if c.life.why() == errShutdown {
		err = errShutdown
	}
	return sent, err
}

// silence is how long nothing was heard on either side of a tunnel.
type silence struct {
	limit  time.Duration // 0 for none
	last   atomic.Int64  // when something was heard
	closed atomic.Bool   // one side has ended
}

func (s *silence) heard() { s.last.Store(time.Now().UnixNano()) }

// wait sets the deadline of the next read on a side.
func (s *silence) wait(side net.Conn) {
	if s.limit > 0 && !s.closed.Load() {
		_ = side.SetReadDeadline(time.Unix(0, s.last.Load()).Add(s.limit))
		if s.closed.Load() {
			s.closing(side, nil)
		}
	}
}

// over tells whether a deadline that has passed ends the tunnel: not if the other side
// was heard meanwhile.
func (s *silence) over() bool {
	return s.closed.Load() || s.limit == 0 || time.Since(time.Unix(0, s.last.Load())) >= s.limit
}

// closing gives a side its last moment, now that the other has ended. There is none if
// that was for the silence of both.
func (s *silence) closing(side net.Conn, err error) {
	s.closed.Store(true)
	last := time.Now()
	if !isTimeout(err) {
		last = last.Add(closingTime)
	}
	_ = side.SetReadDeadline(last)
}

// pass copies bytes as they come from a side.
func pass(to sink, from io.Reader, side net.Conn, idle *silence) (n int64, err error) {
	pooled := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(pooled)
	b := (*pooled)[:copySize]
	for {
		idle.wait(side)
		got, err := from.Read(b)
		if got > 0 {
			idle.heard()
			if werr := to.write(b[:got]); werr != nil {
				return n, werr
			}
			n += int64(got)
		}
		switch {
		case err == io.EOF:
			return n, nil
		case isTimeout(err) && !idle.over():
		case err != nil:
			return n, err
		}
	}
}

func closeWrite(conn any) {
	if w, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite()
	}
}

// wantsWebSocket tells whether an Exchange's request is a WebSocket handshake that its
// client made, and that no policy has made something else of.
func wantsWebSocket(x *pipeline.Exchange) bool {
	l, ok := x.Context.(*lifeline)
	return ok && l.client.fr.upgrade && x.Request.Method == "GET" && hasToken(x.Request.Header.Get("Upgrade"), "websocket")
}
