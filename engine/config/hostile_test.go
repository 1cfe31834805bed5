package config

import (
	"strings"
	"testing"
	"time"

	"sekisho/engine/source"
)

// Files that nest or repeat without measure are refused, with a Diagnostic that says
// why. How long it takes is told, not judged: machines differ.
func TestHostileFiles(t *testing.T) {
	const million = 1_000_000
	gateway := func(text string) map[string]string { return map[string]string{"gateway.yaml": text} }
	openAPI := func(name, text string) map[string]string {
		return map[string]string{"gateway.yaml": "apis:\n  a:\n    serviceUrl: http://a.test\n    openapi: " + name + "\n", name: text}
	}
	nested := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
	}{
		{"gateway.yaml of brackets", gateway(strings.Repeat("[", million))},
		{"gateway.yaml of braces", gateway(strings.Repeat("{a: ", million/4))},
		{"gateway.yaml of dashes", gateway(strings.Repeat("- ", million/2))},
		{"gateway.yaml of indentation", gateway(nested(1400))},
		{"gateway.yaml of questions", gateway(strings.Repeat("? ", million/2))},
		{"gateway.yaml of brackets in a value", gateway("apis: " + strings.Repeat("[", million))},
		{"a template of braces", gateway("apis:\n  a:\n    serviceUrl: http://a.test\n    operations:\n      o: {method: GET, urlTemplate: \"/" + strings.Repeat("{", million) + "\"}\n")},
		{"OpenAPI of brackets", openAPI("o.yaml", "openapi: 3.0.0\npaths: "+strings.Repeat("[", million))},
		{"OpenAPI of braces", openAPI("o.yaml", strings.Repeat("{a: ", million/4))},
		{"OpenAPI as JSON of brackets", openAPI("o.json", strings.Repeat("[", million))},
		{"OpenAPI as JSON of objects", openAPI("o.json", strings.Repeat(`{"a":`, million/5))},
	} {
		begun := time.Now()
		var diags source.List
		LoadFS(folderOf(tt.files), func(string) (string, bool) { return "", false }, &diags)
		took := time.Since(begun)
		if diags.Errors() == 0 {
			t.Errorf("%s: loaded", tt.name)
			continue
		}
		t.Logf("%s: %v, %d errors: %.100s", tt.name, took, diags.Errors(), diags.Sorted()[0].Message)
	}
}
