package enginetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/engine/gateway"
	"sekisho/engine/source"
)

// liveOrigin is a backend with a plain answer, an endless event stream and a
// WebSocket that echoes.
func liveOrigin(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "plain") })
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for n := 0; ; n++ {
			fmt.Fprintf(w, "data: %d\n\n", n)
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	})
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		_, _ = io.Copy(c, rw)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func liveFolder(origin string) map[string]string {
	return map[string]string{
		"gateway.yaml": "apis:\n  live:\n    serviceUrl: " + origin + "\n    subscriptionRequired: false\n    policy: policy.xml\n" +
			"    operations: { all: { method: GET, urlTemplate: /* } }\n",
		"policy.xml": livePolicy(0),
	}
}

func livePolicy(version int) string {
	return fmt.Sprintf(`<policies><outbound><base /><set-header name="X-Version"><value>%d</value></set-header></outbound></policies>`, version)
}

func TestReloadUnderLoad(t *testing.T) {
	const reloads = 200
	origin := liveOrigin(t)
	folder := Folder(t, liveFolder(origin.URL))
	h := Start(t, folder, func(s *gateway.Setup) { s.Now = time.Now })
	base := "http://" + h.Address()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var wg sync.WaitGroup
	var requests, events, echoes atomic.Int64
	fail := func(format string, args ...any) { t.Errorf(format, args...) }

	get := func() (version int, err error) {
		resp, err := client.Get(base + "/plain")
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return 0, err
		}
		if resp.StatusCode != 200 || string(body) != "plain" {
			return 0, fmt.Errorf("%s %q", resp.Status, body)
		}
		_, err = fmt.Sscan(resp.Header.Get("X-Version"), &version)
		return version, err
	}
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			last := 0
			for ctx.Err() == nil {
				v, err := get()
				if err != nil {
					fail("a request failed: %v", err)
					return
				}
				if v < last {
					fail("version %d after %d: a request got an old Snapshot", v, last)
				}
				last = v
				requests.Add(1)
			}
		}()
	}

	stream, err := client.Get(base + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	wg.Add(1)
	go func() {
		defer wg.Done()
		lines := bufio.NewScanner(stream.Body)
		for n := int64(0); ctx.Err() == nil; {
			if !lines.Scan() {
				fail("the stream was cut after %d events: %v", n, lines.Err())
				return
			}
			if lines.Text() == "" {
				continue
			}
			if want := fmt.Sprintf("data: %d", n); lines.Text() != want {
				fail("event %q, want %q", lines.Text(), want)
				return
			}
			n++
			events.Store(n)
		}
	}()

	socket, err := net.Dial("tcp", h.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	fmt.Fprint(socket, "GET /socket HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	reader := bufio.NewReader(socket)
	head, err := http.ReadResponse(reader, nil)
	if err != nil || head.StatusCode != 101 {
		t.Fatalf("upgrade: %v %v", head, err)
	}
	wg.Add(1)
	go func() {
		defer wg.Done()
		for n := 0; ctx.Err() == nil; n++ {
			want := fmt.Sprintf("message %d\n", n)
			if _, err := io.WriteString(socket, want); err != nil {
				fail("the WebSocket was cut: %v", err)
				return
			}
			if got, err := reader.ReadString('\n'); err != nil || got != want {
				fail("the WebSocket answered %q, %v, want %q", got, err, want)
				return
			}
			echoes.Add(1)
		}
	}()

	reload := func(n int) {
		Write(t, folder, "policy.xml", livePolicy(n))
		if !h.Gateway.Reload() {
			t.Fatal("a folder without faults was refused")
		}
		if v, err := get(); err != nil || v < n {
			t.Fatalf("after reload %d: version %d, %v", n, v, err)
		}
	}
	for n := 1; n <= reloads/10; n++ { // caches and pools fill up
		reload(n)
	}
	goroutines, memory := runtime.NumGoroutine(), heap()
	for n := reloads/10 + 1; n <= reloads; n++ {
		reload(n)
	}
	if now := runtime.NumGoroutine(); now > goroutines+10 {
		t.Errorf("%d goroutines before, %d after", goroutines, now)
	}
	if now := heap(); now > memory+16<<20 {
		t.Errorf("%d KiB before, %d KiB after", memory>>10, now>>10)
	}
	stop()
	wg.Wait()
	for name, n := range map[string]*atomic.Int64{"requests": &requests, "events": &events, "messages": &echoes} {
		if n.Load() < reloads/10 {
			t.Errorf("only %d %s went through while reloading", n.Load(), name)
		}
		t.Logf("%d %s", n.Load(), name)
	}
	client.CloseIdleConnections()
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestFaultyReloadChangesNothing(t *testing.T) {
	type report struct {
		text string
		ok   bool
	}
	reports := make(chan report, 16)
	origin := liveOrigin(t)
	folder := Folder(t, liveFolder(origin.URL))
	h := Start(t, folder, func(s *gateway.Setup) {
		s.Report = func(diags []source.Diagnostic, ok bool) {
			var b strings.Builder
			_ = source.WriteText(&b, diags, source.TextOptions{})
			reports <- report{b.String(), ok}
		}
	})
	version := func() string {
		m, err := h.do("GET /plain HTTP/1.1\n\n")
		if err != nil {
			t.Fatal(err)
		}
		return m.start + " " + m.header.Get("X-Version")
	}
	// next is the next report with that result: a file that is being replaced may be
	// seen halfway, with the old content still in place.
	next := func(ok bool) report {
		timeout := time.After(20 * time.Second)
		for {
			select {
			case r := <-reports:
				if r.ok == ok {
					return r
				}
			case <-timeout:
				t.Fatal("the change was not noticed")
			}
		}
	}

	Write(t, folder, "policy.xml", `<policies><outbound><set-heder name="X-Version" /></outbound></policies>`)
	r := next(false)
	if !strings.Contains(r.text, `there is no policy <set-heder>`) || !strings.Contains(r.text, `did you mean "set-header"?`) {
		t.Errorf("said:\n%s", r.text)
	}
	if got := version(); got != "HTTP/1.1 200 OK 0" {
		t.Errorf("after a faulty change: %s", got)
	}
	Write(t, folder, "policy.xml", livePolicy(7))
	next(true)
	if got := version(); got != "HTTP/1.1 200 OK 7" {
		t.Errorf("after the cure: %s", got)
	}
	Write(t, folder, "gateway.yaml", "apis: [")
	next(false)
	if got := version(); got != "HTTP/1.1 200 OK 7" {
		t.Errorf("after a broken gateway.yaml: %s", got)
	}
}
