package gateway

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"sekisho/engine/pipeline"

	"go.uber.org/goleak"
)

func TestRule14ShutdownLetsRequestsFinish(t *testing.T) {
	asked, answer := make(chan struct{}, 1), make(chan struct{})
	origin := newOrigin(t, func(w *wire) {
		for {
			if _, err := w.message(); err != nil {
				return
			}
			asked <- struct{}{}
			<-answer
			w.send(plainOK)
		}
	})
	f := serve(t, origin.url, setup{})
	idle, fresh, busy := f.dial(), f.dial(), f.dial()
	idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	receive(t, asked)
	answer <- struct{}{}
	idle.mustMessage()
	busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	receive(t, asked)
	eventually(t, "all connections are known", func() bool { return f.server.Connections() == 3 })

	done := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		done <- f.server.Shutdown(ctx)
	}()
	idle.closed()
	fresh.closed()
	select {
	case err := <-done:
		t.Fatalf("Shutdown did not wait: %v", err)
	default:
	}
	close(answer)
	if m := busy.mustMessage(); m.body != "ok" || m.field("Connection") != "close" {
		t.Errorf("answered %q %q", m.line, m.lines)
	}
	busy.closed()
	if err := receive(t, done); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if n := f.server.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

func TestRule14ShutdownCutsWhatDoesNotEnd(t *testing.T) {
	origin := newOrigin(t, func(w *wire) {
		m := w.mustHead()
		if strings.Contains(m.line, "/ws") {
			w.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		} else {
			w.send("HTTP/1.1 200 OK\r\n\r\ndata\n\n")
		}
		_, _ = io.ReadAll(w.Reader)
	})
	f := serve(t, origin.url, setup{})
	stream, socket := f.dial(), f.dial()
	stream.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	stream.mustHead()
	socket.send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	socket.mustHead()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := f.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	for range 2 {
		if o := f.outcome(); !errors.Is(o.Err, errShutdown) {
			t.Errorf("the outcome is %+v", o)
		}
	}
	if _, err := io.ReadAll(socket.Reader); isTimeout(err) {
		t.Error("the WebSocket is still open")
	}
}

func TestRule14NothingIsAcceptedAfterShutdown(t *testing.T) {
	f := serve(t, "http://127.0.0.1:1", setup{})
	if err := f.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, err := dialOnce(f.address); err == nil {
		_ = c.SetDeadline(time.Now().Add(patience))
		if _, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
			t.Error("a connection was accepted")
		}
		_ = c.Close()
	}
}

func TestListenBindsAllOrNone(t *testing.T) {
	f := serve(t, "http://127.0.0.1:1", setup{})
	s := NewServer(Options{Listeners: []Listener{{Address: "127.0.0.1:0"}, {Address: f.address}}, Limits: DefaultLimits()})
	if err := s.Listen(); err == nil || len(s.Addrs()) != 0 {
		t.Errorf("Listen: %v, bound %v", err, s.Addrs())
	}
}

func TestTooManyConnections(t *testing.T) {
	origin, _ := canned(t, plainOK)
	f := serve(t, origin.url, setup{limits: func(l *Limits) { l.Connections = 1 }})
	w := f.dial()
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	w.mustMessage()
	if m := f.dial().mustMessage(); m.status() != "503" || !strings.HasPrefix(m.body, `{ "statusCode": 503`) {
		t.Errorf("answered %q %q", m.line, m.body)
	}
	_ = w.Close()
	eventually(t, "there is room again", func() bool { return f.server.open.Load() == 0 })
	if m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); m.status() != "200" {
		t.Errorf("answered %q", m.line)
	}
}

func TestTooManyConnectionsOfOneAddress(t *testing.T) {
	origin, _ := canned(t, plainOK)
	f := serve(t, origin.url, setup{limits: func(l *Limits) { l.ConnectionsPerIP = 1 }})
	w := f.dial()
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	w.mustMessage()
	if m := f.dial().mustMessage(); m.status() != "429" {
		t.Errorf("answered %q %q", m.line, m.body)
	}
	_ = w.Close()
	eventually(t, "there is room again", func() bool { return f.server.Connections() == 0 })
	if m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); m.status() != "200" {
		t.Errorf("answered %q", m.line)
	}
}

func TestTooManyWebSockets(t *testing.T) {
	origin := newOrigin(t, func(w *wire) {
		w.mustHead()
		w.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		_, _ = io.ReadAll(w.Reader)
	})
	f := serve(t, origin.url, setup{limits: func(l *Limits) { l.WebSockets = 1 }})
	const handshake = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
	first := f.dial()
	first.send(handshake)
	if m := first.mustHead(); m.status() != "101" {
		t.Fatalf("answered %q", m.line)
	}
	if m := f.exchange(handshake); m.status() != "503" {
		t.Errorf("answered %q", m.line)
	}
	_ = first.Close()
	eventually(t, "there is room again", func() bool { return f.server.sockets.Load() == 0 })
	again := f.dial()
	again.send(handshake)
	if m := again.mustHead(); m.status() != "101" {
		t.Errorf("answered %q", m.line)
	}
}

func TestHandlerThatPanicsCostsOneAnswer(t *testing.T) {
	f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
		x.Response.Header.Add("X-Half", "1")
		panic("oops")
	}})
	w := f.dial()
	for range 2 {
		w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if m := w.mustMessage(); m.status() != "500" || m.has("X-Half") || !strings.HasPrefix(m.body, `{ "statusCode": 500, "message": "Internal server error", "activityId": "`) {
			t.Errorf("answered %q %q %q", m.line, m.lines, m.body)
		}
	}
}

func TestStatusesThatCannotBeSent(t *testing.T) {
	for _, status := range []int{-1, 0, 99, 100, 101, 199, 1000} {
		f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) { x.Response.Status = status }})
		if m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); m.line != "HTTP/1.1 500 Internal Server Error" {
			t.Errorf("status %d was sent as %q", status, m.line)
		}
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("traffic", func(t *testing.T) {
		origin, _ := canned(t, plainOK)
		silent := newOrigin(t, func(w *wire) {
			_, _ = w.message()
			_, _ = io.ReadAll(w.Reader)
		})
		f := serve(t, "", setup{
			transport: func(o *TransportOptions) { o.MaxIdle = 50 * time.Millisecond },
			handler: func(f *front, x *pipeline.Exchange) {
				target := origin.url
				if x.OriginalURL.Path == "/silent" {
					target = silent.url
				}
				forwardTo(x, target, pipeline.ForwardOptions{Timeout: patience})
			},
		})
		for range 20 {
			f.exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n" + strings.Repeat("x", 50000))
			w := f.dial()
			w.send("POST /silent HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n" + strings.Repeat("x", 20000))
			time.Sleep(time.Millisecond)
			rst(w.Conn)
		}
		eventually(t, "all connections are gone", func() bool {
			runtime.GC()
			return f.server.Connections() == 0 && f.transport.Connections() == 0
		})
	})
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
