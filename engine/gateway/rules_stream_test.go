package gateway

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/pipeline"
)

func TestRule8SlowHeadersAreCutOff(t *testing.T) {
	for name, pieces := range map[string][]string{
		"nothing at all":     {""},
		"half a line":        {"GET / HT"},
		"a trickle of lines": {"GET / HTTP/1.1\r\n", "Host: h\r\n", "A: b\r\n", "A: b\r\n", "A: b\r\n", "A: b\r\n", "A: b\r\n", "A: b\r\n", "A: b\r\n", "A: b\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, "http://127.0.0.1:1", setup{limits: func(l *Limits) { l.HeaderTimeout = 150 * time.Millisecond }})
			w := f.dial()
			go func() {
				for _, p := range pieces {
					_, _ = io.WriteString(w.Conn, p)
					time.Sleep(50 * time.Millisecond)
				}
			}()
			b, err := io.ReadAll(w.Reader)
			if isTimeout(err) {
				t.Fatal("the connection stayed open")
			}
			if pieces[0] != "" && !strings.HasPrefix(string(b), "HTTP/1.1 408 ") {
				t.Errorf("answered %q", b)
			}
		})
	}
}

func TestRule8IdleBodyIsCutOffAndASlowOneIsNot(t *testing.T) {
	limit := func(l *Limits) { l.BodyIdle = 200 * time.Millisecond }
	origin, got := canned(t, plainOK)
	f := serve(t, origin.url, setup{limits: limit})
	w := f.dial()
	w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n")
	for range 10 {
		time.Sleep(50 * time.Millisecond)
		w.send("ab")
	}
	if m := w.mustMessage(); m.status() != "200" || receive(t, got).body != strings.Repeat("ab", 10) {
		t.Errorf("a slow body was answered with %q", m.line)
	}
	w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\nab")
	if m := w.mustMessage(); m.status() != "408" || !strings.HasPrefix(m.body, `{ "statusCode": 408`) {
		t.Errorf("an idle body was answered with %q %q", m.line, m.body)
	}
}

func TestRule8IdleConnectionIsClosed(t *testing.T) {
	origin, _ := canned(t, plainOK)
	f := serve(t, origin.url, setup{limits: func(l *Limits) { l.KeepAlive = 100 * time.Millisecond }})
	w := f.dial()
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	w.mustMessage()
	w.closed()
}

func TestRule8BackendThatDoesNotAnswerIsATimeout(t *testing.T) {
	for name, answer := range map[string]string{"silent": "", "half a header": "HTTP/1.1 200 OK\r\nX-A"} {
		t.Run(name, func(t *testing.T) {
			origin := newOrigin(t, func(w *wire) {
				_, _ = w.message()
				w.send(answer)
				_, _ = io.ReadAll(w.Reader)
			})
			var fault *pipeline.Fault
			f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
				forwardTo(x, origin.url, pipeline.ForwardOptions{Timeout: 100 * time.Millisecond})
				fault = x.Fault()
			}})
			for _, request := range []string{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n" + strings.Repeat("x", 70000)} {
				if m := f.exchange(request); m.status() != "500" || !strings.HasPrefix(m.body, `{ "statusCode": 500, "message": "Internal server error"`) {
					t.Errorf("answered %q %q", m.line, m.body)
				}
				if fault == nil || fault.Reason != pipeline.ReasonTimeout {
					t.Errorf("the fault is %v", fault)
				}
			}
		})
	}
}

func TestRule8TotalTimeIsAnsweredAndCutsNoStream(t *testing.T) {
	limits := func(l *Limits) { l.Total = 150 * time.Millisecond }
	asked := make(chan error, 1)
	f := serve(t, "", setup{limits: limits, handler: func(f *front, x *pipeline.Exchange) {
		<-x.Context.Done()
		asked <- x.Context.Err()
		x.Fail(pipeline.Faultf(500, pipeline.ReasonTimeout, "too slow"))
	}})
	m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if m.status() != "500" || m.field("Connection") != "close" || receive(t, asked) == nil {
		t.Errorf("a handler that takes too long was answered with %q %q", m.line, m.lines)
	}

	silent := newOrigin(t, func(w *wire) {
		_, _ = w.message()
		_, _ = io.ReadAll(w.Reader)
	})
	var fault *pipeline.Fault
	f = serve(t, "", setup{limits: limits, handler: func(f *front, x *pipeline.Exchange) {
		forwardTo(x, silent.url, pipeline.ForwardOptions{Timeout: time.Minute})
		fault = x.Fault()
	}})
	if m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); m.status() != "500" || fault == nil || fault.Reason != pipeline.ReasonTimeout {
		t.Errorf("a silent backend was answered with %q, the fault is %v", m.line, fault)
	}

	slow := newOrigin(t, func(w *wire) {
		m, _ := w.message()
		w.send("HTTP/1.1 200 OK\r\n\r\n" + m.body)
		for range 8 {
			time.Sleep(50 * time.Millisecond)
			w.send("x")
		}
	})
	f = serve(t, slow.url, setup{limits: limits})
	w := f.dial()
	w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n")
	for range 8 {
		time.Sleep(50 * time.Millisecond)
		w.send("a")
	}
	if m := w.mustMessage(); m.body != "aaaaaaaaxxxxxxxx" {
		t.Errorf("a slow upload with a slow answer came back as %q %q", m.line, m.body)
	}
}

