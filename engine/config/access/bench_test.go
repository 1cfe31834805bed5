package access

import (
	"testing"
	"time"
)

// BenchmarkCheck is what the key of a subscription costs a request.
func BenchmarkCheck(b *testing.B) {
	m := load(b)
	x := NewIndex(m)
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		if !x.Check(m.APIs[0], "k-closed", now).Allowed {
			b.Fatal("refused")
		}
	}
}
