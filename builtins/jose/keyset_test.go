package jose

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/pipeline"
)

const iss = "https://login.test/"

// verify is Verify with the reason of a refusal, "" for none.
func (w *world) verify(t testing.TB, token string, keys *pipeline.TokenKeys) string {
	t.Helper()
	_, err := w.Verify(context.Background(), token, keys)
	if err == nil {
		return ""
	}
	var refusal *pipeline.TokenError
	if !errors.As(err, &refusal) {
		t.Fatal(err)
	}
	return refusal.Reason
}

func TestOneFetchForAllWhoWait(t *testing.T) {
	w := newWorld(t)
	w.issuer.publish(t, issuerURL, iss, pipeline.TokenKey{ID: "a", Key: ecOnce()})
	held := make(chan struct{})
	w.issuer.hold(held)
	keys := &pipeline.TokenKeys{OpenID: []string{issuerURL}}
	token := mustSign(t, goodClaims(w, iss), ecOnce(), "a")
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := w.Verify(context.Background(), token, keys); err != nil {
				t.Error(err)
			}
		})
	}
	for w.issuer.total() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(held)
	all.Wait()
	if n := w.issuer.total(); n != 2 {
		t.Errorf("%d requests, want one for the configuration and one for the keys", n)
	}
}

func TestWaitIsBoundedByTheContext(t *testing.T) {
	w := newWorld(t)
	held := make(chan struct{})
	w.issuer.hold(held)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := w.Verify(ctx, mustSign(t, goodClaims(w, iss), ecOnce(), "a"), &pipeline.TokenKeys{OpenID: []string{issuerURL}})
		done <- err
	}()
	for w.issuer.total() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(held)
}

// settle waits until no fetch is under way.
func (w *world) settle() { w.running.Wait() }

func TestKeysAreRenewedInTheBackground(t *testing.T) {
	w := newWorld(t)
	one, two := pipeline.TokenKey{ID: "a", Key: ecOnce()}, pipeline.TokenKey{ID: "b", Key: rsaOnce()}
	w.issuer.publish(t, issuerURL, iss, one)
	keys := &pipeline.TokenKeys{OpenID: []string{issuerURL}}
	claims := goodClaims(w, iss)
	claims["exp"] = w.clock.now().Add(100 * time.Hour).Unix()
	token := mustSign(t, claims, ecOnce(), "a")
	f := func(after time.Duration, wantReason string, wantFetches int) {
		t.Helper()
		w.clock.advance(after)
		if got := w.verify(t, token, keys); got != wantReason {
			t.Errorf("%v later: got %q, want %q", after, got, wantReason)
		}
		w.settle()
		if n := w.issuer.count(issuerURL + "/keys"); n != wantFetches {
			t.Errorf("%v later: %d fetches, want %d", after, n, wantFetches)
		}
	}
	f(0, "", 1)
	f(59*time.Minute, "", 1)
	f(2*time.Minute, "", 2) // hourly
	w.issuer.fail(errors.New("down"))
	f(time.Hour, "", 2)
	asked := w.issuer.count(issuerURL)
	f(4*time.Minute, "", 2) // too soon to ask again
	if n := w.issuer.count(issuerURL); n != asked {
		t.Error("asked again within five minutes of a failure")
	}
	f(2*time.Minute, "", 2)
	if n := w.issuer.count(issuerURL); n != asked+1 {
		t.Errorf("asked %d times more, five minutes after a failure", n-asked)
	}
	f(8*time.Hour, "", 2) // stale keys serve
	f(4*time.Hour, "TokenSignatureKeyNotFound", 2)
	w.issuer.fail(nil)
	f(5*time.Minute, "", 3)

	// The key goes: the token that was remembered goes with it, at the request after the
	// one that had the keys fetched.
	w.issuer.publish(t, issuerURL, iss, two)
	f(61*time.Minute, "", 4)
	f(0, "TokenSignatureKeyNotFound", 5)
}

