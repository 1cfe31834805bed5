package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Token is what a provider granted. Its String shows nothing.
type Token struct {
	Access, Refresh, ID string
	Type, Scope         string
	// Obtained is when the request for it was sent, Expires when it ends; zero if the
	// provider does not say and the Preset knows no better.
	Obtained, Expires time.Time
	// Response is the whole answer, a JSON object.
	Response []byte
}

func (Token) String() string   { return "[token]" }
func (Token) GoString() string { return "[token]" }

// Exchange redeems a code that ParseCallback has returned. verifier is that of the
// Request. Errors are of type *Error.
func (c *Client) Exchange(ctx context.Context, p *Provider, code, redirectURI, verifier string) (*Token, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}}
	if p.PKCE {
		form.Set("code_verifier", verifier)
	}
	for _, q := range p.tokenParams {
		form.Set(q.Name, q.Value)
	}
	if p.Resource != "" {
		form.Set("resource", p.Resource)
	}
	if p.Preset.ScopeInToken {
		p.addScopes(form)
	}
	return c.token(ctx, p, p.TokenURL, form, code, verifier)
}

// Refresh trades a refresh token for new tokens. An answer without a refresh token means
// that the old one stays: Token.Refresh is refresh then.
func (c *Client) Refresh(ctx context.Context, p *Provider, refresh string) (*Token, error) {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
	if p.Resource != "" {
		form.Set("resource", p.Resource)
	}
	if p.Preset.ScopeInToken {
		p.addScopes(form)
	}
	at := p.RefreshURL
	if at == "" {
		at = p.TokenURL
	}
	t, err := c.token(ctx, p, at, form, refresh)
	if err != nil {
		return nil, err
	}
	if t.Refresh == "" {
		t.Refresh = refresh
	}
	return t, nil
}

// ClientCredentials obtains a token for the client itself.
func (c *Client) ClientCredentials(ctx context.Context, p *Provider) (*Token, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	p.addScopes(form)
	if p.Resource != "" {
		form.Set("resource", p.Resource)
	}
	for _, q := range p.authorizationParams {
		if q.Name == "audience" {
			form.Set(q.Name, q.Value)
		}
	}
	t, err := c.token(ctx, p, p.TokenURL, form)
	if err != nil {
		return nil, err
	}
	t.Refresh = "" // RFC 6749 §4.4.3: there should be none, and it would serve nothing
	return t, nil
}

func (p *Provider) addScopes(form url.Values) {
	if len(p.Scopes) > 0 {
		form.Set("scope", p.joinScopes())
	}
}

func (p *Provider) joinScopes() string {
	sep := p.Preset.ScopeSeparator
	if sep == "" {
		sep = " "
	}
	return strings.Join(p.Scopes, sep)
}

// token sends a request for a token. secrets are what the answer may quote and nobody
// may see.
func (c *Client) token(ctx context.Context, p *Provider, endpoint string, form url.Values, secrets ...string) (*Token, error) {
	obtained := c.now()
	secrets = append(secrets, p.ClientSecret)
	a, err := c.post(ctx, p, endpoint, form, p.Auth == AuthBasic, p.Preset.Body == BodyJSON)
	if err != nil {
		return nil, err
	}
	members, err := p.judge(a, secrets)
	if err != nil {
		return nil, err
	}
	t := &Token{Obtained: obtained}
	from := members
	t.Access = text(members["access_token"])
	for _, name := range p.Preset.Nested {
		if t.Access != "" {
			break
		}
		var inner map[string]json.RawMessage
		if json.Unmarshal(members[name], &inner) == nil {
			from, t.Access = inner, text(inner["access_token"])
		}
	}
	if t.Access == "" || len(t.Access) > maxToken || strings.ContainsAny(t.Access, "\r\n\x00") {
		return nil, &Error{Kind: Permanent, Status: a.status, Code: "bad_response", Description: "the provider's answer holds no access token"}
	}
	t.Refresh, t.Type, t.Scope = text(from["refresh_token"]), Clean(text(from["token_type"]), maxCode), Clean(text(from["scope"]), 4<<10)
	t.ID = text(members["id_token"])
	if t.Response, err = json.Marshal(members); err != nil {
		return nil, &Error{Kind: Permanent, Code: "bad_response", Description: "the provider's answer is not JSON"}
	}
	switch life := seconds(from["expires_in"]); {
	case life > 0:
		t.Expires = obtained.Add(life)
	case p.IntrospectionURL != "":
		if t.Expires = c.introspect(ctx, p, t.Access); !t.Expires.IsZero() {
			break
		}
		fallthrough
	case p.Preset.Lifetime > 0:
		if p.Preset.Lifetime > 0 {
			t.Expires = obtained.Add(p.Preset.Lifetime)
		}
	}
	return t, nil
}

// maxToken bounds a token, in bytes.
const maxToken = 64 << 10

