package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// documents are what servers publish, by URL; the value is JSON, or the status of an error.
type documents map[string]any

func (d documents) serve(a *asked) answered {
	switch v := d[a.url].(type) {
	case nil:
		return answered{status: 404, body: "{}"}
	case int:
		return answered{status: v, body: "{}"}
	case func(a *asked) answered:
		return v(a)
	default:
		b, err := json.Marshal(v)
		if err != nil {
			a.t.Error(err)
		}
		return answered{body: string(b)}
	}
}

// as is the metadata of an authorization server, with changes.
func as(issuer string, change map[string]any) map[string]any {
	m := map[string]any{
		"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token", "registration_endpoint": issuer + "/register",
		"revocation_endpoint": issuer + "/revoke", "code_challenge_methods_supported": []string{"S256"}, "jwks_uri": issuer + "/jwks",
		"authorization_response_iss_parameter_supported": true,
	}
	for name, v := range change {
		m[name] = v
	}
	return m
}

// TestDiscover finds what a server says of itself, wherever it says so, and believes it
// only about itself.
func TestDiscover(t *testing.T) {
	const oas, oidc, prm = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/oauth-protected-resource"
	for _, c := range []struct {
		name, server string
		documents    documents
		issuer       string // "" for an error
		openid       string
		resource     string
		code         string
	}{
		{"RFC 8414", "https://as.example", documents{"https://as.example" + oas: as("https://as.example", nil)}, "https://as.example", "", "", ""},
		{"RFC 8414 below a path", "https://as.example/t", documents{"https://as.example" + oas + "/t": as("https://as.example/t", nil)}, "https://as.example/t", "", "", ""},
		{"OpenID", "https://as.example", documents{"https://as.example" + oidc: as("https://as.example", nil)}, "https://as.example", "https://as.example" + oidc, "", ""},
		{"OpenID after a path", "https://as.example/t", documents{"https://as.example/t" + oidc: as("https://as.example/t", nil)}, "https://as.example/t", "https://as.example/t" + oidc, "", ""},
		{"an MCP server that names its authorization server", "https://mcp.example/mcp", documents{
			"https://mcp.example" + prm + "/mcp": map[string]any{"resource": "https://mcp.example/mcp", "authorization_servers": []string{"https://as.example"}, "scopes_supported": []string{"mcp"}},
			"https://as.example" + oas:           as("https://as.example", nil),
		}, "https://as.example", "", "https://mcp.example/mcp", ""},
		{"an MCP server that describes all of itself", "https://mcp.example/mcp", documents{
			"https://mcp.example" + prm: map[string]any{"resource": "https://mcp.example", "authorization_servers": []string{"https://as.example"}},
			"https://as.example" + oas:  as("https://as.example", nil),
		}, "https://as.example", "", "https://mcp.example", ""},
		{"an early MCP server, which is its own authorization server", "https://mcp.example/mcp", documents{"https://mcp.example" + oas: as("https://mcp.example", nil)}, "https://mcp.example", "", "", ""},

		{"nothing", "https://as.example", documents{}, "", "", "", "no_metadata"},
		{"down", "https://as.example", documents{"https://as.example" + oas: 503}, "", "", "", "bad_response"},
		{"metadata of another issuer", "https://as.example", documents{"https://as.example" + oas: as("https://other.example", nil)}, "", "", "", "no_metadata"},
		{"a resource that names another", "https://mcp.example/mcp", documents{
			"https://mcp.example" + prm + "/mcp": map[string]any{"resource": "https://bank.example", "authorization_servers": []string{"https://as.example"}},
			"https://as.example" + oas:           as("https://as.example", nil),
		}, "", "", "", "no_metadata"},
		{"no PKCE", "https://as.example", documents{"https://as.example" + oas: as("https://as.example", map[string]any{"code_challenge_methods_supported": []string{"plain"}})}, "", "", "", "no_pkce"},
		{"an endpoint without TLS", "https://as.example", documents{"https://as.example" + oas: as("https://as.example", map[string]any{"token_endpoint": "http://as.example/token"})}, "", "", "", "bad_metadata"},
		{"an endpoint on this machine", "https://as.example", documents{"https://as.example" + oas: as("https://as.example", map[string]any{"token_endpoint": "http://127.0.0.1:9901/token"})}, "", "", "", "bad_metadata"},
		{"an endpoint that is a script", "https://as.example", documents{"https://as.example" + oas: as("https://as.example", map[string]any{"authorization_endpoint": "javascript:alert(1)"})}, "", "", "", "bad_metadata"},
		{"no token endpoint", "https://as.example", documents{"https://as.example" + oas: as("https://as.example", map[string]any{"token_endpoint": ""})}, "", "", "", "bad_metadata"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := provider(t, c.documents.serve)
			p, err := Resolve(Config{Kind: "oauth21", Settings: map[string]string{"serverUrl": c.server}})
			if err != nil {
				t.Fatal(err)
			}
			d, err := client.Discover(background, p)
			if c.issuer == "" {
				var e *Error
				if !errors.As(err, &e) || e.Code != c.code {
					t.Fatalf("got %v, want %s", err, c.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d.Metadata.Issuer != c.issuer || d.OpenID != c.openid || d.Resource != c.resource {
				t.Errorf("issuer %q, OpenID %q, resource %q", d.Metadata.Issuer, d.OpenID, d.Resource)
			}
			q := p.With(d)
			if !q.Ready() || q.Issuer != c.issuer || !q.IssRequired || q.Resource != c.resource || !q.PKCE {
				t.Errorf("the provider is not complete")
			}
			if _, values := authorizeQuery(t, q); values.Get("resource") != c.resource {
				t.Errorf("the resource asked for is %q", values.Get("resource"))
			}
		})
	}
}

// TestRegister makes a client, as the server wants it.
func TestRegister(t *testing.T) {
	for _, c := range []struct {
		name    string
		methods []string
		method  string
		answer  answered
		code    string
	}{
		{"the default is Basic", nil, "client_secret_basic", answered{status: 201, body: `{"client_id":"c","client_secret":"s","client_secret_expires_at":0}`}, ""},
		{"post", []string{"client_secret_post", "client_secret_basic"}, "client_secret_post", answered{status: 201, body: `{"client_id":"c","client_secret":"s"}`}, ""},
		{"public", []string{"none"}, "none", answered{status: 201, body: `{"client_id":"c"}`}, ""},
		{"refused", nil, "client_secret_basic", answered{status: 400, body: `{"error":"invalid_client_metadata","error_description":"<b>no</b>"}`}, "invalid_client_metadata"},
		{"not for us", nil, "client_secret_basic", answered{status: 401, body: `{"error":"invalid_token"}`}, "invalid_token"},
		{"no client", nil, "client_secret_basic", answered{status: 201, body: `{}`}, "bad_response"},
		{"garbage", nil, "client_secret_basic", answered{status: 201, body: `[`}, "bad_response"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := provider(t, documents{
				"https://as.example/.well-known/oauth-authorization-server": as("https://as.example", map[string]any{"token_endpoint_auth_methods_supported": c.methods}),
				"https://as.example/register": func(a *asked) answered {
					var got map[string]any
					// The body of a registration is no object of strings.
					if err := json.Unmarshal([]byte(a.body), &got); err != nil {
						t.Error(err)
					}
					uris, _ := got["redirect_uris"].([]any)
					if len(uris) != 1 || uris[0] != "https://gw.example/cb" || got["token_endpoint_auth_method"] != c.method || got["client_name"] != "the gateway" || got["scope"] != "a b" {
						t.Errorf("the registration is %v", got)
					}
					if a.header.Get("Authorization") != "Bearer initial" {
						t.Error("the initial access token is not there")
					}
					return c.answer
				},
			}.serve)
			p, err := Resolve(Config{Kind: "oauth21", Settings: map[string]string{"serverUrl": "https://as.example", "registrationToken": "initial", "scopes": "a b"}})
			if err != nil {
				t.Fatal(err)
			}
			d, err := client.Discover(background, p)
			if err != nil {
				t.Fatal(err)
			}
			got, err := client.Register(background, p.With(d), d, "the gateway", "https://gw.example/cb")
			if c.code != "" {
				var e *Error
				if !errors.As(err, &e) || e.Code != c.code {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || got.ClientID != "c" {
				t.Errorf("got %v", err)
			}
		})
	}
	d := &Discovery{}
	var e *Error
	if _, err := provider(t, nil).Register(background, &Provider{}, d, "x", "y"); !errors.As(err, &e) || e.Code != "no_registration" {
		t.Errorf("got %v", err)
	}
}

// TestCallback reads answers, and reads nothing into them.
func TestCallback(t *testing.T) {
	p := &Provider{IssRequired: true}
	for _, c := range []struct {
		query, issuer string
		required      bool
		code, fault   string
	}{
		{"code=abc&state=s", "", false, "abc", ""},
		{"code=abc&state=s&iss=https://as.example", "", false, "abc", ""},
		{"code=abc&iss=https://as.example", "https://as.example", true, "abc", ""},
		{"code=abc", "https://as.example", false, "abc", ""},
		{"code=abc", "https://as.example", true, "", "wrong_issuer"},
		{"code=abc&iss=https://as.example/", "https://as.example", false, "", "wrong_issuer"},
		{"code=abc&iss=", "https://as.example", false, "", "wrong_issuer"},
		{"error=access_denied&iss=https://other.example", "https://as.example", false, "", "wrong_issuer"},
		{"error=access_denied&error_description=no&code=abc", "", false, "", "access_denied"},
		{"error=", "", false, "", "error"},
		{"code=", "", false, "", "bad_response"},
		{"", "", false, "", "bad_response"},
		{"code=a&code=b", "", false, "", "bad_response"},
		{"code=a&iss=x&iss=y", "", false, "", "bad_response"},
	} {
		q, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		p.IssRequired = c.required
		code, err := p.ParseCallback(q, c.issuer)
		var e *Error
		if code != c.code || (c.fault == "") != (err == nil) || err != nil && (!errors.As(err, &e) || e.Code != c.fault) {
			t.Errorf("%s: %q, %v", c.query, code, err)
		}
	}
}

// TestAddresses tells where a URL from outside may lead.
func TestAddresses(t *testing.T) {
	for _, a := range []string{
		"127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "198.18.0.1",
		"192.0.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fd00::1", "fd00:ec2::254", "fe80::1", "ff02::1", "::ffff:127.0.0.1",
		"::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "fec0::1", "100::1",
	} {
		if public(netip.MustParseAddr(a)) {
			t.Errorf("%s is public", a)
		}
	}
	for _, a := range []string{"8.8.8.8", "140.82.112.3", "2606:4700::1111", "::ffff:8.8.8.8"} {
		if !public(netip.MustParseAddr(a)) {
			t.Errorf("%s is not public", a)
		}
	}
	for a, want := range map[string]bool{"127.0.0.1": true, "10.0.0.1": true, "169.254.169.254": false, "fd00:ec2::254": false, "fe80::1": false, "0.0.0.0": false, "::": false, "224.0.0.1": false} {
		if reachable(netip.MustParseAddr(a)) != want {
			t.Errorf("%s for a host that is named: %v", a, !want)
		}
	}
}

// TestGuard keeps calls that a server asks for away from this machine, and lets those
// through that the operator asks for.
func TestGuard(t *testing.T) {
	called := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called++
		w.Write([]byte(`{"access_token":"a","expires_in":60}`))
	}))
	defer server.Close()
	client := NewClient(ClientOptions{Timeout: 5 * time.Second})
	defer client.Close()
	named := resolve(t, "oauth2", map[string]string{"authorizationUrl": server.URL + "/a", "tokenUrl": server.URL + "/t"})
	if _, err := client.Refresh(background, named, "r"); err != nil || called != 1 {
		t.Fatalf("a host that the operator has named: %v", err)
	}
	// The same URL, as a server's metadata name it.
	learned := resolve(t, "oauth21", map[string]string{"serverUrl": "https://as.example"}).With(&Discovery{Metadata: Metadata{Issuer: "https://as.example", TokenEndpoint: server.URL + "/t"}})
	var e *Error
	if _, err := client.Refresh(background, learned, "r"); !errors.As(err, &e) || e.Code != "forbidden_address" || called != 1 {
		t.Errorf("a host that a server has named: %v, %d calls", err, called)
	}
	if strings.Contains(e.Error(), "127.0.0.1") {
		t.Error("the error says what is where")
	}
}