func TestRule8NoLimitCutsALiveStream(t *testing.T) {
	origin := newOrigin(t, func(w *wire) {
		_, _ = w.message()
		w.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
		for i := range 10 {
			time.Sleep(60 * time.Millisecond)
			w.send(fmt.Sprintf("data: %d\n\n", i))
		}
	})
	f := serve(t, origin.url, setup{
		forward: pipeline.ForwardOptions{Timeout: 150 * time.Millisecond},
		limits: func(l *Limits) {
			l.HeaderTimeout, l.BodyIdle, l.KeepAlive, l.WriteIdle = 150*time.Millisecond, 150*time.Millisecond, 150*time.Millisecond, 150*time.Millisecond
		},
	})
	m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if strings.Count(m.body, "data: ") != 10 {
		t.Errorf("of ten events came %q", m.body)
	}
}

func TestRule9HeadersBeforeTheFirstEventAndEventsAtOnce(t *testing.T) {
	for _, framing := range []string{"chunked", "until the end", "length"} {
		t.Run(framing, func(t *testing.T) {
			step := make(chan struct{})
			origin := newOrigin(t, func(w *wire) {
				_, _ = w.message()
				switch framing {
				case "chunked":
					w.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
				case "length":
					w.send("HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n")
				default:
					w.send("HTTP/1.1 200 OK\r\n\r\n")
				}
				for i := range 3 {
					<-step
					event := fmt.Sprintf("data: %d\n\n", i)
					if framing == "chunked" {
						event = fmt.Sprintf("%x\r\n%s\r\n", len(event), event)
					}
					w.send(event)
				}
				<-step
				if framing == "chunked" {
					w.send("0\r\n\r\n")
				}
			})
			f := serve(t, origin.url, setup{})
			w := f.dial()
			w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			// Each step is taken only when the one before has arrived: if anything were
			// held back, this would not end.
			m := w.mustHead()
			for i := range 3 {
				step <- struct{}{}
				want := fmt.Sprintf("data: %d\n\n", i)
				if framing == "length" {
					b := make([]byte, len(want))
					if _, err := io.ReadFull(w.Reader, b); err != nil || string(b) != want {
						t.Fatalf("event %d is %q (%v)", i, b, err)
					}
				} else if event, err := w.chunk(); err != nil || event != want {
					t.Fatalf("event %d is %q (%v)", i, event, err)
				}
			}
			close(step)
			if m.has("Transfer-Encoding") == (framing == "length") {
				t.Errorf("the client got %q", m.lines)
			}
		})
	}
}

func TestRule9UploadReachesTheBackendWhileItIsSent(t *testing.T) {
	for _, framing := range []string{"chunked", "length"} {
		t.Run(framing, func(t *testing.T) {
			heard := make(chan string)
			origin := newOrigin(t, func(w *wire) {
				m := w.mustHead()
				heard <- m.line
				for range 3 {
					var b []byte
					if framing == "chunked" {
						s, _ := w.chunk()
						b = []byte(s)
					} else {
						b = make([]byte, 2)
						_, _ = io.ReadFull(w.Reader, b)
					}
					heard <- string(b)
				}
				if framing == "chunked" {
					_, _ = w.ReadString('\n')
					_, _ = w.ReadString('\n')
				}
				w.send(plainOK)
			})
			f := serve(t, origin.url, setup{})
			w := f.dial()
			if framing == "chunked" {
				w.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
			} else {
				w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n")
			}
			receive(t, heard)
			for _, piece := range []string{"aa", "bb", "cc"} {
				if framing == "chunked" {
					w.send("2\r\n" + piece + "\r\n")
				} else {
					w.send(piece)
				}
				if got := receive(t, heard); got != piece {
					t.Fatalf("the backend got %q, want %q", got, piece)
				}
			}
			if framing == "chunked" {
				w.send("0\r\n\r\n")
			}
			if m := w.mustMessage(); m.body != "ok" || m.has("Connection") {
				t.Errorf("answered %q %q %q", m.line, m.lines, m.body)
			}
		})
	}
}

