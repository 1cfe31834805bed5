package authserver

import (
	"context"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// The whole way: page, identity provider, code, tokens, what they say, renewal.
func TestFlow(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	page := b.get(w.asking("scope", "orders.read offline_access unknown"))
	page.wants(200, "The app", "The weather", "Read your orders", "app.example", "set up by whoever runs this gateway")
	if len(w.idp.asked) != 0 {
		t.Fatal("the identity provider was asked before the user")
	}
	there := b.post(w.gateway.URL+Prefix+"consent", page.form("approve"))
	back := b.atProvider(there)
	q := back.params()
	if !strings.HasPrefix(back.to(), redirectURI+"?") || q.Get("iss") != w.gateway.URL || q.Get("state") != "the state" {
		t.Fatalf("the answer is %s", back.to())
	}
	up := w.idp.asked[0]
	for name, want := range map[string]string{
		"scope": "openid profile email offline_access", "prompt": "consent", "resource": "", "response_type": "code", "client_id": "gateway",
		"redirect_uri": w.gateway.URL + Prefix + "callback", "code_challenge_method": "S256",
	} {
		if up.Get(name) != want {
			t.Errorf("upstream %s is %q, want %q", name, up.Get(name), want)
		}
	}
	a := w.call("token", w.exchanging(q.Get("code")))
	a.wants(t, 200, "")
	if a.Type != "Bearer" || a.Expires != 600 || a.Scope != "orders.read offline_access" || a.Refresh == "" {
		t.Errorf("the answer is %s", a.body)
	}
	c, err := w.nodes[1].Verify(context.Background(), a.Access, []string{"https://elsewhere.example", w.resource()})
	if err != nil {
		t.Fatal(err)
	}
	roles, _ := c.Jwt.Claims.Lookup("roles")
	if !strings.HasPrefix(c.Subject, userPrefix) || c.ClientID != "app" || !slices.Equal(c.Scopes, []string{"orders.read"}) || c.Grant == "" ||
		!slices.Equal(c.Jwt.Audiences, []string{w.resource()}) || c.Jwt.Issuer != w.gateway.URL || c.Jwt.Type != "at+jwt" ||
		!slices.Equal(roles, []string{"Reader"}) || !c.Expires.Equal(w.clock.now().Add(10*time.Minute)) {
		t.Errorf("the caller is %+v", c)
	}
	if raw, _ := payload(a.Access); !strings.Contains(string(raw), `"roles":["Reader"]`) || !strings.Contains(string(raw), `"email_verified":true`) {
		t.Errorf("claims were not carried as they are: %s", raw)
	}
	n := w.renew(a.Refresh)
	n.wants(t, 200, "")
	if n.Refresh == "" || n.Refresh == a.Refresh || n.Access == a.Access || n.Scope != a.Scope {
		t.Error("the refresh token was not rotated")
	}
	if err := w.good(0, n.Access); err != nil {
		t.Error(err)
	}
	auth, err := w.nodes[0].Upstream(context.Background(), n.Access)
	if err != nil || !strings.HasPrefix(auth.AccessToken, "canary-upstream-access-") {
		t.Errorf("the upstream token: %v", err)
	}
}

// Each step at another process than the one before.
func TestProcessesAreOne(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	turn := func() { w.answers.Store(1 - w.answers.Load()) }
	page := b.get(w.asking())
	turn()
	there := b.post(w.consentURL(), page.form("approve"))
	b.post(w.consentURL(), page.form("approve")).wants(409)
	turn()
	b.post(w.consentURL(), page.form("approve")).wants(409)
	code := b.atProvider(there).params().Get("code")
	turn()
	a := w.call("token", w.exchanging(code))
	a.wants(t, 200, "")
	turn()
	w.call("token", w.exchanging(code)).wants(t, 400, "invalid_grant")
	n := w.renew(a.Refresh)
	n.wants(t, 200, "")
	turn()
	if again := w.renew(a.Refresh); again.Refresh != n.Refresh {
		t.Error("another process gives another successor")
	}
	if err := w.good(0, n.Access); err != nil {
		t.Error(err)
	}
	if r := b.get(w.asking()); r.status != 303 {
		t.Errorf("the consent is not known elsewhere: status %d", r.status)
	}
}

// An issuer that writes itself with a slash at its end, as some do.
func TestProviderWithASlash(t *testing.T) {
	for _, configured := range []string{"", "/"} {
		w := newWorld(t, func(w *world) {
			w.idp.issuer += "/"
			w.config.Provider.Issuer = w.idp.server.URL + configured
		})
		w.browser().code()
	}
}

// Whatever is asked, nobody is sent anywhere but to the registered URI, the identity provider
// or the same request again.
func FuzzAuthorize(f *testing.F) {
	w := newWorld(f)
	u, err := url.Parse(w.asking())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(u.RawQuery)
	f.Add("client_id=app&redirect_uri=https%3A%2F%2Fevil.example&response_type=code")
	f.Add("client_id=app&state=%00&scope=%22&prompt=none&resource=%zz")
	f.Add("client_id=local&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fback&client_id=app")
	f.Fuzz(func(t *testing.T, query string) {
		for _, method := range []string{"GET", "POST"} {
			r := httptest.NewRequest(method, "http://x/", nil)
			if r.URL.RawQuery = query; method == "POST" {
				r = httptest.NewRequest(method, "http://x/", strings.NewReader(query))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			rec := httptest.NewRecorder()
			w.nodes[0].Handler(Prefix+"authorize").ServeHTTP(rec, r)
			to := rec.Header().Get("Location")
			switch {
			case to == "", strings.HasPrefix(to, redirectURI+"?"), strings.HasPrefix(to, "https://other.example/back?"),
				strings.HasPrefix(to, "http://127.0.0.1:"), strings.HasPrefix(to, "http://127.0.0.1/back?"), method == "POST" && strings.HasPrefix(to, w.gateway.URL+Prefix+"authorize?"):
			default:
				t.Errorf("%q leads to %q", query, to)
			}
		}
	})
}

func FuzzRefreshToken(f *testing.F) {
	w := newWorld(f)
	s := w.nodes[0]
	_, good, err := s.newFamily("00112233445566778899aabbccddeeff")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good[:len(good)-1])
	f.Add(refreshPrefix)
	f.Add(strings.Repeat("A", len(good)))
	f.Fuzz(func(t *testing.T, text string) {
		if _, ok := s.readRefresh(text); ok != (text == good) {
			t.Errorf("%q is a refresh token: %v", text, ok)
		}
		if _, ok := s.reopen(text); ok {
			t.Errorf("%q is a form", text)
		}
	})
}
