package authserver

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/jose"
)

// 5.2.3, RFC 9700 4.7: a callback counts once, in the browser where its login began.
func TestCallbackIsBoundAndSingleUse(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	there := b.post(w.consentURL(), b.get(w.asking()).form("approve"))
	back := b.get(there.to()).to()
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(url.Values)) string {
		q := u.Query()
		change(q)
		return w.gateway.URL + Prefix + "callback?" + q.Encode()
	}
	for name, c := range map[string]struct {
		b      *browser
		at     string
		status int
	}{
		"no state":        {b, with(func(q url.Values) { q.Del("state") }), 400},
		"another state":   {b, with(func(q url.Values) { q.Set("state", verifierOf("x")) }), 410},
		"two states":      {b, with(func(q url.Values) { q.Add("state", q.Get("state")) }), 400},
		"another browser": {w.browser(), back, 403},
	} {
		if r := c.b.get(c.at); r.status != c.status || r.header.Get("Location") != "" {
			t.Errorf("%s: status %d, want %d", name, r.status, c.status)
		}
	}
	if q := b.get(back).params(); q.Get("code") == "" {
		t.Fatalf("the callback itself: %v", q)
	}
	if r := b.get(back); r.status != 410 || r.header.Get("Location") != "" {
		t.Errorf("replayed: status %d", r.status)
	}
	// And not for ever.
	b2 := w.browser()
	there = b2.post(w.consentURL(), b2.get(w.asking()).form("approve"))
	back = b2.get(there.to()).to()
	w.clock.advance(defaultLogin + time.Second)
	if r := b2.get(back); r.status == 303 {
		t.Error("a login does not end")
	}
}

// The client is told of refusals of the identity provider, in words that do no harm.
func TestProviderRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		idp    func(p *idp)
		prompt string
		want   string
	}{
		{"denied", func(p *idp) {
			p.refuse = url.Values{"error": {"access_denied"}, "error_description": {"no\r\n\"x\\ \u202e<b>"}}
		}, "", "access_denied"},
		{"unavailable", func(p *idp) { p.refuse = url.Values{"error": {"temporarily_unavailable"}} }, "", "temporarily_unavailable"},
		{"something of ours", func(p *idp) { p.refuse = url.Values{"error": {"invalid_scope"}} }, "", "server_error"},
		{"login required, though not silent", func(p *idp) { p.refuse = url.Values{"error": {"login_required"}} }, "", "server_error"},
		{"wrong iss", func(p *idp) { p.answer = func(q url.Values) { q.Set("iss", "https://evil.example") } }, "", "server_error"},
		{"iss with a slash", func(p *idp) { p.answer = func(q url.Values) { q.Set("iss", p.issuer+"/") } }, "", "server_error"},
		{"no iss", func(p *idp) { p.answer = func(q url.Values) { q.Del("iss") } }, "", "server_error"},
		{"error of another issuer", func(p *idp) {
			p.refuse = url.Values{"error": {"access_denied"}}
			p.answer = func(q url.Values) { q.Set("iss", "https://evil.example") }
		}, "", "server_error"},
		{"no code", func(p *idp) { p.answer = func(q url.Values) { q.Del("code") } }, "", "server_error"},
		{"a code of nobody", func(p *idp) { p.answer = func(q url.Values) { q.Set("code", "made-up") } }, "", "server_error"},
		{"two codes", func(p *idp) { p.answer = func(q url.Values) { q.Add("code", "x") } }, "", "server_error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.idp.set(func() { c.idp(w.idp) })
			r := w.browser().login(w.asking())
			q := r.params()
			if !strings.HasPrefix(r.to(), redirectURI+"?") || q.Get("error") != c.want || q.Get("iss") != w.gateway.URL || q.Get("state") != "the state" || q.Has("code") {
				t.Errorf("to %s", r.to())
			}
			if strings.ContainsAny(q.Get("error_description"), "\r\n\"\\\u202e") {
				t.Errorf("the description is %q", q.Get("error_description"))
			}
		})
	}
	t.Run("down", func(t *testing.T) {
		w := newWorld(t)
		w.idp.set(func() { w.idp.down = true })
		if q := w.browser().login(w.asking()).params(); q.Get("error") != "temporarily_unavailable" || q.Get("iss") == "" {
			t.Errorf("the answer is %v", q)
		}
	})
}

