package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Metadata is what an authorization server says of itself (RFC 8414).
type Metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	RegistrationEndpoint  string   `json:"registration_endpoint,omitempty"`
	RevocationEndpoint    string   `json:"revocation_endpoint,omitempty"`
	IntrospectionEndpoint string   `json:"introspection_endpoint,omitempty"`
	JWKSURI               string   `json:"jwks_uri,omitempty"`
	ScopesSupported       []string `json:"scopes_supported,omitempty"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported,omitempty"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported,omitempty"`
	GrantTypes            []string `json:"grant_types_supported,omitempty"`
	IssParameter          bool     `json:"authorization_response_iss_parameter_supported,omitempty"`
}

// Discovery is what was found out about a server. It is kept as JSON.
type Discovery struct {
	Metadata Metadata `json:"metadata"`
	// OpenID is the URL of the metadata if it is an OpenID configuration with keys.
	OpenID string `json:"openid,omitempty"`
	// Resource and Scopes are those of an MCP or other resource server (RFC 9728).
	Resource string   `json:"resource,omitempty"`
	Scopes   []string `json:"scopes,omitempty"`
}

// Discover finds out about the server at ServerURL: whether it is a resource, which
// authorization server it trusts, and what that says of itself.
func (c *Client) Discover(ctx context.Context, p *Provider) (*Discovery, error) {
	d := &Discovery{}
	issuer := p.ServerURL
	if r := c.resource(ctx, p); r != nil {
		d.Resource, d.Scopes, issuer = r.Resource, r.Scopes, r.Servers[0]
	}
	candidates := metadataURLs(issuer)
	if d.Resource == "" {
		// An MCP server of the first revisions is its own authorization server, at the
		// root of its host.
		if root := origin(issuer); root != issuer {
			candidates = append(candidates, metadataURLs(root)...)
		}
	}
	var unreached error
	for _, at := range candidates {
		var m Metadata
		if err := c.document(ctx, p, at.url, &m); err != nil {
			if e, ok := err.(*Error); ok && e.Kind != Permanent {
				unreached = err
			}
			continue
		}
		if m.Issuer == "" || m.Issuer != at.issuer && strings.TrimSuffix(m.Issuer, "/") != strings.TrimSuffix(at.issuer, "/") {
			continue // RFC 8414 §3.3: it speaks for another
		}
		if err := checkMetadata(&m, p); err != nil {
			return nil, err
		}
		d.Metadata = m
		if at.openid && m.JWKSURI != "" {
			d.OpenID = at.url
		}
		return d, nil
	}
	if unreached != nil {
		return nil, unreached
	}
	return nil, &Error{Kind: Permanent, Code: "no_metadata", Description: "the server publishes no OAuth metadata that speaks for it"}
}

// Issuer is the issuer that the OpenID configuration of p names, "" if it names none.
func (c *Client) Issuer(ctx context.Context, p *Provider) (string, error) {
	var m Metadata
	if err := c.document(ctx, p, p.OpenID, &m); err != nil {
		return "", err
	}
	return m.Issuer, nil
}

// Configuration is the OpenID configuration of p, as it says itself: what it names is not
// checked.
func (c *Client) Configuration(ctx context.Context, p *Provider) (*Metadata, error) {
	var m Metadata
	if err := c.document(ctx, p, p.OpenID, &m); err != nil {
		return nil, err
	}
	return &m, nil
}

// candidate is a place where metadata may be, and the issuer that they must name.
type candidate struct {
	url, issuer string
	openid      bool
}

