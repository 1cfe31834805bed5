package tokencache

import (
	"context"
	"sync"
	"testing"
)

// BenchmarkHit is a token that is good, with and without the front, next to a plain map.
func BenchmarkHit(b *testing.B) {
	c, s := setup(b, Options{})
	get(b, c, s)
	c.front.Wait()
	b.Run("lookup", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, ok := c.Lookup("k"); !ok {
					b.Error("a miss")
				}
			}
		})
	})
	b.Run("authoritative", func(b *testing.B) {
		c.front.Del("k")
		c.front.Wait()
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, call, err := c.ask(c.slot("k"), s.fetch); call != nil || err != nil {
					b.Error("a miss")
				}
			}
		})
	})
	b.Run("map", func(b *testing.B) {
		var mu sync.RWMutex
		m := map[string]*held{"k": newHeld(Token{AccessToken: "t", Expires: s.clock.Now().AddDate(1, 0, 0)}, s.clock.Now(), 0)}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				mu.RLock()
				h := m["k"]
				mu.RUnlock()
				if !h.fresh(s.clock.Now()) {
					b.Error("a miss")
				}
			}
		})
	})
}

func TestHitsDoNotAllocate(t *testing.T) {
	c, s := setup(t, Options{})
	get(t, c, s)
	c.front.Wait()
	fetch := s.fetch
	for name, f := range map[string]func(){
		"Lookup": func() { c.Lookup("k") },
		"Get":    func() { _, _ = c.Get(context.Background(), "k", fetch) },
	} {
		// The front's ring buffers are given out by a pool, which the collector may empty.
		if n := testing.AllocsPerRun(1000, f); n >= 1 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