// TestURLs are endpoints that are not called.
func TestURLs(t *testing.T) {
	for _, u := range []string{
		"", "x", "/x", "//as.example", "http://as.example", "ftp://as.example", "javascript:alert(1)", "file:///etc/passwd", "https://", "https:///x", "https://user@as.example",
		"https://user:pw@as.example", "https://as.example/#x", "https://as.example\\x", "https://as.example/ x", "https://as.example/\nx", "http://127.0.0.1.example", "http://localhost.example", "https:as.example", "http://0x7f000001/",
	} {
		if CheckURL(u) == nil {
			t.Errorf("%q is accepted", u)
		}
	}
	for _, u := range []string{"https://as.example", "https://as.example:8443/x?y=z", "http://127.0.0.1:8080/x", "http://[::1]/x", "http://localhost/x"} {
		if err := CheckURL(u); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// TestErrorsQuoteNoSecrets: a provider that repeats what it was sent brings it nowhere.
func TestErrorsQuoteNoSecrets(t *testing.T) {
	client := provider(t, func(a *asked) answered {
		return answered{status: 400, body: `{"error":"invalid_request","error_description":"bad: ` + strings.ReplaceAll(a.body, `"`, `\"`) + ` ` + "\\u202e\\u0000\\n" + strings.Repeat("x", 5000) + `"}`}
	})
	p := resolve(t, "oauth2", map[string]string{"authorizationUrl": "https://as.example/a", "tokenUrl": "https://as.example/t", "clientSecret": "canary-secret"})
	_, err := client.Refresh(background, p, "canary-refresh")
	_, err2 := client.Exchange(background, p, "canary-code", "https://gw.example/cb", "canary-verifier")
	for _, err := range []error{err, err2} {
		if err == nil || strings.Contains(err.Error(), "canary") || len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\u202e\x00\n") {
			t.Errorf("the error is %q", err)
		}
	}
	for _, v := range []any{&Token{Access: "canary"}, Token{Access: "canary"}, Registered{ClientSecret: "canary"}} {
		if b, err := json.Marshal(map[string]string{"x": strings.TrimSpace(sprint(v))}); err != nil || strings.Contains(string(b), "canary") {
			t.Errorf("%T prints itself", v)
		}
	}
}

// FuzzAnswer reads anything that a token endpoint may answer without coming to harm.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{`{"access_token":"a","expires_in":1}`, `{"ok":false,"error":"x"}`, `{"authed_user":{"access_token":1}}`, `[]`, `null`, `{"expires_in":"1e999"}`, `{"error":{}}`, "a=b&c"} {
		f.Add(200, "application/json", []byte(s))
		f.Add(400, "application/x-www-form-urlencoded", []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		for _, id := range []string{"slack", "github", "hubspot", "oauth2"} {
			p := &Provider{Preset: Find(id)}
			a := &answer{status: status, header: http.Header{"Content-Type": {kind}}, body: body}
			members, err := p.judge(a, []string{"secret-in-answer"})
			var e *Error
			if err != nil && (!errors.As(err, &e) || e.Code == "" || len(e.Code) > maxCode+4 || len(e.Description) > maxText+4) {
				t.Errorf("the error is %q", err)
			}
			for _, m := range members {
				text(m)
				if d := seconds(m); d < 0 || d > maxLife {
					t.Errorf("a life of %v", d)
				}
			}
		}
	})
}