// metadataURLs are the places of an issuer's metadata in the order of MCP's rules.
func metadataURLs(issuer string) []candidate {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil
	}
	base, path := origin(issuer), strings.TrimSuffix(u.EscapedPath(), "/")
	list := []candidate{
		{base + "/.well-known/oauth-authorization-server" + path, issuer, false},
		{base + "/.well-known/openid-configuration" + path, issuer, true},
	}
	if path != "" {
		list = append(list, candidate{base + path + "/.well-known/openid-configuration", issuer, true})
	}
	// Where there are both, the OpenID one also says how id_tokens are checked.
	slices.SortStableFunc(list, func(a, b candidate) int {
		switch {
		case a.openid == b.openid:
			return 0
		case a.openid:
			return -1
		}
		return 1
	})
	return list
}

func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// checkMetadata refuses endpoints that could not be called, and servers without PKCE.
func checkMetadata(m *Metadata, p *Provider) error {
	server, _ := url.Parse(p.ServerURL) // Resolve has checked it
	for _, e := range []struct {
		name, url string
		required  bool
	}{
		{"authorization_endpoint", m.AuthorizationEndpoint, !p.ClientCredentials},
		{"token_endpoint", m.TokenEndpoint, true},
		{"registration_endpoint", m.RegistrationEndpoint, false},
		{"revocation_endpoint", m.RevocationEndpoint, false},
		{"introspection_endpoint", m.IntrospectionEndpoint, false},
	} {
		if e.url == "" {
			if e.required {
				return &Error{Kind: Permanent, Code: "bad_metadata", Description: "the server's metadata have no " + e.name}
			}
			continue
		}
		u, err := url.Parse(e.url)
		// What is on the internet has no business on this machine.
		if err != nil || CheckURL(e.url) != nil || u.Scheme == "http" && server.Scheme != "http" {
			return &Error{Kind: Permanent, Code: "bad_metadata", Description: "the server's " + e.name + " cannot be used"}
		}
	}
	if !p.ClientCredentials && !slices.Contains(m.ChallengeMethods, "S256") {
		return &Error{Kind: Permanent, Code: "no_pkce", Description: "the server does not support PKCE with S256"}
	}
	return nil
}

// resource describes a protected resource (RFC 9728).
type resource struct {
	Resource string   `json:"resource"`
	Servers  []string `json:"authorization_servers"`
	Scopes   []string `json:"scopes_supported"`
}

// resource is what the server says of itself as a resource; nil if it is none.
func (c *Client) resource(ctx context.Context, p *Provider) *resource {
	u, err := url.Parse(p.ServerURL)
	if err != nil {
		return nil
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	at := []string{}
	if hint := c.resourceHint(ctx, p); hint != "" {
		at = append(at, hint)
	}
	at = append(at, origin(p.ServerURL)+"/.well-known/oauth-protected-resource"+path)
	if path != "" {
		at = append(at, origin(p.ServerURL)+"/.well-known/oauth-protected-resource")
	}
	for _, candidate := range at {
		var r resource
		if c.document(ctx, p, candidate, &r) != nil || len(r.Servers) == 0 || CheckURL(r.Servers[0]) != nil {
			continue
		}
		// A resource that names another would have us get tokens for that one.
		if r.Resource != p.ServerURL && !below(p.ServerURL, r.Resource) {
			continue
		}
		if strings.HasPrefix(r.Servers[0], "http:") && !strings.HasPrefix(p.ServerURL, "http:") {
			continue
		}
		return &r
	}
	return nil
}

// below tells whether a URL is one of a base or further down its path.
func below(raw, base string) bool {
	base = strings.TrimSuffix(base, "/")
	return origin(raw) == origin(base) && (strings.TrimSuffix(raw, "/") == base || strings.HasPrefix(raw, base+"/"))
}

var resourceMetadata = regexp.MustCompile(`(?i)\bresource_metadata="([^"\\]+)"`)

// resourceHint is where the server says that it describes itself when it refuses us.
func (c *Client) resourceHint(ctx context.Context, p *Provider) string {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.ServerURL, nil)
	if err != nil {
		return ""
	}
	a, err := c.do(ctx, r, p.hosts)
	if err != nil || a.status != http.StatusUnauthorized {
		return ""
	}
	for _, h := range a.header.Values("WWW-Authenticate") {
		if m := resourceMetadata.FindStringSubmatch(h); m != nil && CheckURL(m[1]) == nil && origin(m[1]) == origin(p.ServerURL) {
			return m[1]
		}
	}
	return ""
}

