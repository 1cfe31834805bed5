package authserver

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/pipeline"
)

// RFC 9700 2.2.2, 4.14: rotation, the grace, reuse.
func TestRefreshRotation(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	a := w.tokens(b)
	one := w.renew(a.Refresh)
	one.wants(t, 200, "")
	// Within the grace: the same successor, by the same client alone, and a fresh access token.
	w.clock.advance(defaultRefreshGrace - time.Second)
	w.answers.Store(1)
	again := w.renew(a.Refresh)
	again.wants(t, 200, "")
	if again.Refresh != one.Refresh || again.Access == one.Access {
		t.Error("the grace does not give the same successor and a fresh access token")
	}
	w.renew(a.Refresh, "client_id", "other").wants(t, 400, "invalid_grant")
	two := w.renew(one.Refresh)
	two.wants(t, 200, "")
	// A late answer to the first does not end what has gone on since.
	if r := w.renew(a.Refresh); r.Refresh != one.Refresh {
		t.Errorf("within the grace, two rotations on: status %d", r.status)
	}
	// After the grace it is a reuse: everything ends.
	w.clock.advance(defaultRefreshGrace)
	three := w.renew(two.Refresh)
	three.wants(t, 200, "")
	w.renew(a.Refresh).wants(t, 400, "invalid_grant")
	w.renew(three.Refresh).wants(t, 400, "invalid_grant")
	w.poll(0)
	for _, access := range []string{a.Access, one.Access, again.Access, two.Access, three.Access} {
		if w.good(0, access) == nil || w.good(1, access) == nil {
			t.Error("an access token outlives its grant")
		}
	}
	// Another grant of the same user and client does not.
	if err := w.good(0, w.tokens(b).Access); err != nil {
		t.Error(err)
	}
}

// Two processes and many callers with one refresh token: all get the same successor.
func TestRefreshRace(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.browser())
	token := a.Refresh
	for range 3 {
		var mu sync.Mutex
		got := map[string]int{}
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				f := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {"app"}}
				r, err := http.NewRequest("POST", "http://x"+Prefix+"token", strings.NewReader(f.Encode()))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				a := direct(t, w.nodes[i%2].Handler(Prefix+"token"), r)
				mu.Lock()
				defer mu.Unlock()
				got[a.Refresh+a.Error]++
			})
		}
		all.Wait()
		if len(got) != 1 {
			t.Fatalf("%d different answers", len(got))
		}
		for token = range got {
		}
		w.secret(token)
	}
	w.renew(token).wants(t, 200, "")
}

// RFC 9700 2.2.2: bound to client, scope and resource.
func TestRefreshIsBound(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	a := w.call("token", w.exchanging(b.code("scope", "orders.read offline_access")))
	a.wants(t, 200, "")
	w.renew(a.Refresh, "scope", "orders.read orders.write").wants(t, 400, "invalid_scope")
	w.renew(a.Refresh, "resource", w.gateway.URL+"/orders/mcp").wants(t, 400, "invalid_target")
	w.renew(a.Refresh, "client_id", "other").wants(t, 400, "invalid_grant")
	w.renew("").wants(t, 400, "invalid_grant")
	w.call("token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"app"}}).wants(t, 400, "invalid_request")
	n := w.renew(a.Refresh, "scope", "orders.read", "resource", w.resource())
	n.wants(t, 200, "")
	if n.Scope != "orders.read" {
		t.Errorf("the scope is %q", n.Scope)
	}
	// Narrowing counts for that access token, not for the grant.
	if n = w.renew(n.Refresh); n.Scope != "orders.read offline_access" {
		t.Errorf("the scope is %q", n.Scope)
	}
}

func TestRefreshTokensDieOfDisuse(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.browser())
	for range 3 { // use keeps them alive
		w.clock.advance(defaultRefreshToken - time.Hour)
		a = w.renew(a.Refresh)
		a.wants(t, 200, "")
	}
	w.clock.advance(defaultRefreshToken)
	w.renew(a.Refresh).wants(t, 400, "invalid_grant")
}

// 5.2.8: revocation of any token ends the grant, on all processes, and those who watch it
// are told.
func TestRevocation(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for _, kind := range []string{"refresh", "access", "old refresh"} {
		t.Run(kind, func(t *testing.T) {
			a := w.tokens(b)
			c, err := w.nodes[1].Verify(t.Context(), a.Access, []string{w.resource()})
			if err != nil {
				t.Fatal(err)
			}
			told := make(chan string, 4)
			w.nodes[1].Watch(c, func() { told <- "watcher" })
			stop := w.nodes[1].Watch(c, func() { told <- "one that has left" })
			stop()
			token := map[string]string{"refresh": a.Refresh, "access": a.Access, "old refresh": a.Refresh}[kind]
			if kind == "old refresh" {
				w.renew(a.Refresh).wants(t, 200, "")
				w.clock.advance(time.Minute)
			}
			r := w.call("revoke", url.Values{"token": {token}, "token_type_hint": {"nonsense"}, "client_id": {"app"}})
			r.wants(t, 200, "")
			if w.good(0, a.Access) == nil {
				t.Error("the access token is good where it was revoked")
			}
			w.poll(1)
			var te *TokenError
			if err := w.good(1, a.Access); err == nil {
				t.Error("the access token is good elsewhere")
			} else if te = err.(*TokenError); te.Unavailable {
				t.Error("a revoked token is no outage")
			}
			if got := <-told; got != "watcher" {
				t.Errorf("%s was told", got)
			}
			w.poll(1)
			if len(told) != 0 {
				t.Error("told twice")
			}
			w.nodes[0].Watch(c, func() { told <- "late" })
			if got := <-told; got != "late" {
				t.Error("who watches what has ended is not told")
			}
			w.renew(a.Refresh).wants(t, 400, "invalid_grant")
		})
	}
	if len(w.nodes[1].revoked.watchers) != 0 {
		t.Error("watchers are kept")
	}
	w.clock.advance(maxAccessToken + 2*time.Hour)
	w.poll(0)
	if len(w.nodes[0].revoked.until) != 0 {
		t.Error("revocations are kept for ever")
	}
}

