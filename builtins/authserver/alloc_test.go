//go:build !race

package authserver

import (
	"context"
	"testing"
)

// A token that was seen before is judged without an allocation.
func TestVerifyAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.browser())
	ctx, audiences := context.Background(), []string{w.resource()}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := w.nodes[0].Verify(ctx, a.Access, audiences); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
