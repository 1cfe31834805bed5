package load_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"sekisho/bench/backend"
	"sekisho/bench/load"
)

// serve runs a backend until the test ends.
func serve(t *testing.T, routes ...backend.Route) string {
	t.Helper()
	s, err := backend.Listen(backend.Spec{Routes: routes}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s.Address()
}

// plan is a plan of GET requests for one path.
func plan(path string) *load.Plan {
	return &load.Plan{
		Connections: 4, Loops: 1, Timeout: 10 * time.Second,
		Targets: []load.Target{{Name: "one", Method: "GET", URL: load.Literal(path), Check: load.Check{Status: []int{200}, Bytes: -1}}},
	}
}

func run(t *testing.T, p *load.Plan, address string, warm, measured time.Duration) *load.Result {
	t.Helper()
	r, err := p.Run(t.Context(), address, warm, measured, load.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestClosedLoopCounts(t *testing.T) {
	address := serve(t, backend.Route{Path: "/", Body: strings.Repeat("x", 70_000)})
	for _, loops := range []int{1, 3} {
		p := plan("/big")
		p.Loops = loops
		p.Targets[0].Check.Bytes = 70_000
		r := run(t, p, address, 20*time.Millisecond, 300*time.Millisecond)
		if r.Answered == 0 || r.Answered != r.Due || r.WrongAnswers()+r.Failed() != 0 || r.Latency.TotalCount() != r.Answered {
			t.Errorf("%d loops: due %d answered %d wrong %v errors %v in the histogram %d", loops, r.Due, r.Answered, r.Wrong, r.Errors, r.Latency.TotalCount())
		}
		if r.Completed == 0 || r.Elapsed <= 0 {
			t.Errorf("%d loops: %d completed in %s", loops, r.Completed, r.Elapsed)
		}
	}
}

func TestOpenLoopCounts(t *testing.T) {
	address := serve(t, backend.Route{Path: "/", Body: "ok"})
	p := plan("/")
	p.Rate, p.Loops = 1000, 2
	r := run(t, p, address, 50*time.Millisecond, 300*time.Millisecond)
	// One request a millisecond is due, from two loops of one in two.
	if r.Due < 298 || r.Due > 302 || r.Answered != r.Due || r.Lag.TotalCount() == 0 {
		t.Errorf("due %d answered %d errors %v", r.Due, r.Answered, r.Errors)
	}
}

// A backend that is deaf for a while owes an open loop's generator the latency of all
// requests that were due meanwhile, although it holds up only one on each connection.
func TestStallIsChargedToAllThatWereDue(t *testing.T) {
	const stall = 400 * time.Millisecond
	address := serve(t, backend.Route{Path: "/", Body: "ok", StallAfter: 200, Stall: stall})
	p := plan("/")
	p.Rate, p.Connections = 1000, 2
	r := run(t, p, address, 0, time.Second)
	slow := int64(0)
	for _, bar := range r.Latency.Distribution() {
		if bar.From >= int64(stall/4) {
			slow += bar.Count
		}
	}
	// 400 requests were due in the stall; 300 of them at least a quarter before its end.
	if slow < 280 {
		t.Errorf("%d latencies are as long as the stall wants, want 280 at least", slow)
	}
	if r.Answered != r.Due {
		t.Errorf("%d of %d answered: %v", r.Answered, r.Due, r.Errors)
	}
}

// The correction of a closed loop: one wait of 100 intervals stands for the 99 requests
// that were not sent in it.
func TestCorrection(t *testing.T) {
	h := load.NewHistogram()
	const interval = int64(time.Millisecond)
	for range 900 {
		_ = h.RecordValue(interval / 2)
	}
	_ = h.RecordValue(100 * interval)
	c := load.Correct(h, time.Duration(interval))
	if n := c.TotalCount(); n < 998 || n > 1001 {
		t.Errorf("%d values, want a thousand", n)
	}
	if before, after := h.ValueAtPercentile(99), c.ValueAtPercentile(95); before > interval || after < 45*interval || after > 55*interval {
		t.Errorf("p99 before %d, p95 after %d: want one half and about 50 intervals of %d", before, after, interval)
	}
	if n := load.Correct(h, 0).TotalCount(); n != 901 {
		t.Errorf("without an interval there is nothing to correct, got %d values", n)
	}
}

func TestWrongAnswers(t *testing.T) {
	address := serve(t, backend.Route{Path: "/", Body: "hello", Every: 2, FailStatus: 500, Headers: map[string]string{"X-A": "b"}})
	for _, c := range []struct {
		name  string
		check load.Check
		class string
	}{
		{"status", load.Check{Status: []int{200}, Bytes: -1}, "status 500"},
		{"size", load.Check{Bytes: 5}, "size of the body"},
		{"body", load.Check{Bytes: -1, Contains: []byte("ell")}, "body"},
		{"header", load.Check{Bytes: -1, Headers: []load.HeaderCheck{{Name: "x-a", Contains: "b"}}}, "header x-a"},
	} {
		p := plan("/")
		p.Targets[0].Check = c.check
		r := run(t, p, address, 0, 250*time.Millisecond)
		if n := r.Wrong[c.class]; n == 0 || n < r.Answered/2-4 || n > r.Answered/2+4 || r.FirstBad == "" {
			t.Errorf("%s: %d of %d wrong: %v %q", c.name, n, r.Answered, r.Wrong, r.FirstBad)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Run("timeout", func(t *testing.T) {
		p := plan("/")
		p.Timeout = 50 * time.Millisecond
		r := run(t, p, serve(t, backend.Route{Path: "/", Delay: 5 * time.Second}), 0, 300*time.Millisecond)
		if r.Errors[load.ErrorTimeout] < 4 || r.Latency.TotalCount() < 4 {
			t.Errorf("errors %v, %d latencies: want all requests, with the time they waited", r.Errors, r.Latency.TotalCount())
		}
	})
	for _, c := range []struct{ name, answer, class string }{
		{"closed", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", load.ErrorClosed},
		{"malformed", "220 smtp.example.com\r\n\r\n", load.ErrorMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			go func() {
				for {
					c2, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						_, _ = c2.Read(make([]byte, 1024))
						_, _ = fmt.Fprint(c2, c.answer)
						_ = c2.Close()
					}()
				}
			}()
			p := plan("/")
			r := run(t, p, l.Addr().String(), 0, 250*time.Millisecond)
			if r.Errors[c.class] == 0 || r.Answered != 0 {
				t.Errorf("errors %v, answered %d", r.Errors, r.Answered)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		_ = l.Close()
		if _, err := plan("/").Run(t.Context(), address, 0, time.Second, load.Hooks{}); err == nil || !strings.Contains(err.Error(), "connection 1 of 4") {
			t.Errorf("%v", err)
		}
	})
}

// A server that ends a connection after its answer does no harm: the next request opens
// another.
func TestReconnects(t *testing.T) {
	address := serve(t, backend.Route{Path: "/", Body: "bye", Headers: map[string]string{"Connection": "close"}})
	r := run(t, plan("/"), address, 0, 250*time.Millisecond)
	if r.Answered == 0 || r.Failed() != 0 || r.Reconnect == 0 {
		t.Errorf("answered %d, errors %v, reconnected %d", r.Answered, r.Errors, r.Reconnect)
	}
}

func TestStreams(t *testing.T) {
	address := serve(t, backend.Route{Path: "/", Events: 10, Interval: 5 * time.Millisecond, Body: "text"})
	p := plan("/")
	p.Targets[0].Stream = true
	r := run(t, p, address, 20*time.Millisecond, 300*time.Millisecond)
	if r.Streams == 0 || r.Answered < 5*r.Streams || r.WrongAnswers()+r.Failed() != 0 || r.Latency.TotalCount() != r.Answered {
		t.Errorf("%d streams, %d events, %d latencies, wrong %v, errors %v", r.Streams, r.Answered, r.Latency.TotalCount(), r.Wrong, r.Errors)
	}
}

func TestEdgesAndProgress(t *testing.T) {
	address := serve(t, backend.Route{Path: "/"})
	var edges []bool
	shown := 0
	_, err := plan("/").Run(t.Context(), address, 0, 700*time.Millisecond, load.Hooks{
		Edge: func(end bool) { edges = append(edges, end) }, Progress: func(load.Progress) { shown++ },
	})
	if err != nil || len(edges) != 2 || edges[0] || !edges[1] || shown == 0 {
		t.Errorf("%v: edges %v, shown %d times", err, edges, shown)
	}
}

func TestCancel(t *testing.T) {
	address := serve(t, backend.Route{Path: "/"})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := plan("/").Run(ctx, address, 0, time.Hour, load.Hooks{Edge: func(bool) { cancel() }, Progress: func(load.Progress) {}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestTry(t *testing.T) {
	address := serve(t, backend.Route{Path: "/no", Status: 404}, backend.Route{Path: "/", Body: "ok"})
	for path, want := range map[string]string{"/": "", "/no": "status 404"} {
		if ok, fault := plan(path).Try(address); !ok || fault != want {
			t.Errorf("%s: %v %q", path, ok, fault)
		}
	}
}
