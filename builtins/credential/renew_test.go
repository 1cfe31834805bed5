package credential

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/builtins/credential/store"
	"sekisho/engine/pipeline"
)

// TestRenewAt holds the clock at the edges of a token's life.
func TestRenewAt(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		life, left time.Duration
		want       condition
	}{
		{time.Hour, 181 * time.Second, fresh}, {time.Hour, 180 * time.Second, stale}, {time.Hour, 179 * time.Second, stale},
		{time.Hour, time.Second, stale}, {time.Hour, 0, none}, {time.Hour, -time.Second, none},
		{3 * time.Minute, time.Second, fresh}, {10 * time.Second, 10 * time.Second, fresh}, {10 * time.Second, 0, none},
		{181 * time.Second, 181 * time.Second, fresh}, {181 * time.Second, 180 * time.Second, stale},
	} {
		tokens := &store.Tokens{Obtained: at, Expires: at.Add(c.life)}
		if got := conditionOf(tokens, tokens.Expires.Add(-c.left)); got != c.want {
			t.Errorf("a life of %v with %v left: %d, want %d", c.life, c.left, got, c.want)
		}
	}
	if conditionOf(&store.Tokens{Obtained: at}, at.Add(1e6*time.Hour)) != fresh {
		t.Error("a token without an end has ended")
	}
	if conditionOf(nil, at) != none {
		t.Error("no token is a token")
	}
}

// TestRenew follows a connection through its life.
func TestRenew(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings("resourceUri", "https://api.example"))
	w.idp.set(func(p *idp) { p.rotate = true })
	w.connect()
	first := w.token()
	w.clock.advance(57*time.Minute - time.Second) // 181 s left
	if w.token() != first || w.idp.count("refresh_token") != 0 {
		t.Error("a token was renewed early")
	}
	w.clock.advance(time.Second) // 180 s left
	if w.token() != first {
		t.Error("somebody waited for a renewal that was not needed")
	}
	w.eventually("the new token serves", func() bool { return w.token() != first })
	if n := w.idp.count("refresh_token"); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	if got := w.idp.request(0).Get("resource"); got != "https://api.example" {
		t.Errorf("the resource of the refresh is %q", got)
	}
	c := w.connection()
	if c.Status.State != store.Connected || c.Status.Reason != "renewed" || c.Status.Failure != nil {
		t.Errorf("the connection is %s (%s)", c.Status.State, c.Status.Reason)
	}
	second := w.token()
	w.clock.advance(2 * time.Hour) // nobody asked in time
	if w.token() == second {
		t.Error("a token was lent after its end")
	}
	w.silent()
}

// pause gives a renewal that should not be the time to happen.
func (w *world) pause() { time.Sleep(30 * time.Millisecond) }

func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Errorf("never: %s", what)
}

// TestRefreshTokenStays keeps the refresh token that a refresh does not replace.
func TestRefreshTokenStays(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.idp.set(func(p *idp) { p.noRefresh = true })
	w.connect()
	before := w.connection().Tokens.Refresh
	for range 3 {
		w.clock.advance(2 * time.Hour)
		w.token()
	}
	if !w.connection().Tokens.Refresh.Equal(before) || w.idp.count("refresh_token") != 3 {
		t.Errorf("the refresh token changed, or there were %d refreshes", w.idp.count("refresh_token"))
	}
}