func TestCacheControl(t *testing.T) {
	f := func(header string, want time.Duration) {
		t.Helper()
		s := &keySet{tokens: &Tokens{limits: DefaultLimits()}}
		if got := s.age(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
	f("", time.Hour)
	f("public", time.Hour)
	f("max-age=600", 10*time.Minute)
	f("public, Max-Age=600, must-revalidate", 10*time.Minute)
	f(`max-age="600"`, 10*time.Minute)
	f("max-age=1", 5*time.Minute)
	f("max-age=0", 5*time.Minute)
	f("max-age=-5", 5*time.Minute)
	f("max-age=86400", time.Hour)
	f("max-age=99999999999999999999", time.Hour)
	f("max-age=soon", time.Hour)
	f("no-cache", 5*time.Minute)
	f("no-store, max-age=3600", 5*time.Minute)
}

func TestRotation(t *testing.T) {
	w := newWorld(t)
	w.issuer.publish(t, issuerURL, iss, pipeline.TokenKey{ID: "a", Key: ecOnce()})
	keys := &pipeline.TokenKeys{OpenID: []string{issuerURL}}
	old := mustSign(t, goodClaims(w, iss), ecOnce(), "a")
	if got := w.verify(t, old, keys); got != "" {
		t.Fatal(got)
	}
	// A new key is found at once, though the keys are fresh.
	w.issuer.publish(t, issuerURL, iss, pipeline.TokenKey{ID: "a", Key: ecOnce()}, pipeline.TokenKey{ID: "b", Key: rsaOnce()})
	if got := w.verify(t, mustSign(t, goodClaims(w, iss), rsaOnce(), "b"), keys); got != "" {
		t.Fatal(got)
	}
	if n := w.issuer.count(issuerURL); n != 2 {
		t.Errorf("%d fetches", n)
	}
	// Names that nobody knows cannot make us ask again and again.
	for i := range 20 {
		if got := w.verify(t, mustSign(t, goodClaims(w, iss), rsaTwo(), fmt.Sprint("c", i%10)), keys); got != "TokenSignatureKeyNotFound" {
			t.Fatal(got)
		}
	}
	if n := w.issuer.count(issuerURL); n != 2 {
		t.Errorf("%d fetches after made-up names", n)
	}
	w.clock.advance(5 * time.Minute)
	_ = w.verify(t, mustSign(t, goodClaims(w, iss), rsaTwo(), "c"), keys)
	if n := w.issuer.count(issuerURL); n != 3 {
		t.Errorf("%d fetches five minutes later", n)
	}
	if got := w.verify(t, old, keys); got != "" {
		t.Errorf("the old key has gone: %s", got)
	}
}

func TestFirstFetchFails(t *testing.T) {
	w := newWorld(t)
	w.issuer.fail(errors.New("down"))
	keys := &pipeline.TokenKeys{OpenID: []string{issuerURL}}
	token := mustSign(t, goodClaims(w, iss), ecOnce(), "a")
	f := func(after time.Duration, want string, wantAsked int) {
		t.Helper()
		w.clock.advance(after)
		if got := w.verify(t, token, keys); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if n := w.issuer.count(issuerURL); n != wantAsked {
			t.Errorf("asked %d times, want %d", n, wantAsked)
		}
	}
	const unknown = "TokenSignatureKeyNotFound"
	f(0, unknown, 1)
	f(0, unknown, 1)
	f(time.Second, unknown, 2)
	f(time.Second, unknown, 2)
	f(time.Second, unknown, 3)
	w.issuer.fail(nil)
	w.issuer.publish(t, issuerURL, iss, pipeline.TokenKey{ID: "a", Key: ecOnce()})
	f(4*time.Second, "", 4)
}

// TestWhereKeysMayComeFrom tries configurations that lead astray.
func TestWhereKeysMayComeFrom(t *testing.T) {
	set, err := JWKS(pipeline.TokenKey{ID: "a", Key: ecOnce()})
	if err != nil {
		t.Fatal(err)
	}
	config := func(uri string) document {
		return document{status: 200, body: `{"issuer":"` + iss + `","jwks_uri":"` + uri + `"}`}
	}
	to := func(location string) document {
		return document{status: 302, header: []pipeline.Field{{Name: "Location", Value: location}}}
	}
	keysHere := document{status: 200, body: string(set)}
	f := func(name, start string, serves map[string]document, want bool, never ...string) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for u, d := range serves {
				w.issuer.put(u, d)
			}
			got := w.verify(t, mustSign(t, goodClaims(w, iss), ecOnce(), "a"), &pipeline.TokenKeys{OpenID: []string{start}}) == ""
			if got != want {
				t.Errorf("accepted %t, want %t", got, want)
			}
			for _, u := range never {
				if w.issuer.count(u) > 0 {
					t.Errorf("%s was asked", u)
				}
			}
		})
	}
	f("another host by https", "https://a.test/c", map[string]document{"https://a.test/c": config("https://b.test/k"), "https://b.test/k": keysHere}, true)
	f("http from https", "https://a.test/c", map[string]document{"https://a.test/c": config("http://a.test/k"), "http://a.test/k": keysHere}, false, "http://a.test/k")
	f("http as configured", "http://a.test/c", map[string]document{"http://a.test/c": config("http://a.test/k"), "http://a.test/k": keysHere}, true)
	f("a file", "https://a.test/c", map[string]document{"https://a.test/c": config("file:///etc/passwd")}, false)
	f("relative", "https://a.test/c", map[string]document{"https://a.test/c": config("/k"), "https://a.test/k": keysHere}, false)
	f("redirect by https", "https://a.test/c", map[string]document{"https://a.test/c": to("https://b.test/c"), "https://b.test/c": config("https://b.test/k"), "https://b.test/k": keysHere}, true)
	f("redirect to a path", "https://a.test/c", map[string]document{"https://a.test/c": to("/d"), "https://a.test/d": config("https://a.test/k"), "https://a.test/k": keysHere}, true)
	f("redirect to http", "https://a.test/c", map[string]document{"https://a.test/c": to("http://a.test/c"), "http://a.test/c": config("https://a.test/k"), "https://a.test/k": keysHere}, false, "http://a.test/c")
	f("redirect of http to another host", "http://a.test/c", map[string]document{"http://a.test/c": to("http://169.254.169.254/c"), "http://169.254.169.254/c": config("http://a.test/k"), "http://a.test/k": keysHere}, false, "http://169.254.169.254/c")
	f("redirect of the keys to http", "https://a.test/c", map[string]document{"https://a.test/c": config("https://a.test/k"), "https://a.test/k": to("http://a.test/k2"), "http://a.test/k2": keysHere}, false, "http://a.test/k2")
	f("redirects without end", "https://a.test/c", map[string]document{"https://a.test/c": to("https://a.test/c")}, false)
	f("redirect nowhere", "https://a.test/c", map[string]document{"https://a.test/c": to("")}, false)
	f("redirect with a password", "https://a.test/c", map[string]document{"https://a.test/c": to("https://u:p@a.test/d")}, false)
	f("no configuration", "https://a.test/c", nil, false)
	f("no URL", "a.test/c", nil, false)
	f("a configuration with two key sets", "https://a.test/c", map[string]document{
		"https://a.test/c": {status: 200, body: `{"issuer":"` + iss + `","jwks_uri":"https://b.test/k","jwks_uri":"https://a.test/k"}`}, "https://a.test/k": keysHere, "https://b.test/k": keysHere,
	}, false)
	f("compressed", "https://a.test/c", map[string]document{"https://a.test/c": {status: 200, header: []pipeline.Field{{Name: "Content-Encoding", Value: "gzip"}}, body: config("https://a.test/k").body}, "https://a.test/k": keysHere}, false)
	many := strings.TrimSuffix(string(set), "]}")
	item := many[strings.Index(many, "[")+1:]
	f("a hundred keys", "https://a.test/c", map[string]document{"https://a.test/c": config("https://a.test/k"), "https://a.test/k": {status: 200, body: many + strings.Repeat(","+item, 99) + "]}"}}, true)
	f("too many keys", "https://a.test/c", map[string]document{"https://a.test/c": config("https://a.test/k"), "https://a.test/k": {status: 200, body: many + strings.Repeat(","+item, 100) + "]}"}}, false)
	f("a set that is none", "https://a.test/c", map[string]document{"https://a.test/c": config("https://a.test/k"), "https://a.test/k": {status: 200, body: "<html>"}}, false)
}

