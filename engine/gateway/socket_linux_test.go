//go:build linux && (amd64 || arm64)

package gateway

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/pipeline"
)

// heard is an asker that counts, and may not want answers.
type heard struct {
	times int
	deaf  bool
}

func (a *heard) written() bool { a.times++; return !a.deaf }

// sockets are a connection's two ends, the first with its socket.
func sockets(t *testing.T, a asker) (conn *net.TCPConn, s *socket, peer *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	p, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); p.Close() })
	for _, c := range []net.Conn{c, p} {
		_ = c.SetDeadline(time.Now().Add(patience))
	}
	return c.(*net.TCPConn), newSocket(a, c), p.(*net.TCPConn)
}

func TestSocketAsks(t *testing.T) {
	a := &heard{}
	_, s, peer := sockets(t, a)
	go func() {
		answer := []byte("answer")
		for b := make([]byte, 8); ; {
			if _, err := io.ReadFull(peer, b); err != nil {
				return
			}
			_, _ = peer.Write(answer)
		}
	}()
	question, in := []byte("question"), make([]byte, 100)
	for i := range 100 {
		wrote, n, err := s.ask(question, in, i%2 == 1)
		if wrote != 8 || string(in[:n]) != "answer" || err != nil || a.times != i+1 {
			t.Fatalf("%d: wrote %d, read %q, %v, %d", i, wrote, in[:n], err, a.times)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _, _ = s.ask(question, in, true) }); n != 0 {
		t.Errorf("an ask allocates %v times", n)
	}
}

// What has come before, if only the end, makes ask with look write nothing.
func TestSocketIsStale(t *testing.T) {
	for name, spoil := range map[string]func(*net.TCPConn){
		"data": func(p *net.TCPConn) { _, _ = p.Write([]byte("x")) },
		"half": func(p *net.TCPConn) { _ = p.CloseWrite() },
		"end":  func(p *net.TCPConn) { _ = p.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			a := &heard{}
			_, s, peer := sockets(t, a)
			if !s.idle() {
				t.Error("a new connection is not idle")
			}
			spoil(peer)
			for end := time.Now().Add(patience); s.idle() && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			wrote, _, err := s.ask([]byte("question"), make([]byte, 10), true)
			if wrote != 0 || err != errStale || a.times != 0 {
				t.Errorf("wrote %d, %v, %d", wrote, err, a.times)
			}
		})
	}
}

