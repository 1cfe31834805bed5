package liquid

import (
	"strings"
	"testing"
	"time"

	"sekisho/engine/source"
)

// Templates that nest or repeat without measure are refused, with a Diagnostic that says
// why. How long it takes is told, not judged: machines differ.
func TestRefusedTemplates(t *testing.T) {
	const million = 1_000_000
	for _, tt := range []struct{ name, text, want string }{
		{"tags", strings.Repeat("{% if a %}", 300_000), "nest"},
		{"loops", strings.Repeat("{% for a in b %}", 200_000), "nest"},
		{"open outputs", strings.Repeat("{{", million), ""},
		{"open tags", strings.Repeat("{%", million), ""},
		{"brackets", "{{ a" + strings.Repeat("[", million) + " }}", ""},
		{"parentheses", "{% if " + strings.Repeat("(", million) + " %}{% endif %}", ""},
		{"paths", "{{ a" + strings.Repeat("[a", 500_000) + strings.Repeat("]", 500_000) + " }}", ""},
		{"conditions", "{% if a" + strings.Repeat(" and a", 500_000) + " %}{% endif %}", ""},
		{"ends", strings.Repeat("{% endif %}", 300_000), ""},
		{"too long", strings.Repeat("a", maxTemplate+1), "larger than"},
	} {
		begun := time.Now()
		var diags source.List
		tpl := Compile(source.Detached("t.xml", tt.text), &diags)
		took := time.Since(begun)
		if tpl != nil || diags.Errors() == 0 || diags.Errors() > 2*maxErrors {
			t.Errorf("%s: compiled, or %d errors", tt.name, diags.Errors())
			continue
		}
		d := diags.Sorted()[0]
		if d.Code != codeSyntax || !strings.Contains(d.Message, tt.want) {
			t.Errorf("%s: got %s: %s", tt.name, d.Code, d.Message)
		}
		t.Logf("%s: %v, %d errors: %.80s", tt.name, took, diags.Errors(), d.Message)
	}
}
