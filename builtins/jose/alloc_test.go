//go:build !race

package jose

import "testing"

// TestNewTokenAllocates bounds what a token costs that was not seen before: nine allocations
// are of crypto/rsa, which keeps nothing of a public key, and each twentieth token brings
// keys that are new, too.
func TestNewTokenAllocates(t *testing.T) {
	next := newTokens(t, 20)
	next()
	if n := testing.AllocsPerRun(200, next); n > 24 {
		t.Errorf("%v allocations", n)
	}
}