// TestProviderFails: the old token serves until it ends, the state says so, and the
// provider is left alone in between.
func TestProviderFails(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.connect()
	first := w.token()
	w.idp.set(func(p *idp) {
		p.fail, p.errorBody = 503, `{"error":"temporarily_unavailable","error_description":"back soon"}`
	})
	w.clock.advance(58 * time.Minute)
	if w.token() != first {
		t.Error("the old token does not serve")
	}
	c := w.state(store.Degraded)
	if f := c.Status.Failure; f == nil || f.Code != "temporarily_unavailable" || !strings.Contains(f.Message, "back soon") || f.Count != 1 {
		t.Errorf("the failure is %+v", c.Status.Failure)
	}
	w.pause()
	for range 5 {
		if w.token() != first {
			t.Error("the old token does not serve")
		}
		w.pause()
	}
	if n := w.idp.count("refresh_token"); n != 1 {
		t.Errorf("%d refreshes without a pause", n)
	}
	w.clock.advance(2 * time.Minute) // the token has ended
	_, err := w.ask()
	w.refused(err, CodeProvider)
	w.idp.set(func(p *idp) { p.fail = 0 })
	w.clock.advance(2 * time.Minute)
	if w.token() == first {
		t.Error("the old token again")
	}
	if c := w.connection(); c.Status.State != store.Connected || c.Status.Failure != nil {
		t.Errorf("the connection is %s after it works again", c.Status.State)
	}
	if !strings.Contains(w.log.String(), "a connection works again") {
		t.Error("the recovery is not in the log")
	}
	w.silent()
}

// TestInvalidGrant ends in a state that only a new consent leaves, and nothing is deleted.
func TestInvalidGrant(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.connect()
	first := w.token()
	w.idp.set(func(p *idp) { clear(p.refresh) })
	w.clock.advance(58 * time.Minute)
	if w.token() != first {
		t.Error("the access token does not serve until its end")
	}
	c := w.state(store.NeedsConsent)
	if c.Tokens == nil || c.Status.Reason != "invalid_grant" || c.Status.Failure == nil {
		t.Errorf("reason %q, failure %+v", c.Status.Reason, c.Status.Failure)
	}
	if strings.Contains(c.Status.Failure.Message, c.Tokens.Refresh.Reveal()) {
		t.Error("the provider's description brought the refresh token into the failure")
	}
	w.pause()
	w.clock.advance(time.Hour)
	for range 3 {
		_, err := w.ask()
		w.refused(err, CodeState)
		w.clock.advance(time.Minute)
	}
	if n := w.idp.count("refresh_token"); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	w.connect() // a new consent
	if w.token() == first || w.connection().Status.State != store.Connected {
		t.Error("a new consent does not help")
	}
	w.silent()
}

// TestInvalidGrantOfThePast: the refresh token was refused because somebody else has
// traded it in the meantime; what that one saved counts.
func TestInvalidGrantOfThePast(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.idp.set(func(p *idp) { p.rotate = true })
	w.connect()
	w.clock.advance(2 * time.Hour)
	w.m.step = func(name string) {
		if name != "send" {
			return
		}
		// Another, that knew no lease, was faster.
		c := w.connection()
		p, err := w.m.client(context.Background(), c, false)
		if err != nil {
			t.Error(err)
			return
		}
		next, err := w.m.o.Client.Refresh(context.Background(), p, c.Tokens.Refresh.Reveal())
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := w.store.SaveTokens(context.Background(), theKey, store.Guard{Version: c.Version}, record(next), store.Status{State: store.Connected}); err != nil {
			t.Error(err)
		}
	}
	got := w.token()
	c := w.connection()
	if c.Status.State != store.Connected || c.Tokens.Access.Reveal() != got {
		t.Errorf("the connection is %s (%s)", c.Status.State, c.Status.Reason)
	}
}

// TestLostAnswer asks once more, and no more than that.
func TestLostAnswer(t *testing.T) {
	for _, c := range []struct {
		name   string
		rotate bool
		hang   int
		state  store.State
		calls  int
	}{
		{"lost once", false, 1, store.Connected, 2},
		{"lost twice", false, 2, store.Degraded, 2},
		{"lost once, and the token is gone with it", true, 1, store.NeedsConsent, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.provide("oauth2", GrantCode, w.settings())
			w.connect()
			w.idp.set(func(p *idp) { p.rotate, p.hang = c.rotate, c.hang })
			w.clock.advance(2 * time.Hour)
			_, err := w.ask()
			if (err == nil) != (c.state == store.Connected) {
				t.Errorf("got %v", err)
			}
			if got := w.connection().Status.State; got != c.state {
				t.Errorf("the connection is %s, want %s", got, c.state)
			}
			if n := w.idp.count("refresh_token"); n != c.calls {
				t.Errorf("%d calls, want %d", n, c.calls)
			}
			w.silent()
		})
	}
}

