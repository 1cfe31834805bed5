package management

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/credential"
	"sekisho/builtins/credential/keys"
	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
	"sekisho/builtins/tokencache"
)

const adminToken = "the-admin-token-0123456789"

// azure is a path as Azure's tools write it.
const azure = "/management/subscriptions/0/resourceGroups/rg/providers/Microsoft.ApiManagement/service/apim"

// api is the management API on a Manager of its own.
type api struct {
	t      *testing.T
	server *httptest.Server
	m      *credential.Manager
	// tokenURL is a token endpoint that grants everything.
	tokenURL string
}

func newAPI(t *testing.T, s credential.Settings) *api {
	t.Helper()
	dir := t.TempDir()
	now := func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	kept, err := store.Open(context.Background(), store.Options{Path: filepath.Join(dir, "c.db"), Now: now, Keys: keys.Options{Source: "file:" + filepath.Join(dir, "k")}})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := tokencache.New(tokencache.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	idp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"access_token":"canary-access","expires_in":600}`)
	}))
	m := credential.New(credential.Options{Store: kept, Cache: cache, Client: oauth.NewClient(oauth.ClientOptions{Now: now}), Now: now})
	if s.PublicURL == "" {
		s.PublicURL = "https://gw.example"
	}
	if err := m.Configure(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	a := &api{t: t, m: m, server: httptest.NewServer(New(Options{Manager: m, Token: func() string { return adminToken }}))}
	t.Cleanup(func() {
		a.server.Close()
		m.Close()
		cache.Close()
		kept.Close()
		idp.Close()
	})
	a.tokenURL = idp.URL + "/token"
	return a
}

type answer struct {
	status int
	header http.Header
	body   string
}

// at is a member of the body, by its path.
func (a *answer) at(path string) any {
	var v any
	if json.Unmarshal([]byte(a.body), &v) != nil {
		return nil
	}
	for _, name := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func (a *api) do(method, path, body string, header ...string) *answer {
	a.t.Helper()
	r, err := http.NewRequest(method, a.server.URL+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+adminToken)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if bytes.Contains(data, []byte("canary")) {
		a.t.Errorf("%s %s shows a secret: %s", method, path, data)
	}
	return &answer{resp.StatusCode, resp.Header, string(data)}
}

// want fails unless the status is as it should be.
func (a *api) want(status int, got *answer) *answer {
	a.t.Helper()
	if got.status != status {
		a.t.Errorf("status %d, want %d: %s", got.status, status, got.body)
	}
	return got
}

const providerBody = `{"properties":{"displayName":"GitHub","identityProvider":"github","oauth2":{"redirectUrl":"ignored","grantTypes":{"authorizationCode":{"clientId":"id","clientSecret":"canary-secret","scopes":"repo"}}}}}`
const connectionBody = `{"properties":{"authorizationType":"OAuth2","oauth2grantType":"AuthorizationCode"}}`

// TestAuthentication lets nobody in without the token.
func TestAuthentication(t *testing.T) {
	a := newAPI(t, credential.Settings{})
	for _, h := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Basic " + adminToken, adminToken, "Bearer " + adminToken + "x", "Bearer " + adminToken[:10], "bearer  " + adminToken} {
		got := a.want(401, a.do("GET", "/management/authorizationProviders", "", "Authorization", h))
		if got.header.Get("WWW-Authenticate") == "" || got.at("error.code") != "Unauthorized" {
			t.Errorf("%q: %v %s", h, got.header, got.body)
		}
	}
	a.want(200, a.do("GET", "/management/authorizationProviders", "", "Authorization", "bearer "+adminToken))
	closed := httptest.NewServer(New(Options{Manager: a.m, Token: func() string { return "" }}))
	defer closed.Close()
	r, _ := http.NewRequest("GET", closed.URL+"/management/authorizationProviders", nil)
	r.Header.Set("Authorization", "Bearer ")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 401 {
		t.Errorf("without a token of its own it answers %d", resp.StatusCode)
	}
}

// TestResources is the life of all resources, under Azure's path and under ours.
func TestResources(t *testing.T) {
	for name, prefix := range map[string]string{"Azure's path": azure, "the short path": "/management"} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, credential.Settings{})
			p := prefix + "/authorizationProviders/github"
			c := p + "/authorizations/bot"
			got := a.want(201, a.do("PUT", p+"?api-version=2022-08-01", providerBody))
			if got.header.Get("ETag") == "" || got.at("type") != "Microsoft.ApiManagement/service/authorizationProviders" || got.at("name") != "github" ||
				got.at("id") != strings.TrimPrefix(p, "/management") || got.at("properties.oauth2.grantTypes.authorizationCode.clientId") != "id" ||
				got.at("properties.oauth2.redirectUrl") != "https://gw.example/.sekisho/connections/callback/github" {
				t.Errorf("the provider reads %s", got.body)
			}
			a.want(200, a.do("PUT", p, providerBody))
			a.want(201, a.do("PUT", c, connectionBody))
			got = a.want(200, a.do("GET", c, ""))
			if got.at("properties.oauth2grantType") != "AuthorizationCode" || got.at("properties.status") != "Error" || got.at("properties.state") != "pending" ||
				got.at("properties.error.code") != "Unauthenticated" || got.at("type") != "Microsoft.ApiManagement/service/authorizationProviders/authorizations" {
				t.Errorf("the connection reads %s", got.body)
			}
			got = a.want(200, a.do("POST", c+"/getLoginLinks", `{}`))
			if link, _ := got.at("loginLink").(string); !strings.HasPrefix(link, "https://gw.example/.sekisho/connections/login?link=") {
				t.Errorf("the link is %s", got.body)
			}
			a.want(200, a.do("POST", c+"/getLoginLinks", ""))
			a.want(400, a.do("POST", c+"/getLoginLinks", `{"postLoginRedirectUrl":"https://evil.example"}`))
			a.want(400, a.do("POST", c+"/getLoginLinks", `{"user":{"issuer":"x"}}`))
			a.want(400, a.do("POST", c+"/confirmConsentCode", `{"consentCode":"made-up-made-up-made-up"}`))
			a.want(409, a.do("POST", c+"/test", ""))

			policies := c + "/accessPolicies"
			got = a.want(200, a.do("GET", policies, ""))
			if got.at("count") != 1.0 || !strings.Contains(got.body, `"kind":"managed"`) {
				t.Errorf("a new connection has the policies %s", got.body)
			}
			a.want(201, a.do("PUT", policies+"/oid-1", `{"properties":{"tenantId":"t","objectId":"oid-1"}}`))
			a.want(400, a.do("PUT", policies+"/oid-2", `{"properties":{"tenantId":"t"}}`))
			a.want(400, a.do("PUT", policies+"/oid-2", `{"properties":{"tenantId":"t","objectId":"o","kind":"everybody"}}`))
			if got = a.want(200, a.do("GET", policies+"/oid-1", "")); got.at("properties.objectId") != "oid-1" {
				t.Errorf("the policy reads %s", got.body)
			}
			a.want(400, a.do("DELETE", policies+"/oid-1", ""))
			a.want(200, a.do("DELETE", policies+"/oid-1", "", "If-Match", "*"))
			a.want(204, a.do("DELETE", policies+"/oid-1", "", "If-Match", "*"))
			a.want(404, a.do("GET", policies+"/oid-1", ""))

			got = a.want(200, a.do("POST", c+"/revoke", ""))
			if got.at("properties.state") != "revoked" {
				t.Errorf("revoked, it reads %s", got.body)
			}
			a.want(400, a.do("DELETE", c, ""))
			a.want(200, a.do("DELETE", c, "", "If-Match", "*"))
			a.want(404, a.do("GET", c, ""))
			a.want(201, a.do("PUT", c, connectionBody))
			a.want(200, a.do("DELETE", p, "", "If-Match", "*"))
			a.want(404, a.do("GET", c, ""))
			a.want(204, a.do("DELETE", p, "", "If-Match", "*"))
		})
	}
}

// TestConditions heeds ETags.
func TestConditions(t *testing.T) {
	a := newAPI(t, credential.Settings{})
	p := "/management/authorizationProviders/github"
	a.want(404, a.do("PUT", p, providerBody, "If-Match", "*"))
	first := a.want(201, a.do("PUT", p, providerBody, "If-None-Match", "*")).header.Get("ETag")
	a.want(412, a.do("PUT", p, providerBody, "If-None-Match", "*"))
	second := a.want(200, a.do("PUT", p, strings.Replace(providerBody, "GitHub", "Hub", 1), "If-Match", first)).header.Get("ETag")
	if first == second || first == "" {
		t.Errorf("ETags %q and %q", first, second)
	}
	a.want(412, a.do("PUT", p, providerBody, "If-Match", first))
	a.want(412, a.do("DELETE", p, "", "If-Match", first))
	if got := a.do("HEAD", p, ""); got.status != 200 || got.header.Get("ETag") != second || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.header.Get("ETag"))
	}
	a.want(400, a.do("PUT", p, providerBody, "If-Match", second, "If-None-Match", "*"))
	a.want(400, a.do("PUT", p, providerBody, "If-Match", "new"))
	a.want(200, a.do("DELETE", p, "", "If-Match", second))
}

// TestSecretsAreWriteOnly: who reads a provider and writes it back loses no secret.
func TestSecretsAreWriteOnly(t *testing.T) {
	a := newAPI(t, credential.Settings{})
	p := "/management/authorizationProviders/machine"
	c := p + "/authorizations/bot"
	a.want(201, a.do("PUT", p, fmt.Sprintf(`{"properties":{"identityProvider":"oauth2","oauth2":{"grantTypes":{"clientCredentials":{"tokenUrl":%q}}}}}`, a.tokenURL)))
	a.want(201, a.do("PUT", c, `{"properties":{"oauth2grantType":"ClientCredentials","parameters":{"clientId":"id","clientSecret":"canary-secret"}}}`))
	read := a.want(200, a.do("GET", c, ""))
	if read.at("properties.parameters.clientId") != "id" {
		t.Errorf("the connection reads %s", read.body)
	}
	a.want(200, a.do("PUT", c, read.body))
	got := a.want(200, a.do("POST", c+"/test", ""))
	if got.at("state") != "connected" || got.at("expires") != "2026-11-22T12:10:00Z" {
		t.Errorf("the test says %s", got.body)
	}
	stored, err := a.m.Connection(context.Background(), store.Key{Provider: "machine", Connection: "bot"})
	if err != nil || stored.Secrets["clientSecret"].Reveal() != "canary-secret" {
		t.Errorf("the secret was lost (%v)", err)
	}
	if got = a.want(200, a.do("GET", c, "")); got.at("properties.status") != "Connected" || got.at("properties.error") != nil {
		t.Errorf("connected, it reads %s", got.body)
	}
	a.want(409, a.do("PUT", p, providerBody)) // another grant type
}

// TestMistakes are answered as Azure does.
func TestMistakes(t *testing.T) {
	a := newAPI(t, credential.Settings{})
	a.want(201, a.do("PUT", "/management/authorizationProviders/github", providerBody))
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/management/", "", 404},
		{"GET", "/management/other", "", 404},
		{"GET", "/management/authorizationProviders/a/b", "", 404},
		{"GET", "/management/authorizationProviders/github/authorizations/a/b", "", 404},
		{"GET", "/management/authorizationProviders/a%2fb", "", 404},
		{"GET", "/management/authorizationProviders//x", "", 404},
		{"GET", "/management/subscriptions/x/authorizationProviders", "", 404},
		{"GET", "/management/authorizationProviders/none", "", 404},
		{"GET", "/management/authorizationProviders/none/authorizations", "", 404},
		{"GET", "/management/authorizationProviders/github/authorizations/none", "", 404},
		{"POST", "/management/authorizationProviders/github", "", 405},
		{"PATCH", "/management/authorizationProviders/github/authorizations/x", "", 405},
		{"PUT", "/management/authorizationProviders/x", "", 400},
		{"PUT", "/management/authorizationProviders/x", "{", 400},
		{"PUT", "/management/authorizationProviders/x", "[]", 400},
		{"PUT", "/management/authorizationProviders/x", `{"properties":{}}`, 400},
		{"PUT", "/management/authorizationProviders/x", strings.Repeat("[", 200000), 400},
		{"PUT", "/management/authorizationProviders/x", `{"properties":{"displayName":"` + strings.Repeat("x", 300<<10) + `"}}`, 400},
		{"PUT", "/management/authorizationProviders/x", strings.Replace(providerBody, "github", "githob", 1), 400},
		{"PUT", "/management/authorizationProviders/x", strings.Replace(providerBody, "scopes", "colour", 1), 400},
		{"PUT", "/management/authorizationProviders/x", `{"properties":{"identityProvider":"github","oauth2":{"grantTypes":{}}}}`, 400},
		{"PUT", "/management/authorizationProviders/x", `{"properties":{"identityProvider":"github","oauth2":{"grantTypes":{"authorizationCode":{},"clientCredentials":{}}}}}`, 400},
		{"PUT", "/management/authorizationProviders/x%20y", providerBody, 400},
		{"PUT", "/management/authorizationProviders/" + strings.Repeat("x", 300), providerBody, 400},
		{"PUT", "/management/authorizationProviders/none/authorizations/x", connectionBody, 404},
		{"PUT", "/management/authorizationProviders/github/authorizations/x", `{"properties":{"oauth2grantType":"ClientCredentials"}}`, 400},
		{"PUT", "/management/authorizationProviders/github/authorizations/x", `{"properties":{"oauth2grantType":"Password"}}`, 400},
		{"PUT", "/management/authorizationProviders/github/authorizations/x", `{"properties":{"authorizationType":"Basic"}}`, 400},
		{"GET", "/management/authorizationProviders?$top=x", "", 400},
		{"GET", "/management/authorizationProviders?$skip=-1", "", 400},
		{"GET", "/management/authorizationProviders?$filter=name%20gt%20'x'", "", 400},
	} {
		got := a.do(c.method, c.path, c.body)
		if got.status != c.status || got.at("error.code") == nil || got.at("error.message") == nil {
			t.Errorf("%s %.80s: %d %s", c.method, c.path, got.status, got.body)
		}
	}
}

// TestPaging walks through a list by its links.
func TestPaging(t *testing.T) {
	a := newAPI(t, credential.Settings{})
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		a.want(201, a.do("PUT", "/management/authorizationProviders/"+n, strings.Replace(providerBody, "GitHub", "Provider "+n+"'s", 1)))
	}
	var names []string
	for at := "/management/authorizationProviders?$top=2"; at != ""; {
		got := a.want(200, a.do("GET", at, ""))
		var page struct {
			Value    []struct{ Name string }
			Count    int
			NextLink string
		}
		if err := json.Unmarshal([]byte(got.body), &page); err != nil || page.Count != 5 {
			t.Fatalf("%v, count %d", err, page.Count)
		}
		for _, v := range page.Value {
			names = append(names, v.Name)
		}
		at = page.NextLink
	}
	if !slices.Equal(names, []string{"a", "b", "c", "d", "e"}) {
		t.Errorf("the pages hold %v", names)
	}
	for filter, want := range map[string]string{"name%20eq%20'c'": `"name":"c"`, "displayName%20eq%20'Provider%20d''s'": `"name":"d"`} {
		if got := a.want(200, a.do("GET", "/management/authorizationProviders?$filter="+filter, "")); got.at("count") != 1.0 || !strings.Contains(got.body, want) {
			t.Errorf("%s: %s", filter, got.body)
		}
	}
}

// TestLimits says when there are as many as there may be.
func TestLimits(t *testing.T) {
	a := newAPI(t, credential.Settings{Limits: credential.Limits{Providers: 1, Connections: 1, AccessPolicies: 2}})
	p := "/management/authorizationProviders/"
	a.want(201, a.do("PUT", p+"a", providerBody))
	a.want(200, a.do("PUT", p+"a", providerBody))
	a.want(409, a.do("PUT", p+"b", providerBody))
	a.want(201, a.do("PUT", p+"a/authorizations/x", connectionBody))
	a.want(409, a.do("PUT", p+"a/authorizations/y", connectionBody))
	body := `{"properties":{"tenantId":"t","objectId":"o"}}`
	a.want(201, a.do("PUT", p+"a/authorizations/x/accessPolicies/1", body))
	if got := a.want(409, a.do("PUT", p+"a/authorizations/x/accessPolicies/2", body)); got.at("error.code") != "LimitExceeded" {
		t.Errorf("it says %s", got.body)
	}
}

// TestDeclared cannot be changed here.
func TestDeclared(t *testing.T) {
	a := newAPI(t, credential.Settings{Providers: []credential.ProviderConfig{{
		ID: "github", IdentityProvider: "github", Settings: map[string]string{"clientId": "id", "clientSecret": "canary-secret"},
		Connections: []credential.ConnectionConfig{{ID: "bot"}},
	}}})
	p := "/management/authorizationProviders/github"
	if got := a.want(200, a.do("GET", p, "")); got.at("properties.declaredIn") != "gateway.yaml" || got.at("properties.oauth2.grantTypes.authorizationCode.clientId") != "id" {
		t.Errorf("it reads %s", got.body)
	}
	a.want(409, a.do("PUT", p, providerBody))
	a.want(409, a.do("DELETE", p, "", "If-Match", "*"))
	a.want(409, a.do("PUT", p+"/authorizations/bot", connectionBody))
	a.want(409, a.do("DELETE", p+"/authorizations/bot", "", "If-Match", "*"))
	a.want(409, a.do("PUT", p+"/authorizations/bot/accessPolicies/x", `{"properties":{"tenantId":"t","objectId":"o"}}`))
	a.want(200, a.do("POST", p+"/authorizations/bot/getLoginLinks", "{}"))
	a.want(200, a.do("GET", p+"/authorizations/bot/accessPolicies/gateway", ""))
}
