package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"sekisho/engine/source"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMistakes loads folders with mistakes in them. The rendered text is the
// contract: a folder's files come first, what is said of them is want.diag.
func TestMistakes(t *testing.T) {
	archives, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files, want, at := map[string]string{}, "", -1
			for i, f := range a.Files {
				if f.Name == "want.diag" {
					want, at = string(f.Data), i
				} else {
					files[f.Name] = string(f.Data)
				}
			}
			var diags source.List
			LoadFS(folderOf(files), func(s string) (string, bool) { return "the secret value", s == "SET" }, &diags)
			got := render(&diags)
			if strings.Contains(got, "the secret value") {
				t.Errorf("a secret shows:\n%s", got)
			}
			if got == want {
				return
			}
			if !*update {
				t.Fatalf("got:\n%s\nwant:\n%s", got, want)
			}
			if at < 0 {
				a.Files = append(a.Files, txtar.File{Name: "want.diag"})
				at = len(a.Files) - 1
			}
			a.Files[at].Data = []byte(got)
			if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestCodes holds every row of Codes to its word: Bad earns the code, Good
// nothing at all.
func TestCodes(t *testing.T) {
	said := func(content string) *source.List {
		var diags source.List
		LoadFS(folderOf(map[string]string{"gateway.yaml": content}), nil, &diags)
		return &diags
	}
	seen := map[source.Code]bool{}
	for _, c := range Codes {
		if seen[c.Code] || c.Title == "" || c.Text == "" {
			t.Errorf("%s stands twice or says nothing", c.Code)
		}
		seen[c.Code] = true
		if c.Bad == "" {
			continue
		}
		found := false
		for _, d := range said(c.Bad).Sorted() {
			found = found || d.Code == c.Code
		}
		if !found {
			t.Errorf("%s: bad earns\n%s", c.Code, render(said(c.Bad)))
		}
		if d := said(c.Good); d.Len() > 0 {
			t.Errorf("%s: good earns\n%s", c.Code, render(d))
		}
	}
}

// TestEveryCodeHasGolden finds each code in an archive of mistakes.
func TestEveryCodeHasGolden(t *testing.T) {
	archives, _ := filepath.Glob("testdata/mistakes/*.txtar")
	var all strings.Builder
	for _, name := range archives {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	for _, c := range Codes {
		if !strings.Contains(all.String(), "["+string(c.Code)+"]") {
			t.Errorf("no archive has the code %s", c.Code)
		}
	}
}
