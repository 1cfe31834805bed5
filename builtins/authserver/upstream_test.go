package authserver

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

// The user's token at the identity provider is refreshed once for all processes; the old
// refresh token stays where none is returned.
func TestUpstreamIsRefreshedOnce(t *testing.T) {
	for _, rotates := range []bool{true, false} {
		w := newWorld(t, func(w *world) { w.config.AccessToken = 3 * time.Hour })
		w.idp.set(func() { w.idp.noRenew = !rotates })
		a := w.tokens(w.browser())
		first, err := w.nodes[0].Upstream(t.Context(), a.Access)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := w.nodes[1].Upstream(t.Context(), a.Access); err != nil || again.AccessToken != first.AccessToken {
			t.Fatalf("a token that is good is not kept: %v", err)
		}
		for range 2 {
			w.clock.advance(time.Hour)
			before := len(w.idp.redeemed)
			var mu sync.Mutex
			got := map[string]int{}
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					auth, err := w.nodes[i%2].Upstream(context.Background(), a.Access)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					got[auth.AccessToken]++
				})
			}
			all.Wait()
			if n := len(w.idp.redeemed) - before; n != 1 || len(got) != 1 || got[first.AccessToken] != 0 {
				t.Errorf("rotating %v: %d refreshes, %d tokens", rotates, n, len(got))
			}
		}
		for _, q := range w.idp.redeemed {
			if q.Has("resource") {
				t.Error("the identity provider was sent a resource")
			}
		}
	}
}

// A rotated grant's refresh moves the end of the provider's tokens while these are being
// refreshed: neither loses what the other writes.
func TestUpstreamBesideRotation(t *testing.T) {
	w := newWorld(t, func(w *world) { w.config.AccessToken = 3 * time.Hour })
	a := w.tokens(w.browser())
	w.clock.advance(time.Hour)
	slow := make(chan struct{})
	w.idp.set(func() { w.idp.slow = slow })
	done := make(chan error, 1)
	go func() {
		_, err := w.nodes[0].Upstream(context.Background(), a.Access)
		done <- err
	}()
	for { // until the lease is taken
		if n, err := w.store.Records().Count(t.Context(), kindLease, ""); err != nil {
			t.Fatal(err)
		} else if n == 1 {
			break
		}
	}
	w.renew(a.Refresh).wants(t, 200, "")
	close(slow)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w.idp.mu.Lock()
	want := w.idp.refresh
	w.idp.mu.Unlock()
	var up upstreamTokens
	if _, err := w.nodes[1].get(t.Context(), kindUpstream, grantOf(t, w, a), &up); err != nil || up.Refresh != want {
		t.Errorf("the refresh token that is good was lost: %v", err)
	}
}

func TestUpstreamNeedsALogin(t *testing.T) {
	w := newWorld(t, func(w *world) { w.config.AccessToken = 3 * time.Hour })
	a := w.tokens(w.browser())
	w.clock.advance(time.Hour)
	w.idp.set(func() { w.idp.dead = true })
	for node := range w.nodes {
		_, err := w.nodes[node].Upstream(t.Context(), a.Access)
		var e *UpstreamError
		if !errors.As(err, &e) || !e.Login || !strings.Contains(e.Error(), "log in again") {
			t.Errorf("node %d: %v", node, err)
		}
	}
	// The client is made to have the user log in.
	w.renew(a.Refresh).wants(t, 400, "invalid_grant")
	if w.good(0, a.Access) == nil {
		t.Error("the grant lives on")
	}
	var e *UpstreamError
	if _, err := w.nodes[0].Upstream(t.Context(), "garbage"); !errors.As(err, &e) {
		t.Errorf("a token that is none: %v", err)
	}
}

// An outage of the identity provider is no end of a login.
func TestUpstreamOutage(t *testing.T) {
	w := newWorld(t, func(w *world) { w.config.AccessToken = 3 * time.Hour })
	a := w.tokens(w.browser())
	w.clock.advance(time.Hour - upstreamMargin/2)
	w.idp.set(func() { w.idp.down = true })
	if _, err := w.nodes[0].Upstream(t.Context(), a.Access); err != nil {
		t.Errorf("while the old token is good: %v", err)
	}
	w.clock.advance(upstreamMargin)
	var e *UpstreamError
	if _, err := w.nodes[0].Upstream(t.Context(), a.Access); !errors.As(err, &e) || e.Login {
		t.Errorf("after that: %v", err)
	}
	w.idp.set(func() { w.idp.down = false })
	w.clock.advance(discoveryPause)
	if _, err := w.nodes[0].Upstream(t.Context(), a.Access); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}
