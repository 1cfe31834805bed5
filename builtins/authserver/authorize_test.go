package authserver

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// RFC 9700 2.1, 4.1, 4.11: what is wrong with the client or its redirect URI is shown here,
// and nobody is sent anywhere.
func TestRedirectURIIsExact(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for name, uri := range map[string]string{
		"prefix": redirectURI + "/more", "suffix": "https://evil.example/https://app.example/callback", "dots": "https://app.example/x/../callback",
		"encoded dots": "https://app.example/%2e%2e/callback", "case": "https://app.example/Callback", "host case": "https://APP.example/callback",
		"query": redirectURI + "?x=1", "user": "https://app.example@evil.example/callback", "user before": "https://good@app.example/callback",
		"fragment": redirectURI + "#x", "backslash": `https://app.example\@evil.example/callback`, "port": "https://app.example:8443/callback",
		"http": "http://app.example/callback", "script": "javascript:alert(1)", "data": "data:text/html,x", "empty": "", "of another": "https://other.example/back",
		"slash": redirectURI + "/", "line": redirectURI + "\r\nX: y",
	} {
		t.Run(name, func(t *testing.T) {
			for _, bad := range []string{"code", "token"} { // wrong elsewhere, too: still no redirect
				r := b.get(w.asking("redirect_uri", uri, "response_type", bad))
				if r.status != 400 || r.header.Get("Location") != "" {
					t.Errorf("status %d, to %q", r.status, r.header.Get("Location"))
				}
			}
		})
	}
	for _, id := range []string{"", "nobody", "APP", "app ", "user_x"} {
		if r := b.get(w.asking("client_id", id)); r.status != 400 || r.header.Get("Location") != "" {
			t.Errorf("client %q: status %d", id, r.status)
		}
	}
	for _, double := range []string{"client_id=other", "redirect_uri=" + url.QueryEscape("https://evil.example/")} {
		if r := b.get(w.asking() + "&" + double); r.status != 400 || r.header.Get("Location") != "" {
			t.Errorf("%s twice: status %d", double, r.status)
		}
	}
	if r := b.get(w.asking("client_id", "local", "redirect_uri", "http://127.0.0.1:54321/back")); r.status != 200 {
		t.Errorf("the port of a loopback URI: status %d: %s", r.status, r.body)
	}
	if r := b.get(w.asking("redirect_uri", "-")); r.status != 200 {
		t.Errorf("the only registered URI need not be said: status %d", r.status)
	}
	for _, uri := range []string{"http://localhost:1/back", "http://127.0.0.1.evil.example:1/back", "http://127.0.0.1:1/other", "https://127.0.0.1:1/back"} {
		if r := b.get(w.asking("client_id", "local", "redirect_uri", uri)); r.status != 400 {
			t.Errorf("%s: status %d", uri, r.status)
		}
	}
}

