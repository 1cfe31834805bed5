package enginetest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekisho/engine/gateway"
	"sekisho/engine/source"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite want.diag files of archives")

// Run runs every archive of a folder as a subtest.
func Run(t *testing.T, folder string) {
	files, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives in %s (%v)", folder, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			t.Parallel()
			runArchive(t, f)
		})
	}
}

func runArchive(t *testing.T, name string) {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	a, err := parseArchive(data)
	if err != nil {
		t.Fatal(err)
	}
	folder := Folder(t, a.folder())
	if want, ok := a.files["want.diag"]; ok {
		checkDiagnostics(t, name, data, folder, want)
		return
	}
	if len(a.exchanges) == 0 {
		t.Fatal("the archive has neither request.http nor want.diag")
	}
	h := Start(t, folder)
	for i, e := range a.exchanges {
		h.Origin.reset()
		h.Clock.Advance(e.advance)
		if e.backend != "" {
			h.Origin.Answer("backend", e.backend)
		}
		for n, text := range e.others {
			h.Origin.Answer(n, text)
		}
		got, err := h.do(e.request)
		if err != nil {
			t.Errorf("exchange %d: %v\n%s", i+1, err, h.Log)
			continue
		}
		if e.want != "" {
			if diff := differences(got, e.want); diff != "" {
				t.Errorf("exchange %d, response:\n%s\ngot:\n%s\nlog:\n%s", i+1, diff, got, h.Log)
			}
		}
		h.checkReceived(t, i, "backend", e.wantBackend)
		for n, want := range e.wantedByOther {
			h.checkReceived(t, i, n, want)
		}
	}
}

// checkReceived compares what a backend got with what it should have; one that is
// sent to without waiting gets a moment.
func (h *Harness) checkReceived(t *testing.T, i int, name, want string) {
	t.Helper()
	if want == "" {
		return
	}
	if strings.TrimSpace(want) == "none" {
		if m, n := h.Origin.last(name); n > 0 {
			t.Errorf("exchange %d: %s was called and should not have been:\n%s", i+1, name, m)
		}
		return
	}
	m, n := h.Origin.last(name)
	for deadline := time.Now().Add(5 * time.Second); n == 0 && time.Now().Before(deadline); m, n = h.Origin.last(name) {
		time.Sleep(5 * time.Millisecond)
	}
	if n == 0 {
		t.Errorf("exchange %d: %s was not called\nlog:\n%s", i+1, name, h.Log)
		return
	}
	if diff := differences(m, want); diff != "" {
		t.Errorf("exchange %d, received by %s:\n%s\ngot:\n%s", i+1, name, diff, m)
	}
}

// checkDiagnostics compares the diagnostics of loading with the archive's.
func checkDiagnostics(t *testing.T, name string, data []byte, folder, want string) {
	t.Helper()
	// Without a path, so that diagnostics name files as the archive does.
	h, diags := Open(t, folder, func(o *gateway.Setup) { o.Folder, o.Path = os.DirFS(folder), "" })
	if h != nil && !strings.Contains(want, "warning:") {
		t.Errorf("the folder loads")
	}
	var b bytes.Buffer
	source.WriteText(&b, diags, source.TextOptions{})
	got := b.String()
	if got == want {
		return
	}
	if !*update {
		t.Errorf("diagnostics: got\n%s\nwant\n%s", got, want)
		return
	}
	a := txtar.Parse(data)
	for i := range a.Files {
		if a.Files[i].Name == "want.diag" {
			a.Files[i].Data = []byte(got)
		}
	}
	if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// folder is the gateway folder of an archive: its own files, and a default
// gateway.yaml if it has none.
func (a *archive) folder() map[string]string {
	out := map[string]string{}
	for _, name := range a.order {
		switch {
		case strings.HasSuffix(name, ".http"), name == "want.diag":
		case strings.HasPrefix(name, "fragments/"):
			out["policies/"+name] = a.files[name]
		default:
			out[name] = a.files[name]
		}
	}
	if _, ok := out["gateway.yaml"]; ok {
		return out
	}
	var y strings.Builder
	optional := func(indent, name string) {
		if _, ok := out[name]; ok {
			y.WriteString(indent + "policy: " + name + "\n")
		}
	}
	if _, ok := out["global.xml"]; ok {
		y.WriteString("policies:\n  global: global.xml\n")
	}
	y.WriteString("apis:\n  default:\n    serviceUrl: http://backend.test\n")
	if _, ok := out["product.xml"]; !ok {
		y.WriteString("    subscriptionRequired: false\n")
	}
	optional("    ", "policy.xml")
	y.WriteString("    operations:\n")
	for _, m := range []string{"GET", "POST", "PUT", "DELETE"} {
		y.WriteString("      " + strings.ToLower(m) + "-any: {method: " + m + ", urlTemplate: /*}\n")
	}
	y.WriteString("      get-item:\n        method: GET\n        urlTemplate: /items/{id}\n")
	optional("        ", "operation.xml")
	y.WriteString("products:\n  starter:\n    apis: [default]\n")
	optional("    ", "product.xml")
	y.WriteString("subscriptions:\n  test: {scope: /products/starter, primaryKey: test-key}\n")
	out["gateway.yaml"] = y.String()
	return out
}
