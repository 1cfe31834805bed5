package enginetest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/assembly"
	"sekisho/engine/config"
	"sekisho/engine/gateway"
	"sekisho/engine/source"
)

// Clock is a clock that moves only when told to.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Harness is a gateway that serves a folder on loopback, in front of an Origin that
// stands for every host whose name ends in ".test".
type Harness struct {
	Folder  string
	Gateway *gateway.Gateway
	Clock   *Clock
	Origin  *Origin
	// Log is what the gateway has logged, Notices what it has told whoever runs it.
	Log     *Log
	Notices Notices
}

// Notices collects what Options.Notice of the assembly is told.
type Notices struct {
	mu  sync.Mutex
	all []string
}

func (n *Notices) add(message string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, message)
}

// All are the notices so far.
func (n *Notices) All() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.all)
}

// Folder writes files, by slash-separated name, into a new folder.
func Folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		Write(t, dir, name, content)
	}
	return dir
}

// Write writes one file of a folder, at once for whoever watches it.
func Write(t testing.TB, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, path); err != nil {
		t.Fatal(err)
	}
}

// Start serves a folder. Faults in it fail the test.
func Start(t testing.TB, folder string, change ...func(*gateway.Setup)) *Harness {
	t.Helper()
	h, diags := Open(t, folder, change...)
	if h == nil {
		var b strings.Builder
		source.WriteText(&b, diags, source.TextOptions{})
		t.Fatalf("the folder does not load:\n%s", b.String())
	}
	return h
}

// Open is Start for folders that may have faults: then the Harness is nil.
func Open(t testing.TB, folder string, change ...func(*gateway.Setup)) (*Harness, []source.Diagnostic) {
	t.Helper()
	h := &Harness{
		Folder: folder,
		Clock:  &Clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		Origin: startOrigin(t),
		Log:    &Log{},
	}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, _, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(host, ".test") {
			address = h.Origin.Address
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	o := assembly.Setup(assembly.Options{
		Env: func(string) (string, bool) { return "", false }, Dial: dial, Notice: h.Notices.add,
	})
	o.Path, o.Now, o.Dial = folder, h.Clock.Now, dial
	o.Log = func(config.Logging) slog.Handler {
		return slog.NewJSONHandler(h.Log, &slog.HandlerOptions{Level: slog.LevelDebug})
	}
	o.Listen, o.Admin = []string{"127.0.0.1:0"}, "127.0.0.1:0"
	for _, f := range change {
		f(&o)
	}
	var diags source.List
	h.Gateway = gateway.Open(o, &diags)
	if h.Gateway == nil {
		return nil, diags.Sorted()
	}
	if err := h.Gateway.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := h.Gateway.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return h, diags.Sorted()
}

// Address is where the gateway listens.
func (h *Harness) Address() string { return h.Gateway.Addresses()[0] }

// Log collects log lines.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Origin answers for backends: what it is told to, by host name, and keeps what it
// received.
type Origin struct {
	Address string

	mu       sync.Mutex
	answers  map[string][]byte
	received map[string][]*message
}

func startOrigin(t testing.TB) *Origin {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &Origin{Address: l.Addr().String()}
	o.reset()
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Add(1)
			go func() { defer wg.Done(); o.serve(c) }()
		}
	}()
	return o
}

// serve answers the one request of a connection and closes it.
func (o *Origin) serve(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	m, err := readRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	host, _, _ := strings.Cut(m.header.Get("Host"), ":")
	name := strings.TrimSuffix(host, ".test")
	o.mu.Lock()
	o.received[name] = append(o.received[name], m)
	answer, ok := o.answers[name]
	if !ok {
		answer = []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}
	o.mu.Unlock()
	_, _ = c.Write(answer)
}

func (o *Origin) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answers, o.received = map[string][]byte{}, map[string][]*message{}
}

// Answer sets what the backend at http://NAME.test answers, as an archive writes it.
func (o *Origin) Answer(name, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answers[name] = wire(text, true)
}

// last is the latest request that a backend got, and how many there were.
func (o *Origin) last(name string) (*message, int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.received[name]
	if len(all) == 0 {
		return nil, 0
	}
	return all[len(all)-1], len(all)
}

// Do sends one request, as an archive writes it, on a connection of its own.
func (h *Harness) do(text string) (*message, error) {
	c, err := net.Dial("tcp", h.Address())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(c, bytes.NewReader(wire(text, true))); err != nil {
		return nil, err
	}
	method, _, _ := strings.Cut(text, " ")
	return readResponse(bufio.NewReader(c), method)
}