// RFC 9700 2.1.1, 2.1.2, 4.4.2.1; RFC 9207: all other errors go to the client, with state
// and issuer.
func TestAuthorizationErrorsNameTheIssuer(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	ok := challengeOf(verifierOf("v"))
	for _, c := range []struct {
		name, want string
		pairs      []string
		more       string
	}{
		{name: "no response type", want: "invalid_request", pairs: []string{"response_type", "-"}},
		{name: "implicit", want: "unsupported_response_type", pairs: []string{"response_type", "token"}},
		{name: "hybrid", want: "unsupported_response_type", pairs: []string{"response_type", "code id_token"}},
		{name: "form_post", want: "invalid_request", pairs: []string{"response_mode", "form_post"}},
		{name: "fragment", want: "invalid_request", pairs: []string{"response_mode", "fragment"}},
		{name: "no PKCE", want: "invalid_request", pairs: []string{"code_challenge", "-", "code_challenge_method", "-"}},
		{name: "plain PKCE", want: "invalid_request", pairs: []string{"code_challenge_method", "plain"}},
		{name: "PKCE without a method is plain", want: "invalid_request", pairs: []string{"code_challenge_method", "-"}},
		{name: "short challenge", want: "invalid_request", pairs: []string{"code_challenge", ok[:42]}},
		{name: "long challenge", want: "invalid_request", pairs: []string{"code_challenge", ok + "A"}},
		{name: "padded challenge", want: "invalid_request", pairs: []string{"code_challenge", ok + "="}},
		{name: "challenge of other characters", want: "invalid_request", pairs: []string{"code_challenge", "+" + ok[1:]}},
		{name: "request object", want: "request_not_supported", pairs: []string{"request", "e30.e30."}},
		{name: "request by reference", want: "request_uri_not_supported", pairs: []string{"request_uri", "https://app.example/r"}},
		{name: "unknown resource", want: "invalid_target", pairs: []string{"resource", "https://elsewhere.example/mcp"}},
		{name: "resource of another path", want: "invalid_target", pairs: []string{"resource", w.gateway.URL + "/weather/mcp/x"}},
		{name: "resource with a fragment", want: "invalid_target", pairs: []string{"resource", w.resource() + "#x"}},
		{name: "empty resource", want: "invalid_target", pairs: []string{"resource", ""}},
		{name: "no resource of two", want: "invalid_target", pairs: []string{"resource", "-"}},
		{name: "two resources", want: "invalid_target", more: "&resource=" + url.QueryEscape(w.gateway.URL+"/orders/mcp")},
		{name: "unknown scopes only", want: "invalid_scope", pairs: []string{"scope", "admin"}},
		{name: "malformed scope", want: "invalid_scope", pairs: []string{"scope", `orders.read "x"`}},
		{name: "scope twice", want: "invalid_request", more: "&scope=orders.write"},
		{name: "challenge twice", want: "invalid_request", more: "&code_challenge=" + ok},
		{name: "anything twice", want: "invalid_request", more: "&x=1&x=2"},
		{name: "prompt none with more", want: "invalid_request", pairs: []string{"prompt", "none login"}},
		{name: "unknown prompt", want: "invalid_request", pairs: []string{"prompt", "create"}},
		{name: "prompt none for nobody", want: "login_required", pairs: []string{"prompt", "none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := b.get(w.asking(c.pairs...) + c.more)
			q := r.params()
			if !strings.HasPrefix(r.to(), redirectURI+"?") || q.Get("error") != c.want || q.Get("iss") != w.gateway.URL || q.Get("state") != "the state" || q.Has("code") {
				t.Errorf("to %s", r.to())
			}
			if r.header.Get("Referrer-Policy") != "no-referrer" || r.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("the header is %v", r.header)
			}
		})
	}
	if q := b.get(w.asking("response_type", "token") + "&state=b").params(); q.Has("state") || q.Get("error") == "" {
		t.Errorf("of two states none can be given back: %v", q)
	}
	if len(w.idp.asked) != 0 {
		t.Error("the identity provider was asked")
	}
}

func TestScopesThatAreGranted(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for asked, want := range map[string]string{
		"-": "orders.read orders.write", "": "orders.read orders.write", "orders.write": "orders.write", "orders.write admin": "orders.write",
		"openid profile": "orders.read orders.write", "openid orders.read orders.read": "orders.read",
		"offline_access": "orders.read orders.write offline_access",
	} {
		a := w.call("token", w.exchanging(b.code("scope", asked)))
		if a.wants(t, 200, ""); a.Scope != want {
			t.Errorf("%q grants %q, want %q", asked, a.Scope, want)
		}
	}
}

// RFC 8707: the audience is the resource as the client has asked for it.
func TestAudienceIsTheResource(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for asked, want := range map[string]string{
		w.resource(): w.resource(), w.gateway.URL + "/weather/sse": w.gateway.URL + "/weather/sse", w.resource() + "/": w.resource(),
		strings.Replace(w.resource(), "http:", "HTTP:", 1): w.resource(),
	} {
		a := w.call("token", w.exchanging(b.code("resource", asked), "resource", asked))
		a.wants(t, 200, "")
		c, err := w.nodes[0].examine(t.Context(), a.Access)
		if err != nil || len(c.caller.Jwt.Audiences) != 1 || c.caller.Jwt.Audiences[0] != want {
			t.Errorf("%s: %v", asked, err)
		}
	}
	// RFC 9700 2.3, 4.9: a token for one server is refused by another.
	a := w.tokens(b)
	if _, err := w.nodes[0].Verify(t.Context(), a.Access, []string{w.gateway.URL + "/orders/mcp"}); err == nil {
		t.Error("a token for one server is good at another")
	}
}

func TestResourceMayBeAbsentIfThereIsOne(t *testing.T) {
	w := newWorld(t, func(w *world) { w.config.Resources = w.config.Resources[:1] })
	a := w.call("token", w.exchanging(w.browser().code("resource", "-"), "resource", "-"))
	a.wants(t, 200, "")
	if err := w.good(0, a.Access); err != nil {
		t.Error(err)
	}
}