func TestSocketEnds(t *testing.T) {
	t.Run("end", func(t *testing.T) {
		_, s, peer := sockets(t, &heard{})
		go func() {
			_, _ = peer.Read(make([]byte, 1))
			_ = peer.CloseWrite()
		}()
		if wrote, _, err := s.ask([]byte("q"), make([]byte, 10), true); wrote != 1 || err != io.EOF {
			t.Errorf("wrote %d, %v", wrote, err)
		}
	})
	t.Run("reset", func(t *testing.T) {
		_, s, peer := sockets(t, &heard{})
		go func() {
			_, _ = peer.Read(make([]byte, 1))
			_ = peer.SetLinger(0)
			_ = peer.Close()
		}()
		if wrote, _, err := s.ask([]byte("q"), make([]byte, 10), true); wrote != 1 || !isClosed(err) {
			t.Errorf("wrote %d, %v", wrote, err)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		conn, s, _ := sockets(t, &heard{})
		_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, _, err := s.ask([]byte("q"), make([]byte, 10), false); !errors.Is(err, os.ErrDeadlineExceeded) || !isTimeout(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		conn, s, peer := sockets(t, &heard{})
		go func() {
			_, _ = peer.Read(make([]byte, 1))
			_ = conn.Close()
		}()
		if _, _, err := s.ask([]byte("q"), make([]byte, 10), false); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
		if wrote, _, err := s.ask([]byte("q"), make([]byte, 10), false); wrote != 0 || !errors.Is(err, net.ErrClosed) {
			t.Errorf("wrote %d, %v", wrote, err)
		}
	})
	t.Run("unawaited", func(t *testing.T) {
		_, s, peer := sockets(t, &heard{deaf: true})
		if wrote, _, err := s.ask([]byte("q"), make([]byte, 10), false); wrote != 1 || err != errUnawaited {
			t.Errorf("wrote %d, %v", wrote, err)
		}
		if _, err := peer.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
	})
}

// A socket that takes only a part says how much, and awaits nothing.
func TestSocketIsFull(t *testing.T) {
	a := &heard{}
	_, s, peer := sockets(t, a)
	message := []byte(strings.Repeat("x", 64<<20))
	wrote, n, err := s.ask(message, make([]byte, 10), true)
	if wrote == 0 || wrote == len(message) || n != 0 || err != nil || a.times != 0 {
		t.Fatalf("wrote %d, read %d, %v, %d", wrote, n, err, a.times)
	}
	if got, err := io.ReadFull(peer, make([]byte, wrote)); err != nil {
		t.Errorf("%d came, %v", got, err)
	}
}

// A client may send requests before it has the responses to those before, at any moment.
func TestRequestsThatComeEarly(t *testing.T) {
	for name, pause := range map[string]time.Duration{"at once": 0, "while it is watched": 3 * sweepEvery} {
		t.Run(name, func(t *testing.T) {
			begun, release := make(chan struct{}), make(chan struct{})
			f := serve(t, "", setup{handler: func(_ *front, x *pipeline.Exchange) {
				if x.Request.URL.Path == "/slow" {
					begun <- struct{}{}
					<-release
				}
				x.Response.Status = 200
				x.Response.Body.SetBytes([]byte(x.Request.URL.Path))
			}})
			w := f.dial()
			for range 2 * eagerness {
				w.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
				<-begun
				w.send("GET /early HTTP/1.1\r\nHost: h\r\n\r\n")
				time.Sleep(pause)
				release <- struct{}{}
				for _, want := range []string{"/slow", "/early"} {
					if m, err := w.message(); err != nil || m.body != want {
						t.Fatalf("got %+v, %v; want %s", m, err, want)
					}
				}
				if pause > 0 {
					break
				}
			}
		})
	}
}

// A client that sends nothing more after its request gets its answer, and then the end of
// the connection without waiting for the time that connections are kept.
func TestClientThatSaysNoMore(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	f := serve(t, "", setup{handler: func(_ *front, x *pipeline.Exchange) {
		close(begun)
		<-release
		x.Response.Status = 200
		x.Response.Body.SetBytes([]byte("answer"))
	}})
	w := f.dial()
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-begun
	_ = w.Conn.(*net.TCPConn).CloseWrite()
	close(release)
	if m, err := w.message(); err != nil || m.body != "answer" {
		t.Fatalf("got %+v, %v", m, err)
	}
	if rest, err := io.ReadAll(w); err != nil || len(rest) > 0 {
		t.Errorf("got %q, %v", rest, err)
	}
}

// A response that the client does not take fails as such: its outcome says so.
func TestResponseToAClientThatHasLeft(t *testing.T) {
	var once sync.Once
	begun, release := make(chan struct{}), make(chan struct{})
	f := serve(t, "", setup{handler: func(_ *front, x *pipeline.Exchange) {
		once.Do(func() { close(begun) })
		<-release
		x.Response.Status = 200
		x.Response.Body.SetBytes([]byte("answer"))
	}})
	w := f.dial()
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-begun
	_ = w.Conn.(*net.TCPConn).SetLinger(0)
	_ = w.Close()
	f.server.mu.Lock()
	for c := range f.server.clients {
		for end := time.Now().Add(patience); c.socket.idle() && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	f.server.mu.Unlock()
	close(release)
	if o := f.outcome(); o.Err == nil || o.Status != 499 || o.Sent != 0 {
		t.Errorf("got %+v", o)
	}
}
