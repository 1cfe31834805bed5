package authserver

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/builtins/authserver/clients"
	"sekisho/builtins/credential/keys"
	"sekisho/builtins/credential/store"
	"sekisho/builtins/jose"
	"sekisho/engine/pipeline"
)

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// transcript collects what is logged.
type transcript struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *transcript) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *transcript) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// plainTransport is a pipeline.Transport over net/http.
type plainTransport struct{}

func (plainTransport) Send(ctx context.Context, r *pipeline.Request, o pipeline.SendOptions) (*pipeline.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	out := pipeline.NewResponse(o.BodyLimit)
	out.Status = resp.StatusCode
	for name, values := range resp.Header {
		for _, v := range values {
			out.Header.Add(name, v)
		}
	}
	out.Body.SetBytes(body)
	return out, nil
}

// world is two Servers on one store, an issuer that either answers for, and an identity
// provider.
type world struct {
	t       testing.TB
	clock   *clock
	store   *store.SQLite
	nodes   [2]*Server
	answers atomic.Int32 // which of the nodes answers requests
	gateway *httptest.Server
	idp     *idp
	log     *transcript
	config  Config
	secrets sync.Map // that must not be logged
}

const (
	secretOfClient   = "canary-secret-of-the-static-client-0123456789"
	secretOfUpstream = "canary-upstream-secret"
	redirectURI      = "https://app.example/callback"
)

