package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sekisho/engine/missing"
	"sekisho/engine/source"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoadFromDisk(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write(t, outside, map[string]string{"secret": "s\r\n", "shared.xml": "<policies/>"})
	write(t, dir, map[string]string{
		"gateway.yaml": `
apis: {a: {operations: [GET /], policy: ` + filepath.Join(outside, "shared.xml") + `}}
subscriptions: {s: {scope: all, primaryKey: "${file:` + filepath.Join(outside, "secret") + `}"}}
`,
		"policies/global.xml":          "<policies/>",
		"policies/fragments/.swap.xml": "",
		"policies/fragments/f.xml":     "<fragment/>",
		"scripts/node_modules/x.js":    "",
		"scripts/a.js":                 "",
	})
	for _, path := range []string{dir, dir + "/", filepath.Join(dir, FileName)} {
		var diags source.List
		m := Load(path, os.LookupEnv, &diags)
		if diags.Len() > 0 {
			t.Fatalf("%s:\n%s", path, render(&diags))
		}
		if m.Subscriptions[0].PrimaryKey.Reveal() != "s" || m.APIs[0].Policy == nil || m.GlobalPolicy == nil || len(m.Fragments) != 1 || len(m.Scripts) != 1 {
			t.Errorf("%s: %+v", path, m)
		}
		if want := filepath.Join(dir, "policies", "global.xml"); m.GlobalPolicy.Name != want {
			t.Errorf("the document is called %q, want %q", m.GlobalPolicy.Name, want)
		}
		for _, want := range []string{filepath.Join(dir, "gateway.yaml"), filepath.Join(outside, "secret"), filepath.Join(outside, "shared.xml"), filepath.Join(dir, "policies", "apis", "a", "get.xml")} {
			if !slices.Contains(m.WatchList, want) {
				t.Errorf("%s is not watched: %v", want, m.WatchList)
			}
		}
		if want := []string{dir, filepath.Join(dir, "policies"), filepath.Join(dir, "scripts")}; !slices.Equal(m.WatchDirs, want) {
			t.Errorf("watched folders %v, want %v", m.WatchDirs, want)
		}
	}
}

// TestLinks loads a folder as Kubernetes mounts one.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"..data/gateway.yaml":    "{}",
		"..data/fragments/f.xml": "<fragment/>",
		"policies/global.xml":    "<policies/>",
	})
	for link, to := range map[string]string{"gateway.yaml": "..data/gateway.yaml", "policies/fragments": "../..data/fragments", "policies/.#lock.xml": "nowhere", "policies/lock.xml": "nowhere"} {
		if err := os.Symlink(filepath.FromSlash(to), filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			missing.Part(t, "no symbolic links here: %v", err)
		}
	}
	var diags source.List
	m := Load(dir, os.LookupEnv, &diags)
	if diags.Len() > 0 || len(m.Fragments) != 1 {
		t.Errorf("%v\n%s", m.Fragments, render(&diags))
	}
	// A circle is an error, not a walk without end.
	if err := os.Symlink(".", filepath.Join(dir, "policies", "circle")); err != nil {
		t.Fatal(err)
	}
	if Load(dir, os.LookupEnv, &diags); !strings.Contains(render(&diags), "nested deeper") {
		t.Errorf("got\n%s", render(&diags))
	}
}

func TestNoGateway(t *testing.T) {
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "nowhere")} {
		var diags source.List
		if m := Load(path, os.LookupEnv, &diags); m != nil {
			t.Error("a model of nothing")
		}
		got := render(&diags)
		if !strings.Contains(got, "there is no such file [config-read]") || !strings.Contains(got, "sekisho new") {
			t.Errorf("got %s", got)
		}
	}
}

func TestFileLimits(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"gateway.yaml":        "gateway: {id: \"${file:big}\"}\n",
		"big":                 strings.Repeat("x", maxSecretBytes+1),
		"policies/global.xml": strings.Repeat("x", maxPolicyBytes+1),
		"scripts/big.js":      strings.Repeat("x", maxScriptBytes+1),
	})
	if err := os.MkdirAll(filepath.Join(dir, "policies", "fragments", "folder.xml"), 0o755); err != nil {
		t.Fatal(err)
	}
	var diags source.List
	Load(dir, os.LookupEnv, &diags)
	if got := render(&diags); strings.Count(got, "too large: it has more than") != 3 || diags.Len() != 3 {
		t.Errorf("got\n%s", got)
	}
	write(t, dir, map[string]string{"gateway.yaml": strings.Repeat("#", maxConfigBytes+1)})
	diags = source.List{}
	if Load(dir, os.LookupEnv, &diags) != nil || diags.Sorted()[0].Code != CodeTooLarge {
		t.Errorf("got\n%s", render(&diags))
	}
}

// TestReadOutside keeps a file system's gateway inside of it.
func TestReadOutside(t *testing.T) {
	var diags source.List
	LoadFS(folderOf(map[string]string{"gateway.yaml": "policies: {global: /etc/passwd}\nfragments: {a: ../a.xml}\n"}), nil, &diags)
	if diags.Errors() != 2 {
		t.Errorf("got\n%s", render(&diags))
	}
}