// The clock of the process does the same, within two seconds.
func TestRevocationIsNoticedByItself(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.browser())
	c, err := w.nodes[1].Verify(t.Context(), a.Access, []string{w.resource()})
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan bool)
	w.nodes[1].Watch(c, func() { close(told) })
	w.call("revoke", url.Values{"token": {a.Refresh}, "client_id": {"app"}}).wants(t, 200, "")
	<-told // or the test does not end
}

// 5.2.8: another client's token, or none, is answered alike and without effect.
func TestRevocationOfOthers(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.browser())
	for _, token := range []string{a.Refresh, a.Access, "garbage", refreshPrefix + "x"} {
		w.call("revoke", url.Values{"token": {token}, "client_id": {"other"}}).wants(t, 200, "")
	}
	if err := w.good(0, a.Access); err != nil {
		t.Error(err)
	}
	w.renew(a.Refresh).wants(t, 200, "")
	w.call("revoke", url.Values{"client_id": {"app"}}).wants(t, 400, "invalid_request")
	w.call("revoke", url.Values{"token": {a.Refresh}}).wants(t, 401, "invalid_client")
	w.call("revoke", url.Values{"token": {a.Refresh}, "client_id": {"server"}}).wants(t, 401, "invalid_client")
}

func TestIntrospection(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	q := b.login(w.asking("client_id", "server")).params()
	a := w.call("token", w.exchanging(q.Get("code"), "client_id", "-"), basic("server", secretOfClient))
	a.wants(t, 200, "")
	others := w.tokens(b)
	ask := func(token string) string {
		r := w.call("introspect", url.Values{"token": {token}}, basic("server", secretOfClient))
		r.wants(t, 200, "")
		return r.body
	}
	for _, token := range []string{a.Access, a.Refresh} {
		if body := ask(token); !strings.Contains(body, `"active":true`) || !strings.Contains(body, `"client_id":"server"`) || !strings.Contains(body, `"scope":"orders.read"`) {
			t.Errorf("a good token: %s", body)
		}
	}
	for _, token := range []string{others.Access, others.Refresh, "garbage"} {
		if body := ask(token); body != `{"active":false}` {
			t.Errorf("what is none of the client's: %s", body)
		}
	}
	w.call("introspect", url.Values{"token": {others.Access}, "client_id": {"app"}}).wants(t, 401, "invalid_client")
	w.call("introspect", url.Values{"token": {a.Access}, "client_id": {"server"}}).wants(t, 401, "invalid_client")
	w.call("revoke", url.Values{"token": {a.Refresh}}, basic("server", secretOfClient)).wants(t, 200, "")
	for _, token := range []string{a.Access, a.Refresh} {
		if body := ask(token); body != `{"active":false}` {
			t.Errorf("a revoked token: %s", body)
		}
	}
}

// What a user and a client can fill the store with is bounded: the grant that was not used
// for the longest time ends.
func TestGrantsAreBounded(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	var all []*answerOf
	for range maxGrants + 2 {
		all = append(all, w.tokens(b))
		w.clock.advance(time.Second)
	}
	n, err := w.store.Records().Count(t.Context(), kindGrant, "")
	if err != nil || n != maxGrants {
		t.Errorf("%d grants, %v", n, err)
	}
	for i, a := range all {
		if dead := w.good(0, a.Access) != nil; dead != (i < 2) {
			t.Errorf("grant %d: dead %v", i, dead)
		}
	}
	if n, _ := w.store.Records().Count(t.Context(), kindUpstream, ""); n != maxGrants {
		t.Errorf("%d tokens of the identity provider", n)
	}
}

// Sessions of many logins do not pile up.
func TestRecordsAreBounded(t *testing.T) {
	w := newWorld(t)
	s := w.nodes[0]
	for i := range 7 {
		w.clock.advance(time.Second)
		if err := s.bound(t.Context(), kindLogin, "", 3); err != nil {
			t.Fatal(err)
		}
		if err := s.create(t.Context(), kindLogin, string(rune('a'+i)), "", time.Hour, i); err != nil {
			t.Fatal(err)
		}
	}
	n, err := s.o.Store.Count(t.Context(), kindLogin, "")
	var last int
	if _, err2 := s.get(t.Context(), kindLogin, "g", &last); n != 3 || err != nil || err2 != nil || last != 6 {
		t.Errorf("%d records, %v, %v", n, err, err2)
	}
	b := w.browser()
	for range 3 {
		b.code()
	}
	if n, _ := s.o.Store.Count(t.Context(), kindSession, ""); n != 1 {
		t.Errorf("%d sessions of one browser", n)
	}
}

// Watch and Verify agree on a caller that is revoked between the two.
func TestWatchOfNobody(t *testing.T) {
	w := newWorld(t)
	stop := w.nodes[0].Watch(&pipeline.Caller{Grant: "x"}, func() { t.Error("told") })
	stop()
	stop()
	if err := w.nodes[0].end(context.Background(), "x"); err != nil {
		t.Error(err)
	}
}
