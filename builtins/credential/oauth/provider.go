package oauth

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Config is a provider as an operator describes it: a kind and settings, which are those
// of APIM (clientId, clientSecret, scopes, authorizationUrl, tokenUrl, refreshUrl,
// loginUri, tenantId, resourceUri) and some of ours, in KnownSettings.
type Config struct {
	// Kind is the ID of a Preset.
	Kind string
	// ClientCredentials is the grant; else it is the authorization code.
	ClientCredentials bool
	Settings          map[string]string
}

// KnownSettings are the settings that every Preset takes, with what they mean.
var KnownSettings = map[string]string{
	"clientId":             "the client's id at the provider",
	"clientSecret":         "its secret",
	"scopes":               "what to ask for, with blanks between",
	"resourceUri":          "the resource that tokens are for (RFC 8707)",
	"authorizationUrl":     "the authorization endpoint",
	"tokenUrl":             "the token endpoint",
	"refreshUrl":           "the token endpoint for refresh tokens, if it is another",
	"revocationUrl":        "the revocation endpoint (RFC 7009)",
	"introspectionUrl":     "the introspection endpoint (RFC 7662), asked how long a token lives if the provider does not say",
	"openIdConfiguration":  "the URL of the OpenID configuration, by which id_tokens are checked",
	"issuer":               "what the parameter iss of the provider's answers must be (RFC 9207)",
	"clientAuthentication": "how the client shows its secret: body or basic",
	"serverUrl":            "the server that describes its endpoints itself, for oauth21",
	"registrationToken":    "the initial access token of dynamic registration, for oauth21",
	"audience":             "the parameter audience, where the provider has one",
	"userScopes":           "Slack's user_scope",
	"optionalScopes":       "HubSpot's optional_scope",
}

// unused is what APIM's portal writes into a URL that does not count.
const unused = "UNUSED"

// Provider is a Config with everything filled in. It is immutable.
type Provider struct {
	Preset            *Preset
	ClientCredentials bool

	AuthorizationURL, TokenURL, RefreshURL string
	RevocationURL, IntrospectionURL        string
	OpenID, Issuer                         string
	// IssRequired: answers without the parameter iss are refused.
	IssRequired bool
	ServerURL   string

	ClientID, ClientSecret string
	RegistrationToken      string
	Auth                   Auth
	PKCE                   bool
	Scopes                 []string
	Resource               string

	authorizationParams, tokenParams []Param
	// hosts are those of URLs that the operator has written, or we have.
	hosts []string
}

// Resolve completes a Config. For a Preset with Discovery the Provider has no endpoints
// yet: With adds them. The error lists everything that is wrong; it holds no values, as
// these may be secrets.
func Resolve(c Config) (*Provider, error) {
	preset := Find(c.Kind)
	if preset == nil {
		return nil, fmt.Errorf("there is no identity provider %q", Clean(c.Kind, maxCode))
	}
	r := resolver{preset: preset, settings: map[string]string{}}
	for name, value := range c.Settings {
		if v := strings.TrimSpace(value); v != "" && v != unused {
			r.settings[name] = v
		}
	}
	r.check()
	p := &Provider{
		Preset: preset, ClientCredentials: c.ClientCredentials,
		ClientID: r.settings["clientId"], ClientSecret: r.settings["clientSecret"],
		RegistrationToken: r.settings["registrationToken"],
		Auth:              preset.Auth, PKCE: preset.PKCE, Resource: r.settings["resourceUri"],
		Issuer: r.settings["issuer"],
	}
	switch r.settings["clientAuthentication"] {
	case "":
	case "body":
		p.Auth = AuthBody
	case "basic":
		p.Auth = AuthBasic
	default:
		r.fault(`the setting "clientAuthentication" wants body or basic`)
	}
	if preset.Discovery {
		p.ServerURL = r.url("serverUrl", r.settings["serverUrl"], true)
	} else {
		p.AuthorizationURL = r.url("authorizationUrl", r.either("authorizationUrl", preset.AuthorizationURL), !c.ClientCredentials)
		p.TokenURL = r.url("tokenUrl", r.either("tokenUrl", preset.TokenURL), true)
		p.RefreshURL = r.url("refreshUrl", r.either("refreshUrl", preset.RefreshURL), false)
	}
	p.RevocationURL = r.url("revocationUrl", r.either("revocationUrl", preset.Revocation.URL), false)
	p.IntrospectionURL = r.url("introspectionUrl", r.either("introspectionUrl", preset.IntrospectionURL), false)
	p.OpenID = r.url("openIdConfiguration", r.either("openIdConfiguration", preset.OpenID), false)
	p.scopes(r.settings["scopes"])
	p.authorizationParams = r.params(preset.AuthorizationParams)
	p.tokenParams = r.params(preset.TokenParams)
	if len(r.faults) > 0 {
		slices.Sort(r.faults)
		return nil, errors.New(strings.Join(slices.Compact(r.faults), "; "))
	}
	p.hosts = r.hosts
	return p, nil
}