// TestPoisonedSets passes over keys that an issuer's set should not have.
func TestPoisonedSets(t *testing.T) {
	public, err := JWK(ecOnce(), "a")
	if err != nil {
		t.Fatal(err)
	}
	secret := b64(strings.Repeat("s", 32))
	with := func(member string) string { return strings.Replace(string(public), "{", "{"+member+",", 1) }
	f := func(key string, want int) {
		t.Helper()
		keys, err := parseKeySet([]byte(`{"keys":[`+key+`]}`), 100)
		if len(keys) != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %d keys, %v", key, len(keys), err)
		}
	}
	f(string(public), 1)
	f(with(`"key_ops":["verify"]`), 1)
	f(with(`"x5c":["MIIB"],"x5t":"abc","issuer":"x"`), 1)
	f(`{"kty":"oct","k":"`+secret+`","kid":"a"}`, 0)
	f(`{"kty":"oct","k":"`+secret+`","kid":"a"},`+string(public), 1)
	f(with(`"d":"AA"`), 0)
	f(with(`"k":"`+secret+`"`), 0)
	f(strings.Replace(string(public), `"sig"`, `"enc"`, 1), 0)
	f(strings.Replace(string(public), `"ES256"`, `"ECDH-ES"`, 1), 0)
	f(strings.Replace(string(public), `"ES256"`, `"ES384"`, 1), 0)
	f(with(`"key_ops":["sign"]`), 0)
	f(with(`"key_ops":"verify"`), 0)
	f(with(`"key_ops":[]`), 0)
	f(with(`"kid":"b"`), 0) // twice: the whole set is refused
	f(`{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"a"}`, 0)
	f(`{"kty":"RSA","e":"AQ","kid":"a","n":"`+b64(strings.Repeat("\xff", 256))+`"}`, 0)
	f(`{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA","kid":"a"}`, 0)
	f(`{"kty":"OKP","crv":"X25519","x":"`+secret+`"}`, 0)
	f(`{"kty":"OKP","crv":"Ed25519","x":"`+secret+`"}`, 1)
	f(`1,null,"a",[],{}`, 0)
}

