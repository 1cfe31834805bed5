package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"sekisho"
)

// TestRunFollowsSignals runs the program as it runs in production, in this process:
// SIGHUP loads the folder anew, SIGTERM drains and ends it with 0.
func TestRunFollowsSignals(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "gw")
	if code := run([]string{"new", folder}, streams{nil, io.Discard, io.Discard}); code != exitOK {
		t.Fatalf("new: exit code %d", code)
	}
	r, w := io.Pipe()
	lines := make(chan string, 1000)
	go func() {
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text()
		}
		close(lines)
	}()
	expect := func(pattern string) []string {
		t.Helper()
		re, timeout := regexp.MustCompile(pattern), time.After(30*time.Second)
		for {
			select {
			case line, ok := <-lines:
				if !ok {
					t.Fatalf("the program ended before it said %q", pattern)
				}
				if m := re.FindStringSubmatch(line); m != nil {
					return m
				}
			case <-timeout:
				t.Fatalf("the program did not say %q", pattern)
			}
		}
	}
	code := make(chan int, 1)
	go func() {
		code <- run([]string{"run", folder, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, streams{nil, w, w})
		_ = w.Close()
	}()
	base := expect(`listening +(http://\S+)`)[1]
	admin := strings.TrimSuffix(expect(`admin +(http://\S+)`)[1], "/metrics")
	expect(`^  curl '` + regexp.QuoteMeta(base) + `/hello/world'$`)

	get := func(url, want string) {
		t.Helper()
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s %s, want %q", url, resp.Status, body, want)
		}
	}
	get(base+"/hello/world", `"greeting":"Good day, World!"`)
	get(admin+"/healthz", "ok")
	get(admin+"/readyz", "ok")
	get(admin+"/metrics", `sekisho_requests_total{api="hello",operation="greet",status="2xx"} 1`)
	get(admin+"/debug/pprof/profile?seconds=1", "\x1f\x8b") // gzip

	// A change goes live by itself; SIGHUP loads what has not changed too.
	yaml := filepath.Join(folder, "gateway.yaml")
	text, err := os.ReadFile(yaml)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "greeting: Good day", "greeting: Good evening", 1)
	if err := os.WriteFile(yaml, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	expect(` reloaded$`)
	get(base+"/hello/world", `"greeting":"Good evening, World!"`)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	_ = self.Signal(syscall.SIGHUP)
	expect(` reloaded$`)
	_ = self.Signal(syscall.SIGTERM)
	expect(`^stopping`)
	for range lines {
	}
	if c := <-code; c != exitOK {
		t.Errorf("exit code %d", c)
	}
}

func TestFaultyFolderDoesNotStart(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "gateway.yaml"), []byte("apis:\n  a: { pth: x }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if code := run([]string{"run", folder}, streams{nil, &out, &out}); code != exitFindings {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{`gateway.yaml:2:8: error:`, `did you mean "path"?`, "nothing is served"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out.String())
		}
	}
}

// TestExampleIsWhatShips holds that the embedded folder is complete: the same files
// serve from the repository and from the program alone.
func TestExampleIsWhatShips(t *testing.T) {
	for _, name := range []string{"gateway.yaml", "policies/global.xml", "policies/apis/hello.xml", "scripts/hello.ts", "scripts/sekisho.d.ts"} {
		if f, err := sekisho.Example().Open(name); err != nil {
			t.Error(err)
		} else {
			_ = f.Close()
		}
	}
}
