package jose

import (
	"context"
	"fmt"
	"testing"

	"sekisho/engine/pipeline"
)

// newTokens makes n tokens as the benchmark scenarios have them, and a function that
// verifies one that Tokens has not seen, each time it is called: of known tokens, the keys
// are others after each round.
func newTokens(t testing.TB, n int) (next func()) {
	w := newWorld(t)
	list := make([]string, n)
	for i := range list {
		now := w.clock.now().Unix()
		claims := map[string]any{"aud": "api://shop", "sub": fmt.Sprintf("user-%d", i), "iat": now, "exp": now + 3600}
		list[i] = mustSign(t, claims, rsaOnce(), "bench")
	}
	var keys *pipeline.TokenKeys
	i := 0
	return func() {
		if i%n == 0 {
			keys = &pipeline.TokenKeys{Signing: []pipeline.TokenKey{{ID: "bench", Key: &rsaOnce().PublicKey}}}
		}
		if _, err := w.Verify(context.Background(), list[i%n], keys); err != nil {
			t.Fatal(err)
		}
		i++
	}
}

// BenchmarkVerifyNew verifies tokens that were not seen before.
func BenchmarkVerifyNew(b *testing.B) {
	next := newTokens(b, 500)
	b.ReportAllocs()
	for b.Loop() {
		next()
	}
}