// TestIssuersAreToldApart: two configurations, each with its own key.
func TestIssuersAreToldApart(t *testing.T) {
	w := newWorld(t)
	const other = "https://other.test/c"
	w.issuer.publish(t, issuerURL, iss, pipeline.TokenKey{ID: "a", Key: ecOnce()}, pipeline.TokenKey{ID: "shared", Key: rsaTwo()})
	w.issuer.publish(t, other, "https://other.test/", pipeline.TokenKey{ID: "a", Key: rsaOnce()}, pipeline.TokenKey{ID: "shared", Key: rsaTwo()})
	keys := &pipeline.TokenKeys{OpenID: []string{issuerURL, other}, Signing: []pipeline.TokenKey{{ID: "own", Key: make([]byte, 32)}}}
	f := func(key any, kid, want string) {
		t.Helper()
		v, err := w.Verify(context.Background(), mustSign(t, goodClaims(w, iss), key, kid), keys)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(v.Issuers, " "); got != want {
			t.Errorf("%s: got %q, want %q", kid, got, want)
		}
	}
	f(ecOnce(), "a", iss)
	f(rsaOnce(), "a", "https://other.test/")
	f(rsaTwo(), "shared", iss+" https://other.test/")
	f(make([]byte, 32), "own", iss+" https://other.test/")
	// A key of the one set is not a key of the other's alone.
	if got := w.verify(t, mustSign(t, goodClaims(w, iss), rsaOnce(), "a"), &pipeline.TokenKeys{OpenID: []string{issuerURL}}); got == "" {
		t.Error("the key of another issuer was accepted")
	}
}

func TestSetsAreBounded(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.Sets = 10 })
	for i := range 50 {
		w.set(fmt.Sprint("https://a.test/", i))
		w.clock.advance(time.Second)
		w.set("https://a.test/0")
	}
	if len(w.sets) != 10 || w.sets["https://a.test/0"] == nil {
		t.Errorf("%d sets", len(w.sets))
	}
}

func TestWarm(t *testing.T) {
	w := newWorld(t)
	w.issuer.publish(t, issuerURL, iss, pipeline.TokenKey{ID: "a", Key: ecOnce()})
	w.Warm(context.Background(), []string{issuerURL, "https://nobody.test/c"})
	if st := w.set(issuerURL).state.Load(); st == nil || len(st.keys) != 1 {
		t.Error("the keys are not there")
	}
}

func TestLogHasNoSecrets(t *testing.T) {
	if got := shownURL("https://user:canary@a.test/c?code=canary#canary"); got != "https://a.test/c" {
		t.Errorf("got %q", got)
	}
}