// RFC 9700 4.2, 4.16; RFC 9700 2.6: headers of pages, and who may call what from scripts.
func TestHeaders(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	p := b.get(w.asking())
	p.wants(200)
	for name, want := range map[string]string{
		"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy":     "default-src 'none'; style-src '" + styleHash + "'; frame-ancestors 'none'; base-uri 'none'",
		"Access-Control-Allow-Origin": "",
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if strings.Contains(p.body, "<script") || strings.Contains(p.body, "src=") {
		t.Error("the page loads something")
	}
	if c := p.header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || !strings.Contains(c, "Path=/") {
		t.Errorf("the cookie is %s", strings.SplitN(c, "=", 2)[0])
	}
	for path, want := range map[string]string{
		Prefix + "token": "*", Prefix + "revoke": "*", Prefix + "register": "*", Prefix + "jwks": "*", wellKnownOAuth: "*", wellKnownOpenID: "*",
		Prefix + "authorize": "", Prefix + "consent": "", Prefix + "callback": "", Prefix + "introspect": "",
	} {
		r, err := http.NewRequest("OPTIONS", w.gateway.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
		if a := b.do(r); a.header.Get("Access-Control-Allow-Origin") != want {
			t.Errorf("%s: %q", path, a.header.Get("Access-Control-Allow-Origin"))
		}
	}
	for path, methods := range map[string][]string{
		Prefix + "token": {"GET", "PUT"}, Prefix + "consent": {"GET", "HEAD"}, Prefix + "callback": {"POST", "HEAD"}, Prefix + "authorize": {"HEAD", "PUT"}, Prefix + "revoke": {"GET"}, wellKnownOAuth: {"POST"},
	} {
		for _, m := range methods {
			r, err := http.NewRequest(m, w.gateway.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if a := b.do(r); a.status != 405 || a.header.Get("Allow") == "" {
				t.Errorf("%s %s: status %d", m, path, a.status)
			}
		}
	}
}

// Cookies of https belong to this host alone.
func TestCookiesOfHTTPS(t *testing.T) {
	w := newWorld(t, func(w *world) { w.config.Issuer = "https://gw.example" })
	r := w.browser().get(w.asking())
	if c := r.header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-sekisho-oauth-") || !strings.Contains(c, "; Secure") || strings.Contains(c, "Domain") {
		t.Errorf("the cookie is %s", strings.SplitN(c, "=", 2)[0])
	}
}

// A request by POST is the same request.
func TestAuthorizeByPost(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	u, err := url.Parse(w.asking())
	if err != nil {
		t.Fatal(err)
	}
	r := b.post(w.gateway.URL+Prefix+"authorize", u.Query())
	b.get(r.to()).wants(200, "The app")
}

func TestLongRequestsAreRefused(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	if r := b.get(w.asking("x", strings.Repeat("a", maxQuery))); r.status != 400 {
		t.Errorf("status %d", r.status)
	}
	if q := b.get(w.asking("state", strings.Repeat("a", maxState+1))).params(); q.Get("error") != "invalid_request" {
		t.Errorf("a long state: %v", q.Get("error"))
	}
	r, err := http.NewRequest("POST", w.gateway.URL+Prefix+"token", io.LimitReader(endless{}, maxTokenRequest+1))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := b.do(r); a.status != 400 {
		t.Errorf("a long form: status %d", a.status)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestMetadata(t *testing.T) {
	for _, path := range []string{"", "/t1"} {
		w := newWorld(t, func(w *world) { w.config.Issuer += path })
		b := w.browser()
		var first string
		for _, at := range []string{wellKnownOAuth + path, wellKnownOpenID + path, path + wellKnownOpenID, wellKnownOAuth, wellKnownOpenID} {
			r := b.get(w.gateway.URL + at)
			r.wants(200, fmt.Sprintf(`"issuer":%q`, w.gateway.URL+path), `"code_challenge_methods_supported":["S256"]`,
				`"authorization_response_iss_parameter_supported":true`, `"client_id_metadata_document_supported":true`,
				`"scopes_supported":["orders.read","orders.write","offline_access"]`, `"registration_endpoint":`+fmt.Sprintf("%q", w.gateway.URL+Prefix+"register"),
				`"response_types_supported":["code"]`, `"grant_types_supported":["authorization_code","refresh_token"]`, `"subject_types_supported":["public"]`)
			if first == "" {
				first = r.body
			}
			if r.body != first || r.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s says something else", at)
			}
		}
		if w.nodes[0].Handler(wellKnownOAuth+"/other") != nil || w.nodes[0].Handler(Prefix+"other") != nil || w.nodes[0].Handler("/") != nil {
			t.Error("paths of others are answered")
		}
	}
	w := newWorld(t, func(w *world) { w.config.Clients.Dynamic = false })
	if r := w.browser().get(w.gateway.URL + wellKnownOAuth); strings.Contains(r.body, "registration_endpoint") {
		t.Error("a registration endpoint that there is not")
	}
	if w.nodes[0].Handler(Prefix+"register") != nil {
		t.Error("registration is answered")
	}
}
