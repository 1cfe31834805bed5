package authserver

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// A client that is not ours: x/oauth2, with PKCE and a resource, by its own choice of how
// to authenticate.
func TestOAuth2Library(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ id, secret string }{{"app", ""}, {"server", secretOfClient}} {
		conf := &oauth2.Config{
			ClientID: c.id, ClientSecret: c.secret, RedirectURL: redirectURI, Scopes: []string{"orders.read", "offline_access"},
			Endpoint: oauth2.Endpoint{AuthURL: w.gateway.URL + Prefix + "authorize", TokenURL: w.gateway.URL + Prefix + "token"},
		}
		verifier := oauth2.GenerateVerifier()
		w.secret(verifier)
		at := conf.AuthCodeURL("its state", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("resource", w.resource()))
		q := w.browser().login(at).params()
		if q.Get("state") != "its state" {
			t.Fatalf("the answer is %v", q)
		}
		tok, err := conf.Exchange(context.Background(), q.Get("code"), oauth2.VerifierOption(verifier), oauth2.SetAuthURLParam("resource", w.resource()))
		if err != nil {
			t.Fatal(err)
		}
		w.secret(tok.AccessToken, tok.RefreshToken)
		if err := w.good(1, tok.AccessToken); err != nil || tok.Type() != "Bearer" {
			t.Error(err)
		}
		tok.Expiry = w.clock.now().AddDate(-10, 0, 0)
		next, err := conf.TokenSource(context.Background(), tok).Token()
		if err != nil || next.AccessToken == tok.AccessToken || next.RefreshToken == tok.RefreshToken {
			t.Errorf("the refresh: %v", err)
		}
		w.secret(next.AccessToken, next.RefreshToken)
	}
}

// A client with a metadata document, whose code goes to this machine, is shown with its
// host and a warning (5.2.6).
func TestDocumentClient(t *testing.T) {
	var doc []byte
	site := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write(doc)
	}))
	defer site.Close()
	roots := x509.NewCertPool()
	roots.AddCert(site.Certificate())
	u, err := url.Parse(site.URL)
	if err != nil {
		t.Fatal(err)
	}
	id := site.URL + "/client.json"
	if doc, err = json.Marshal(map[string]any{
		"client_id": id, "client_name": "An editor", "redirect_uris": []string{"http://127.0.0.1/cb"}, "grant_types": []string{"authorization_code", "refresh_token"},
		"token_endpoint_auth_method": "none",
	}); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(w *world) { w.config.Clients.AllowedHosts, w.config.Clients.Roots = []string{u.Host}, roots })
	b := w.browser()
	const back = "http://127.0.0.1:43210/cb"
	p := b.get(w.asking("client_id", id, "redirect_uri", back))
	p.wants(200, "An editor", "published by <strong><bdi>"+u.Host, "127.0.0.1:43210", "any program here may say that it is this application")
	if strings.Contains(b.get(w.asking()).body, "any program here") {
		t.Error("the warning is there for all")
	}
	q := b.login(w.asking("client_id", id, "redirect_uri", back)).params()
	a := w.call("token", w.exchanging(q.Get("code"), "client_id", id, "redirect_uri", back))
	a.wants(t, 200, "")
	w.renew(a.Refresh, "client_id", id).wants(t, 200, "")
	// Another port is another program: it asks again.
	if r := b.get(w.asking("client_id", id, "redirect_uri", "http://127.0.0.1:43211/cb")); r.status != 200 {
		t.Errorf("another port: status %d", r.status)
	}
	if r := b.get(w.asking("client_id", site.URL+"/Client.json", "redirect_uri", back)); r.status != 400 {
		t.Errorf("a document of another client: status %d", r.status)
	}
}

// What the identity provider grants, what clients are given, and what users' cookies say
// is in no log: newWorld's cleanup looks after every test, and here after failures.
func TestCanary(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	a := w.tokens(b)
	code := b.code()
	w.call("token", w.exchanging(code, "code_verifier", verifierOf("x")))
	w.call("token", w.exchanging(code))
	w.renew(a.Refresh)
	w.clock.advance(defaultRefreshGrace)
	w.renew(a.Refresh).wants(t, 400, "invalid_grant")
	w.idp.set(func() { w.idp.claims = func(c map[string]any) { c["nonce"] = "x" } })
	b.login(w.asking())
	w.nodes[0].o.Store = brokenStore{}
	if r := b.get(w.asking()); r.status != 500 || strings.Contains(r.body, "disk") {
		t.Errorf("a broken store: status %d: %s", r.status, r.body)
	}
	w.call("token", w.exchanging(verifierOf("code"))).wants(t, 500, "server_error")
	w.nodes[0].o.Store = w.store.Records()
	if log := w.log.String(); !strings.Contains(log, "used again") || !strings.Contains(log, "a login failed") || !strings.Contains(log, "the disk is gone") {
		t.Errorf("the log does not say what has happened: %s", log)
	}
	n := 0
	w.secrets.Range(func(any, any) bool { n++; return true })
	if n < 20 {
		t.Errorf("only %d secrets were looked for", n)
	}
}
