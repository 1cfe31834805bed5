package csharp

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sekisho/engine/source"
)

// codesOf compiles an example, @(…) or @{…}, and returns the codes it earned.
func codesOf(t *testing.T, example string) map[source.Code]bool {
	t.Helper()
	kind := Expr
	if strings.HasPrefix(example, "@{") {
		kind = Block
	}
	if end, ok := End(example, 1); !ok || end != len(example) {
		t.Errorf("%s is no expression", example)
	}
	var list source.List
	Compile(source.Detached("x", example).Slice(2, len(example)-1), kind, Options{}, &list)
	out := map[source.Code]bool{}
	for _, d := range list.Sorted() {
		out[d.Code] = true
	}
	return out
}

// Every code's bad example earns it, and the good one earns nothing.
func TestCodeExamples(t *testing.T) {
	for _, c := range Codes {
		if c.Title == "" || c.Text == "" {
			t.Errorf("%s says nothing", c.Code)
		}
		if c.Bad == "" {
			continue
		}
		if !codesOf(t, c.Bad)[c.Code] {
			t.Errorf("%s: %s does not earn it: %v", c.Code, c.Bad, codesOf(t, c.Bad))
		}
		if got := codesOf(t, c.Good); len(got) > 0 {
			t.Errorf("%s: %s earns %v", c.Code, c.Good, got)
		}
	}
}

// Every code that the source speaks of is described, and the other way round.
func TestCodesAreComplete(t *testing.T) {
	described := map[string]bool{}
	for _, c := range Codes {
		described[string(c.Code)] = true
	}
	used := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") || f == "codes.go" {
			continue
		}
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"(csharp-[a-z-]+)"`).FindAllStringSubmatch(string(data), -1) {
			used[m[1]] = true
		}
	}
	for c := range used {
		if !described[c] {
			t.Errorf("%s is not described in Codes", c)
		}
	}
	for c := range described {
		if !used[c] {
			t.Errorf("%s is described and never reported", c)
		}
	}
}
