package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/builtins/identity"
	"sekisho/builtins/jose"
)

const (
	secret   = "a secret & more"
	callback = "http://127.0.0.1:9/callback?from=sandbox"
	verifier = "a-verifier-of-forty-three-characters-or-more-0123"
)

// world is a sandbox on loopback with a clock that is held.
type world struct {
	*Sandbox
	t   testing.TB
	url string

	mu   sync.Mutex
	time time.Time
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) Advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

func config(url string) Config {
	return Config{
		BaseURL: url, TenantID: "tenant-1",
		Applications: []Application{
			{ID: "web", Secret: secret, RedirectURIs: []string{callback, "http://127.0.0.1:9/other"}, Roles: []string{"Reader", "Writer"}},
			{ID: "spa", RedirectURIs: []string{"http://127.0.0.1:9/spa"}},
			{ID: "gateway-2"},
		},
		Users:    []User{{ID: "ann", Name: "Ann <A>", Email: "ann@contoso.example"}, {ID: "bob"}},
		Services: []Service{{ID: "orders", Audience: "api://orders", Applications: []string{System, "web", "spa"}}},
	}
}

func start(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	c := config(server.URL)
	c.Now = w.Now
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.Sandbox, w.url = s, server.URL
	return w
}

// reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (w *world) do(r *http.Request, c *http.Client) reply {
	w.t.Helper()
	if c == nil {
		c = http.DefaultClient
	}
	resp, err := c.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := reply{resp.StatusCode, resp.Header, string(data), nil}
	_ = json.Unmarshal(data, &a.json)
	return a
}

func (w *world) get(path string, header ...string) reply {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return w.do(r, nil)
}

// post sends a form of pairs.
func (w *world) post(path string, pairs ...string) reply {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, w.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r, nil)
}

// want wants a status and an error code.
func (a reply) want(t testing.TB, status int, code string) {
	t.Helper()
	if got, _ := a.json["error"].(string); a.status != status || got != code {
		t.Errorf("%d %s; want %d %q", a.status, a.body, status, code)
	}
}

func (a reply) text(name string) string { s, _ := a.json[name].(string); return s }