func TestRule9BodiesOfAnySizeArriveWhole(t *testing.T) {
	echo := newOrigin(t, func(w *wire) {
		for {
			m, err := w.message()
			if err != nil {
				return
			}
			if strings.HasSuffix(m.line, "/chunked HTTP/1.1") {
				w.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
				for b := m.body; b != ""; {
					n := min(len(b), 10000)
					w.send(fmt.Sprintf("%X;ext=1\r\n%s\r\n", n, b[:n]))
					b = b[n:]
				}
				w.send("0\r\n\r\n")
				continue
			}
			w.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(m.body), m.body))
		}
	})
	for _, buffered := range []bool{false, true} {
		f := serve(t, echo.url, setup{forward: pipeline.ForwardOptions{BufferRequestBody: buffered}, bodyLimit: 16 << 20})
		w := f.dial()
		for _, size := range []int{0, 1, 100, 4095, 4096, 4097, 16383, 16384, 16385, 32767, 32768, 40000, 1 << 20, 5<<20 + 17} {
			body := make([]byte, size)
			_, _ = rand.Read(body)
			for _, path := range []string{"/length", "/chunked"} {
				go func() {
					if path == "/length" {
						_, _ = fmt.Fprintf(w.Conn, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", path, size, body)
						return
					}
					var b bytes.Buffer
					b.WriteString("POST /chunked HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
					for p := body; len(p) > 0; {
						n := min(len(p), 3333)
						fmt.Fprintf(&b, "%x\r\n%s\r\n", n, p[:n])
						p = p[n:]
					}
					b.WriteString("0\r\n\r\n")
					_, _ = w.Conn.Write(b.Bytes())
				}()
				if m := w.mustMessage(); m.status() != "200" || m.body != string(body) {
					t.Fatalf("%s of %d bytes (buffered: %t) came back as %q with %d bytes", path, size, buffered, m.line, len(m.body))
				}
			}
		}
	}
}

func TestRule9BothWaysAtOnce(t *testing.T) {
	origin := newOrigin(t, func(w *wire) {
		w.mustHead()
		w.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for {
			s, err := w.chunk()
			if err != nil {
				return
			}
			if s == "" {
				break
			}
			w.send(fmt.Sprintf("%x\r\n%s\r\n", len(s), s))
		}
		_, _ = w.ReadString('\n')
		w.send("0\r\n\r\n")
	})
	f := serve(t, origin.url, setup{})
	w := f.dial()
	w.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
	w.mustHead()
	for i := range 5 {
		piece := fmt.Sprintf("piece %d", i)
		w.send(fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece))
		if got, err := w.chunk(); err != nil || got != piece {
			t.Fatalf("came back: %q (%v)", got, err)
		}
	}
	w.send("0\r\n\r\n")
	if got, err := w.chunk(); err != nil || got != "" {
		t.Fatalf("the end is %q (%v)", got, err)
	}
}

