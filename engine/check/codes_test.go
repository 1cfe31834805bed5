package check_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"sekisho/builtins"
	"sekisho/engine/check"
	"sekisho/engine/gateway"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

const codesGateway = `
namedValues: { host: example.com }
backends: { a: http://backend.test }
apis:
  a:
    serviceUrl: http://backend.test
    subscriptionRequired: false
    policy: policy.xml
    operations:
      all: { method: GET, urlTemplate: "/{id}" }
`

// load checks a document of API scope, or a fragment, in a gateway's folder.
func load(document string) []source.Diagnostic {
	document = whole(document)
	files := fstest.MapFS{
		"gateway.yaml": {Data: []byte(codesGateway)},
		"policy.xml":   {Data: []byte("<policies />")},
	}
	name := "policy.xml"
	if strings.HasPrefix(strings.TrimSpace(document), "<fragment") {
		name = "policies/fragments/f.xml"
	}
	files[name] = &fstest.MapFile{Data: []byte(document)}
	var diags source.List
	gateway.Check(gateway.Setup{Folder: files, Table: builtins.Table(), Env: func(string) (string, bool) { return "", false }}, &diags)
	return diags.Sorted()
}

// whole puts an example that is one policy into a section that takes it.
func whole(example string) string {
	m := regexp.MustCompile(`^\s*<([a-z-]+)`).FindStringSubmatch(example)
	if m == nil {
		return example
	}
	p := builtins.Table().Lookup(m[1])
	if p == nil {
		return example
	}
	section := "inbound"
	for _, s := range pipeline.SectionNames {
		if p.Sections&pipeline.ParseSection(s) != 0 {
			section = s
			break
		}
	}
	return "<policies><" + section + ">" + example + "</" + section + "></policies>"
}

// TestExamplesOfCodes loads the documents that `explain` shows: the wrong one must earn
// its code and nothing else, the right one nothing at all.
func TestExamplesOfCodes(t *testing.T) {
	for _, d := range check.Codes() {
		for _, example := range []struct{ text, want string }{{d.Bad, string(d.Code)}, {d.Good, ""}} {
			if !strings.HasPrefix(strings.TrimSpace(example.text), "<") {
				continue // of gateway.yaml, or of an expression: tested where they are compiled
			}
			got := map[string]bool{}
			for _, diag := range load(example.text) {
				got[string(diag.Code)] = true
			}
			if example.want == "" && len(got) > 0 || example.want != "" && (!got[example.want] || len(got) != 1) {
				t.Errorf("%s: got %v, want %q\n%s", d.Code, got, example.want, example.text)
			}
		}
	}
}

func TestCodesAreDocumented(t *testing.T) {
	form := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	seen := map[source.Code]bool{}
	for _, d := range check.Codes() {
		if !form.MatchString(string(d.Code)) {
			t.Errorf("%q is not in kebab case", d.Code)
		}
		if seen[d.Code] {
			t.Errorf("%q is documented twice", d.Code)
		}
		seen[d.Code] = true
		if d.Title == "" || d.Text == "" || strings.HasSuffix(d.Title, ".") || !strings.HasSuffix(strings.TrimSpace(d.Text), ".") {
			t.Errorf("%q: title %q, text %q", d.Code, d.Title, d.Text)
		}
	}
}
