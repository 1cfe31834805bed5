//go:build unix

package gateway

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"sekisho/engine/pipeline"

	"github.com/valyala/fasthttp"
)

// The proxy is measured against the least that fasthttp can do on both sides, which
// keeps none of the rules. BenchmarkProxy/ours and /bare are to be compared, best by
// cpu-ns/op: the processor time of client, proxy and backend together, which other work
// on the machine disturbs least.
func BenchmarkProxy(b *testing.B) {
	backend := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) { ctx.SetBody(make([]byte, 1024)) }}
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = backend.Serve(at) }()
	defer func() { _ = at.Close() }()

	b.Run("ours", func(b *testing.B) {
		transport := NewTransport(DefaultTransportOptions())
		backends, _ := NewRegistry(transport, time.Now).Build(nil)
		services := &pipeline.Services{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
		service := pipeline.URL{Scheme: "http", Host: at.Addr().String()}
		s := NewServer(Options{
			Listeners: []Listener{{Address: "127.0.0.1:0"}}, Limits: DefaultLimits(), Services: services, BodyLimit: 1 << 20,
			Handler: func(x *pipeline.Exchange) {
				x.Forwarder = backends
				x.Request.URL.SetService(service)
				if err := backends.Forward(x, pipeline.ForwardOptions{Timeout: 300 * time.Second}); err != nil {
					b.Error(err)
				}
			},
		})
		if err := s.Listen(); err != nil {
			b.Fatal(err)
		}
		go func() { _ = s.Serve() }()
		defer func() { _ = s.Shutdown(b.Context()) }()
		load(b, s.Addrs()[0].String())
	})
	b.Run("bare", func(b *testing.B) {
		client := &fasthttp.HostClient{Addr: at.Addr().String(), MaxConns: 4096}
		proxy := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
			if err := client.Do(&ctx.Request, &ctx.Response); err != nil {
				b.Error(err)
			}
		}}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		go func() { _ = proxy.Serve(ln) }()
		defer func() { _ = ln.Close() }()
		load(b, ln.Addr().String())
	})
}

// load sends requests one after the other on one connection.
func load(b *testing.B, address string) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	request := []byte("GET /items/42?view=full HTTP/1.1\r\nHost: api.example.org\r\nUser-Agent: bench\r\nAccept: application/json\r\n" +
		"Accept-Encoding: gzip\r\nAuthorization: Bearer " + strings.Repeat("x", 200) + "\r\nX-Request-Id: 0123456789\r\n\r\n")
	br := bufio.NewReader(c)
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu()
	defer func() { b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/op") }()
	for b.Loop() {
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		length := 0
		for {
			line, err := br.ReadSlice('\n')
			if err != nil {
				b.Fatal(err)
			}
			if len(line) == 2 {
				break
			}
			if v, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
				n, _ := parseLength(strings.TrimSuffix(v, "\r\n"))
				length = int(n)
			}
		}
		if _, err := io.CopyN(io.Discard, br, int64(length)); err != nil {
			b.Fatal(err)
		}
	}
}

// cpu is the processor time that this process has used, in nanoseconds.
func cpu() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}
