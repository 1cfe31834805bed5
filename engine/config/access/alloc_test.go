//go:build !race

package access

import (
	"strings"
	"testing"
	"time"
)

func TestCheckAllocs(t *testing.T) {
	m := load(t)
	x := NewIndex(m)
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	header := func(string) string { return "" }
	if n := testing.AllocsPerRun(100, func() {
		key := Key(m.APIs[0], header, "a=b&subscription-key=k-closed")
		if !x.Check(m.APIs[0], key, now).Allowed {
			t.Fatal("refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	long := strings.Repeat("k", 200) // more than a conversion has room for on the stack
	x.add(siphash(x.k0, x.k1, long), entry{key: long})
	if n := testing.AllocsPerRun(100, func() {
		if x.find(long) == nil {
			t.Fatal("not found")
		}
	}); n != 0 {
		t.Errorf("%v allocations for a long key", n)
	}
}