func TestRule9SlowClientHoldsTheBackendBack(t *testing.T) {
	var sent int64
	var mu sync.Mutex
	stop := make(chan struct{})
	origin := newOrigin(t, func(w *wire) {
		_, _ = w.message()
		w.send("HTTP/1.1 200 OK\r\n\r\n")
		piece := make([]byte, 64<<10)
		for {
			_ = w.Conn.SetWriteDeadline(time.Now().Add(patience))
			n, err := w.Conn.Write(piece)
			mu.Lock()
			sent += int64(n)
			mu.Unlock()
			if err != nil {
				close(stop)
				return
			}
		}
	})
	f := serve(t, origin.url, setup{})
	w := f.dial()
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	w.mustHead()
	// Nobody reads any more. What the sockets hold is some megabytes; then it must stand.
	var last int64
	eventually(t, "the backend is held back", func() bool {
		time.Sleep(100 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		still := sent == last && sent > 0
		last = sent
		return still
	})
	if last > 64<<20 {
		t.Errorf("the backend could send %d bytes to a client that takes none", last)
	}
	_ = w.Close()
	<-stop
}

func TestRule9TrailersPass(t *testing.T) {
	origin := newOrigin(t, func(w *wire) {
		m, err := w.message()
		if err != nil {
			return
		}
		w.send("HTTP/1.1 200 OK\r\nTrailer: x-sum, Y\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 42\r\nContent-Length: 9\r\nY: " + strings.Join(m.trailer, "|") + "/" + m.field("Trailer") + "\r\n\r\n")
	})
	f := serve(t, origin.url, setup{})
	m := f.exchange("POST / HTTP/1.1\r\nHost: h\r\nTrailer: x-Check\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-Check: 1\r\nHost: evil\r\n\r\n")
	if m.field("Trailer") != "x-sum, Y" || !equalLines(m.trailer, []string{"x-sum: 42", "Y: x-Check: 1/x-Check"}) {
		t.Errorf("the client got %q and the trailer %q", m.lines, m.trailer)
	}
}

func TestRule9CutResponseIsNotTakenForAWholeOne(t *testing.T) {
	for name, response := range map[string]string{
		"length": "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
		"chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"broken": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			origin := newOrigin(t, func(w *wire) {
				_, _ = w.message()
				w.send(response)
			})
			f := serve(t, origin.url, setup{})
			w := f.dial()
			w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			m, err := w.message()
			if err == nil || m.body != "" && m.body != "abc" {
				t.Errorf("the client took %+v for a whole response", m)
			}
			if o := f.outcome(); o.Err == nil || o.Status != 200 || o.Sent != 3 {
				t.Errorf("the outcome is %+v", o)
			}
		})
	}
}

func TestRule10ClientThatLeavesCancelsTheBackend(t *testing.T) {
	for name, c := range map[string]struct{ request, answer string }{
		"before the response":       {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", ""},
		"with a body":               {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", ""},
		"with a chunked body":       {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ""},
		"in a silent stream":        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nabc"},
		"with a request after this": {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", ""},
		"while it sends":            {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 30000\r\n\r\nabc", ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked, left := make(chan struct{}), make(chan struct{})
			origin := newOrigin(t, func(w *wire) {
				w.mustHead()
				w.send(c.answer)
				close(asked)
				_, _ = io.ReadAll(w.Reader)
				close(left)
			})
			ended := make(chan error, 1)
			f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
				forwardTo(x, origin.url, pipeline.ForwardOptions{Timeout: time.Minute})
				if c.answer == "" {
					ended <- x.Context.Err()
				}
			}})
			w := f.dial()
			w.send(c.request)
			receive(t, asked)
			if c.answer != "" {
				w.mustHead()
			}
			_ = w.Close()
			receive(t, left)
			o := f.outcome()
			if c.answer == "" {
				if err := receive(t, ended); err == nil {
					t.Error("the context did not end")
				}
				if o.Status != 499 {
					t.Errorf("the outcome is %+v", o)
				}
			} else if o.Err == nil {
				t.Errorf("the outcome is %+v", o)
			}
		})
	}
}

func TestRule10ContextEndsForWhateverIsDoneInstead(t *testing.T) {
	f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) { <-x.Context.Done() }})
	w := f.dial()
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	_ = w.Close()
	if o := f.outcome(); o.Status != 499 {
		t.Errorf("the outcome is %+v", o)
	}
}

func TestRule10WatchingDoesNotSwallowTheNextRequest(t *testing.T) {
	origin := newOrigin(t, func(w *wire) {
		for {
			if _, err := w.message(); err != nil {
				return
			}
			time.Sleep(4 * sweepEvery)
			w.send(plainOK)
		}
	})
	f := serve(t, origin.url, setup{})
	w := f.dial()
	for range 5 {
		w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		time.Sleep(sweepEvery)
		w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n")
		time.Sleep(sweepEvery)
		w.send("abc")
		for range 2 {
			if m := w.mustMessage(); m.body != "ok" {
				t.Fatalf("answered %q %q", m.line, m.body)
			}
		}
	}
}

