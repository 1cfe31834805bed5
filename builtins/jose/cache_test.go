package jose

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"sekisho/engine/pipeline"
)

func TestVerifiedTokensAreRemembered(t *testing.T) {
	w := newWorld(t)
	w.issuer.publish(t, issuerURL, iss, pipeline.TokenKey{ID: "a", Key: ecOnce()})
	keys := &pipeline.TokenKeys{OpenID: []string{issuerURL}}
	token := mustSign(t, goodClaims(w, iss), ecOnce(), "a")
	first, err := w.Verify(context.Background(), token, keys)
	if err != nil {
		t.Fatal(err)
	}
	again := func() *pipeline.VerifiedToken {
		t.Helper()
		v, err := w.Verify(context.Background(), token, keys)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if again() != first {
		t.Error("the token was verified again")
	}
	// A token with the same beginning, or one bit more, is another one.
	for i := range len(token) {
		changed := []byte(token)
		if changed[i] == '.' {
			continue
		}
		changed[i] ^= 1
		if v, _ := w.Verify(context.Background(), string(changed), keys); v == first {
			t.Fatalf("a token that differs at %d was taken for it", i)
		}
	}
	if v, err := w.Verify(context.Background(), token+"x", keys); err == nil || v == first {
		t.Error("a longer token was taken for it")
	}
	// Other keys, such as those of the folder after a reload, are asked by themselves.
	other := &pipeline.TokenKeys{OpenID: keys.OpenID}
	if v, err := w.Verify(context.Background(), token, other); err != nil || v == first {
		t.Errorf("taken for the same under other keys (%v)", err)
	}
	if _, err := w.Verify(context.Background(), token, &pipeline.TokenKeys{}); err == nil {
		t.Error("accepted without keys")
	}
	// The same keys, fetched again, are the same.
	w.clock.advance(30 * time.Minute)
	w.issuer.publish(t, issuerURL, iss, pipeline.TokenKey{ID: "a", Key: ecOnce()})
	if _, err := w.set(issuerURL).refreshed(context.Background()); err != nil {
		t.Fatal(err)
	}
	if again() != first {
		t.Error("the same keys made the token forgotten")
	}
	// Other keys are not.
	w.clock.advance(10 * time.Minute)
	w.issuer.publish(t, issuerURL, iss, pipeline.TokenKey{ID: "a", Key: ecOnce()}, pipeline.TokenKey{ID: "b", Key: rsaOnce()})
	if _, err := w.set(issuerURL).refreshed(context.Background()); err != nil {
		t.Fatal(err)
	}
	second := again()
	if second == first {
		t.Error("the token is remembered over a change of the keys")
	}
	// At exp it is verified again; whether it is still good is the policy's question.
	w.clock.advance(20*time.Minute - time.Second)
	w.settle()
	if again() != second {
		t.Error("forgotten before its time")
	}
	w.clock.advance(time.Second)
	if again() == second {
		t.Error("remembered at exp")
	}
}

// TestTokensThatEndAlike: those without a signature are remembered each by itself.
func TestTokensThatEndAlike(t *testing.T) {
	w := newWorld(t)
	keys := &pipeline.TokenKeys{Unsigned: true}
	encode := base64.RawURLEncoding.EncodeToString
	tokens := map[string]*pipeline.VerifiedToken{}
	for i := range 20 {
		payload := fmt.Sprintf(`{"sub":"%02d","about":"%s"}`, i, strings.Repeat("the same ", 20))
		token := encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(payload)) + "."
		v, err := w.Verify(context.Background(), token, keys)
		if err != nil {
			t.Fatal(err)
		}
		tokens[token] = v
	}
	for token, want := range tokens {
		if v, err := w.Verify(context.Background(), token, keys); v != want {
			t.Errorf("subject %s was verified again (%v)", want.Jwt.Subject, err)
		}
	}
}

