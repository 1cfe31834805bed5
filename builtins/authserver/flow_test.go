package authserver

import (
	"context"
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