// 5.2.3, 5.3: an id_token that is not the answer to this request by this provider.
func TestIDTokens(t *testing.T) {
	set := func(name string, v any) func(p *idp) {
		return func(p *idp) { p.claims = func(c map[string]any) { c[name] = v } }
	}
	drop := func(name string) func(p *idp) {
		return func(p *idp) { p.claims = func(c map[string]any) { delete(c, name) } }
	}
	for name, change := range map[string]func(p *idp){
		"wrong iss": set("iss", "https://evil.example"), "no iss": drop("iss"), "iss list": set("iss", []string{"x"}),
		"wrong aud": set("aud", "another"), "aud substring": set("aud", "gateway2"), "no aud": drop("aud"),
		"several aud without azp": set("aud", []string{"gateway", "another"}), "wrong azp": set("azp", "another"),
		"wrong nonce": set("nonce", "x"), "no nonce": drop("nonce"), "nonce list": set("nonce", []string{"x"}),
		"expired": set("exp", 1), "no exp": drop("exp"), "exp text": set("exp", "9999999999"), "not yet": set("nbf", 9999999999),
		"no sub": drop("sub"), "empty sub": set("sub", ""), "sub number": set("sub", 1), "wrong at_hash": set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
		"unsigned": func(p *idp) {
			p.sign = func(c map[string]any) string {
				s, err := jose.Sign(c, p.key, "k", "JWT")
				if err != nil {
					panic(err)
				}
				parts := strings.Split(s, ".")
				return "eyJhbGciOiJub25lIn0." + parts[1] + "."
			}
		},
		"client secret as key": func(p *idp) {
			p.sign = func(c map[string]any) string {
				s, err := jose.Sign(c, []byte(secretOfClient), "k", "JWT")
				if err != nil {
					panic(err)
				}
				return s
			}
		},
		"access token as id_token": func(p *idp) {
			p.sign = func(c map[string]any) string {
				s, err := jose.Sign(c, p.key, "k", "at+jwt")
				if err != nil {
					panic(err)
				}
				return s
			}
		},
		"garbage": func(p *idp) { p.sign = func(map[string]any) string { return "garbage" } },
		"none":    func(p *idp) { p.sign = func(map[string]any) string { return "" } },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.idp.set(func() { change(w.idp) })
			if q := w.browser().login(w.asking()).params(); q.Get("error") != "server_error" || q.Has("code") {
				t.Errorf("the answer is %v", q)
			}
		})
	}
	for name, change := range map[string]func(p *idp){
		"slash at the end of iss": func(p *idp) { p.claims = func(c map[string]any) { c["iss"] = p.issuer + "/" } },
		"several aud with azp": func(p *idp) {
			p.claims = func(c map[string]any) { c["aud"], c["azp"] = []string{"gateway", "x"}, "gateway" }
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.idp.set(func() { change(w.idp) })
			w.browser().code()
		})
	}
}

// 4.15: subjects are no client ids, and differ by issuer.
func TestSubjects(t *testing.T) {
	w := newWorld(t)
	w.idp.set(func() { w.idp.user = "app" })
	a := w.tokens(w.browser())
	c, err := w.nodes[0].examine(t.Context(), a.Access)
	if err != nil || c.caller.Subject == "app" || !strings.HasPrefix(c.caller.Subject, userPrefix) {
		t.Errorf("the subject: %v", err)
	}
	bad := w.config
	bad.Clients.Static = slices.Clone(bad.Clients.Static)
	bad.Clients.Static[0].ID = c.caller.Subject
	if len(Check(bad)) == 0 {
		t.Error("a client may be called as a user is")
	}
}

const tenantID = "11111111-2222-3333-4444-555555555555"

