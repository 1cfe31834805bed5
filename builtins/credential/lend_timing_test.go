package credential

import (
	"context"
	"testing"

	"sekisho/engine/pipeline"
)

// BenchmarkAuthorization is what a request pays for a token that is there.
func BenchmarkAuthorization(b *testing.B) {
	w := newWorld(b)
	w.provide("oauth2", GrantCode, w.settings())
	w.connect()
	w.token()
	r := pipeline.AuthorizationRequest{Provider: theKey.Provider, Connection: theKey.Connection}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := w.m.Authorization(context.Background(), r); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