func TestRule11WebSocketPasses(t *testing.T) {
	closed := make(chan struct{})
	origin := newOrigin(t, func(w *wire) {
		m := w.mustHead()
		if m.field("Connection") != "Upgrade" || m.field("Upgrade") != "websocket" || m.field("Sec-WebSocket-Key") != "k" || m.has("Content-Length") {
			t.Errorf("the backend got %q", m.lines)
		}
		w.send("HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: upgrade\r\nSec-WebSocket-Accept: a\r\n\r\nhello")
		_ = w.SetDeadline(time.Time{})
		_, _ = io.Copy(w.Conn, w.Reader)
		close(closed)
	})
	f := serve(t, origin.url, setup{
		forward: pipeline.ForwardOptions{Timeout: 100 * time.Millisecond},
		limits: func(l *Limits) {
			l.BodyIdle, l.KeepAlive = 100*time.Millisecond, 100*time.Millisecond
		},
	})
	w := f.dial()
	w.send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\nearly")
	m := w.mustHead()
	if m.line != "HTTP/1.1 101 Switching Protocols" || m.field("Connection") != "Upgrade" || m.field("Upgrade") != "websocket" || m.field("Sec-WebSocket-Accept") != "a" {
		t.Fatalf("answered %q %q", m.line, m.lines)
	}
	read := func(n int) string {
		b := make([]byte, n)
		if _, err := io.ReadFull(w.Reader, b); err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := read(10); got != "helloearly" {
		t.Errorf("came %q", got)
	}
	time.Sleep(300 * time.Millisecond) // longer than any limit
	w.send("later")
	if got := read(5); got != "later" {
		t.Errorf("came %q", got)
	}
	if n := f.server.Connections(); n != 1 {
		t.Errorf("the server counts %d connections", n)
	}
	_ = w.Close()
	receive(t, closed)
	if o := f.outcome(); o.Status != 101 || o.Sent != 15 || o.Received != 10 {
		t.Errorf("the outcome is %+v", o)
	}
	eventually(t, "no connection is left", func() bool { return f.server.Connections() == 0 && f.transport.Connections() == 0 })
}

func TestRule11WebSocketThatIsSilentForTooLongIsClosed(t *testing.T) {
	origin := newOrigin(t, func(w *wire) {
		w.mustHead()
		w.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		_, _ = io.ReadAll(w.Reader)
	})
	f := serve(t, origin.url, setup{transport: func(o *TransportOptions) { o.BodyIdle = 200 * time.Millisecond }})
	w := f.dial()
	w.send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	w.mustHead()
	for range 10 { // one side that speaks is enough
		time.Sleep(50 * time.Millisecond)
		w.send("x")
	}
	select {
	case o := <-f.finished:
		t.Fatalf("closed while one side spoke: %+v", o)
	default:
	}
	w.closed()
	if o := f.outcome(); o.Received != 10 || o.Err != nil {
		t.Errorf("the outcome is %+v", o)
	}
}

func TestRule11WebSocketClosedByTheBackend(t *testing.T) {
	origin := newOrigin(t, func(w *wire) {
		w.mustHead()
		w.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nbye")
	})
	f := serve(t, origin.url, setup{})
	w := f.dial()
	w.send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	w.mustHead()
	b, err := io.ReadAll(w.Reader)
	if err != nil || string(b) != "bye" {
		t.Errorf("came %q (%v)", b, err)
	}
}

func TestRule11WebSocketRefusedOrNotAskedFor(t *testing.T) {
	for name, c := range map[string]struct{ request, answer, status string }{
		"refused":                         {"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "403"},
		"101 that nobody asked for":       {"GET /ws HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "500"},
		"101 to another protocol":         {"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "500"},
		"another protocol is not offered": {"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", plainOK, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			origin, got := canned(t, c.answer)
			f := serve(t, origin.url, setup{})
			w := f.dial()
			w.send(c.request)
			if m := w.mustMessage(); m.status() != c.status {
				t.Errorf("answered %q %q", m.line, m.body)
			}
			if m := receive(t, got); strings.Contains(strings.Join(m.lines, " "), "h2c") {
				t.Errorf("the backend got %q", m.lines)
			}
			w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			w.mustMessage()
		})
	}
}

func TestRule11PolicyThatAnswersInsteadEndsTheTunnel(t *testing.T) {
	gone := make(chan struct{})
	origin := newOrigin(t, func(w *wire) {
		w.mustHead()
		w.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		_, _ = io.ReadAll(w.Reader)
		close(gone)
	})
	f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
		forwardTo(x, origin.url, pipeline.ForwardOptions{Timeout: patience})
		x.Response.Status = 200
		x.Response.Body.SetBytes([]byte("no"))
	}})
	w := f.dial()
	w.send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if m := w.mustMessage(); m.status() != "200" || m.body != "no" || m.has("Upgrade") {
		t.Errorf("answered %q %q %q", m.line, m.lines, m.body)
	}
	receive(t, gone)
}

// rst closes a connection with a reset.
func rst(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

func dialOnce(address string) (net.Conn, error) { return net.DialTimeout("tcp", address, patience) }