// post sends parameters, with the client's name and secret.
func (c *Client) post(ctx context.Context, p *Provider, endpoint string, form url.Values, basic, asJSON bool) (*answer, error) {
	if !basic || p.ClientSecret == "" {
		form.Set("client_id", p.ClientID)
		if p.ClientSecret != "" {
			form.Set("client_secret", p.ClientSecret)
		}
	}
	body, kind := []byte(form.Encode()), "application/x-www-form-urlencoded"
	if asJSON {
		body, kind = object(form), "application/json"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, &Error{Kind: Permanent, Code: "bad_url", Description: "the URL of the endpoint cannot be used"}
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept", "application/json")
	if basic && p.ClientSecret != "" {
		p.basic(r)
	}
	return c.do(ctx, r, p.hosts)
}

// basic authenticates the client as RFC 6749 §2.3.1 has it: both parts form-encoded.
func (p *Provider) basic(r *http.Request) {
	r.SetBasicAuth(url.QueryEscape(p.ClientID), url.QueryEscape(p.ClientSecret))
}

// object is a form as a JSON object of strings.
func object(form url.Values) []byte {
	m := make(map[string]string, len(form))
	for name := range form {
		m[name] = form.Get(name)
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic("oauth: internal error: strings that are no JSON: " + err.Error())
	}
	return b
}

// judge tells success from failure, and reads the members of the answer.
func (p *Provider) judge(a *answer, secrets []string) (map[string]json.RawMessage, error) {
	members, readable := read(a)
	code := text(members["error"])
	if code == "" && p.Preset.ErrorMember != "" && a.status >= 400 {
		code = text(members[p.Preset.ErrorMember])
	}
	ok := a.status >= 200 && a.status < 300 && code == ""
	if p.Preset.OK {
		ok = ok && string(bytes.TrimSpace(members["ok"])) == "true"
	}
	if ok && readable {
		return members, nil
	}
	e := &Error{Kind: Permanent, Status: a.status, Code: redact(code, secrets...)}
	if len(e.Code) > maxCode {
		e.Code = Clean(e.Code, maxCode)
	}
	for _, name := range []string{"error_description", "message", "error_message"} {
		if d := text(members[name]); d != "" {
			e.Description = redact(d, secrets...)
			break
		}
	}
	switch {
	case a.status >= 500, a.status == http.StatusTooManyRequests, a.status == http.StatusRequestTimeout:
		e.Kind = Transient
	case code == "temporarily_unavailable", code == "server_error", code == "ratelimited", code == "rate_limited":
		e.Kind = Transient
	case code == "invalid_grant", slices.Contains(p.Preset.DeadGrant, code):
		e.Kind = InvalidGrant
	case ok && !readable:
		// The call had its effect, and its result is lost.
		return nil, &Error{Kind: Ambiguous, Status: a.status, Code: "bad_response", Description: "the provider's answer is not a JSON object"}
	}
	if e.Code == "" {
		e.Code = "status_" + strconv.Itoa(a.status)
	}
	if e.Description == "" {
		e.Description = "the provider refuses"
	}
	return nil, e
}

// read reads the members of an answer, which is JSON or, from some, a form.
func read(a *answer) (map[string]json.RawMessage, bool) {
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if kind == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(a.body))
		if err != nil {
			return nil, false
		}
		members := make(map[string]json.RawMessage, len(form))
		for name := range form {
			b, err := json.Marshal(form.Get(name))
			if err != nil {
				return nil, false
			}
			members[name] = b
		}
		return members, true
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(a.body, &members); err != nil || members == nil {
		return nil, false
	}
	return members, true
}

// text is a member as text: a string, or the strings of a list with blanks between, as
// some give their scopes.
func text(m json.RawMessage) string {
	var s string
	if json.Unmarshal(m, &s) == nil {
		return s
	}
	var list []string
	if json.Unmarshal(m, &list) == nil {
		return strings.Join(list, " ")
	}
	return ""
}

// maxLife bounds what is believed of a token's life.
const maxLife = 10 * 365 * 24 * time.Hour

// seconds is a span that may be written as a number or as text; 0 for anything else.
// Zero itself is what some write for "never".
func seconds(m json.RawMessage) time.Duration {
	f, err := strconv.ParseFloat(strings.Trim(strings.TrimSpace(string(m)), `"`), 64)
	if err != nil || !(f >= 1) {
		return 0
	}
	if f > maxLife.Seconds() {
		return maxLife
	}
	return time.Duration(f) * time.Second
}

// introspect asks when a token ends; zero if that is not to be learned.
func (c *Client) introspect(ctx context.Context, p *Provider, token string) time.Time {
	a, err := c.post(ctx, p, p.IntrospectionURL, url.Values{"token": {token}, "token_type_hint": {"access_token"}}, p.Auth == AuthBasic, false)
	if err != nil || a.status != http.StatusOK {
		return time.Time{}
	}
	var answer struct {
		Active bool    `json:"active"`
		Exp    float64 `json:"exp"`
	}
	now := c.now()
	if json.Unmarshal(a.body, &answer) != nil || !answer.Active || answer.Exp <= float64(now.Unix()) {
		return time.Time{}
	}
	if most := now.Add(maxLife); answer.Exp > float64(most.Unix()) {
		return most
	}
	return time.Unix(int64(answer.Exp), 0)
}