func claims(t testing.TB, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	var m map[string]any
	if len(parts) == 3 {
		data, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err == nil && json.Unmarshal(data, &m) == nil {
			return m
		}
	}
	t.Fatalf("no token: %q", token)
	return nil
}

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// browser follows no redirects and keeps cookies.
func browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (w *world) ask(b *http.Client, pairs ...string) reply {
	w.t.Helper()
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Add(pairs[i], pairs[i+1])
		}
	}
	r, err := http.NewRequest(http.MethodGet, w.url+"/identity/authorize?"+q.Encode(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.do(r, b)
}

var loginField = regexp.MustCompile(`name="login" value="([^"]+)"`)

// choose submits the page with a user, or cancels it.
func (w *world) choose(b *http.Client, p reply, user string) reply {
	w.t.Helper()
	m := loginField.FindStringSubmatch(p.body)
	if m == nil {
		w.t.Fatalf("no login on the page: %d %s", p.status, p.body)
	}
	form := url.Values{"login": {html.UnescapeString(m[1])}}
	if user != "" {
		form.Set("user", user)
	} else {
		form.Set("cancel", "1")
	}
	r, err := http.NewRequest(http.MethodPost, w.url+"/identity/authorize", strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(r, b)
}

// sent is the query that the browser is sent back with.
func (a reply) sent(t testing.TB, to string) url.Values {
	t.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.status != http.StatusSeeOther || !strings.HasPrefix(u.String(), to) {
		t.Fatalf("%d to %q: %s", a.status, a.header.Get("Location"), a.body)
	}
	return u.Query()
}

// code logs Ann in for the application web.
func (w *world) code(scope string) string {
	w.t.Helper()
	b := browser(w.t)
	p := w.ask(b, "client_id", "web", "redirect_uri", callback, "response_type", "code", "scope", scope,
		"state", "st", "nonce", "no", "code_challenge", challenge(), "code_challenge_method", "S256")
	q := w.choose(b, p, "ann").sent(w.t, "http://127.0.0.1:9/callback?")
	if q.Get("state") != "st" || q.Get("iss") != w.Issuer() || q.Get("from") != "sandbox" || q.Get("code") == "" {
		w.t.Fatalf("sent back with %v", q)
	}
	return q.Get("code")
}

func (w *world) redeem(code string) reply {
	w.t.Helper()
	return w.post("/identity/token", "grant_type", "authorization_code", "code", code, "redirect_uri", callback,
		"client_id", "web", "client_secret", secret, "code_verifier", verifier)
}

func (w *world) refreshWith(token string) reply {
	w.t.Helper()
	return w.post("/identity/token", "grant_type", "refresh_token", "refresh_token", token, "client_id", "web", "client_secret", secret)
}

const everything = "openid offline_access api://orders/read api://orders/write"

func TestDiscovery(t *testing.T) {
	w := start(t)
	for _, path := range []string{"/identity/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/identity"} {
		d := w.get(path)
		if d.text("issuer") != w.url+"/identity" || d.json["authorization_response_iss_parameter_supported"] != true {
			t.Fatalf("%d %s", d.status, d.body)
		}
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint"} {
			if !strings.HasPrefix(d.text(name), d.text("issuer")+"/") {
				t.Errorf("%s is %q", name, d.text(name))
			}
		}
	}
	if keys := w.get("/identity/keys"); len(keys.json["keys"].([]any)) != 1 || strings.Contains(keys.body, `"d"`) {
		t.Errorf("keys: %s", keys.body)
	}
}

func TestCodeFlow(t *testing.T) {
	w := start(t)
	a := w.redeem(w.code(everything))
	if a.status != 200 || a.header.Get("Cache-Control") != "no-store" || a.json["expires_in"] != 3600.0 || a.text("scope") != everything {
		t.Fatalf("%d %s", a.status, a.body)
	}
	access, id := claims(t, a.text("access_token")), claims(t, a.text("id_token"))
	for name, want := range map[string]any{
		"aud": "api://orders", "azp": "web", "scp": "read write", "tid": "tenant-1", "ver": "2.0", "iss": w.Issuer(),
		"name": "Ann <A>", "preferred_username": "ann@contoso.example",
	} {
		if access[name] != want {
			t.Errorf("%s is %v, want %v", name, access[name], want)
		}
	}
	for name, want := range map[string]any{"aud": "web", "nonce": "no", "email": "ann@contoso.example", "oid": access["oid"], "sub": access["sub"]} {
		if id[name] != want {
			t.Errorf("id token: %s is %v, want %v", name, id[name], want)
		}
	}
	if a := w.redeem(w.code("api://orders/read")); a.text("id_token") != "" || a.text("refresh_token") != "" {
		t.Error("what was not asked for is there")
	}
}

func TestPage(t *testing.T) {
	w := start(t)
	b := browser(t)
	p := w.ask(b, "client_id", "web", "redirect_uri", callback, "response_type", "code", "scope", `openid <script>`)
	for _, want := range []string{"Ann &lt;A&gt;", "&lt;script&gt;", "bob@example.com"} {
		if !strings.Contains(p.body, want) {
			t.Errorf("the page has no %s:\n%s", want, p.body)
		}
	}
	if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("policy %q", csp)
	}
	if q := w.choose(b, p, "").sent(t, "http://127.0.0.1:9/callback?"); q.Get("error") != "access_denied" || q.Get("iss") != w.Issuer() {
		t.Errorf("cancelled: %v", q)
	}
	if again := w.choose(b, p, "ann"); again.status != 400 {
		t.Errorf("a login counts twice: %d", again.status)
	}
	p = w.ask(b, "client_id", "web", "redirect_uri", callback, "response_type", "code")
	if other := w.choose(browser(t), p, "ann"); other.status != 400 {
		t.Errorf("another browser finished it: %d", other.status)
	}
	w.Advance(loginLife)
	if late := w.choose(b, p, "ann"); late.status != 400 {
		t.Errorf("a login never ends: %d", late.status)
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	w := start(t)
	for _, tt := range []struct{ name, client, redirect, kind, challenge, method, more, value, want string }{
		{"unknown client", "none", callback, "code", "", "", "", "", ""},
		{"unknown redirect", "web", "http://127.0.0.1:9/evil", "code", "", "", "", "", ""},
		{"longer redirect", "web", callback + "&x=y", "code", "", "", "", "", ""},
		{"two registered, none named", "web", "", "code", "", "", "", "", ""},
		{"token", "web", callback, "token", "", "", "", "", "unsupported_response_type"},
		{"fragment", "web", callback, "code", "", "", "response_mode", "fragment", "invalid_request"},
		{"public without PKCE", "spa", "", "code", "", "", "", "", "invalid_request"},
		{"plain", "spa", "", "code", verifier, "plain", "", "", "invalid_request"},
		{"no method", "spa", "", "code", challenge(), "", "", "", "invalid_request"},
		{"short challenge", "spa", "", "code", "abc", "S256", "", "", "invalid_request"},
		{"request object", "web", callback, "code", "", "", "request", "eyJ", "invalid_request"},
		{"none", "web", callback, "code", "", "", "prompt", "none", "login_required"},
		{"scopes", "web", callback, "code", "", "", "scope", strings.Repeat("s ", maxScopes+1), "invalid_scope"},
	} {
		a := w.ask(browser(t), "client_id", tt.client, "redirect_uri", tt.redirect, "response_type", tt.kind,
			"code_challenge", tt.challenge, "code_challenge_method", tt.method, "x"+tt.more, "", tt.more, tt.value)
		if tt.want == "" {
			if a.status != 400 || a.header.Get("Location") != "" {
				t.Errorf("%s: %d to %q", tt.name, a.status, a.header.Get("Location"))
			}
			continue
		}
		if q := a.sent(t, "http://127.0.0.1:9/"); q.Get("error") != tt.want || q.Get("iss") != w.Issuer() {
			t.Errorf("%s: %v", tt.name, q)
		}
	}
	if a := w.ask(browser(t), "client_id", "web", "client_id", "web", "redirect_uri", callback, "response_type", "code"); a.status != 400 {
		t.Errorf("twice: %d", a.status)
	}
}

func TestCodesAreGoodOnceForOne(t *testing.T) {
	w := start(t)
	for name, change := range map[string][2]string{
		"another client":      {"client_id", "spa"},
		"another redirect":    {"redirect_uri", "http://127.0.0.1:9/other"},
		"no redirect":         {"redirect_uri", ""},
		"another verifier":    {"code_verifier", verifier + "x"},
		"no verifier":         {"code_verifier", ""},
		"another secret":      {"client_secret", "wrong"},
		"no secret":           {"client_secret", ""},
		"what is not a code":  {"code", "nothing"},
		"an unknown client":   {"client_id", "none"},
		"what is not a grant": {"grant_type", "password"},
	} {
		form := map[string]string{
			"grant_type": "authorization_code", "code": w.code(everything), "redirect_uri": callback,
			"client_id": "web", "client_secret": secret, "code_verifier": verifier,
		}
		form[change[0]] = change[1]
		var pairs []string
		for k, v := range form {
			pairs = append(pairs, k, v)
		}
		if a := w.post("/identity/token", pairs...); a.status != 400 && a.status != 401 || a.text("access_token") != "" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	code := w.code(everything)
	first := w.redeem(code)
	w.redeem(code).want(t, 400, "invalid_grant")
	w.refreshWith(first.text("refresh_token")).want(t, 400, "invalid_grant")
	late := w.code(everything)
	w.Advance(codeLife)
	w.redeem(late).want(t, 400, "invalid_grant")
	w.post("/identity/token", "grant_type", "refresh_token", "grant_type", "refresh_token").want(t, 400, "invalid_request")
}

func TestRefreshRotates(t *testing.T) {
	w := start(t)
	a := w.redeem(w.code(everything))
	first := a.text("refresh_token")
	b := w.refreshWith(first)
	second := b.text("refresh_token")
	if b.status != 200 || second == "" || second == first || b.text("access_token") == a.text("access_token") {
		t.Fatalf("%d %s", b.status, b.body)
	}
	w.post("/identity/token", "grant_type", "refresh_token", "refresh_token", second, "client_id", "spa").want(t, 400, "invalid_grant")
	less := w.post("/identity/token", "grant_type", "refresh_token", "refresh_token", second, "client_id", "web", "client_secret", secret, "scope", "api://orders/read")
	if claims(t, less.text("access_token"))["scp"] != "read" {
		t.Errorf("less: %s", less.body)
	}
	third := less.text("refresh_token")
	w.post("/identity/token", "grant_type", "refresh_token", "refresh_token", third, "client_id", "web", "client_secret", secret, "scope", "api://orders/delete").want(t, 400, "invalid_scope")
	// The first again: somebody has stolen one, and all that came of the consent ends.
	other := w.redeem(w.code(everything)).text("refresh_token")
	w.refreshWith(first).want(t, 400, "invalid_grant")
	w.refreshWith(third).want(t, 400, "invalid_grant")
	if a := w.refreshWith(other); a.status != 200 {
		t.Errorf("another consent ended, too: %s", a.body)
	}
	old := w.redeem(w.code(everything)).text("refresh_token")
	w.Advance(refreshLife)
	w.refreshWith(old).want(t, 400, "invalid_grant")
}

func TestRevocation(t *testing.T) {
	w := start(t)
	a := w.redeem(w.code(everything))
	access := a.text("access_token")
	call := func() int { return w.get("/services/orders/x", "Authorization", "Bearer "+access).status }
	if call() != 200 {
		t.Fatal("the token is not good")
	}
	w.post("/identity/revoke", "token", access, "client_id", "spa")
	if call() != 200 {
		t.Error("another client revoked the token")
	}
	w.post("/identity/revoke", "token", access, "client_id", "web").want(t, 401, "invalid_client")
	if r := w.post("/identity/revoke", "token", access, "client_id", "web", "client_secret", secret); r.status != 200 || call() != 401 {
		t.Errorf("revoked: %d, then %d", r.status, call())
	}
	if r := w.post("/identity/revoke", "token", "unknown", "client_id", "web", "client_secret", secret); r.status != 200 {
		t.Errorf("unknown: %d", r.status)
	}
	w.post("/identity/revoke", "token", a.text("refresh_token"), "client_id", "web", "client_secret", secret)
	w.refreshWith(a.text("refresh_token")).want(t, 400, "invalid_grant")
}

func TestClientCredentials(t *testing.T) {
	w := start(t)
	r, err := http.NewRequest(http.MethodPost, w.url+"/tenant-1/oauth2/v2.0/token", strings.NewReader("grant_type=client_credentials&scope=api%3A%2F%2Forders%2F.default"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("web", url.QueryEscape(secret))
	c := claims(t, w.do(r, nil).text("access_token"))
	if c["aud"] != "api://orders" || c["azp"] != "web" || c["idtyp"] != "app" || c["oid"] != c["sub"] || fmt.Sprint(c["roles"]) != "[Reader Writer]" {
		t.Errorf("claims %v", c)
	}
	slash := w.post("/identity/token", "grant_type", "client_credentials", "scope", "https://management.azure.com//.default", "client_id", "web", "client_secret", secret)
	if aud := claims(t, slash.text("access_token"))["aud"]; aud != "https://management.azure.com/" {
		t.Errorf("aud %v", aud)
	}
	w.post("/identity/token", "grant_type", "client_credentials", "scope", "a/.default", "client_id", "spa").want(t, 400, "unauthorized_client")
	w.post("/identity/token", "grant_type", "client_credentials", "scope", "a/.default", "client_id", "web", "client_secret", "x").want(t, 401, "invalid_client")
	w.post("/identity/token", "grant_type", "client_credentials", "client_id", "web", "client_secret", secret).want(t, 400, "invalid_scope")
	w.post("/other/oauth2/v2.0/token", "grant_type", "client_credentials").want(t, 400, "invalid_request")
}

// TestKeysRotate goes through three lives of a key, an eighth at a time.
func TestKeysRotate(t *testing.T) {
	w := start(t)
	kidOf := func(token string) string {
		data, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
		var h struct{ Kid, Alg string }
		if json.Unmarshal(data, &h) != nil || h.Alg != "RS256" {
			t.Fatalf("header %s", data)
		}
		return h.Kid
	}
	published := map[string]bool{}
	signers := map[string]bool{}
	token := ""
	for n := range 24 {
		keys := w.get("/identity/keys")
		before := published
		published = map[string]bool{}
		for _, k := range keys.json["keys"].([]any) {
			published[k.(map[string]any)["kid"].(string)] = true
		}
		token = w.get("/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api://orders", "Metadata", "true").text("access_token")
		kid := kidOf(token)
		if n > 0 && !before[kid] {
			t.Errorf("step %d: signed by a key that was not published at the step before", n)
		}
		signers[kid] = true
		if len(published) > 3 {
			t.Errorf("step %d: %d keys", n, len(published))
		}
		w.Advance(59 * time.Minute)
		if a := w.get("/services/orders", "Authorization", "Bearer "+token); a.status != 200 {
			t.Errorf("step %d: a token of 59 minutes is refused", n)
		}
		w.Advance(3*time.Hour - 59*time.Minute)
	}
	if len(signers) != 3 {
		t.Errorf("%d keys signed in three days", len(signers))
	}
	w.Advance(1000 * time.Hour)
	if a := w.get("/services/orders", "Authorization", "Bearer "+token); a.status != 401 {
		t.Errorf("an old token: %d", a.status)
	}
}

func TestMetadata(t *testing.T) {
	w := start(t)
	const imds = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net%2F"
	a := w.get(imds, "Metadata", "true")
	for _, v := range a.json {
		if _, ok := v.(string); !ok {
			t.Errorf("not a string: %v", v)
		}
	}
	c := claims(t, a.text("access_token"))
	if c["appid"] != System || c["ver"] != "1.0" || c["aud"] != "https://vault.azure.net/" || a.text("resource") != c["aud"] ||
		a.text("expires_on") != fmt.Sprintf("%.0f", c["exp"]) || a.text("expires_in") != "3600" {
		t.Errorf("%s", a.body)
	}
	if c := claims(t, w.get(imds+"&client_id=gateway-2", "Metadata", "true").text("access_token")); c["appid"] != "gateway-2" {
		t.Errorf("claims %v", c)
	}
	w.get(imds).want(t, 400, "bad_request_102")
	w.get(imds, "Metadata", "TRUE").want(t, 400, "bad_request_102")
	w.get(imds, "Metadata", "true", "X-Forwarded-For", "10.0.0.1").want(t, 400, "bad_request_102")
	w.get(imds+"&client_id=none", "Metadata", "true").want(t, 400, "invalid_request")
	w.get(imds+"&client_id=web", "Metadata", "true").want(t, 400, "invalid_request")
	w.get("/metadata/identity/oauth2/token?api-version=2017-01-01&resource=r", "Metadata", "true").want(t, 400, "invalid_request")
	w.get("/metadata/identity/oauth2/token?api-version=2018-02-01", "Metadata", "true").want(t, 400, "invalid_request")
	if a := w.get("/msi/token?api-version=2019-08-01&resource=r", "X-IDENTITY-HEADER", "wrong"); a.status != 401 {
		t.Errorf("%d", a.status)
	}
	w.get("/workload/token").want(t, 400, "invalid_request")
	if a := w.get("/nothing"); a.status != 404 {
		t.Errorf("%d", a.status)
	}
}

// TestIdentitiesOfTheGateway gets tokens through the gateway's own sources.
func TestIdentitiesOfTheGateway(t *testing.T) {
	w := start(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(w.get("/workload/token?client_id=gateway-2", "Metadata", "true").body), 0o600); err != nil {
		t.Fatal(err)
	}
	ids, err := identity.New(identity.Options{
		Now: w.Now, Sleep: func(context.Context, time.Duration) error { return nil }, Rand: rand.Reader,
		Env: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ids.Close()
	err = ids.Configure(identity.Config{Identities: []identity.Identity{
		{ID: identity.System, Source: identity.IMDS, Endpoint: w.url},
		{ID: "app-service", Source: identity.AppService, Endpoint: w.url + "/msi/token", Header: IdentityHeader},
		{ID: "workload", Source: identity.Workload, ClientID: "gateway-2", TenantID: "tenant-1", Authority: w.url, TokenFile: file},
		{ID: "secret", Source: identity.ClientSecret, ClientID: "web", TenantID: "tenant-1", Authority: w.url, ClientSecret: secret},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		client, application string
		status              int
	}{
		{"", System, 200}, {"app-service", System, 200}, {"workload", "", 403}, {"secret", "web", 200}, {"gateway-2", "", 403},
	} {
		token, err := ids.Token(context.Background(), tt.client, "api://orders")
		if err != nil {
			t.Errorf("%s: %v", tt.client, err)
			continue
		}
		a := w.get("/services/orders/a//b", "Authorization", "Bearer "+token)
		if a.status != tt.status || a.text("application") != tt.application {
			t.Errorf("%s: %d %s", tt.client, a.status, a.body)
		}
	}
	// The federated token has expired, and nobody renewed it.
	w.Advance(2 * time.Hour)
	if _, err := ids.Token(context.Background(), "workload", "api://orders"); err == nil || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("%v", err)
	}
}

func TestService(t *testing.T) {
	w := start(t)
	managed := func(resource string) string {
		return w.get("/metadata/identity/oauth2/token?api-version=2018-02-01&resource="+resource, "Metadata", "true").text("access_token")
	}
	good := managed("api://orders")
	c := claims(t, good)
	forged, err := jose.Sign(c, []byte(strings.Repeat("k", 32)), "", "JWT")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	payload := claims(t, good)
	payload["appid"] = "web"
	changed, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	other := w.get("/metadata/identity/oauth2/token?api-version=2018-02-01&client_id=gateway-2&resource=api://orders", "Metadata", "true").text("access_token")
	for _, tt := range []struct {
		name, header string
		status       int
	}{
		{"nothing", "", 401},
		{"good", "Bearer " + good, 200},
		{"lower case", "bearer " + good, 200},
		{"another scheme", "Basic " + good, 401},
		{"another audience", "Bearer " + managed("api://orders/"), 401},
		{"another application", "Bearer " + other, 403},
		{"symmetric", "Bearer " + forged, 401},
		{"unsigned", "Bearer " + none, 401},
		{"changed", "Bearer " + parts[0] + "." + base64.RawURLEncoding.EncodeToString(changed) + "." + parts[2], 401},
		{"cut", "Bearer " + good[:len(good)-2], 401},
		{"longer", "Bearer " + good + "A", 401},
		{"four parts", "Bearer " + good + ".", 401},
		{"two tokens", "Bearer " + good + " " + good, 401},
	} {
		a := w.get("/services/orders/list", "Authorization", tt.header)
		if a.status != tt.status {
			t.Errorf("%s: %d %s", tt.name, a.status, a.body)
		}
		if (a.status == 401) != strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer realm=") {
			t.Errorf("%s: challenge %q", tt.name, a.header.Get("WWW-Authenticate"))
		}
		if strings.Contains(a.body, parts[2]) {
			t.Errorf("%s: the token is in the answer", tt.name)
		}
	}
	a := w.get("/services/orders/list", "Authorization", "Bearer "+good)
	if a.text("service") != "orders" || a.text("path") != "/list" || a.text("application") != System || a.text("principalId") != c["oid"] {
		t.Errorf("%s", a.body)
	}
	data, err := base64.StdEncoding.DecodeString(a.text("principal"))
	if err != nil || !strings.Contains(string(data), `{"typ":"aud","val":"api://orders"}`) {
		t.Errorf("principal %s, %v", data, err)
	}
	w.Advance(time.Hour)
	if a := w.get("/services/orders/list", "Authorization", "Bearer "+good); a.status != 401 {
		t.Errorf("expired: %d", a.status)
	}
	if a := w.get("/services/none"); a.status != 404 {
		t.Errorf("no such service: %d", a.status)
	}
}

func TestOtherNamesGetNothing(t *testing.T) {
	w := start(t)
	for host, want := range map[string]int{"evil.example": 421, "evil.example:80": 421, "localhost:1": 200, "127.0.0.2": 200, "[::1]:5": 200} {
		r, err := http.NewRequest(http.MethodGet, w.url+"/identity/keys", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		if a := w.do(r, nil); a.status != want {
			t.Errorf("%s: %d", host, a.status)
		}
	}
}

func TestConfigure(t *testing.T) {
	w := start(t)
	refresh := w.redeem(w.code(everything)).text("refresh_token")
	c := config(w.url)
	c.TenantID = "tenant-2"
	if err := w.Configure(c); err != nil {
		t.Fatal(err)
	}
	a := w.refreshWith(refresh)
	if claims(t, a.text("access_token"))["tid"] != "tenant-2" {
		t.Errorf("%s", a.body)
	}
	c.Users = nil
	if err := w.Configure(c); err != nil {
		t.Fatal(err)
	}
	w.refreshWith(a.text("refresh_token")).want(t, 400, "invalid_grant")
	for _, bad := range []func(*Config){
		func(c *Config) { c.BaseURL = "nowhere" },
		func(c *Config) { c.BaseURL += "/" },
		func(c *Config) { c.Applications[0].RedirectURIs = []string{"/relative"} },
		func(c *Config) { c.Applications[0].RedirectURIs = []string{"http://a/#b"} },
	} {
		c := config(w.url)
		bad(&c)
		if w.Configure(c) == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func TestGrantsAreBounded(t *testing.T) {
	var g grants
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range maxGrants {
		if err := g.addLogin(fmt.Sprint(i), &login{expire: now.Add(loginLife)}, now); err != nil {
			t.Fatal(i, err)
		}
	}
	if g.addRefresh("one more", &consented{}, now) == nil {
		t.Error("there is no bound")
	}
	if err := g.addRefresh("one more", &consented{}, now.Add(loginLife)); err != nil || len(g.logins) != 0 {
		t.Errorf("%v; %d logins that are over are kept", err, len(g.logins))
	}
}

func FuzzVerify(f *testing.F) {
	s, err := New(config("http://127.0.0.1:1"))
	if err != nil {
		f.Fatal(err)
	}
	good, err := s.issue(s.known.Load(), "a", map[string]any{"azp": "b"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.token)
	f.Add("..")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := s.verify(token); err == nil && token != good.token {
			t.Errorf("accepted %q", token)
		}
	})
}