// Entra refuses resource and scopes that are not its own (AADSTS9010010), and tells users
// by tenant and object.
func TestEntra(t *testing.T) {
	entra := func(tenant, published string) func(*world) {
		return func(w *world) {
			w.idp.issuer = w.idp.server.URL + "/" + published + "/v2.0"
			w.config.Provider = Provider{
				Entra: true, Issuer: w.idp.server.URL + "/" + tenant + "/v2.0", ClientID: "gateway", ClientSecret: secretOfUpstream,
				Scopes: []string{"openid", "profile", "offline_access", "gateway/.default"},
			}
			w.idp.answer = func(q url.Values) { q.Del("iss") }
			w.idp.config = func(m map[string]any) { delete(m, "authorization_response_iss_parameter_supported") }
			w.idp.claims = func(c map[string]any) {
				c["iss"], c["tid"], c["oid"], c["ver"] = w.idp.server.URL+"/"+tenantID+"/v2.0", tenantID, "the-object", "2.0"
			}
		}
	}
	w := newWorld(t, entra(tenantID, tenantID))
	a := w.tokens(w.browser())
	for _, q := range append(slices.Clone(w.idp.asked), w.idp.redeemed...) {
		if q.Has("resource") || q.Get("prompt") != "" {
			t.Errorf("upstream got %v", q.Get("prompt"))
		}
	}
	if got := w.idp.asked[0].Get("scope"); got != "openid profile offline_access gateway/.default" {
		t.Errorf("upstream scopes are %q", got)
	}
	c, err := w.nodes[0].examine(t.Context(), a.Access)
	if err != nil || c.caller.Subject != userPrefix+digest("entra", tenantID, "the-object") {
		t.Errorf("the subject: %v", err)
	}
	// A name of the tenant, and many tenants.
	newWorld(t, entra("contoso.onmicrosoft.com", tenantID)).browser().code()
	newWorld(t, entra("organizations", tenantTemplate)).browser().code()
	for name, change := range map[string]func(c map[string]any){
		"another tenant":     func(c map[string]any) { c["tid"] = "99999999-2222-3333-4444-555555555555" },
		"no tenant":          func(c map[string]any) { delete(c, "tid") },
		"issuer of another":  func(c map[string]any) { c["iss"] = "https://login.example/" + tenantID + "/v2.0" },
		"tenant is a path":   func(c map[string]any) { c["tid"] = "../evil" },
		"tenant of no issue": func(c map[string]any) { c["tid"] = "99999999-2222-3333-4444-555555555555" },
	} {
		published := tenantID
		if name == "tenant of no issue" {
			published = tenantTemplate
		}
		w := newWorld(t, entra(map[string]string{tenantID: tenantID, tenantTemplate: "organizations"}[published], published))
		inner := w.idp.claims
		w.idp.set(func() { w.idp.claims = func(c map[string]any) { inner(c); change(c) } })
		if q := w.browser().login(w.asking()).params(); q.Get("error") != "server_error" {
			t.Errorf("%s: %v", name, q)
		}
	}
}

// A configuration that speaks for another issuer is none.
func TestDiscoveryOfAnother(t *testing.T) {
	w := newWorld(t)
	w.idp.set(func() { w.idp.config = func(m map[string]any) { m["issuer"] = "https://evil.example" } })
	if q := w.browser().login(w.asking()).params(); q.Get("error") != "temporarily_unavailable" {
		t.Errorf("the answer is %v", q)
	}
}

// prompt=none is answered without a page, by whatever the identity provider says.
func TestSilent(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code()
	if q := b.get(w.asking("prompt", "none", "scope", "orders.write")).params(); q.Get("error") != "consent_required" {
		t.Errorf("not approved: %v", q)
	}
	if q := b.login(w.asking("prompt", "none")).params(); q.Get("code") == "" {
		t.Errorf("approved: %v", q)
	}
	if got := w.idp.asked[len(w.idp.asked)-1].Get("prompt"); got != "none" {
		t.Errorf("upstream prompt is %q", got)
	}
	w.idp.set(func() { w.idp.refuse = url.Values{"error": {"login_required"}} })
	if q := b.login(w.asking("prompt", "none")).params(); q.Get("error") != "login_required" {
		t.Errorf("logged out there: %v", q)
	}
	w.idp.set(func() { w.idp.refuse = nil; w.idp.user = "bob" })
	if q := b.login(w.asking("prompt", "none")).params(); q.Get("error") != "interaction_required" {
		t.Errorf("another user: %v", q)
	}
}

// The redirect after the form is one that a browser makes a GET of.
func TestSeeOther(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for _, answer := range []string{"approve", "deny"} {
		if r := b.post(w.consentURL(), b.get(w.asking()).form(answer)); r.status != http.StatusSeeOther {
			t.Errorf("%s: status %d", answer, r.status)
		}
	}
}