// document reads a JSON document.
func (c *Client) document(ctx context.Context, p *Provider, at string, out any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return &Error{Kind: Permanent, Code: "bad_url", Description: "the URL of a document cannot be used"}
	}
	r.Header.Set("Accept", "application/json")
	a, err := c.do(ctx, r, p.hosts)
	if err != nil {
		return err
	}
	if a.status >= 500 {
		return &Error{Kind: Transient, Status: a.status, Code: "bad_response", Description: "the server cannot answer at the moment"}
	}
	if a.status != http.StatusOK || json.Unmarshal(a.body, out) != nil {
		return &Error{Kind: Permanent, Status: a.status, Code: "bad_response", Description: "the document is not there, or not JSON"}
	}
	return nil
}

// Registered is a client that the server has made for us. Its String shows nothing.
type Registered struct {
	ClientID, ClientSecret string
	// Expires is when the secret ends, zero for never.
	Expires time.Time
}

func (Registered) String() string   { return "[client]" }
func (Registered) GoString() string { return "[client]" }

// Register makes a client at the server (RFC 7591). p is the result of With.
func (c *Client) Register(ctx context.Context, p *Provider, d *Discovery, name, redirectURI string) (*Registered, error) {
	if d.Metadata.RegistrationEndpoint == "" {
		return nil, &Error{Kind: Permanent, Code: "no_registration", Description: "the server registers no clients: give it a clientId in the settings"}
	}
	method := "client_secret_post"
	switch methods := d.Metadata.TokenAuthMethods; {
	case p.Auth == AuthBasic:
		method = "client_secret_basic"
	case len(methods) > 0 && !slices.Contains(methods, method):
		method = "none"
	}
	grants := []string{"authorization_code", "refresh_token"}
	want := map[string]any{
		"client_name": name, "redirect_uris": []string{redirectURI}, "grant_types": grants,
		"response_types": []string{"code"}, "token_endpoint_auth_method": method,
	}
	if p.ClientCredentials {
		delete(want, "redirect_uris")
		want["grant_types"], want["response_types"] = []string{"client_credentials"}, []string{}
	}
	if len(p.Scopes) > 0 {
		want["scope"] = strings.Join(p.Scopes, " ")
	}
	body, err := json.Marshal(want)
	if err != nil {
		panic("oauth: internal error: a registration that is no JSON: " + err.Error())
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Metadata.RegistrationEndpoint, bytes.NewReader(body))
	if err != nil {
		return nil, &Error{Kind: Permanent, Code: "bad_url", Description: "the registration endpoint cannot be used"}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	if p.RegistrationToken != "" {
		r.Header.Set("Authorization", "Bearer "+p.RegistrationToken)
	}
	a, err := c.do(ctx, r, p.hosts)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusCreated && a.status != http.StatusOK {
		_, err := p.judge(&answer{max(a.status, 400), a.header, a.body}, []string{p.RegistrationToken})
		return nil, err
	}
	var got struct {
		ID      string  `json:"client_id"`
		Secret  string  `json:"client_secret"`
		Expires float64 `json:"client_secret_expires_at"`
	}
	if json.Unmarshal(a.body, &got) != nil || got.ID == "" || len(got.ID) > maxSetting || len(got.Secret) > maxSetting {
		return nil, &Error{Kind: Permanent, Status: a.status, Code: "bad_response", Description: "the server's answer names no client"}
	}
	out := &Registered{ClientID: got.ID, ClientSecret: got.Secret}
	if got.Expires > 0 && got.Expires < 1<<40 {
		out.Expires = time.Unix(int64(got.Expires), 0)
	}
	return out, nil
}
