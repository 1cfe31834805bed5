package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
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

	"github.com/rogpeppe/go-internal/testscript"

	"sekisho/engine/assembly"
	"sekisho/engine/config"
	"sekisho/engine/gateway"
	"sekisho/engine/source"
)

// shop is an OAuth provider that grants everything, and a service that wants its tokens.
func shop(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {"the-code"}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_secret") != "the-client-secret" {
			w.WriteHeader(401)
			io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": "canary-access", "refresh_token": "canary-refresh", "expires_in": 3600, "tenant": "acme"})
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// served is a gateway that serves a folder.
type served struct {
	*gateway.Gateway
	folder string
	log    *output
}

// shopGateway serves a folder with a connection to the shop, and an API that uses it.
func shopGateway(t *testing.T, idp, backend string) *served {
	t.Helper()
	s := &served{folder: t.TempDir(), log: &output{}}
	for name, content := range map[string]string{
		"gateway.yaml": `credentialManager:
  providers:
    declared:
      settings:
        clientId: the-client
        clientSecret: the-client-secret
        authorizationUrl: ` + idp + `/authorize
        tokenUrl: ` + idp + `/token
      connections:
        bot: {}
apis:
  default:
    serviceUrl: ` + backend + `
    subscriptionRequired: false
    policy: policy.xml
    operations:
      get: {method: GET, urlTemplate: /*}
`,
		"policy.xml": `<policies><inbound><base />
  <get-authorization-context provider-id="declared" authorization-id="bot" context-variable-name="auth" />
  <set-header name="Authorization" exists-action="override">
    <value>@("Bearer " + ((Authorization)context.Variables["auth"]).AccessToken)</value>
  </set-header>
  <set-header name="X-Tenant" exists-action="override">
    <value>@((string)((Authorization)context.Variables["auth"]).Claims["tenant"])</value>
  </set-header>
</inbound></policies>`,
	} {
		if err := os.WriteFile(filepath.Join(s.folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	setup := assembly.Setup(assembly.Options{Env: func(string) (string, bool) { return "", false }, Notice: func(string) {}})
	setup.Path, setup.Listen, setup.Admin = s.folder, []string{"127.0.0.1:0"}, "127.0.0.1:0"
	setup.Log = func(config.Logging) slog.Handler {
		return slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})
	}
	var diags source.List
	if s.Gateway = gateway.Open(setup, &diags); s.Gateway == nil {
		source.WriteText(s.log, diags.Sorted(), source.TextOptions{})
		t.Fatalf("the folder does not load:\n%s", s.log)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

// output collects what several goroutines write.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// TestConnections runs the scripts of testdata/connections beside a gateway.
func TestConnections(t *testing.T) {
	idp := shop(t)
	h := shopGateway(t, idp.URL, idp.URL)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/connections", UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ADMIN", h.AdminAddress())
			e.Setenv("FOLDER", h.folder)
			e.Setenv("IDP", idp.URL)
			return nil
		},
	})
}

var loginLink = regexp.MustCompile(`https?://\S+/login\?link=\S+`)

// TestConnectionsLogin is the story of a connection: the command prints a link and waits,
// somebody consents in a browser, the command returns, and a policy uses the token.
func TestConnectionsLogin(t *testing.T) {
	idp := shop(t)
	received := make(chan http.Header, 1)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		received <- r.Header
		io.WriteString(w, "fine")
	}))
	t.Cleanup(backend.Close)
	h := shopGateway(t, idp.URL, backend.URL)
	where := []string{"--folder", h.folder, "--admin", h.AdminAddress()}

	out, in := io.Pipe()
	var complaints bytes.Buffer
	done := make(chan int)
	go func() {
		code := run(append([]string{"connections", "login", "declared/bot"}, where...), streams{strings.NewReader(""), in, &complaints})
		in.Close()
		done <- code
	}()
	lines := bufio.NewScanner(out)
	link := ""
	for link == "" && lines.Scan() {
		link = loginLink.FindString(lines.Text())
	}
	if link == "" {
		t.Fatalf("no link; the command ends with %d: %s", <-done, complaints.String())
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	person := &http.Client{Jar: jar}
	page := fetch(t, person, http.MethodGet, link, nil)
	form := url.Values{}
	for _, f := range regexp.MustCompile(`name="(link|token)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		form.Set(f[1], f[2])
	}
	at, _, _ := strings.Cut(link, "?")
	if got := fetch(t, person, http.MethodPost, at, form); !strings.Contains(got, "<h1>Connected</h1>") {
		t.Fatalf("after the consent:\n%s\n%s", got, h.log)
	}
	rest, _ := io.ReadAll(out)
	if code := <-done; code != exitOK {
		t.Fatalf("the command ends with %d: %s", code, complaints.String())
	}
	var tested bytes.Buffer
	if code := run(append([]string{"connections", "test", "declared/bot"}, where...), streams{strings.NewReader(""), &tested, &complaints}); code != exitOK || !strings.Contains(tested.String(), "declared/bot: connected; the token is good for") {
		t.Errorf("test: %d %s%s", code, tested.String(), complaints.String())
	}
	if got := fetch(t, person, http.MethodGet, "http://"+h.Addresses()[0]+"/x", nil); got != "fine" {
		t.Fatalf("the API answers %q\n%s", got, h.log)
	}
	if got := <-received; got.Get("Authorization") != "Bearer canary-access" || got.Get("X-Tenant") != "acme" {
		t.Errorf("the backend received %q", got)
	}
	if code := run(append([]string{"connections", "revoke", "declared/bot"}, where...), streams{strings.NewReader(""), &tested, &complaints}); code != exitOK || !strings.Contains(tested.String(), "declared/bot: revoked") {
		t.Errorf("revoke: %d %s%s", code, tested.String(), complaints.String())
	}
	token, err := os.ReadFile(h.folder + "/.sekisho/admin.token")
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"canary-access", "canary-refresh", "the-client-secret", "the-code", strings.TrimSpace(string(token))} {
		if strings.Contains(string(rest)+tested.String()+complaints.String()+h.log.String(), secret) {
			t.Errorf("a secret is printed or logged")
		}
	}
}

func fetch(t *testing.T, c *http.Client, method, u string, form url.Values) string {
	t.Helper()
	r, err := http.NewRequest(method, u, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
