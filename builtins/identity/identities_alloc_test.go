//go:build !race

package identity

import (
	"context"
	"testing"
	"time"
)

func TestHitsAllocateNothing(t *testing.T) {
	e := serve(t, says(200, tokenOf(tokenA, inAnHour)))
	w := newWorld(t, nil)
	w.configure(t, Identity{ID: System, Source: IMDS, Endpoint: e.URL}, Identity{ID: "two", ClientID: "c2", Source: IMDS, Endpoint: e.URL})
	for _, client := range []string{"", "c2", "user-assigned"} {
		w.want(t, client, "https://vault.azure.net", tokenA)
		// The front of the cache takes what is new a little later.
		n, assigned := w.ids.known.Load().find(client)
		for range 5000 {
			if _, ok := w.ids.cache.Lookup(n.prefix + " " + assigned + " https://vault.azure.net"); ok {
				break
			}
			time.Sleep(time.Millisecond)
		}
		ctx := context.Background()
		if n := testing.AllocsPerRun(1000, func() {
			if _, err := w.ids.Token(ctx, client, "https://vault.azure.net"); err != nil {
				t.Error(err)
			}
		}); n > 0 {
			t.Errorf("client-id %q: %v allocations", client, n)
		}
	}
}