func newWorld(t testing.TB, change ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{t: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}, log: &transcript{}}
	dir := t.TempDir()
	var err error
	if w.store, err = store.Open(context.Background(), store.Options{
		Path: filepath.Join(dir, "c.db"), Now: w.clock.now, Keys: keys.Options{Source: "file:" + filepath.Join(dir, "master.key")},
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	w.idp = newIDP(t, w)
	w.gateway = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h := w.nodes[w.answers.Load()].Handler(r.URL.Path)
		if h == nil {
			http.NotFound(rw, r)
			return
		}
		h.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.gateway.Close)
	w.config = Config{
		Issuer:   w.gateway.URL,
		Provider: Provider{Issuer: w.idp.issuer, ClientID: "gateway", ClientSecret: secretOfUpstream},
		Scopes:   []Scope{{"orders.read", "Read your orders"}, {"orders.write", "Change your orders"}},
		Claims:   []string{"roles", "email_verified"},
		Resources: []Resource{{
			ID: w.gateway.URL + "/weather/mcp", Aliases: []string{w.gateway.URL + "/weather/sse", w.gateway.URL + "/weather"}, Name: "The weather",
		}, {ID: w.gateway.URL + "/orders/mcp", Name: "Orders"}},
		Clients: clients.Config{Dynamic: true, Documents: true, Static: []clients.StaticClient{
			{ID: "app", Name: "The app", RedirectURIs: []string{redirectURI}},
			{ID: "other", Name: "Another app", RedirectURIs: []string{"https://other.example/back"}},
			{ID: "server", Name: "A server", RedirectURIs: []string{redirectURI}, Secret: secretOfClient},
			{ID: "local", Name: "On this machine", RedirectURIs: []string{"http://127.0.0.1/back"}},
		}},
	}
	for _, f := range change {
		f(w)
	}
	for i := range w.nodes {
		tokens, err := jose.New(jose.Options{Transport: plainTransport{}, Now: w.clock.now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tokens.Close)
		if w.nodes[i], err = New(Options{
			Store: w.store.Records(), Tokens: tokens, Now: w.clock.now, Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.nodes[i].Close)
		if err := w.nodes[i].Configure(context.Background(), w.config); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(w.checkLog)
	return w
}

// secret notes a text that must not be logged.
func (w *world) secret(values ...string) {
	for _, v := range values {
		if len(v) >= 16 {
			w.secrets.Store(v, true)
		}
	}
}

func (w *world) checkLog() {
	log := w.log.String()
	w.secret(secretOfClient, secretOfUpstream)
	w.secrets.Range(func(k, _ any) bool {
		if strings.Contains(log, k.(string)) {
			w.t.Errorf("a secret is in the log (%d characters)", len(k.(string)))
		}
		return true
	})
}

func (w *world) resource() string { return w.config.Resources[0].ID }

// browser is a user's browser, which follows no redirect by itself.
type browser struct {
	w      *world
	client *http.Client
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// reply is an answer, with its body.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

func (b *browser) do(r *http.Request) *reply {
	b.w.t.Helper()
	resp, err := b.client.Do(r)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	for _, c := range resp.Cookies() {
		b.w.secret(c.Value)
	}
	return &reply{b.w.t, resp.StatusCode, resp.Header, string(body)}
}

func (b *browser) get(u string) *reply {
	b.w.t.Helper()
	r, err := http.NewRequest("GET", u, nil)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) post(u string, form url.Values) *reply {
	b.w.t.Helper()
	r, err := http.NewRequest("POST", u, strings.NewReader(form.Encode()))
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// to is where an answer redirects.
func (r *reply) to() string {
	r.t.Helper()
	if r.status != http.StatusSeeOther {
		r.t.Fatalf("status %d instead of a redirect: %s", r.status, r.body)
	}
	return r.header.Get("Location")
}

// params are the parameters of where an answer redirects.
func (r *reply) params() url.Values {
	r.t.Helper()
	u, err := url.Parse(r.to())
	if err != nil {
		r.t.Fatal(err)
	}
	return u.Query()
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// form is the form of a consent page, with an answer.
func (r *reply) form(answer string) url.Values {
	r.t.Helper()
	f := url.Values{"answer": {answer}}
	for _, m := range hidden.FindAllStringSubmatch(r.body, -1) {
		f.Set(m[1], html.UnescapeString(m[2]))
	}
	if r.status != 200 || f.Get("token") == "" {
		r.t.Fatalf("status %d, no form: %s", r.status, r.body)
	}
	return f
}

func (r *reply) wants(status int, texts ...string) {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	for _, s := range texts {
		if !strings.Contains(r.body, s) {
			r.t.Errorf("the page does not say %q: %s", s, r.body)
		}
	}
}

func verifierOf(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// asking is an authorization request, changed by pairs; "-" takes a parameter out.
func (w *world) asking(pairs ...string) string {
	q := url.Values{
		"client_id": {"app"}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "state": {"the state"},
		"code_challenge": {challengeOf(verifierOf("v"))}, "code_challenge_method": {"S256"}, "resource": {w.resource()}, "scope": {"orders.read"},
	}
	w.secret(verifierOf("v"))
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "-" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return w.gateway.URL + Prefix + "authorize?" + q.Encode()
}

// login goes through page and identity provider to where the client is answered.
func (b *browser) login(ask string) *reply {
	b.w.t.Helper()
	p := b.get(ask)
	if p.status == 200 {
		p = b.post(b.w.gateway.URL+Prefix+"consent", p.form("approve"))
	}
	return b.atProvider(p)
}

// atProvider follows a redirect to the identity provider and back.
func (b *browser) atProvider(p *reply) *reply {
	b.w.t.Helper()
	if !strings.HasPrefix(p.to(), b.w.idp.server.URL) {
		return p
	}
	back := b.get(p.to())
	b.w.secret(back.params().Get("code"), back.params().Get("state"))
	out := b.get(back.to())
	if out.status == http.StatusSeeOther {
		b.w.secret(out.params().Get("code"))
	}
	return out
}

// code is a fresh code for a request.
func (b *browser) code(pairs ...string) string {
	b.w.t.Helper()
	q := b.login(b.w.asking(pairs...)).params()
	if q.Get("code") == "" || q.Get("iss") != b.w.config.Issuer || q.Get("state") != "the state" {
		b.w.t.Fatalf("no code: %v", q)
	}
	return q.Get("code")
}

// answerOf is what the token endpoint answers.
type answerOf struct {
	status  int
	header  http.Header
	body    string
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"`
	Refresh string `json:"refresh_token"`
	Scope   string `json:"scope"`
	Error   string `json:"error"`
}

// call posts a form to an endpoint.
func (w *world) call(endpoint string, form url.Values, change ...func(*http.Request)) *answerOf {
	w.t.Helper()
	r, err := http.NewRequest("POST", w.gateway.URL+Prefix+endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, f := range change {
		f(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := &answerOf{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if len(body) > 0 {
		if err := json.Unmarshal(body, a); err != nil {
			w.t.Fatalf("%s: %v", body, err)
		}
	}
	w.secret(a.Access, a.Refresh)
	return a
}

func (a *answerOf) wants(t testing.TB, status int, code string) {
	t.Helper()
	if a.status != status || a.Error != code {
		t.Fatalf("status %d, error %q; want %d, %q: %s", a.status, a.Error, status, code, a.body)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Error("the answer may be kept")
	}
}

// exchanging is a request for tokens, changed by pairs; "-" takes a parameter out.
func (w *world) exchanging(code string, pairs ...string) url.Values {
	f := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "client_id": {"app"},
		"code_verifier": {verifierOf("v")}, "resource": {w.resource()},
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "-" {
			f.Del(pairs[i])
		} else {
			f.Set(pairs[i], pairs[i+1])
		}
	}
	return f
}

// tokens is a whole flow.
func (w *world) tokens(b *browser, pairs ...string) *answerOf {
	w.t.Helper()
	a := w.call("token", w.exchanging(b.code(pairs...)))
	a.wants(w.t, 200, "")
	return a
}

// renew redeems a refresh token.
func (w *world) renew(refresh string, pairs ...string) *answerOf {
	w.t.Helper()
	f := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {"app"}}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return w.call("token", f)
}

// good tells whether a node accepts an access token.
func (w *world) good(node int, access string) error {
	_, err := w.nodes[node].Verify(context.Background(), access, []string{w.resource()})
	return err
}

// poll has a node look for revocations, as it does every second.
func (w *world) poll(node int) {
	w.t.Helper()
	if err := w.nodes[node].revoked.poll(context.Background(), w.nodes[node]); err != nil {
		w.t.Fatal(err)
	}
}

// idp is an OpenID provider at which a user is always logged in.
type idp struct {
	w      *world
	server *httptest.Server
	issuer string
	key    *ecdsa.PrivateKey

	mu       sync.Mutex
	user     string
	claims   func(map[string]any)               // changes those of id_tokens
	sign     func(claims map[string]any) string // instead of the key
	refuse   url.Values                         // the answer of the authorization endpoint
	answer   func(url.Values)                   // changes it
	asked    []url.Values                       // of the authorization endpoint
	redeemed []url.Values                       // of the token endpoint
	codes    map[string]url.Values
	refresh  string // the one that is good
	n        int
	life     int
	noRenew  bool // refreshes answer without a refresh token
	dead     bool // refresh tokens are refused
	down     bool
	config   func(map[string]any)
	slow     chan struct{} // refreshes wait for it
}

func newIDP(t testing.TB, w *world) *idp {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &idp{w: w, key: key, user: "alice", codes: map[string]url.Values{}, life: 3600}
	p.server = httptest.NewServer(p)
	p.issuer = p.server.URL
	t.Cleanup(p.server.Close)
	return p
}

// set changes what the provider does.
func (p *idp) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *idp) secret(kind string) string {
	p.n++
	s := fmt.Sprintf("canary-%s-%d-%s", kind, p.n, rand.Text())
	p.w.secret(s)
	return s
}

func (p *idp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	slow := p.slow
	p.mu.Unlock()
	if slow != nil && strings.HasSuffix(r.URL.Path, "/token") && r.PostFormValue("grant_type") == "refresh_token" {
		<-slow
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	base := p.server.URL
	switch {
	case strings.HasSuffix(r.URL.Path, wellKnownOpenID):
		m := map[string]any{
			"issuer": p.issuer, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token", "jwks_uri": base + "/jwks",
			"authorization_response_iss_parameter_supported": true,
		}
		if p.config != nil {
			p.config(m)
		}
		p.write(w, 200, m)
	case r.URL.Path == "/jwks":
		set, err := jose.JWKS(pipeline.TokenKey{ID: "k", Key: &p.key.PublicKey})
		if err != nil {
			panic(err)
		}
		_, _ = w.Write(set)
	case r.URL.Path == "/authorize":
		q := r.URL.Query()
		p.asked = append(p.asked, q)
		out := url.Values{"state": {q.Get("state")}, "iss": {p.issuer}}
		if p.refuse != nil {
			for k, v := range p.refuse {
				out[k] = v
			}
		} else {
			code := p.secret("upstream-code")
			p.codes[code] = q
			out.Set("code", code)
		}
		if p.answer != nil {
			p.answer(out)
		}
		w.Header().Set("Location", q.Get("redirect_uri")+"?"+out.Encode())
		w.WriteHeader(http.StatusSeeOther)
	case r.URL.Path == "/token":
		p.token(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		panic(err)
	}
	p.redeemed = append(p.redeemed, r.PostForm)
	user, pass, _ := r.BasicAuth()
	if user == "" {
		user, pass = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if user != "gateway" || pass != secretOfUpstream {
		p.write(w, 401, map[string]any{"error": "invalid_client"})
		return
	}
	out := map[string]any{"token_type": "Bearer", "expires_in": p.life, "scope": "openid profile"}
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		code := r.PostForm.Get("code")
		q := p.codes[code]
		delete(p.codes, code)
		if q == nil || challengeOf(r.PostForm.Get("code_verifier")) != q.Get("code_challenge") || r.PostForm.Get("redirect_uri") != q.Get("redirect_uri") {
			p.write(w, 400, map[string]any{"error": "invalid_grant"})
			return
		}
		p.w.secret(r.PostForm.Get("code_verifier"), q.Get("nonce"))
		claims := map[string]any{
			"iss": p.issuer, "sub": p.user, "aud": "gateway", "nonce": q.Get("nonce"), "email": p.user + "@example.com",
			"iat": p.w.clock.now().Unix(), "exp": p.w.clock.now().Add(time.Hour).Unix(), "roles": []string{"Reader"}, "email_verified": true,
		}
		if p.claims != nil {
			p.claims(claims)
		}
		if p.sign != nil {
			out["id_token"] = p.sign(claims)
		} else {
			id, err := jose.Sign(claims, p.key, "k", "JWT")
			if err != nil {
				panic(err)
			}
			out["id_token"] = id
		}
		p.w.secret(out["id_token"].(string))
		p.refresh = p.secret("upstream-refresh")
		out["refresh_token"] = p.refresh
	case "refresh_token":
		if p.dead || r.PostForm.Get("refresh_token") != p.refresh {
			p.write(w, 400, map[string]any{"error": "invalid_grant", "error_description": "gone: " + r.PostForm.Get("refresh_token")})
			return
		}
		if !p.noRenew {
			p.refresh = p.secret("upstream-refresh")
			out["refresh_token"] = p.refresh
		}
	}
	out["access_token"] = p.secret("upstream-access")
	p.write(w, 200, out)
}

func (p *idp) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

// direct asks a handler without a network.
func direct(t testing.TB, h http.Handler, r *http.Request) *answerOf {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	a := &answerOf{status: rec.Code, header: rec.Header(), body: rec.Body.String()}
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), a); err != nil {
			t.Errorf("%s: %v", a.body, err)
		}
	}
	return a
}

// member is a member of a JSON object.
func member(t testing.TB, body, name string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	s, _ := m[name].(string)
	return s
}

// grantOf is the grant of an access token.
func grantOf(t testing.TB, w *world, a *answerOf) string {
	t.Helper()
	o, err := w.nodes[0].examine(context.Background(), a.Access)
	if err != nil {
		t.Fatal(err)
	}
	return o.caller.Grant
}