// scopes fills Scopes, and turns a resource into a scope where that is how it is said.
func (p *Provider) scopes(text string) {
	p.Scopes = strings.FieldsFunc(text, func(r rune) bool {
		return r == ' ' || r == '\t' || r == '\n' || r == ',' && p.Preset.ScopeSeparator == ","
	})
	if len(p.Scopes) == 0 {
		p.Scopes = slices.Clone(p.Preset.DefaultScopes)
	}
	if form := p.Preset.ResourceAsScope; form != "" {
		if len(p.Scopes) == 0 && p.Resource != "" {
			p.Scopes = []string{strings.ReplaceAll(form, "{resource}", strings.TrimSuffix(p.Resource, "/"))}
		}
		p.Resource = ""
	}
	if p.ClientCredentials {
		return // there is nobody to be offline
	}
	for _, s := range p.Preset.RequiredScopes {
		if !slices.Contains(p.Scopes, s) {
			p.Scopes = append(p.Scopes, s)
		}
	}
}

// Ready tells whether the endpoints are known.
func (p *Provider) Ready() bool { return p.TokenURL != "" }

// HasNonce tells whether a consent yields an id_token that repeats a nonce.
func (p *Provider) HasNonce() bool { return p.OpenID != "" && slices.Contains(p.Scopes, "openid") }

// WithClient is p for another client, as connections by client credentials have.
func (p *Provider) WithClient(id, secret string) *Provider {
	q := *p
	q.ClientID, q.ClientSecret = id, secret
	return &q
}

// With is p with what a server says of itself.
func (p *Provider) With(d *Discovery) *Provider {
	q := *p
	m := &d.Metadata
	q.AuthorizationURL, q.TokenURL, q.RefreshURL = m.AuthorizationEndpoint, m.TokenEndpoint, ""
	if q.RevocationURL == "" {
		q.RevocationURL = m.RevocationEndpoint
	}
	if q.IntrospectionURL == "" {
		q.IntrospectionURL = m.IntrospectionEndpoint
	}
	q.Issuer, q.IssRequired, q.OpenID = m.Issuer, m.IssParameter, d.OpenID
	if q.Resource == "" {
		q.Resource = d.Resource
	}
	if len(q.Scopes) == 0 {
		q.Scopes = d.Scopes
	}
	methods := m.TokenAuthMethods
	if len(methods) == 0 {
		methods = []string{"client_secret_basic"} // RFC 8414's default
	}
	if !slices.Contains(methods, "client_secret_post") && slices.Contains(methods, "client_secret_basic") {
		q.Auth = AuthBasic
	}
	return &q
}

type resolver struct {
	preset   *Preset
	settings map[string]string
	hosts    []string
	faults   []string
}

func (r *resolver) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

// maxSetting bounds a setting, in bytes.
const maxSetting = 8 << 10

// check wants every setting known and every part of a template there.
func (r *resolver) check() {
	for _, name := range slices.Sorted(maps.Keys(r.settings)) {
		_, known := KnownSettings[name]
		own := slices.ContainsFunc(r.preset.Settings, func(s Setting) bool { return s.Name == name })
		if !known && !own {
			r.fault("%s has no setting %q", r.preset.ID, Clean(name, maxCode))
		}
		if len(r.settings[name]) > maxSetting {
			r.fault("the setting %q is longer than %d bytes", Clean(name, maxCode), maxSetting)
		}
	}
	for _, s := range r.preset.Settings {
		v := r.settings[s.Name]
		switch {
		case v == "" && s.Default == "":
			r.fault("%s needs the setting %q", r.preset.ID, s.Name)
		case v == "":
			r.settings[s.Name] = s.Default
		case s.Host && strings.Trim(strings.ToLower(v), "abcdefghijklmnopqrstuvwxyz0123456789-._") != "":
			r.fault("the setting %q wants a name, without a scheme and slashes", s.Name)
		}
	}
}

// either is a setting, or the template of the Preset.
func (r *resolver) either(setting, template string) string {
	if v := r.settings[setting]; v != "" {
		return v
	}
	return r.fill(template)
}

// fill puts settings into a template; "" if one is missing. {token} stays.
func (r *resolver) fill(template string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(template, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		template = after
		if name == "token" {
			b.WriteString("{token}")
			continue
		}
		v := r.settings[name]
		if v == "" {
			return ""
		}
		b.WriteString(strings.TrimSuffix(v, "/"))
	}
}

// url checks an endpoint and notes its host.
func (r *resolver) url(name, value string, required bool) string {
	if value == "" {
		if required {
			r.fault("%s needs the setting %q", r.preset.ID, name)
		}
		return ""
	}
	if err := CheckURL(strings.ReplaceAll(value, "{token}", "")); err != nil {
		r.fault("%s: %v", name, err)
		return ""
	}
	u, _ := url.Parse(strings.ReplaceAll(value, "{token}", "")) // CheckURL has parsed it
	if !slices.Contains(r.hosts, u.Host) {
		r.hosts = append(r.hosts, u.Host)
	}
	return value
}

// params fills parameters; one that is a lone setting which is not given is left out.
func (r *resolver) params(list []Param) []Param {
	var out []Param
	for _, p := range list {
		if v := r.fill(p.Value); v != "" {
			out = append(out, Param{p.Name, v})
		}
	}
	return out
}
