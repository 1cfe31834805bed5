//go:build unix && !race

package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"sekisho/engine/pipeline"
	"sekisho/engine/source"

	"github.com/valyala/fasthttp"
)

// The cost of a request without the system's part in it: client and backend are
// connections in memory, which answer at once, so that all runs in one goroutine and
// nothing but the gateway's own work is seen. The counterpart with sockets is
// BenchmarkProxy.

// actor is a connection on which the other side says its piece when it is its turn.
type actor struct {
	net.Conn
	says   []byte
	turns  int  // how often it still speaks unasked
	asked  bool // it answers what it was sent
	unread []byte
	got    int
}

func (c *actor) Read(p []byte) (int, error) {
	if len(c.unread) == 0 {
		switch {
		case c.asked:
			c.asked = false
		case c.turns > 0:
			c.turns--
		default:
			return 0, io.EOF
		}
		c.unread = c.says
	}
	n := copy(p, c.unread)
	c.unread = c.unread[n:]
	return n, nil
}

func (c *actor) Write(p []byte) (int, error) {
	c.got += len(p)
	c.asked = c.turns < 0
	return len(p), nil
}

func (c *actor) Close() error                     { return nil }
func (c *actor) SetDeadline(time.Time) error      { return nil }
func (c *actor) SetReadDeadline(time.Time) error  { return nil }
func (c *actor) SetWriteDeadline(time.Time) error { return nil }
func (c *actor) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (c *actor) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2} }

var (
	costRequest = []byte("GET /shop/orders/4711 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench\r\n" +
		"Accept: application/json\r\nX-Request-Id: r-4711\r\n\r\n")
	costResponse = []byte("HTTP/1.1 200 OK\r\nServer: backend\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n" +
		"Content-Type: application/json\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024))
)

// costBackend is a connection to a backend in memory.
func costBackend() net.Conn { return &actor{says: costResponse, turns: -1} }

// forwardStep stands for forward-request: policies are not this package's.
type forwardStep struct{}

func (forwardStep) Run(x *pipeline.Exchange) error {
	return x.Forwarder.Forward(x, pipeline.ForwardOptions{Timeout: 300 * time.Second})
}

// costGateway is a gateway of one API, without listeners.
func costGateway(t testing.TB, apis string) *Gateway {
	g := openCost(t, apis)
	m := g.current.Load().model
	g.server = NewServer(Options{Limits: limitsOf(m.Limits), Services: g.services,
		BodyLimit: m.Limits.BufferedBodyBytes, Handler: g.handle, Finished: g.finished, Log: g.log})
	t.Cleanup(func() { _ = g.Shutdown(context.Background()) })
	return g
}

func openCost(t testing.TB, apis string) *Gateway {
	forward := &pipeline.Policy{Name: "forward-request", Sections: pipeline.Backend, Scopes: pipeline.AnyScope,
		New: func() pipeline.Step { return &forwardStep{} }}
	var diags source.List
	g := Open(Setup{
		Folder: fstest.MapFS{"gateway.yaml": {Data: []byte(`
logging: { access: false }
backends: { origin: "http://127.0.0.1:9" }
apis:
` + apis)}},
		Env:   func(string) (string, bool) { return "", false },
		Table: pipeline.NewTable([]*pipeline.Policy{forward}),
		Dial:  func(context.Context, string, string) (net.Conn, error) { return costBackend(), nil },
	}, &diags)
	if g == nil {
		t.Fatal(diags.Sorted())
	}
	return g
}

// costAPIs are so many APIs of ten operations; the first is the one that costRequest is for.
func costAPIs(n int) string {
	var b strings.Builder
	for i := range n {
		path := "shop"
		if i > 0 {
			path = fmt.Sprintf("services/s%d", i)
		}
		fmt.Fprintf(&b, "  service-%d:\n    path: %s\n    backend: origin\n    subscriptionRequired: false\n    operations:\n", i, path)
		b.WriteString("      read: { method: GET, urlTemplate: \"/orders/{id}\" }\n")
		for j := range 9 {
			fmt.Fprintf(&b, "      read-%d: { method: GET, urlTemplate: \"/part%d/{id}\" }\n", j, j)
		}
	}
	return b.String()
}

// serveRequests has g serve n requests on a connection of its own.
func serveRequests(t testing.TB, g *Gateway, n int) {
	c := &actor{says: costRequest, turns: n}
	g.server.serve(c, nil)
	if c.got < n*1024 {
		t.Fatalf("%d requests were answered with %d bytes", n, c.got)
	}
}

// mallocs counts what f allocates.
func mallocs(f func()) (objects, bytes uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc
}

// A request that is forwarded by a pipeline of literals allocates nothing of its own. What
// is left is the blocks that headers are copied into, one for dozens of requests, and
// what a connection costs.
func TestRequestAllocations(t *testing.T) {
	g := costGateway(t, costAPIs(1))
	serveRequests(t, g, 100)
	const n = 5000
	objects, bytes := mallocs(func() { serveRequests(t, g, n) })
	if each := float64(objects) / n; each > .1 {
		t.Errorf("%.2f allocations for each request", each)
	}
	if each := float64(bytes) / n; each > 400 {
		t.Errorf("%.0f bytes for each request", each)
	}
}

// meter reports the processor time of each operation: that of the clock has what else the
// machine does in it.
func meter(b *testing.B) func() {
	before := cpu()
	return func() { b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/op") }
}

// BenchmarkCost compares the gateway's own work with that of fasthttp's least proxy.
func BenchmarkCost(b *testing.B) {
	b.Run("gateway", func(b *testing.B) {
		g := costGateway(b, costAPIs(1))
		serveRequests(b, g, 100)
		b.ReportAllocs()
		b.ResetTimer()
		defer meter(b)()
		serveRequests(b, g, b.N)
	})
	b.Run("bare", func(b *testing.B) {
		client := &fasthttp.HostClient{Addr: "127.0.0.1:9", MaxConns: 4096, Dial: func(string) (net.Conn, error) { return costBackend(), nil }}
		proxy := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
			if err := client.Do(&ctx.Request, &ctx.Response); err != nil {
				b.Error(err)
			}
		}}
		c := &actor{says: costRequest, turns: b.N}
		b.ReportAllocs()
		b.ResetTimer()
		defer meter(b)()
		_ = proxy.ServeConn(c)
		if c.got < b.N*1024 {
			b.Fatal("wrong answers")
		}
	})
}

// BenchmarkReload loads 1,000 APIs with 10,000 operations anew.
func BenchmarkReload(b *testing.B) {
	g := costGateway(b, costAPIs(1000))
	b.ReportAllocs()
	defer meter(b)()
	for b.Loop() {
		if !g.Reload() {
			b.Fatal("not loaded")
		}
	}
}
