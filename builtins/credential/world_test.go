package credential

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/builtins/credential/keys"
	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
	"sekisho/builtins/jose"
	"sekisho/builtins/tokencache"
	"sekisho/engine/dotnet/apim"
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

// world is a Manager on a store in a file, a gateway that serves its pages, and a
// provider.
type world struct {
	t       testing.TB
	clock   *clock
	store   store.Store
	cache   *tokencache.Cache
	m       *Manager
	idp     *idp
	gateway *httptest.Server
	log     *transcript
}

var theKey = store.Key{Provider: "p", Connection: "c"}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{t: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}, log: &transcript{}}
	w.idp = newIDP(t, w.clock.now)
	dir := t.TempDir()
	s, err := store.Open(context.Background(), store.Options{
		Path: filepath.Join(dir, "c.db"), Now: w.clock.now, Keys: keys.Options{Source: "file:" + filepath.Join(dir, "master.key")},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.store = s
	w.m, w.cache = w.manager()
	t.Cleanup(func() {
		w.m.Close()
		w.cache.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.gateway = httptest.NewServer(w.m.Public())
	t.Cleanup(w.gateway.Close)
	w.configure(Settings{})
	return w
}

// manager makes a Manager on the world's store, as another process has one.
func (w *world) manager() (*Manager, *tokencache.Cache) {
	w.t.Helper()
	log := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cache, err := tokencache.New(tokencache.Options{Now: w.clock.now, Log: log})
	if err != nil {
		w.t.Fatal(err)
	}
	return New(Options{
		Store: w.store, Client: oauth.NewClient(oauth.ClientOptions{Timeout: 5 * time.Second, Now: w.clock.now}),
		Cache: cache, Tokens: w.idp, Now: w.clock.now, Log: log, LeaseTTL: time.Second,
	}), cache
}

func (w *world) configure(s Settings) {
	w.t.Helper()
	if s.PublicURL == "" {
		s.PublicURL = w.gateway.URL
	}
	s.TokenIssuers = []string{w.idp.url + "/.well-known/openid-configuration"}
	if err := w.m.Configure(context.Background(), s); err != nil {
		w.t.Fatal(err)
	}
}

// settings are those of a provider that is the world's.
func (w *world) settings(more ...string) map[string]string {
	s := map[string]string{
		"clientId": "the-client", "clientSecret": "the-client-secret", "authorizationUrl": w.idp.url + "/authorize", "tokenUrl": w.idp.url + "/token",
		"revocationUrl": w.idp.url + "/revoke", "scopes": "read",
	}
	for i := 0; i < len(more); i += 2 {
		s[more[i]] = more[i+1]
	}
	return s
}

// provide makes the provider p with the connection c.
func (w *world) provide(kind, grant string, settings map[string]string) {
	w.t.Helper()
	ctx := context.Background()
	p := &store.Provider{ID: theKey.Provider, DisplayName: "The <Provider>", IdentityProvider: kind, Grant: grant}
	p.Settings, p.Secrets = Split(settings)
	if _, err := w.m.PutProvider(ctx, p, store.Always); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.m.PutConnection(ctx, &store.Connection{Key: theKey}, store.Always); err != nil {
		w.t.Fatal(err)
	}
}

// connect gives the connection tokens, without a browser.
func (w *world) connect() {
	w.t.Helper()
	if err := w.m.connect(context.Background(), theKey, w.idp.grant()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) link(r LinkRequest) string {
	w.t.Helper()
	link, err := w.m.Link(context.Background(), theKey, r)
	if err != nil {
		w.t.Fatal(err)
	}
	return link
}

func (w *world) connection() *store.Connection {
	w.t.Helper()
	c, err := w.store.Connection(context.Background(), theKey)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// state waits for the connection to be in a state, as renewals go on in the background.
func (w *world) state(want store.State) *store.Connection {
	w.t.Helper()
	var c *store.Connection
	for range 500 {
		if c = w.connection(); c.Status.State == want {
			return c
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatalf("the connection is %s (%s), want %s", c.Status.State, c.Status.Reason, want)
	return nil
}

// ask is what the policy does.
func (w *world) ask() (*apim.Authorization, error) {
	return w.m.Authorization(context.Background(), pipeline.AuthorizationRequest{Provider: theKey.Provider, Connection: theKey.Connection})
}

func (w *world) token() string {
	w.t.Helper()
	a, err := w.ask()
	if err != nil {
		w.t.Fatal(err)
	}
	return a.AccessToken
}

// refused wants an Error with a code.
func (w *world) refused(err error, code string) {
	w.t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code {
		w.t.Errorf("got %v, want an error with the code %s", err, code)
	}
}

// silent wants no secret of the provider in the log.
func (w *world) silent() {
	w.t.Helper()
	log := w.log.String()
	for _, s := range append(w.idp.issued(), "the-client-secret") {
		if strings.Contains(log, s) {
			w.t.Errorf("a secret is in the log")
		}
	}
}

// browser is a person's browser: it has cookies and follows redirects, but stops where
// stop says.
type browser struct {
	*http.Client
	t *testing.T
	// stop is a part of the URL that it does not go to; what it would be is in at.
	stop string
	at   string
}

func newBrowser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t}
	b.Client = &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if b.stop != "" && strings.Contains(r.URL.String(), b.stop) {
			b.at = r.URL.String()
			return http.ErrUseLastResponse
		}
		if len(via) > 10 {
			return errors.New("too many redirects")
		}
		return nil
	}}
	return b
}

// page is what a browser shows.
type page struct {
	status int
	header http.Header
	body   string
	url    string
}

func (b *browser) read(resp *http.Response, err error) *page {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return &page{resp.StatusCode, resp.Header, string(body), resp.Request.URL.String()}
}

func (b *browser) open(u string) *page {
	b.t.Helper()
	return b.read(b.Get(u))
}

// field is the value of a hidden field.
func (p *page) field(name string) string {
	_, rest, _ := strings.Cut(p.body, `name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// press presses the button of the page of a link.
func (b *browser) press(p *page) *page {
	b.t.Helper()
	at, _, _ := strings.Cut(p.url, "?")
	return b.read(b.PostForm(at, url.Values{"link": {p.field("link")}, "token": {p.field("token")}}))
}

// idp is a provider that insists: on PKCE, on its client's secret, on codes and refresh
// tokens that are good once.
type idp struct {
	t      testing.TB
	now    func() time.Time
	server *httptest.Server
	url    string
	key    *ecdsa.PrivateKey

	mu sync.Mutex
	// How it behaves.
	life      time.Duration
	rotate    bool   // refresh tokens are good once
	noRefresh bool   // refreshes bring no new refresh token
	fail      int    // status of token requests, 0 for success
	errorBody string // with fail
	hang      int    // how many token requests are answered after their effect only, too late
	deny      string // the error that authorization ends with
	iss       string // "" for none
	subject   string
	nonce     string // in place of the right one
	audience  string // in place of the right one

	n        int
	codes    map[string]url.Values // code → authorization request
	refresh  map[string]bool       // live refresh tokens
	all      []string              // all secrets ever issued
	requests map[string]int        // by grant type
	revoked  []string
	seen     []url.Values // token requests
}

func newIDP(t testing.TB, now func() time.Time) *idp {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &idp{t: t, now: now, key: key, life: time.Hour, subject: "alice", codes: map[string]url.Values{}, refresh: map[string]bool{}, requests: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("POST /revoke", p.revoke)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"issuer": p.url, "authorization_endpoint": p.url + "/authorize", "token_endpoint": p.url + "/token"})
	})
	p.server = httptest.NewServer(mux)
	p.url = p.server.URL
	t.Cleanup(p.server.Close)
	return p
}

// set changes how it behaves.
func (p *idp) set(f func(p *idp)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

func (p *idp) count(grant string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[grant]
}

// request is the n-th request for a token.
func (p *idp) request(n int) url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[n]
}

// gone are the tokens that were revoked.
func (p *idp) gone() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.revoked...)
}

func (p *idp) issued() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.all...)
}

func (p *idp) secret(kind string) string {
	p.n++
	s := fmt.Sprintf("%s-%d-canary-%s", kind, p.n, strings.ToLower(rand.Text()))
	p.all = append(p.all, s)
	return s
}

// grant grants tokens as if a code had been redeemed.
func (p *idp) grant() *oauth.Token {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &oauth.Token{Access: p.secret("access"), Refresh: p.secret("refresh"), Type: "Bearer", Obtained: p.now(), Expires: p.now().Add(p.life)}
	p.refresh[t.Refresh] = true
	t.Response = []byte(fmt.Sprintf(`{"access_token":%q,"refresh_token":%q,"token_type":"Bearer"}`, t.Access, t.Refresh))
	return t
}

func (p *idp) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != "the-client" || q.Get("state") == "" {
		http.Error(w, "bad request", 400)
		return
	}
	out := url.Values{"state": {q.Get("state")}}
	if p.iss != "" {
		out.Set("iss", p.iss)
	}
	if p.deny != "" {
		out.Set("error", "access_denied")
		out.Set("error_description", p.deny)
	} else {
		code := p.secret("code")
		p.codes[code] = q
		out.Set("code", code)
	}
	back.RawQuery = out.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.t.Error(err)
	}
	p.mu.Lock()
	form := r.PostForm
	p.seen = append(p.seen, form)
	grant := form.Get("grant_type")
	p.requests[grant]++
	refuse := func(status int, body string) {
		p.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
	if p.fail != 0 {
		refuse(p.fail, p.errorBody)
		return
	}
	if form.Get("client_id") != "the-client" || form.Get("client_secret") != "the-client-secret" {
		refuse(401, `{"error":"invalid_client"}`)
		return
	}
	answer := map[string]any{"token_type": "Bearer", "expires_in": int(p.life.Seconds()), "scope": "read", "account": map[string]any{"id": 7}, "level": 3, "ratio": 0.5, "admin": false}
	switch grant {
	case "authorization_code":
		asked, ok := p.codes[form.Get("code")]
		delete(p.codes, form.Get("code"))
		challenge := asked.Get("code_challenge")
		if !ok || asked.Get("redirect_uri") != form.Get("redirect_uri") || challenge != "" && oauth.Challenge(form.Get("code_verifier")) != challenge {
			refuse(400, `{"error":"invalid_grant"}`)
			return
		}
		if nonce := asked.Get("nonce"); nonce != "" {
			claims := map[string]any{"iss": p.url, "sub": p.subject, "aud": "the-client", "exp": p.now().Add(time.Hour).Unix(), "nonce": nonce}
			if p.nonce != "" {
				claims["nonce"] = p.nonce
			}
			if p.audience != "" {
				claims["aud"] = p.audience
			}
			answer["id_token"] = p.sign(claims)
		}
	case "refresh_token":
		old := form.Get("refresh_token")
		if !p.refresh[old] {
			refuse(400, `{"error":"invalid_grant","error_description":"refresh token `+old+` is unknown"}`)
			return
		}
		if p.rotate {
			delete(p.refresh, old)
		}
	case "client_credentials":
	default:
		refuse(400, `{"error":"unsupported_grant_type"}`)
		return
	}
	answer["access_token"] = p.secret("access")
	if grant == "authorization_code" || grant == "refresh_token" && !p.noRefresh {
		next := p.secret("refresh")
		p.refresh[next] = true
		answer["refresh_token"] = next
	}
	if p.hang > 0 {
		p.hang--
		p.mu.Unlock()
		// The answer is lost on its way.
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			p.t.Error(err)
			return
		}
		conn.Close()
		return
	}
	p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

func (p *idp) revoke(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.t.Error(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revoked = append(p.revoked, r.PostForm.Get("token"))
	delete(p.refresh, r.PostForm.Get("token"))
}

func (p *idp) sign(claims map[string]any) string {
	s, err := jose.Sign(claims, p.key, "k1", "JWT")
	if err != nil {
		p.t.Error(err)
	}
	return s
}

// Verify implements pipeline.Tokens for tokens of the idp.
func (p *idp) Verify(_ context.Context, token string, keys *pipeline.TokenKeys) (*pipeline.VerifiedToken, error) {
	v := &pipeline.VerifiedToken{Jwt: apim.ParseJwt(token)}
	if v.Jwt == nil || len(keys.OpenID) != 1 || keys.OpenID[0] != p.url+"/.well-known/openid-configuration" {
		return nil, &pipeline.TokenError{Reason: "TokenInvalid", Message: "no token"}
	}
	// The real verifier has its own tests; here it matters that it is asked.
	i := strings.LastIndexByte(token, '.')
	if !verifies(&p.key.PublicKey, token[:i], token[i+1:]) {
		return nil, &pipeline.TokenError{Reason: "TokenSignatureInvalid", Message: "the signature is not good"}
	}
	v.Issuers = []string{p.url}
	return v, nil
}
