package route

import (
	"strings"
	"testing"
	"time"
)

// Templates that nest or repeat without measure are refused, with an error that says
// why. How long it takes is told, not judged: machines differ.
func TestHostileTemplates(t *testing.T) {
	const million = 1_000_000
	for _, tt := range []struct{ name, text string }{
		{"braces", "/" + strings.Repeat("{", million)},
		{"braces that are closed", "/" + strings.Repeat("{", million) + strings.Repeat("}", million)},
		{"parameters", strings.Repeat("/{a}", 300_000)},
		{"closing braces", "/" + strings.Repeat("}", million)},
		{"query", "/a?" + strings.Repeat("a={b}&", 200_000)},
		{"segments", strings.Repeat("/a", 500_000)},
		{"one long segment", "/" + strings.Repeat("a", million)},
	} {
		begun := time.Now()
		_, err := ParseTemplate(tt.text)
		took := time.Since(begun)
		if err == nil {
			t.Errorf("%s: parsed", tt.name)
			continue
		}
		t.Logf("%s: %v: %.80s", tt.name, took, err)
	}
}