// TestNoRefreshToken: what cannot be renewed serves until its end, and then needs consent.
func TestNoRefreshToken(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	granted := w.idp.grant()
	granted.Refresh = ""
	if err := w.m.connect(context.Background(), theKey, granted); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(58 * time.Minute)
	w.token()
	if c := w.connection(); c.Status.State != store.Connected {
		t.Errorf("the connection is %s before the end", c.Status.State)
	}
	w.clock.advance(2 * time.Minute)
	_, err := w.ask()
	w.refused(err, CodeState)
	if c := w.connection(); c.Status.State != store.NeedsConsent || c.Status.Reason != "expired" {
		t.Errorf("the connection is %s (%s)", c.Status.State, c.Status.Reason)
	}
}

// TestClientCredentials are obtained anew, and never need consent.
func TestClientCredentials(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantClient, map[string]string{"tokenUrl": w.idp.url + "/token", "authorizationUrl": "UNUSED", "clientId": "unset", "scopes": "a b"})
	c := &store.Connection{Key: theKey}
	c.Parameters, c.Secrets = Split(map[string]string{"clientId": "the-client", "clientSecret": "the-client-secret"})
	if _, err := w.m.PutConnection(context.Background(), c, store.Always); err != nil {
		t.Fatal(err)
	}
	first := w.token()
	w.clock.advance(2 * time.Hour)
	if w.token() == first || w.idp.count("client_credentials") != 2 {
		t.Errorf("%d requests", w.idp.count("client_credentials"))
	}
	if got := w.idp.request(0).Get("scope"); got != "a b" {
		t.Errorf("the scope is %q", got)
	}
	if c := w.connection(); !c.Tokens.Refresh.IsZero() || c.Status.State != store.Connected {
		t.Errorf("the connection is %s", c.Status.State)
	}
	w.idp.set(func(p *idp) { p.fail, p.errorBody = 400, `{"error":"invalid_grant"}` })
	w.clock.advance(2 * time.Hour)
	_, err := w.ask()
	w.refused(err, CodeProvider)
	if c := w.connection(); c.Status.State != store.Degraded {
		t.Errorf("the connection is %s", c.Status.State)
	}
	_, err = w.m.Link(context.Background(), theKey, LinkRequest{})
	w.refused(err, CodeInvalid)

	w.idp.set(func(p *idp) { p.fail = 0 })
	if err := w.m.Revoke(context.Background(), theKey); err != nil {
		t.Fatal(err)
	}
	_, err = w.ask()
	w.refused(err, CodeState)
	if _, err := w.m.Use(context.Background(), theKey); err != nil {
		t.Fatal(err)
	}
	w.token()
}

// TestTogether has two processes with 200 callers each at the end of a token's life.
func TestTogether(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.idp.set(func(p *idp) { p.rotate = true })
	w.connect()
	other, cache := w.manager()
	defer cache.Close()
	defer other.Close()
	if err := other.Configure(context.Background(), w.m.Settings()); err != nil {
		t.Fatal(err)
	}
	for round := 1; round <= 3; round++ {
		w.clock.advance(2 * time.Hour)
		var all sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		for i := range 400 {
			m := w.m
			if i%2 == 1 {
				m = other
			}
			all.Add(1)
			go func() {
				defer all.Done()
				a, err := m.Authorization(context.Background(), pipeline.AuthorizationRequest{Provider: "p", Connection: "c"})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				got[a.AccessToken]++
				mu.Unlock()
			}()
		}
		all.Wait()
		if len(got) != 1 || w.idp.count("refresh_token") != round {
			t.Errorf("round %d: %d tokens, %d refreshes", round, len(got), w.idp.count("refresh_token"))
		}
	}
}

