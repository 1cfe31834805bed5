package authserver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// RFC 9700 2.1.1, 4.5: a code that was made without a challenge, which no request can have
// done, is not redeemed with a verifier, nor without.
func TestPKCEDowngrade(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for name, pairs := range map[string][]string{
		"with a verifier": nil, "without one": {"code_verifier", "-"}, "with an empty one": {"code_verifier", ""},
		"with the challenge of nothing": {"code_verifier", challengeOf("")},
	} {
		t.Run(name, func(t *testing.T) {
			id := b.code()
			var v code
			rec, err := w.nodes[0].get(t.Context(), kindCode, id, &v)
			if err != nil {
				t.Fatal(err)
			}
			v.Request.Challenge = ""
			if err := w.nodes[0].put(t.Context(), rec, &v); err != nil {
				t.Fatal(err)
			}
			w.call("token", w.exchanging(id, pairs...)).wants(t, 400, "invalid_grant")
		})
	}
}

// RFC 9700 2.1.1: a code lives for a minute at most unless the operator says more.
func TestCodesAreShortLived(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	code := b.code()
	w.clock.advance(59 * time.Second)
	w.call("token", w.exchanging(code)).wants(t, 200, "")
	code = b.code()
	w.clock.advance(time.Minute)
	w.call("token", w.exchanging(code)).wants(t, 400, "invalid_grant")
}

// RFC 9700 4.4: whose answer it is, is known before the code in it is shown to anybody.
func TestMixUpIsSeenBeforeTheCodeIsRedeemed(t *testing.T) {
	for name, change := range map[string]func(w *world) func(url.Values){
		"another issuer": func(*world) func(url.Values) {
			return func(q url.Values) { q.Set("iss", "https://evil.example") }
		},
		"a slash": func(w *world) func(url.Values) { return func(q url.Values) { q.Set("iss", w.idp.issuer+"/") } },
		"another case": func(w *world) func(url.Values) {
			return func(q url.Values) { q.Set("iss", strings.ToUpper(w.idp.issuer)) }
		},
		"with its port said": func(w *world) func(url.Values) { return func(q url.Values) { q.Set("iss", w.idp.issuer+":80") } },
		"none":               func(*world) func(url.Values) { return func(q url.Values) { q.Del("iss") } },
		"two":                func(*world) func(url.Values) { return func(q url.Values) { q.Add("iss", "https://evil.example") } },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.idp.set(func() { w.idp.answer = change(w) })
			if q := w.browser().login(w.asking()).params(); q.Get("error") != "server_error" {
				t.Errorf("the client is told %v", q)
			}
			if len(w.idp.asked) != 1 || len(w.idp.redeemed) != 0 {
				t.Errorf("%d logins, %d codes redeemed", len(w.idp.asked), len(w.idp.redeemed))
			}
		})
	}
}

// RFC 9700 4.7, 4.6, 2.1.1: what binds an answer of the identity provider to its question
// is long, and never the same twice.
func TestUpstreamStateIsFresh(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	const n = 20
	for range n {
		b.login(w.asking("state", "the state", "prompt", "consent"))
	}
	seen := map[string]bool{}
	for _, q := range w.idp.asked {
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if v := q.Get(name); len(v) < 43 || seen[v] || v == "the state" || v == challengeOf(verifierOf("v")) {
				t.Errorf("%s has %d characters, or was there before", name, len(v))
			} else {
				seen[v] = true
			}
		}
		if q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" || q.Get("redirect_uri") != w.gateway.URL+Prefix+"callback" {
			t.Errorf("the identity provider is asked %s %s %s", q.Get("code_challenge_method"), q.Get("response_type"), q.Get("redirect_uri"))
		}
	}
	if len(seen) != 3*n {
		t.Errorf("%d different values", len(seen))
	}
}

