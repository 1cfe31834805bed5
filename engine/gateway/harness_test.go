package gateway

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/pipeline"
)

// patience is how long a test waits for what must happen. Nothing depends on its value
// so long as the machine is not slower than that.
const patience = 10 * time.Second

// front is a Server on loopback with a Transport behind it.
type front struct {
	t         *testing.T
	server    *Server
	transport *Transport
	registry  *Registry
	address   string
	served    chan error

	mu       sync.Mutex
	outcomes []Outcome
	finished chan Outcome
}

// setup is what a test may change about a front.
type setup struct {
	limits    func(*Limits)
	transport func(*TransportOptions)
	tls       *tls.Config
	handler   func(f *front, x *pipeline.Exchange)
	forward   pipeline.ForwardOptions
	backends  []BackendDefinition
	bodyLimit int64
}

// serve starts a front. Without a handler it forwards everything to target.
func serve(t *testing.T, target string, s setup) *front {
	t.Helper()
	limits, options := DefaultLimits(), DefaultTransportOptions()
	options.MaxIdle = time.Second
	if s.limits != nil {
		s.limits(&limits)
	}
	if s.transport != nil {
		s.transport(&options)
	}
	if s.forward.Timeout == 0 {
		s.forward.Timeout = patience
	}
	if s.bodyLimit == 0 {
		s.bodyLimit = 1 << 20
	}
	f := &front{t: t, transport: NewTransport(options), served: make(chan error, 1), finished: make(chan Outcome, 1000)}
	f.registry = NewRegistry(f.transport, time.Now)
	backends, err := f.registry.Build(s.backends)
	if err != nil {
		t.Fatal(err)
	}
	services := &pipeline.Services{Now: time.Now, Rand: rand.Reader, Transport: f.transport, Log: slog.New(slog.DiscardHandler)}
	handler := s.handler
	if handler == nil {
		handler = func(f *front, x *pipeline.Exchange) { forwardTo(x, target, s.forward) }
	}
	f.server = NewServer(Options{
		Listeners: []Listener{{Address: "127.0.0.1:0", TLS: s.tls}},
		Limits:    limits, Services: services, BodyLimit: s.bodyLimit,
		Handler: func(x *pipeline.Exchange) {
			x.Forwarder = backends
			handler(f, x)
		},
		Finished: func(x *pipeline.Exchange, o Outcome) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.outcomes = append(f.outcomes, o)
			f.finished <- o
		},
	})
	if err := f.server.Listen(); err != nil {
		t.Fatal(err)
	}
	f.address = f.server.Addrs()[0].String()
	go func() { f.served <- f.server.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if !f.server.draining.Load() {
			_ = f.server.Shutdown(ctx)
		}
		if err := <-f.served; err != nil {
			t.Errorf("Serve ended with %v", err)
		}
		f.transport.CloseIdle()
	})
	return f
}

// forwardTo forwards an Exchange to a service URL, or to a backend where target has the
// form "backend:ID", and has it fail as a Pipeline would.
func forwardTo(x *pipeline.Exchange, target string, o pipeline.ForwardOptions) {
	if id, ok := strings.CutPrefix(target, "backend:"); ok {
		x.BackendID = id
		if u, pool, _ := x.Forwarder.BackendURL(id); !pool {
			x.Request.URL.SetService(u)
		}
	} else {
		u, _ := pipeline.ParseURL(target)
		x.Request.URL.SetService(u)
	}
	if err := x.Forwarder.Forward(x, o); err != nil {
		var fault *pipeline.Fault
		if !errors.As(err, &fault) {
			fault = pipeline.Faultf(500, pipeline.ReasonInternal, "not a Fault: %v", err)
		}
		x.Fail(fault)
	}
}

// outcome waits for the next outcome.
func (f *front) outcome() Outcome {
	f.t.Helper()
	select {
	case o := <-f.finished:
		return o
	case <-time.After(patience):
		f.t.Fatal("no request was finished")
	}
	return Outcome{}
}

// wire is one end of a connection, read and written raw.
type wire struct {
	t testing.TB
	net.Conn
	*bufio.Reader
}

func (w *wire) Read(p []byte) (int, error) { return w.Reader.Read(p) }

func (f *front) dial() *wire {
	f.t.Helper()
	c, err := net.Dial("tcp", f.address)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = c.Close() })
	return newWire(f.t, c)
}

func newWire(t testing.TB, c net.Conn) *wire {
	_ = c.SetDeadline(time.Now().Add(patience))
	return &wire{t: t, Conn: c, Reader: bufio.NewReader(c)}
}

func (w *wire) send(s string) {
	w.t.Helper()
	if _, err := io.WriteString(w.Conn, s); err != nil {
		w.t.Fatalf("send: %v", err)
	}
}

// message is a message as it came over the wire.
type message struct {
	line    string
	lines   []string // of the header
	body    string
	trailer []string
}

// field is the value of a header line, with its name exactly as given.
func (m *message) field(name string) string {
	for _, l := range m.lines {
		if v, ok := strings.CutPrefix(l, name+": "); ok {
			return v
		}
	}
	return ""
}

