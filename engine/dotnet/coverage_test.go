package dotnet

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write docs/expressions.md")

// TestReference keeps docs/expressions.md current; -update writes it.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "expressions.md")
	want := Std().Reference()
	got, err := os.ReadFile(path)
	if err == nil && bytes.Equal(got, want) {
		return
	}
	if !*update {
		t.Fatal("docs/expressions.md is not current: run go test ./engine/dotnet -update")
	}
	if err := os.WriteFile(path, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCoverage tells what is offered of what Azure API Management allows, and wants
// a reason for each member that is not.
func TestCoverage(t *testing.T) {
	c := Std().Coverage()
	t.Logf("library: %d of %d members of %d types offered (%.1f %%), with %d overloads",
		c.Offered, c.Allowed, c.Types, 100*float64(c.Offered)/float64(c.Allowed), c.Overloads)
	for _, m := range c.Missing {
		t.Logf("missing: %s.%s: %s", m.Type, m.Member, m.Reason)
		if m.Reason == "" {
			t.Errorf("%s.%s is not offered, and allowed.txt gives no reason", m.Type, m.Member)
		}
	}
}

// The list and the table agree: what the list names twice, refuses although it
// allows it, or has a reason to lack although it is offered, is a mistake, and so
// is a row that is marked as beyond the list and stands on it.
func TestAllowed(t *testing.T) {
	l := Std()
	for _, a := range l.list.order {
		seen := map[string]bool{}
		typ := l.byFull[a.full]
		for _, n := range a.members {
			if seen[n] {
				t.Errorf("%s.%s is listed twice", a.full, n)
			}
			seen[n] = true
			if a.refused[n] {
				t.Errorf("%s.%s is both listed and refused", a.full, n)
			}
			if typ != nil && a.lacking[n] != "" && len(typ.listed(n)) > 0 {
				t.Errorf("%s.%s is offered, and has a reason not to be", a.full, n)
			}
		}
		for n := range a.lacking {
			if !a.has[n] {
				t.Errorf("%s.%s has a reason not to be offered, and is not listed", a.full, n)
			}
		}
	}
	for _, d := range l.decls {
		typ := l.Lookup(d.Full, len(d.params))
		if a := l.allowance(typ); a != nil && d.outside && len(a.members) > 0 {
			t.Errorf("%s is listed, and marked as beyond the list", d.Full)
		}
	}
}