// RFC 9700 2.2.1, 2.5: what is not offered is not announced, and proves nothing.
func TestAssertionsAndProofsAreNotOffered(t *testing.T) {
	w := newWorld(t)
	var m map[string]any
	if err := json.Unmarshal([]byte(w.browser().get(w.gateway.URL+wellKnownOAuth).body), &m); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"dpop_signing_alg_values_supported", "tls_client_certificate_bound_access_tokens", "mtls_endpoint_aliases",
		"token_endpoint_auth_signing_alg_values_supported", "require_pushed_authorization_requests", "end_session_endpoint", "device_authorization_endpoint",
	} {
		if _, ok := m[name]; ok {
			t.Errorf("%s is announced", name)
		}
	}
	for name, v := range m {
		if list, ok := v.([]any); ok {
			for _, item := range list {
				if s, _ := item.(string); strings.Contains(s, "jwt") || strings.Contains(s, "token") && name == "response_types_supported" || s == "implicit" || s == "password" || s == "plain" {
					t.Errorf("%s has %s", name, s)
				}
			}
		}
	}
	assertion := []string{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzZXJ2ZXIifQ."}
	code := func() string { return w.browser().code("client_id", "server") }
	w.call("token", w.exchanging(code(), append(assertion, "client_id", "server")...)).wants(t, 401, "invalid_client")
	w.call("token", w.exchanging(code(), append(assertion, "client_id", "-")...)).wants(t, 401, "invalid_client")
	w.call("token", w.exchanging(code(), "client_id", "-"), basic("server", secretOfClient), func(r *http.Request) { r.Header.Set("DPoP", "eyJ.eyJ.x") }).wants(t, 200, "")
	for _, grant := range []string{
		"urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:device_code",
		"client_credentials", "password", "implicit",
	} {
		f := url.Values{"grant_type": {grant}, "assertion": {"eyJhbGciOiJub25lIn0.e30."}, "subject_token": {"x"}, "username": {"alice"}, "password": {"x"}}
		w.call("token", f, basic("server", secretOfClient)).wants(t, 400, "unsupported_grant_type")
	}
}

// RFC 9700 4.11: there is no endpoint after which anybody is sent on, but for those with a
// registered redirect URI.
func TestNoLogoutToBeRedirectedFrom(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"logout", "end_session", "endsession", "signout", "consent/", "login", "redirect"} {
		if w.nodes[0].Handler(Prefix+path) != nil {
			t.Errorf("%s is answered", path)
		}
	}
	b := w.browser()
	for _, path := range []string{"authorize", "consent", "callback", "token", "revoke", "jwks"} {
		for _, name := range []string{"redirect_uri", "post_logout_redirect_uri", "return", "next", "url"} {
			if r := b.get(w.gateway.URL + Prefix + path + "?" + name + "=https://evil.example/"); r.header.Get("Location") != "" {
				t.Errorf("%s with %s sends the user to %s", path, name, r.header.Get("Location"))
			}
		}
	}
}

