//go:build linux && (amd64 || arm64)

package gateway

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekisho/engine/pipeline"

	"go.uber.org/goleak"
)

// watched counts the clients that the lookout of a front watches; it has none before its
// first client.
func (f *front) watched() int {
	if f.server.Connections() == 0 {
		return 0
	}
	l := f.server.lookout
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.watched)
}

// holding serves exchanges that last until their context ends or release is closed.
func holding(t *testing.T, release chan struct{}) *front {
	return serve(t, "", setup{handler: func(_ *front, x *pipeline.Exchange) {
		select {
		case <-x.Context.Done():
		case <-release:
			x.Response.Status = 200
			x.Response.Body.SetBytes([]byte(x.Request.URL.Path))
		}
	}})
}

const held = "GET /held HTTP/1.1\r\nHost: h\r\n\r\n"

// Long exchanges have one goroutine each, whoever is watched, and each client that leaves is
// noticed without the others.
func TestManyLongExchanges(t *testing.T) {
	const n = 1000
	release := make(chan struct{})
	f := holding(t, release)
	before := runtime.NumGoroutine()
	clients := make([]*wire, n)
	for i := range clients {
		clients[i] = f.dial()
		clients[i].send(held)
	}
	eventually(t, "all are watched", func() bool { return f.watched() == n })
	if more := runtime.NumGoroutine() - before; more > n+n/10 {
		t.Errorf("%d exchanges have %d goroutines", n, more)
	}
	for i := 0; i < n; i += 2 {
		if i%4 == 0 {
			rst(clients[i].Conn)
		} else {
			_ = clients[i].Close()
		}
	}
	for range n / 2 {
		if o := f.outcome(); o.Status != 499 {
			t.Fatalf("one that has left has the outcome %+v", o)
		}
	}
	eventually(t, "only the others are watched", func() bool { return f.watched() == n/2 })
	close(release)
	for i := 1; i < n; i += 2 {
		if m := clients[i].mustMessage(); m.body != "/held" {
			t.Fatalf("one that stayed got %+v", m)
		}
	}
	if left := f.watched(); left != 0 {
		t.Errorf("%d are still watched after the end of their exchanges", left)
	}
}

// A client that has said more before its exchange ended is served that afterwards, to the
// last byte; if it has left after that, it is not taken for gone before its answer.
func TestWatchedClientThatIsEarly(t *testing.T) {
	for name, half := range map[string]bool{"and stays": false, "and says no more": true} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			f := holding(t, release)
			w := f.dial()
			w.send(held)
			eventually(t, "it is watched", func() bool { return f.watched() == 1 })
			w.send("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n")
			eventually(t, "it was early", func() bool { return f.watched() == 0 })
			w.send("abc" + "GET /last HTTP/1.1\r\nHost: h\r\n\r\n")
			if half {
				_ = w.Conn.(*net.TCPConn).CloseWrite()
			}
			time.Sleep(2 * sweepEvery)
			close(release)
			for _, want := range []string{"/held", "/early", "/last"} {
				if m := w.mustMessage(); m.body != want {
					t.Fatalf("got %+v, want %s", m, want)
				}
			}
			if half {
				w.closed()
			}
		})
	}
}

// A byte that comes as the exchange ends is found by the last look.
func TestLookoutLooksAtLast(t *testing.T) {
	f := holding(t, make(chan struct{}))
	f.dial()
	eventually(t, "it serves", func() bool { return f.server.Connections() == 1 })
	conn, socket, peer := sockets(t, nil)
	c := newClient(f.server, conn, conn)
	c.socket = socket
	c.mu.Lock()
	c.served = true
	c.startWatching()
	id := c.watchID
	if id == 0 || c.watching {
		t.Fatal("it is not the lookout that watches")
	}
	_, _ = peer.Write([]byte("x"))
	for end := time.Now().Add(patience); c.socket.idle() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	c.mu.Unlock()
	c.unwatch()
	if !c.holds.Load() || c.held[0] != 'x' || c.life.why() != nil {
		t.Errorf("it has %t %q, %v", c.holds.Load(), c.held[0], c.life.why())
	}
	// An event of a watch that has ended is nobody's.
	_ = peer.Close()
	for end := time.Now().Add(patience); c.socket.idle() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	f.server.lookout.look(c, id)
	if c.life.why() != nil {
		t.Errorf("the event of an old watch has ended the lifeline: %v", c.life.why())
	}
}

