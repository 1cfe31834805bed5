package check_test

import (
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"sekisho/engine/check"
	"sekisho/engine/missing"
	"sekisho/engine/source"
)

// corpus is a folder of real documents that is not part of this repository.
const corpus = "../../../shared/corpus"

// notAvailable is how documents fail that use policies which Sekisho does not offer yet.
const notAvailable = source.Code("not-available-yet")

// TestCorpus loads real documents. All that use nothing but policies that are offered
// must load, but for those named here, each with its reason.
func TestCorpus(t *testing.T) {
	if _, err := os.Stat(corpus); err != nil {
		missing.Part(t, "the corpus of real documents is not beside this repository: %s", corpus)
	}
	var names []string
	err := filepath.WalkDir(corpus, func(name string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".xml") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(names)
	var total check.Report
	pending := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rel, _ := filepath.Rel(corpus, name)
		rel = filepath.ToSlash(rel)
		var r check.Report
		r.Document(source.NewText(rel, string(text)))
		total.Add(r.Documents, r.Loaded, r.Expressions, r.Compiled)
		var faults []source.Diagnostic
		waiting := false
		for _, d := range r.Diags.Sorted() {
			if d.Severity != source.Error {
				continue
			}
			if d.Code == notAvailable {
				waiting = true
				continue
			}
			faults = append(faults, d)
		}
		if waiting {
			pending++
		}
		reason, known := damaged[rel]
		switch {
		case len(faults) > 0 && !known:
			var b strings.Builder
			_ = source.WriteText(&b, faults, source.TextOptions{})
			t.Errorf("%s does not load:\n%s", rel, b.String())
		case len(faults) == 0 && known:
			t.Errorf("%s loads; it is listed as damaged: %s", rel, reason)
		}
	}
	// Floors that only rise: what has loaded once loads from then on.
	if total.Documents != 294 || total.Loaded < 247 || pending > 37 || total.Compiled < 1104 {
		t.Errorf("%d documents, %d loaded, %d pending, %d expressions compiled; want 294, at least 247, at most 37, at least 1104",
			total.Documents, total.Loaded, pending, total.Compiled)
	}
	t.Logf("%d documents, %d loaded, %d use policies that are not available yet; %d expressions, %d compiled",
		total.Documents, total.Loaded, pending, total.Expressions, total.Compiled)
}