// RFC 9700 4.13: who we are is said by the configuration, not by whoever asks.
func TestIssuerIsNotTheHostOfTheRequest(t *testing.T) {
	w := newWorld(t)
	lies := func(r *http.Request) {
		r.Host = "evil.example"
		for _, name := range []string{"X-Forwarded-Host", "X-Host", "X-Original-Host"} {
			r.Header.Set(name, "evil.example")
		}
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-Prefix", "/evil")
		r.Header.Set("Forwarded", "host=evil.example;proto=https")
		r.Header.Set("X-User", "admin")
	}
	b := w.browser()
	ask := func(method, at string, form url.Values) *reply {
		r, err := http.NewRequest(method, at, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for _, c := range b.client.Jar.Cookies(r.URL) {
			r.AddCookie(c)
		}
		lies(r)
		resp, err := (&http.Client{CheckRedirect: b.client.CheckRedirect}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b.client.Jar.SetCookies(r.URL, resp.Cookies())
		_ = resp.Body.Close()
		return &reply{t, resp.StatusCode, resp.Header, ""}
	}
	for _, path := range []string{wellKnownOAuth, wellKnownOpenID, Prefix + "jwks"} {
		r, err := http.NewRequest("GET", w.gateway.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		lies(r)
		if got := b.do(r); got.status != 200 || strings.Contains(got.body, "evil") || got.body != b.get(w.gateway.URL+path).body {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if to := ask("GET", w.asking("response_type", "token"), nil).params(); to.Get("iss") != w.gateway.URL {
		t.Errorf("an error is of the issuer %s", to.Get("iss"))
	}
	to := ask("POST", w.consentURL(), b.get(w.asking()).form("approve")).params()
	if to.Get("redirect_uri") != w.gateway.URL+Prefix+"callback" {
		t.Errorf("the identity provider is to answer at %s", to.Get("redirect_uri"))
	}
	a := w.tokens(w.browser())
	if c, err := w.nodes[0].examine(t.Context(), a.Access); err != nil || c.issuer != w.gateway.URL {
		t.Errorf("a token of %v, %v", c, err)
	}
}

// 5.2.2: a client that has registered itself is shown as what it says it is, in letters of
// any alphabet, and as what nobody has checked; nothing of its is loaded or linked.
func TestRegisteredClientIsShownAsUnchecked(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for name, client := range map[string]string{
		"homoglyphs":         "\u0421laude", // with a Cyrillic letter
		"bidi":               "\u202eedualC\u202c",
		"markup":             "<b onclick=alert(1)>x</b><script>alert(1)</script>",
		"attributes":         `" autofocus onfocus="alert(1)`,
		"template":           "{{.Token}}${7*7}<%= 7*7 %>",
		"overlong":           strings.Repeat("Very long ", 5000),
		"a claim of trust":   "Verified by the gateway \u2713",
		"lines":              "a\r\nb\u2028c",
		"combining marks":    "Z" + strings.Repeat("\u0336", 1000),
		"invisible":          "\u200b\u2060\ufeffx",
		"no text of its own": "\u3164",
	} {
		t.Run(name, func(t *testing.T) {
			body, err := json.Marshal(map[string]any{
				"client_name": client, "redirect_uris": []string{"https://evil.example/cb"}, "token_endpoint_auth_method": "none",
				"logo_uri": "https://tracker.example/logo.png", "client_uri": "https://home.example/", "tos_uri": "https://tos.example/", "policy_uri": "https://policy.example/",
			})
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.NewRequest("POST", w.gateway.URL+Prefix+"register", strings.NewReader(string(body)))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			reg := b.do(r)
			if reg.status == 400 || reg.status == 413 {
				return // refused is as good
			}
			reg.wants(201)
			p := b.get(w.asking("client_id", member(t, reg.body, "client_id"), "redirect_uri", "https://evil.example/cb"))
			p.wants(200, "which has registered itself: nobody has checked its name", "<strong><bdi>evil.example</bdi></strong>")
			for _, bad := range []string{"tracker.example", "home.example", "tos.example", "policy.example", "<b ", "<script", "<img", "<a ", `" autofocus`, "\u202e", "\u200b", "\ufeff", "\u2028", "=49"} {
				if strings.Contains(p.body, bad) {
					t.Errorf("the page holds %q", bad)
				}
			}
			if n := len(p.body); n > 8<<10 {
				t.Errorf("the page has %d bytes", n)
			}
			if csp := p.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none';") || strings.Contains(csp, "img-src") || strings.Contains(csp, "script-src") {
				t.Errorf("the policy of the page is %s", csp)
			}
		})
	}
}

// RFC 9700 4.17: pages talk to no other window, and none of theirs has a name for them.
func TestPagesRunNothing(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for name, p := range map[string]*reply{
		"consent": b.get(w.asking()), "unknown client": b.get(w.asking("client_id", "nobody")),
		"callback": b.get(w.gateway.URL + Prefix + "callback?state=x"), "form": b.post(w.consentURL(), url.Values{}),
	} {
		for _, bad := range []string{"postMessage", "<script", "javascript:", " on", "opener", "<iframe", "<meta http-equiv", "<base"} {
			if bad == " on" {
				if regexp.MustCompile(`<[^>]* on[a-z]+=`).MatchString(p.body) {
					t.Errorf("%s: the page has handlers", name)
				}
			} else if strings.Contains(p.body, bad) {
				t.Errorf("%s: the page has %s", name, bad)
			}
		}
		if p.header.Get("Cross-Origin-Opener-Policy") != "same-origin" || !strings.Contains(p.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || p.header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: the header is %v", name, p.header)
		}
	}
}

// 5.2.9: what is sealed by many at once is never sealed twice in the same way.
func TestSealedRequestsNeverRepeat(t *testing.T) {
	w := newWorld(t)
	key := w.nodes[0].keys.state.Load().form
	const workers, each = 8, 2000
	var mu sync.Mutex
	seen := make(map[[12]byte]bool, workers*each)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			own := make([][12]byte, each)
			for i := range own {
				own[i] = [12]byte(key.seal([]byte("the same"), "form"))
			}
			mu.Lock()
			defer mu.Unlock()
			for _, n := range own {
				seen[n] = true
			}
		})
	}
	all.Wait()
	if len(seen) != workers*each {
		t.Errorf("%d nonces for %d texts", len(seen), workers*each)
	}
	sealed := key.seal([]byte("x"), "form")
	if _, ok := key.open(sealed, "successor"); ok {
		t.Error("what was sealed for one use is opened for another")
	}
}

// 5.2.9: the name of a key in a token is a hint; what counts is the key.
func TestKeyNameSwapped(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.clock.advance(keyRotation - keyLead)
	if err := w.nodes[0].loadKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys := w.nodes[0].keys.state.Load().keys
	if len(keys) != 2 {
		t.Fatalf("%d keys", len(keys))
	}
	a := w.tokens(b)
	header, rest, _ := strings.Cut(a.Access, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(header)
	raw := string(decoded)
	if err != nil || !strings.Contains(raw, keys[0].kid) {
		t.Fatal("the token is not signed with the first key")
	}
	for name, kid := range map[string]string{"the other key's": keys[1].kid, "nobody's": "x", "a path": "../../" + keys[0].kid} {
		if w.good(0, base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(raw, keys[0].kid, kid, 1)))+"."+rest) == nil {
			t.Errorf("%s: the token is good", name)
		}
	}
}

