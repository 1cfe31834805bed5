package tokencache

import (
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
