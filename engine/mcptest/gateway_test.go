package mcptest

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/enginetest"
	"sekisho/engine/gateway"
)

// callback is where identity providers send browsers back to.
const callback = "/.sekisho/oauth/callback"

// startGateway serves a folder at an address, with the system's clock.
func startGateway(t *testing.T, address string, files map[string]string) *enginetest.Harness {
	t.Helper()
	h := enginetest.Start(t, enginetest.Folder(t, files), func(o *gateway.Setup) {
		o.Now, o.Listen = time.Now, []string{address}
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the gateway says:\n%s", tail(h.Log.String(), 20))
		}
	})
	return h
}

// idp is an identity provider that runs.
type idp struct{ issuer, entra string }

// startIDP starts npm's oidc-provider for a gateway, as Entra ID if tenant is not "".
func startIDP(t *testing.T, gateway, tenant string) idp {
	t.Helper()
	redirects, err := json.Marshal([]string{gateway + callback})
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"REDIRECT_URIS=" + string(redirects)}
	if tenant != "" {
		env = append(env, "ENTRA="+tenant)
	}
	issuer, _ := startNode(t, "provider.mjs", env...)
	return idp{issuer, tenant}
}

// counts is what it was asked for.
func (p idp) counts(t *testing.T) (c struct {
	Authorizations, Resources, BareScopes, Tokens int
	Errors                                        []string
	LastLogin                                     string // the latest URL that a browser brought
}) {
	t.Helper()
	root := strings.TrimSuffix(p.issuer, "/"+p.entra+"/v2.0")
	resp, err := http.Get(root + "/counted")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// yaml is the identityProvider of gateway.yaml.
func (p idp) yaml() string {
	if p.entra == "" {
		return fmt.Sprintf("{ type: oidc, issuer: %q, clientId: the-gateway, clientSecret: the-gateway-secret }", p.issuer)
	}
	return fmt.Sprintf("{ type: entra, authority: %q, tenantId: %s, clientId: the-gateway, clientSecret: the-gateway-secret }",
		strings.TrimSuffix(p.issuer, "/"+p.entra+"/v2.0"), p.entra)
}

// documents serves client metadata documents over https, under a certificate that only
// those trust who are told to.
type documents struct {
	host string // and port
	pem  string // a file

	mu      sync.Mutex
	fetched map[string]int
}

// startDocuments serves documents of clients whose codes go to loopback.
func startDocuments(t *testing.T) *documents {
	t.Helper()
	d := &documents{fetched: map[string]int{}}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		d.fetched[r.URL.Path]++
		d.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "max-age=60")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"client_id": "https://" + d.host + r.URL.Path, "client_name": "A client with a document",
			"redirect_uris": []string{"http://127.0.0.1/callback", "http://127.0.0.1/oauth/callback"},
			"grant_types":   []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"},
			"token_endpoint_auth_method": "none",
		})
	}))
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	d.host = s.Listener.Addr().String()
	d.pem = filepath.Join(t.TempDir(), "authority.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(d.pem, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return d
}

// fresh is the URL of a document that nobody has asked for.
func (d *documents) fresh() string { return "https://" + d.host + "/" + rand.Text() + ".json" }

// asked tells whether somebody has.
func (d *documents) asked(url string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fetched[strings.TrimPrefix(url, "https://"+d.host)] > 0
}