// RFC 9700 2.5: nothing that is secret is compared with ==, here and where clients are
// known. Tests cannot tell times; this one reads the source.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	secret := regexp.MustCompile(`(?i)(secret|token|verifier|challenge|hash|cookie|nonce|password|mac|sum|code)$`)
	// Compared are settings with settings, and a digest with what the provider has sent.
	fine := map[string]bool{"upstream.go:same": true}
	name := func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.Ident:
			return e.Name
		case *ast.SelectorExpr:
			return e.Sel.Name
		}
		return ""
	}
	constant := func(e ast.Expr) bool {
		switch e := e.(type) {
		case *ast.BasicLit:
			return true
		case *ast.Ident:
			return e.Name == "nil" || e.Name == "true" || e.Name == "false"
		case *ast.SelectorExpr: // http.StatusOK
			pkg, ok := e.X.(*ast.Ident)
			return ok && pkg.Obj == nil && pkg.Name == "http"
		}
		return false
	}
	examined := 0
	for _, pattern := range []string{"*.go", "clients/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Body == nil || fine[filepath.Base(path)+":"+fn.Name.Name] {
					continue
				}
				ast.Inspect(fn.Body, func(n ast.Node) bool {
					e, ok := n.(*ast.BinaryExpr)
					if !ok || e.Op != token.EQL && e.Op != token.NEQ {
						return true
					}
					examined++
					if !constant(e.X) && !constant(e.Y) && (secret.MatchString(name(e.X)) || secret.MatchString(name(e.Y))) {
						t.Errorf("%s: a secret is compared with %s", set.Position(e.Pos()), e.Op)
					}
					return true
				})
			}
		}
	}
	if examined < 100 {
		t.Errorf("only %d comparisons were looked at", examined)
	}
	if !sameText("a", "a") || sameText("a", "b") || sameText("a", "") || sameText("", "a") {
		t.Error("sameText compares wrongly")
	}
	if sum := sha256.Sum256([]byte("x")); sameText(string(sum[:]), string(sum[:31])) {
		t.Error("a part is the whole")
	}
}
