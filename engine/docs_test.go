package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest = regexp.MustCompile("`([a-z]+)\\.((?:Test|Fuzz)\\w+)(?:/([^`]+))?`")
	namedRoom = regexp.MustCompile("^- `([a-z]+)`: ([a-z/]+)")
)

// TestSecurityPageNamesTests holds docs/security.md to the tests that there are: each row
// has one, each name is a function of its package, and each part a text in that function.
func TestSecurityPageNamesTests(t *testing.T) {
	data, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	rooms := map[string]map[string]string{} // source by function by package
	used := map[string]bool{}
	for line := range strings.Lines(page) {
		if m := namedRoom.FindStringSubmatch(line); m != nil {
			rooms[m[1]] = testsIn(t, filepath.Join("..", filepath.FromSlash(m[2])))
		}
	}
	rows, names := 0, 0
	for line := range strings.Lines(page) {
		if cells := strings.Split(strings.TrimSpace(line), " | "); strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| Attack |") {
			if rows++; len(cells) != 3 {
				t.Errorf("a row of %d cells: %s", len(cells), line)
			} else if !namedTest.MatchString(cells[2]) && cells[2] != "— |" {
				t.Errorf("a row without a test: %s", line)
			}
		}
		for _, m := range namedTest.FindAllStringSubmatch(line, -1) {
			names++
			used[m[1]] = true
			source, ok := rooms[m[1]][m[2]]
			if !ok {
				t.Errorf("%s.%s is no test", m[1], m[2])
			} else if m[3] != "" && !strings.Contains(source, `"`+m[3]) {
				t.Errorf("%s.%s has no part %q", m[1], m[2], m[3])
			}
		}
	}
	for room := range rooms {
		if !used[room] {
			t.Errorf("no test of the package %s is named", room)
		}
	}
	if rows < 100 || names < 150 {
		t.Errorf("only %d rows with %d tests were found", rows, names)
	}
}

// testsIn is the source of each test of a directory.
func testsIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no tests (%v)", dir, err)
	}
	out := map[string]string{}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, data, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				out[fn.Name.Name] = string(data[set.Position(fn.Pos()).Offset:set.Position(fn.End()).Offset])
			}
		}
	}
	return out
}