// TestOtherProcess wants what one process does to count in another within seconds.
func TestOtherProcess(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.connect()
	other, cache := w.manager()
	defer cache.Close()
	defer other.Close()
	if err := other.Configure(context.Background(), w.m.Settings()); err != nil {
		t.Fatal(err)
	}
	ask := func() (string, error) {
		a, err := other.Authorization(context.Background(), pipeline.AuthorizationRequest{Provider: "p", Connection: "c"})
		if err != nil {
			return "", err
		}
		return a.AccessToken, nil
	}
	first, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	w.connect()
	w.clock.advance(knownFor)
	if second, err := ask(); err != nil || second == first || second != w.token() {
		t.Errorf("a new consent does not count in the other process (%v)", err)
	}
	if err := w.m.DeleteAccessPolicy(context.Background(), theKey, GatewayPolicy, store.Always); err != nil {
		t.Fatal(err)
	}
	_, err = w.ask()
	w.refused(err, CodeDenied) // at once where it was done
	w.clock.advance(knownFor)
	_, err = ask()
	w.refused(err, CodeDenied)
	if err := w.m.Revoke(context.Background(), theKey); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(knownFor)
	if _, err = ask(); err == nil {
		t.Error("a revoked connection still lends")
	}
	if err := w.m.DeleteConnection(context.Background(), theKey, store.Always); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(knownFor)
	_, err = ask()
	w.refused(err, CodeNotFound)
}

// TestLimit counts what the token cache has no answer for.
func TestLimit(t *testing.T) {
	w := newWorld(t)
	w.configure(Settings{Limits: Limits{AuthorizationsPerMinute: 5}})
	w.provide("oauth2", GrantCode, w.settings())
	for range 5 {
		_, err := w.ask()
		w.refused(err, CodeState)
		w.cache.Delete(cacheKey(theKey)) // it remembers failures for a while
	}
	_, err := w.ask()
	w.refused(err, CodeLimit)
	w.clock.advance(time.Minute)
	w.connect()
	for range 50 {
		w.token()
	}
}

// TestRevoke gives tokens back and stays without.
func TestRevoke(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.connect()
	w.token()
	tokens := w.connection().Tokens
	if err := w.m.Revoke(context.Background(), theKey); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.idp.gone(), " "); got != tokens.Refresh.Reveal()+" "+tokens.Access.Reveal() {
		t.Errorf("%d tokens were given back", len(w.idp.gone()))
	}
	_, err := w.ask()
	w.refused(err, CodeState)
	if c := w.connection(); c.Status.State != store.Revoked || c.Tokens != nil {
		t.Errorf("the connection is %s", c.Status.State)
	}
	w.connect()
	w.token()
	w.idp.set(func(p *idp) { p.revoked = nil })
	if err := w.m.DeleteProvider(context.Background(), "p", store.Always); err != nil {
		t.Fatal(err)
	}
	if n := len(w.idp.gone()); n != 2 {
		t.Errorf("deleting the provider gave %d tokens back", n)
	}
	_, err = w.ask()
	w.refused(err, CodeNotFound)
	if _, err := w.store.Connection(context.Background(), theKey); err == nil {
		t.Error("the connection outlived its provider")
	}
	w.silent()
}

// TestPermanentFailure names what a setting must change.
func TestPermanentFailure(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings("clientSecret", "wrong-secret"))
	w.connect()
	w.clock.advance(2 * time.Hour)
	_, err := w.ask()
	w.refused(err, CodeProvider)
	if !strings.Contains(err.Error(), "invalid_client") || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("the error is %v", err)
	}
	w.provide("oauth2", GrantCode, w.settings())
	w.clock.advance(2 * time.Minute)
	w.token()
}
