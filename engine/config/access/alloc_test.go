//go:build !race

package access

import (
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
}
