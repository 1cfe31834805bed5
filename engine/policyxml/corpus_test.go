package policyxml_test

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sekisho/engine/missing"
	"sekisho/engine/policyxml"
	"sekisho/engine/source"
)

const corpus = "../../../shared/corpus"

// loadCorpus parses every document of the corpus as a check of bare files does.
func loadCorpus(t *testing.T, each func(name string, d *policyxml.Document, found *source.List)) {
	t.Helper()
	if _, err := os.Stat(corpus); err != nil {
		missing.Part(t, "the corpus of real documents is not here: %v", err)
	}
	err := filepath.WalkDir(corpus, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".xml" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(corpus, path)
		var found source.List
		v := policyxml.Substitute(source.NewText(name, string(content)).View(), policyxml.NamedValues{StandIns: true}, &found)
		each(filepath.ToSlash(name), policyxml.Parse(v, policyxml.Options{}, &found), &found)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCorpusLoads(t *testing.T) {
	documents, expressions := 0, 0
	var faulty, warned []string
	loadCorpus(t, func(name string, d *policyxml.Document, found *source.List) {
		documents++
		expressions += d.Expressions()
		short := name[strings.LastIndexByte(name, '/')+1:]
		for _, f := range found.Sorted() {
			switch {
			case f.Severity == source.Warning:
				warned = append(warned, short+" "+string(f.Code))
			case len(faulty) == 0 || faulty[len(faulty)-1] != short:
				faulty = append(faulty, short)
			}
		}
	})
	if documents != 294 || expressions != 1154 {
		t.Errorf("%d documents with %d expressions, want 294 with 1154", documents, expressions)
	}
	// Its quotes were destroyed by a formatter.
	wantFaulty := []string{"Call out to an HTTP endpoint and cache the response.policy.xml"}
	if !slices.Equal(faulty, wantFaulty) {
		t.Errorf("these do not load: %q\nwant %q", faulty, wantFaulty)
	}
	wantWarned := []string{
		"apim-api-policy.xml expression-inside-text", "apim-api-policy.xml expression-inside-text",
		"03-mock-response.xml expression-inside-text",
	}
	if !slices.Equal(warned, wantWarned) {
		t.Errorf("warned of %q\nwant %q", warned, wantWarned)
	}
}

// TestCorpusExpressionsAreFoundWhole holds our expressions against those that
// someone else's scanner cut out of the same documents.
func TestCorpusExpressionsAreFoundWhole(t *testing.T) {
	type expression struct{ kind, code string }
	found := map[string]map[expression]bool{}
	loadCorpus(t, func(name string, d *policyxml.Document, _ *source.List) {
		all := map[expression]bool{}
		for v := range d.Values() {
			switch v.Kind {
			case policyxml.CSharpExpr:
				all[expression{"expr", squeeze(v.Inner().S)}] = true
			case policyxml.CSharpBlock:
				all[expression{"block", squeeze(v.Inner().S)}] = true
			}
		}
		found[name] = all
	})
	f, err := os.Open(filepath.Join(corpus, "expressions-golden.jsonl"))
	if err != nil {
		missing.Part(t, "the expressions are not here: %v", err)
	}
	defer f.Close()
	rows, missing := 0, 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var row struct{ ID, Kind, Code, From string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows++
		code := squeeze(row.Code)
		if !found[row.From][expression{row.Kind, code}] {
			missing++
			t.Errorf("%s: not found in %s: %s", row.ID, row.From, code)
		}
	}
	if rows != 572 {
		t.Errorf("%d rows, want 572", rows)
	}
}

// squeeze takes out what the two scanners write in their own ways: white space,
// and named values that stand for code.
func squeeze(s string) string {
	s = strings.NewReplacer("__nv_", "nv_", "-", "_").Replace(s)
	return strings.Join(strings.Fields(s), " ")
}
