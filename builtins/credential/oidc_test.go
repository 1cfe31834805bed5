package credential

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
	"sekisho/builtins/jose"
	"sekisho/engine/missing"
	"sekisho/engine/pipeline"
)

// op is npm's oidc-provider, running.
type op struct {
	t      *testing.T
	issuer string
}

// counted is what it has counted.
type counted struct {
	Refreshes int      `json:"refresh_token"`
	Codes     int      `json:"authorization_code"`
	Machines  int      `json:"client_credentials"`
	Errors    []string `json:"errors"`
	Revoked   int      `json:"revoked"`
}

func (p *op) counted() counted {
	p.t.Helper()
	resp, err := http.Get(p.issuer + "/counted")
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	var c counted
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
		p.t.Fatal(err)
	}
	return c
}

// installed is a folder with the provider and what it needs, kept between runs.
func installed(t *testing.T) string {
	t.Helper()
	version, err := exec.Command("node", "--version").Output()
	if err != nil {
		missing.Part(t, "node is not installed: %v", err)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(string(version), "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < 20 {
		missing.Part(t, "node %s is older than 20", strings.TrimSpace(string(version)))
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	lock, err := os.ReadFile("testdata/oidc-provider/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "sekisho-test", "oidc-provider-"+oauth.Challenge(string(lock))[:12])
	if _, err := os.Stat(filepath.Join(dir, "done")); err != nil {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"package.json", "package-lock.json"} {
			copyFile(t, filepath.Join("testdata/oidc-provider", name), filepath.Join(dir, name))
		}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			missing.Part(t, "oidc-provider cannot be installed: %v\n%s", err, out)
		}
		if err := os.WriteFile(filepath.Join(dir, "done"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	copyFile(t, "testdata/oidc-provider/provider.mjs", filepath.Join(dir, "provider.mjs"))
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// startOP starts the provider. It ends with its standard input.
func startOP(t *testing.T, redirectURI string, life time.Duration) *op {
	t.Helper()
	cmd := exec.Command("node", "provider.mjs")
	cmd.Dir = installed(t)
	cmd.Env = append(os.Environ(), "REDIRECT_URI="+redirectURI, "ACCESS_TOKEN_SECONDS="+strconv.Itoa(int(life.Seconds())))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the provider says:\n%s", said.String())
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "http://") {
			go io.Copy(io.Discard, out)
			return &op{t, lines.Text()}
		}
	}
	in.Close()
	_ = cmd.Wait()
	t.Fatalf("the provider does not start:\n%s", said.String())
	return nil
}

// transport sends what package jose asks for.
type transport struct{}

func (transport) Send(ctx context.Context, r *pipeline.Request, o pipeline.SendOptions) (*pipeline.Response, error) {
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

// newRealWorld is a world with the system's clock, real tokens and a provider that is
// npm's. The folder of its store is in the second result.
func newRealWorld(t *testing.T, life time.Duration) (*world, *op, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := openReal(dir)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := jose.New(jose.Options{Transport: transport{}, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: s, log: &transcript{}}
	if w.m, w.cache, err = newReal(s, tokens); err != nil {
		t.Fatal(err)
	}
	w.m.o.Log = slog.New(slog.NewJSONHandler(w.log, nil))
	t.Cleanup(func() {
		w.m.Close()
		w.cache.Close()
		tokens.Close()
		s.Close()
	})
	w.gateway = httptest.NewServer(w.m.Public())
	t.Cleanup(w.gateway.Close)
	if err := w.m.Configure(context.Background(), Settings{PublicURL: w.gateway.URL}); err != nil {
		t.Fatal(err)
	}
	return w, startOP(t, w.gateway.URL+Prefix+"callback/p", life), dir
}

var formAction = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// logIn goes through the provider's pages: a name and a password, then the consent.
func (b *browser) logIn(p *page) *page {
	b.t.Helper()
	for range 5 {
		action := formAction.FindStringSubmatch(p.body)
		if action == nil || strings.Contains(p.url, Prefix) {
			return p
		}
		base, err := url.Parse(p.url)
		if err != nil {
			b.t.Fatal(err)
		}
		to, err := base.Parse(action[1])
		if err != nil {
			b.t.Fatal(err)
		}
		form := url.Values{}
		for _, h := range hidden.FindAllStringSubmatch(p.body, -1) {
			form.Set(h[1], h[2])
		}
		if strings.Contains(p.body, `name="login"`) {
			form.Set("login", "alice")
			form.Set("password", "any")
		}
		p = b.read(b.PostForm(to.String(), form))
	}
	b.t.Fatalf("the provider's pages do not end: %s\n%s", p.url, p.body)
	return nil
}

// TestOIDCProvider is the whole life of a connection at a provider that is not ours:
// discovery, keys, consent with PKCE and nonce, rotation, revocation.
func TestOIDCProvider(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		settings   func(issuer string) map[string]string
	}{
		{"endpoints given", "oauth2pkce", func(issuer string) map[string]string {
			return map[string]string{
				"clientId": "the-client", "clientSecret": "the-client-secret", "scopes": "openid offline_access",
				"authorizationUrl": issuer + "/auth?prompt=consent", "tokenUrl": issuer + "/token", "revocationUrl": issuer + "/token/revocation",
				"openIdConfiguration": issuer + "/.well-known/openid-configuration",
			}
		}},
		{"discovered and registered", "oauth21", func(issuer string) map[string]string {
			return map[string]string{"serverUrl": issuer, "scopes": "openid offline_access"}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, provider, _ := newRealWorld(t, time.Hour)
			ctx := context.Background()
			w.provide(c.kind, GrantCode, c.settings(provider.issuer))
			user := store.Subject{Issuer: provider.issuer, Subject: "alice"}

			b := newBrowser(t)
			first := b.press(b.open(w.link(LinkRequest{User: user})))
			done := b.logIn(first)
			if done.status != 200 || !strings.Contains(done.body, "<h1>Connected</h1>") {
				t.Fatalf("after the consent: %d %s\n%s\n%s", done.status, done.url, done.body, w.log)
			}
			before := w.connection()
			if before.Tokens == nil || before.Tokens.Refresh.IsZero() || before.Tokens.Expires.IsZero() {
				t.Fatal("the consent brought no refresh token")
			}
			token := w.token()
			if !userinfo(t, provider, token, "alice") {
				t.Error("the provider does not know its token")
			}

			// Another user at the same provider must not finish a link for alice.
			other := newBrowser(t)
			page := other.press(other.open(w.link(LinkRequest{User: store.Subject{Issuer: provider.issuer, Subject: "bob"}})))
			if done := other.logIn(page); done.status != 400 || w.connection().Version != before.Version {
				t.Errorf("a consent of alice for bob: %d", done.status)
			}

			// The end of the token, as if an hour had passed.
			w.age(before)
			again := w.token()
			after := w.connection()
			if again == token || after.Tokens.Refresh.Equal(before.Tokens.Refresh) {
				t.Error("the provider did not rotate")
			}
			if n := provider.counted(); n.Refreshes != 1 || len(n.Errors) != 0 {
				t.Errorf("the provider counted %d refreshes, errors %q", n.Refreshes, n.Errors)
			}
			if err := w.m.Revoke(ctx, theKey); err != nil {
				t.Fatal(err)
			}
			if n := provider.counted(); n.Revoked == 0 {
				t.Error("the refresh token was not revoked at the provider")
			}
			if userinfo(t, provider, again, "alice") {
				t.Error("the access token outlived its revocation")
			}
			for _, secret := range []string{token, again, before.Tokens.Refresh.Reveal(), after.Tokens.Refresh.Reveal(), "the-client-secret"} {
				if strings.Contains(w.log.String(), secret) {
					t.Error("a secret is in the log")
				}
			}
		})
	}
}

// age makes a connection's token old.
func (w *world) age(c *store.Connection) {
	w.t.Helper()
	tokens := *c.Tokens
	tokens.Obtained, tokens.Expires = time.Now().Add(-time.Hour), time.Now().Add(-time.Second)
	if _, err := w.store.SaveTokens(context.Background(), c.Key, store.Guard{Version: c.Version}, &tokens, c.Status); err != nil {
		w.t.Fatal(err)
	}
	w.m.forget(c.Key)
}

// userinfo tells whether the provider takes a token, and for whose.
func userinfo(t *testing.T, p *op, token, want string) bool {
	t.Helper()
	r, err := http.NewRequest("GET", p.issuer+"/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var who struct{ Sub string }
	_ = json.NewDecoder(resp.Body).Decode(&who) // a refusal is not JSON with a sub
	return resp.StatusCode == 200 && who.Sub == want
}

// TestOIDCProviderReuse: a refresh token that comes twice ends the grant there, and the
// connection says that it needs a consent.
func TestOIDCProviderReuse(t *testing.T) {
	w, provider, _ := newRealWorld(t, time.Hour)
	w.provide("oauth2pkce", GrantCode, map[string]string{
		"clientId": "the-client", "clientSecret": "the-client-secret", "scopes": "openid offline_access",
		"authorizationUrl": provider.issuer + "/auth?prompt=consent", "tokenUrl": provider.issuer + "/token",
		"openIdConfiguration": provider.issuer + "/.well-known/openid-configuration",
	})
	b := newBrowser(t)
	if done := b.logIn(b.press(b.open(w.link(LinkRequest{})))); done.status != 200 {
		t.Fatalf("after the consent: %d\n%s", done.status, done.body)
	}
	stolen := w.connection()
	w.age(stolen)
	w.token()
	// A thief uses what has been rotated away.
	p, err := w.m.client(context.Background(), stolen, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.m.o.Client.Refresh(context.Background(), p, stolen.Tokens.Refresh.Reveal()); err == nil {
		t.Fatal("the provider does not detect a reuse")
	}
	w.age(w.connection())
	_, err = w.ask()
	w.refused(err, CodeState)
	if c := w.connection(); c.Status.State != store.NeedsConsent || c.Tokens == nil {
		t.Errorf("the connection is %s (%s)", c.Status.State, c.Status.Reason)
	}
	if done := b.logIn(b.press(b.open(w.link(LinkRequest{})))); done.status != 200 {
		t.Fatalf("after the second consent: %d\n%s", done.status, done.body)
	}
	w.token()
}

// TestOIDCProviderMachine obtains tokens by client credentials.
func TestOIDCProviderMachine(t *testing.T) {
	w, provider, _ := newRealWorld(t, time.Hour)
	w.provide("oauth2", GrantClient, map[string]string{
		"clientId": "the-machine", "clientSecret": "the-machine-secret", "tokenUrl": provider.issuer + "/token", "clientAuthentication": "basic",
	})
	w.token()
	w.age(w.connection())
	w.token()
	if n := provider.counted(); n.Machines != 2 || len(n.Errors) != 0 {
		t.Errorf("the provider counted %d, errors %q", n.Machines, n.Errors)
	}
}

// TestRace has 200 callers in each of 3 processes ask at the end of a token's life, several
// times over: the provider, which rotates refresh tokens and ends the grant if one comes
// twice, sees one refresh each time.
func TestRace(t *testing.T) {
	const life = 6 * time.Second
	w, provider, dir := newRealWorld(t, life)
	w.provide("oauth2pkce", GrantCode, map[string]string{
		"clientId": "the-client", "clientSecret": "the-client-secret", "scopes": "openid offline_access",
		"authorizationUrl": provider.issuer + "/auth?prompt=consent", "tokenUrl": provider.issuer + "/token",
		"openIdConfiguration": provider.issuer + "/.well-known/openid-configuration",
	})
	b := newBrowser(t)
	if done := b.logIn(b.press(b.open(w.link(LinkRequest{})))); done.status != 200 {
		t.Fatalf("after the consent: %d\n%s", done.status, done.body)
	}
	var others []*process
	for range 3 {
		others = append(others, startProcess(t, dir))
	}
	for round := 1; round <= 3; round++ {
		time.Sleep(time.Until(w.connection().Tokens.Expires) + 10*time.Millisecond)
		for _, p := range others {
			p.ask(200)
		}
		distinct := map[string]bool{}
		for _, p := range others {
			o, ok := p.answer()
			if !ok {
				t.Fatal("a process has died")
			}
			if len(o.Errors) > 0 {
				t.Errorf("round %d: %d callers failed, the first with %s", round, len(o.Errors), o.Errors[0])
			}
			for _, tok := range o.Tokens {
				distinct[tok] = true
			}
		}
		n := provider.counted()
		if n.Refreshes != round || len(n.Errors) > 0 || len(distinct) != 1 {
			t.Errorf("round %d: %d refreshes, %d tokens, errors %q", round, n.Refreshes, len(distinct), n.Errors)
		}
	}
	if c := w.connection(); c.Status.State != store.Connected {
		t.Errorf("the connection is %s (%s)", c.Status.State, c.Status.Reason)
	}
}
