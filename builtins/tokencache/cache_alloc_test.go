//go:build !race

package tokencache

import (
	"context"
	"testing"
)

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
