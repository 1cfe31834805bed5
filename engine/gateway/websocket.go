package gateway

import (
	"io"
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
// the client. There is no idle limit: a WebSocket may be silent for days. When one side
// closes, the other is told, and has a moment to say its last.
func (t *tunnel) run(c *client) (sent int64, err error) {
	defer t.close()
	c.waiting, t.conn.waiting = untouched, untouched
	c.reading.reset(0)
	t.conn.reading.reset(0)
	up := make(chan struct{})
	var received atomic.Int64
	go func() {
		defer close(up)
		n, _ := pass(t.conn, c.br)
		received.Store(n)
		closeWrite(t.conn.Conn)
		_ = t.conn.SetReadDeadline(time.Now().Add(closingTime))
	}()
	sent, err = pass(c, t.conn.br)
	closeWrite(c.net)
	_ = c.net.SetReadDeadline(time.Now().Add(closingTime))
	<-up
	c.received = received.Load()
	if err != nil && isTimeout(err) {
		err = nil
	}
	if c.life.why() == errShutdown {
		err = errShutdown
	}
	return sent, err
}

// pass copies bytes as they come.
func pass(to sink, from io.Reader) (n int64, err error) {
	pooled := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(pooled)
	b := (*pooled)[:copySize]
	for {
		got, err := from.Read(b)
		if got > 0 {
			if werr := to.write(b[:got]); werr != nil {
				return n, werr
			}
			n += int64(got)
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
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