// Descriptors come again: what happens to one connection is not taken for the fate of that
// which has its descriptor afterwards.
func TestLookoutAndDescriptorsThatComeAgain(t *testing.T) {
	f := holding(t, make(chan struct{}))
	stays := f.dial()
	stays.send(held)
	for i := range 50 {
		w := f.dial()
		w.send(held)
		eventually(t, "both are watched", func() bool { return f.watched() == 2 })
		if i%2 == 0 {
			w.send("G") // whereupon it is not watched any more, but for its end
			eventually(t, "it was early", func() bool { return f.watched() == 1 })
			f.server.mu.Lock()
			for c := range f.server.clients {
				if c.holds.Load() {
					c.life.end(errShutdown)
				}
			}
			f.server.mu.Unlock()
		}
		rst(w.Conn)
		if o := f.outcome(); o.Status != 499 {
			t.Fatalf("round %d: %+v", i, o)
		}
		eventually(t, "it is gone", func() bool { return f.server.Connections() == 1 })
	}
	if n := f.watched(); n != 1 {
		t.Errorf("%d are watched", n)
	}
	_ = stays.Close()
	if o := f.outcome(); o.Status != 499 {
		t.Errorf("the one that stayed: %+v", o)
	}
}

// Where the lookout cannot watch, a goroutine does.
func TestWatchingWithoutALookout(t *testing.T) {
	f := serve(t, "", setup{tls: &tls.Config{Certificates: []tls.Certificate{*newAuthority(t).issue(t, "h")}}, handler: func(_ *front, x *pipeline.Exchange) { <-x.Context.Done() }})
	c, err := tls.Dial("tcp", f.address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, held)
	eventually(t, "it is watched", func() bool {
		f.server.mu.Lock()
		defer f.server.mu.Unlock()
		for c := range f.server.clients {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.watching
		}
		return false
	})
	if n := f.watched(); n != 0 {
		t.Errorf("the lookout watches %d", n)
	}
	_ = c.Close()
	if o := f.outcome(); o.Status != 499 {
		t.Errorf("the outcome is %+v", o)
	}
}

func TestLookoutEndsWithItsServer(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("server", func(t *testing.T) {
		f := holding(t, make(chan struct{}))
		w := f.dial()
		w.send(held)
		eventually(t, "it is watched", func() bool { return f.watched() == 1 })
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		_ = f.server.Shutdown(ctx)
		f.outcome()
	})
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

// Silent streams hold no buffers for what their backends may say, and lose nothing of it.
func TestSilentStreamsHoldNoBuffers(t *testing.T) {
	say := make(chan string)
	origin := newOrigin(t, func(w *wire) {
		w.mustHead()
		w.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for s := range say {
			w.send(s)
		}
	})
	f := serve(t, origin.url, setup{})
	w := f.dial()
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	w.mustHead()
	for i := range 20 {
		event := strings.Repeat("event "+strconv.Itoa(i), 1+i*i*10)
		whole := strconv.FormatInt(int64(len(event)), 16) + "\r\n" + event + "\r\n"
		for _, cut := range []int{1, 3, len(whole) - 1, len(whole)} { // also within the size
			if i%2 == 0 {
				cut = len(whole)
			}
			say <- whole[:min(cut, len(whole))]
			whole = whole[min(cut, len(whole)):]
			time.Sleep(time.Millisecond)
			if whole == "" {
				break
			}
		}
		var got strings.Builder
		for got.Len() < len(event) {
			c, err := w.chunk()
			if err != nil {
				t.Fatal(err)
			}
			got.WriteString(c)
		}
		if got.String() != event {
			t.Fatalf("event %d came as %d bytes, want %d", i, got.Len(), len(event))
		}
	}
	close(say)
	if _, err := w.chunk(); err == nil {
		t.Error("a stream that was cut looks whole")
	}
	if o := f.outcome(); o.Err == nil {
		t.Errorf("the outcome is %+v", o)
	}
}
