//go:build !race

package memory

import (
	"testing"
	"time"
)

func TestCountingAllocatesNothing(t *testing.T) {
	c := NewCounters(1000)
	now := t0
	slide := func() {
		now = now.Add(time.Millisecond)
		c.Slide("rate-limit:subscription", now, time.Minute, 100, 1)
		c.Fixed("quota:subscription", now, t0, time.Hour, 1)
	}
	for range 1000 {
		slide()
	}
	if n := testing.AllocsPerRun(1000, slide); n != 0 {
		t.Errorf("%v allocations for counting a call, want 0", n)
	}
}

func BenchmarkSlide(b *testing.B) {
	c := NewCounters(1000)
	b.ReportAllocs()
	now := t0
	for b.Loop() {
		now = now.Add(time.Microsecond)
		c.Slide("rate-limit:subscription", now, time.Minute, 1000, 1)
	}
}