func (m *message) has(name string) bool {
	for _, l := range m.lines {
		if n, _, _ := strings.Cut(l, ":"); strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func (m *message) status() string {
	_, s, _ := strings.Cut(m.line, " ")
	s, _, _ = strings.Cut(s, " ")
	return s
}

// head reads up to the empty line.
func (w *wire) head() (*message, error) {
	m := &message{}
	for {
		line, err := w.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = strings.TrimSuffix(line, "\r\n")
		switch {
		case m.line == "":
			m.line = line
		case line == "":
			return m, nil
		default:
			m.lines = append(m.lines, line)
		}
	}
}

// message reads a message with its body, of a request or, but for HEAD, a response.
func (w *wire) message() (*message, error) {
	m, err := w.head()
	if err != nil {
		return nil, err
	}
	switch {
	case strings.EqualFold(m.field("Transfer-Encoding"), "chunked"):
		var body strings.Builder
		for {
			chunk, err := w.chunk()
			body.WriteString(chunk)
			if err != nil {
				m.body = body.String()
				return m, err
			}
			if chunk == "" {
				break
			}
		}
		m.body = body.String()
		for {
			line, err := w.ReadString('\n')
			if err != nil {
				return m, err
			}
			if line = strings.TrimSuffix(line, "\r\n"); line == "" {
				return m, nil
			}
			m.trailer = append(m.trailer, line)
		}
	case m.has("Content-Length"):
		var length string
		for _, l := range m.lines {
			if n, v, _ := strings.Cut(l, ": "); strings.EqualFold(n, "Content-Length") {
				length = v
			}
		}
		n, _ := parseLength(length)
		b := make([]byte, n)
		got, rerr := io.ReadFull(w.Reader, b)
		m.body, err = string(b[:got]), rerr
	case strings.HasPrefix(m.line, "HTTP/") && m.status() != "204" && m.status() != "304":
		b, rerr := io.ReadAll(w.Reader)
		m.body, err = string(b), rerr
	}
	return m, err
}

// chunk reads one chunk; the last one is "" and leaves the trailer.
func (w *wire) chunk() (string, error) {
	line, err := w.ReadString('\n')
	if err != nil {
		return "", err
	}
	n, err := chunkSize([]byte(strings.TrimSuffix(line, "\r\n")))
	if err != nil || n == 0 {
		return "", err
	}
	b := make([]byte, n+2)
	_, err = io.ReadFull(w.Reader, b)
	return string(b[:n]), err
}

func (w *wire) mustMessage() *message {
	w.t.Helper()
	m, err := w.message()
	if err != nil {
		w.t.Fatalf("read a message: %v (so far %+v)", err, m)
	}
	return m
}

func (w *wire) mustHead() *message {
	w.t.Helper()
	m, err := w.head()
	if err != nil {
		w.t.Fatalf("read a header: %v", err)
	}
	return m
}

// closed waits for the other end to close, with nothing before.
func (w *wire) closed() {
	w.t.Helper()
	b, err := io.ReadAll(w.Reader)
	if len(b) > 0 {
		w.t.Fatalf("before the connection was closed came %q", b)
	}
	if isTimeout(err) {
		w.t.Fatal("the connection is still open")
	}
}

// origin is a backend whose connections a test serves itself.
type testOrigin struct {
	url   string
	conns chan *wire
}

// newOrigin listens; every connection is handed to serve, in its own goroutine.
func newOrigin(t *testing.T, serve func(w *wire)) *testOrigin {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &testOrigin{url: "http://" + ln.Addr().String(), conns: make(chan *wire, 100)}
	var all sync.WaitGroup
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Add(1)
			go func() {
				defer all.Done()
				defer func() { _ = c.Close() }()
				w := newWire(t, c)
				if serve == nil {
					o.conns <- w
					_, _ = io.Copy(io.Discard, &halfOpen{c: c})
					return
				}
				serve(w)
			}()
		}
	}()
	t.Cleanup(func() { _ = ln.Close() })
	return o
}

// halfOpen keeps a goroutine until the test's deadline without reading.
type halfOpen struct{ c net.Conn }

func (h *halfOpen) Read([]byte) (int, error) {
	time.Sleep(patience)
	return 0, io.EOF
}

// canned answers every request on a connection with the same bytes, and tells of them.
func canned(t *testing.T, answer string) (*testOrigin, chan *message) {
	got := make(chan *message, 100)
	return newOrigin(t, func(w *wire) {
		for {
			m, err := w.message()
			if err != nil {
				return
			}
			got <- m
			if _, err := io.WriteString(w.Conn, answer); err != nil {
				return
			}
		}
	}), got
}

const plainOK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// exchange sends a raw request on a fresh connection and reads the response.
func (f *front) exchange(request string) *message {
	f.t.Helper()
	w := f.dial()
	defer func() { _ = w.Close() }()
	w.send(request)
	return w.mustMessage()
}

func receive[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	var zero T
	return zero
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func equalLines(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") }

func unchunk(s string) string {
	var out bytes.Buffer
	f := framed{br: bufio.NewReader(strings.NewReader(s)), kind: inChunks}
	_, _ = io.Copy(&out, &f)
	return out.String()
}