func TestRefusalsAreNotRemembered(t *testing.T) {
	w := newWorld(t)
	keys := &pipeline.TokenKeys{Signing: []pipeline.TokenKey{{Key: &ecOnce().PublicKey}}}
	room := w.verified.store.RemainingCost()
	for range 10 {
		if _, err := w.Verify(context.Background(), mustSign(t, goodClaims(w, iss), rsaOnce(), ""), keys); err == nil {
			t.Fatal("accepted")
		}
	}
	if left := w.verified.store.RemainingCost(); left != room {
		t.Errorf("%d bytes are kept of refused tokens", room-left)
	}
}

// TestMemoryIsBounded verifies more tokens than there is room for.
func TestMemoryIsBounded(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.CacheBytes = 1 << 16 })
	keys := &pipeline.TokenKeys{Signing: []pipeline.TokenKey{{Key: make([]byte, 32)}}}
	claims := goodClaims(w, iss)
	for i := range 1000 {
		claims["jti"] = time.Duration(i % 500).String() // each twice
		if _, err := w.Verify(context.Background(), mustSign(t, claims, make([]byte, 32), ""), keys); err != nil {
			t.Fatal(err)
		}
	}
	w.verified.store.Wait()
	if left := w.verified.store.RemainingCost(); left < 0 || left > 1<<15 {
		t.Errorf("%d bytes are left", left)
	}
}

func TestHitAllocates(t *testing.T) {
	w, token, keys := warm(t)
	ctx := context.Background()
	n := testing.AllocsPerRun(1000, func() {
		if _, err := w.Verify(ctx, token, keys); err != nil {
			t.Fatal(err)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func warm(t testing.TB) (*world, string, *pipeline.TokenKeys) {
	w := newWorld(t)
	w.issuer.publish(t, issuerURL, iss, pipeline.TokenKey{ID: "a", Key: rsaOnce()})
	keys := &pipeline.TokenKeys{OpenID: []string{issuerURL}}
	token := mustSign(t, goodClaims(w, iss), rsaOnce(), "a")
	if _, err := w.Verify(context.Background(), token, keys); err != nil {
		t.Fatal(err)
	}
	return w, token, keys
}

// BenchmarkHit verifies a token that is remembered.
func BenchmarkHit(b *testing.B) {
	w, token, keys := warm(b)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Verify(ctx, token, keys); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMiss verifies a token, RS256 with 2048 bits, that is not.
func BenchmarkMiss(b *testing.B) {
	w, token, keys := warm(b)
	ctx := context.Background()
	id := identity{token, keys}
	h := w.verified.hash(&id)
	b.ReportAllocs()
	for b.Loop() {
		w.verified.store.Del(h)
		for i := range w.verified.place(h) {
			w.verified.place(h)[i].Store(nil)
		}
		if _, err := w.Verify(ctx, token, keys); err != nil {
			b.Fatal(err)
		}
	}
}

// TestTokensSeenOnceStayOutOfTheStore: only those that come again are worth a place there,
// where they stay when others push them out of the recent ones.
func TestTokensSeenOnceStayOutOfTheStore(t *testing.T) {
	w := newWorld(t)
	keys := &pipeline.TokenKeys{Signing: []pipeline.TokenKey{{Key: make([]byte, 32)}}}
	token := mustSign(t, goodClaims(w, iss), make([]byte, 32), "")
	verify := func() *pipeline.VerifiedToken {
		t.Helper()
		v, err := w.Verify(context.Background(), token, keys)
		if err != nil {
			t.Fatal(err)
		}
		w.verified.store.Wait()
		return v
	}
	forget := func() {
		at := w.verified.place(w.verified.hash(&identity{token, keys}))
		for i := range at {
			at[i].Store(nil)
		}
	}
	room := w.verified.store.RemainingCost()
	first := verify()
	if verify() != first {
		t.Error("verified again while it was among the recent ones")
	}
	if left := w.verified.store.RemainingCost(); left != room {
		t.Errorf("%d bytes are kept of a token that was verified once", room-left)
	}
	forget()
	second := verify()
	if second == first || w.verified.store.RemainingCost() == room {
		t.Error("the second time, it does not get to the store")
	}
	forget()
	if verify() != second {
		t.Error("verified a third time")
	}
}
