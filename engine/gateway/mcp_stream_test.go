package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// silent is a server whose streams say what they are told to.
type silent struct {
	*rawServer
	say  chan string
	left chan struct{}
}

func newSilent(t *testing.T) *silent {
	s := &silent{say: make(chan string), left: make(chan struct{}, 10)}
	s.rawServer = newRawServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			plainSession(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		for {
			select {
			case text := <-s.say:
				_, _ = fmt.Fprintf(w, "data: %s\n\n", text)
				w.(http.Flusher).Flush()
			case <-r.Context().Done():
				s.left <- struct{}{}
				return
			}
		}
	})
	return s
}

// listen opens a stream and hands its lines on; the channel is closed at its end.
func (g *mcpGateway) listen(ctx context.Context, fields ...string) <-chan string {
	g.t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", g.url+"/quiet/mcp", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	for i := 0; i+1 < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		g.t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("X-Accel-Buffering") != "no" {
		g.t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		defer func() { _ = resp.Body.Close() }()
		for r := bufio.NewReader(resp.Body); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line = strings.TrimSpace(line); line != "" {
				lines <- line
			}
		}
	}()
	return lines
}

// await waits for a line.
func await(t *testing.T, lines <-chan string, want string) {
	t.Helper()
	for {
		line := within(t, want, lines)
		if strings.HasPrefix(line, want) {
			return
		}
		if line == "" {
			t.Fatalf("the stream ended before %q", want)
		}
	}
}

// ended waits for the end of a stream.
func ended(t *testing.T, lines <-chan string) {
	t.Helper()
	timeout := time.After(soon)
	for {
		select {
		case _, ok := <-lines:
			if !ok {
				return
			}
		case <-timeout:
			t.Fatal("the stream did not end")
		}
	}
}

const quiet = `
limits: { streamIdleTimeout: 100ms, totalTimeout: 200ms, bodyTimeout: 200ms }
apis:
  quiet: { type: mcp, path: quiet, serviceUrl: %q, mcp: { keepAlive: 30ms, transport: streamable } }
`

func (g *mcpGateway) metrics() string {
	g.t.Helper()
	resp, err := http.Get("http://" + g.gateway.AdminAddress() + "/metrics")
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(b)
}

// No limit on silence, and no reload, cuts a stream; comments show that it is there.
func TestMCPStreamsStay(t *testing.T) {
	s := newSilent(t)
	g := serveMCP(t, authorization+fmt.Sprintf(quiet, s.url), nil)
	ann := g.access.grant("ann", nil)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	lines := g.listen(ctx, "Authorization", "Bearer "+ann)
	for range 20 { // 600 ms, and more than all limits together
		await(t, lines, ": keep-alive")
	}
	if !strings.Contains(g.metrics(), `sekisho_mcp_streams_open{api="quiet"} 1`) {
		t.Error("the stream is not counted")
	}
	if !g.gateway.Reload() {
		t.Fatal("the folder does not load again")
	}
	s.say <- "first"
	await(t, lines, "data: first")
	await(t, lines, ": keep-alive")
	s.say <- "second"
	await(t, lines, "data: second")
	leave()
	within(t, "the end of the server's stream", s.left)
	for deadline := time.Now().Add(soon); strings.Contains(g.metrics(), `sekisho_mcp_streams_open{api="quiet"} 1`); {
		if time.Now().After(deadline) {
			t.Fatal("the stream is still counted")
		}
	}
}

// §5.2.8: what is revoked ends streams that are open, and of this user only.
func TestMCPRevocationCutsStreams(t *testing.T) {
	s := newSilent(t)
	g := serveMCP(t, authorization+fmt.Sprintf(quiet, s.url), nil)
	ann, bob := g.access.grant("ann", nil), g.access.grant("bob", nil)
	anns, bobs := g.listen(t.Context(), "Authorization", "Bearer "+ann), g.listen(t.Context(), "Authorization", "Bearer "+bob)
	await(t, anns, ": keep-alive")
	if n := g.access.revoke("ann"); n != 1 {
		t.Fatalf("%d streams are watched", n)
	}
	ended(t, anns)
	within(t, "the end of the server's stream", s.left)
	s.say <- "still there"
	await(t, bobs, "data: still there")
}

// A stream on which nothing is under way does not hold up the end of the gateway.
func TestMCPShutdown(t *testing.T) {
	s := newSilent(t)
	g := serveMCP(t, authorization+fmt.Sprintf(quiet, s.url), nil)
	lines := g.listen(t.Context(), "Authorization", "Bearer "+g.access.grant("ann", nil))
	await(t, lines, ": keep-alive")
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	g.stopped = true
	if err := g.gateway.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	ended(t, lines)
}
