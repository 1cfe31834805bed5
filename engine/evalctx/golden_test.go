package evalctx

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"sekisho/engine/missing"
)

const corpus = "../../../shared/corpus"

// golden is a row with what .NET gave.
type golden struct {
	Case
	Expected     *string         `json:"expected"`
	ExpectedType *string         `json:"expected_type"`
	Exception    json.RawMessage `json:"exception"`
}

// exception is the type of the exception that is expected, "" for none. It is
// given as a name or as an object.
func (g golden) exception() string {
	var s string
	if json.Unmarshal(g.Exception, &s) == nil {
		return s
	}
	var e Exception
	_ = json.Unmarshal(g.Exception, &e)
	return e.Type
}

func readGolden(t *testing.T, path string) []golden {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		missing.Part(t, "the cases are not here: %v", err)
	}
	var out []golden
	in := bufio.NewScanner(bytes.NewReader(data))
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var g golden
		if err := json.Unmarshal(in.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		out = append(out, g)
	}
	return out
}

// differs says how an outcome differs from what is expected, "" if it does not.
func differs(g golden, o Outcome) string {
	show := func(s *string) string {
		if s == nil {
			return "null"
		}
		return *s
	}
	want := g.exception()
	if want == "" && g.ExpectedType == nil {
		// What C# itself rejects has neither a value nor an exception.
		want = "CompileError"
	}
	if o.Exception != nil {
		if want == o.Exception.Type {
			return ""
		}
		got := "threw " + o.Exception.Type + ": " + o.Exception.Message
		if want != "" {
			return got + "; want " + want
		}
		return got + "; want " + show(g.Expected) + " of " + show(g.ExpectedType)
	}
	if want != "" {
		return "gave " + show(o.Value) + "; want " + want
	}
	if show(o.Value) == show(g.Expected) && show(o.Type) == show(g.ExpectedType) {
		return ""
	}
	return "gave " + show(o.Value) + " of " + show(o.Type) + "; want " + show(g.Expected) + " of " + show(g.ExpectedType)
}

// deviations reads the list of rows that are known to differ: an id and the
// reason, a tab between.
func deviations(t *testing.T, path string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, line := range strings.Split(string(data), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, reason, ok := strings.Cut(line, "\t")
		if !ok || reason == "" {
			t.Fatalf("%s: %q has no reason", path, line)
		}
		out[id] = reason
	}
	return out
}

// runGolden evaluates all rows, wants those that are not listed to be equal and
// those that are listed to differ, and returns how many are equal.
func runGolden(t *testing.T, rows []golden, context []byte, listed map[string]string) int {
	t.Helper()
	equal := 0
	seen := map[string]bool{}
	var bad []string
	for _, g := range rows {
		seen[g.ID] = true
		o, err := g.Case.Run(context)
		diff := ""
		if err != nil {
			diff = err.Error()
		} else {
			diff = differs(g, o)
		}
		switch _, known := listed[g.ID]; {
		case diff == "" && known:
			bad = append(bad, g.ID+": equal, though it is listed as a deviation")
			equal++
		case diff == "":
			equal++
		case !known:
			bad = append(bad, fmt.Sprintf("%s: %.120q: %s", g.ID, g.Code, diff))
		}
	}
	for id := range listed {
		if !seen[id] {
			bad = append(bad, id+": listed as a deviation, though there is no such row")
		}
	}
	sort.Strings(bad)
	for _, b := range bad {
		t.Error(b)
	}
	t.Logf("%d of %d equal", equal, len(rows))
	return equal
}

func TestCorpus(t *testing.T) {
	rows := readGolden(t, filepath.Join(corpus, "expressions-golden.jsonl"))
	context, err := os.ReadFile(filepath.Join(corpus, "context.json"))
	if err != nil {
		missing.Part(t, "the context is not here: %v", err)
	}
	runGolden(t, rows, context, deviations(t, "testdata/corpus-deviations.txt"))
}

func TestProbes(t *testing.T) {
	rows := readGolden(t, "testdata/csharp-golden.jsonl")
	runGolden(t, rows, nil, deviations(t, "testdata/probe-deviations.txt"))
}
