package policyxml

import (
	"strings"
	"testing"
	"time"

	"sekisho/engine/source"
)

// Documents that nest or repeat without measure are refused, with a Diagnostic that says
// why. How long it takes is told, not judged: machines differ.
func TestHostileDocuments(t *testing.T) {
	const million = 1_000_000
	for _, tt := range []struct {
		name, text string
		want       source.Code
	}{
		{"elements", strings.Repeat("<a>", million), "nested-too-deep"},
		{"elements in a document", "<policies><inbound>" + strings.Repeat("<choose>", 300_000), "nested-too-deep"},
		{"elements that are closed", strings.Repeat("<a>", 300_000) + strings.Repeat("</a>", 300_000), "nested-too-deep"},
		{"open brackets", strings.Repeat("<", million), "text-outside-root"},
		{"parentheses", `<policies><inbound><a b="@(` + strings.Repeat("(", million) + `)" /></inbound></policies>`, "unbalanced-expression"},
		{"braces", `<policies><inbound><a b="@{` + strings.Repeat("{", million) + `}" /></inbound></policies>`, "unbalanced-expression"},
		{"braces of scripts", `<policies><inbound><a b="@js{` + strings.Repeat("{", million) + `}" /></inbound></policies>`, "unbalanced-expression"},
		{"expressions in expressions", `<policies><inbound><a b="` + strings.Repeat("@(", million) + `" /></inbound></policies>`, "unbalanced-expression"},
		{"attributes", "<policies><inbound><a " + strings.Repeat(`b="1" `, 200_000) + "/></inbound></policies>", "duplicate-attribute"},
	} {
		begun := time.Now()
		var diags source.List
		text := source.NewText("policy.xml", tt.text)
		Parse(Substitute(text.View(), NamedValues{}, &diags), Options{Roots: []string{"policies"}}, &diags)
		found := map[source.Code]bool{}
		for _, d := range diags.Sorted() {
			found[d.Code] = true
		}
		if !found[tt.want] || diags.Errors() == 0 {
			t.Errorf("%s: got %v, want %s", tt.name, found, tt.want)
		}
		t.Logf("%s: %v", tt.name, time.Since(begun))
	}
}
