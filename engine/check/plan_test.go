package check_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sekisho/engine/check"
	"sekisho/engine/missing"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

// TestCorpusPlan holds how many expressions of real documents run without a virtual
// machine: all of C# do.
func TestCorpusPlan(t *testing.T) {
	if _, err := os.Stat(corpus); err != nil {
		missing.Part(t, "the corpus of real documents is not beside this repository: %s", corpus)
	}
	var r check.Report
	err := filepath.WalkDir(corpus, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".xml") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		r.Document(source.NewText(filepath.ToSlash(name), string(text)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	native := 0
	for _, p := range r.Plans {
		if p.Native {
			native++
		} else if p.Language == pipeline.CSharp {
			t.Errorf("%s:%v runs in goja: %s", p.At.Text.Name, p.At.Pos(), p.Why)
		}
	}
	if len(r.Plans) < 1104 || native*100 < len(r.Plans)*70 {
		t.Errorf("%d of %d expressions run natively; want at least 70 %% of at least 1104", native, len(r.Plans))
	}
	t.Logf("%d of %d expressions that compile run natively (%d stand in documents)", native, len(r.Plans), r.Expressions)
}
