package authserver

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"sekisho/builtins/authserver/records"
	"sekisho/builtins/credential/oauth"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"

	"golang.org/x/sync/singleflight"
)

// upstream is the identity provider, which describes itself.
type upstream struct {
	Provider
	plain  *oauth.Provider     // as far as it is known without being asked
	verify *pipeline.TokenKeys // of its id_tokens
	found  atomic.Pointer[foundProvider]
	asking singleflight.Group
	failed atomic.Pointer[failedDiscovery]
}

// foundProvider is what it says of itself.
type foundProvider struct {
	*oauth.Provider
	at time.Time
}

type failedDiscovery struct {
	at  time.Time
	err error
}

const (
	discoveryAge   = time.Hour       // until it is asked again
	discoveryPause = 5 * time.Second // between two questions after a failure
)

// tenantTemplate stands in the issuer of Entra's endpoints for many tenants.
const tenantTemplate = "{tenantid}"

func newUpstream(p Provider) (*upstream, error) {
	at := strings.TrimSuffix(p.Issuer, "/") + wellKnownOpenID
	plain, err := oauth.Resolve(oauth.Config{Kind: "oauth21", Settings: map[string]string{
		"serverUrl": p.Issuer, "openIdConfiguration": at, "clientId": p.ClientID, "clientSecret": p.ClientSecret,
	}})
	if err != nil {
		return nil, err
	}
	return &upstream{Provider: p, plain: plain, verify: &pipeline.TokenKeys{OpenID: []string{at}}}, nil
}

// same tells whether a Provider is the one that is known.
func (u *upstream) same(p *Provider) bool {
	return u.Entra == p.Entra && u.Issuer == p.Issuer && u.ClientID == p.ClientID && u.ClientSecret == p.ClientSecret && slices.Equal(u.Scopes, p.Scopes)
}

// tenant is the tenant in the issuer's URL, for Entra.
func (u *upstream) tenant() string {
	at, err := url.Parse(u.Issuer)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(at.Path, "/"), "/")
	return name
}

// isID tells whether s is the id of a tenant, which has 36 characters: 8-4-4-4-12.
func isID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !('0' <= s[i] && s[i] <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

// discover is the identity provider with its endpoints. It is asked hourly; what is known
// serves on while it cannot be.
func (u *upstream) discover(ctx context.Context, s *Server) (*foundProvider, error) {
	known := u.found.Load()
	now := s.o.Now()
	if known != nil && now.Sub(known.at) < discoveryAge {
		return known, nil
	}
	if f := u.failed.Load(); f != nil && now.Sub(f.at) < discoveryPause {
		if known != nil {
			return known, nil
		}
		return nil, f.err
	}
	ch := u.asking.DoChan("", func() (any, error) {
		p, err := u.ask(s.ctx, s)
		if err != nil {
			u.failed.Store(&failedDiscovery{s.o.Now(), err})
			s.o.Log.Warn("the identity provider cannot be asked for its endpoints", "error", err.Error(), "known", known != nil)
			return nil, err
		}
		f := &foundProvider{p, s.o.Now()}
		u.found.Store(f)
		u.failed.Store(nil)
		return f, nil
	})
	select {
	case got := <-ch:
		if got.Err != nil {
			if known != nil {
				return known, nil
			}
			return nil, got.Err
		}
		return got.Val.(*foundProvider), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ask reads the OpenID configuration.
func (u *upstream) ask(ctx context.Context, s *Server) (*oauth.Provider, error) {
	m, err := s.client.Configuration(ctx, u.plain)
	if err != nil {
		return nil, err
	}
	if !u.speaksFor(m.Issuer) {
		return nil, errors.New("the OpenID configuration is that of another issuer")
	}
	auth := "body"
	if !u.Entra && (len(m.TokenAuthMethods) == 0 || slices.Contains(m.TokenAuthMethods, "client_secret_basic")) {
		auth = "basic"
	}
	if strings.HasPrefix(u.Issuer, "https:") && !(strings.HasPrefix(m.AuthorizationEndpoint, "https:") && strings.HasPrefix(m.TokenEndpoint, "https:")) {
		return nil, errors.New("the OpenID configuration names endpoints that are not https")
	}
	p, err := oauth.Resolve(oauth.Config{Kind: "oauth2pkce", Settings: map[string]string{
		"clientId": u.ClientID, "clientSecret": u.ClientSecret, "scopes": strings.Join(u.Scopes, " "),
		"authorizationUrl": m.AuthorizationEndpoint, "tokenUrl": m.TokenEndpoint,
		"openIdConfiguration": u.verify.OpenID[0], "issuer": m.Issuer, "clientAuthentication": auth,
	}})
	if err != nil {
		return nil, err
	}
	p.IssRequired = m.IssParameter
	return p, nil
}

// speaksFor tells whether a configuration may be the one that was asked for: its issuer
// is that, but for a slash at its end. Entra knows a tenant by several names, and answers
// with its id, or with a template where there are many.
func (u *upstream) speaksFor(issuer string) bool {
	want := strings.TrimSuffix(u.Issuer, "/")
	issuer = strings.TrimSuffix(issuer, "/")
	if issuer == want {
		return true
	}
	tenant := u.tenant()
	if !u.Entra || tenant == "" || isID(tenant) {
		return false
	}
	before, after, _ := strings.Cut(want, "/"+tenant)
	name, ok := strings.CutPrefix(issuer, before+"/")
	if name, ok2 := strings.CutSuffix(name, after); ok && ok2 {
		return isID(name) || name == tenantTemplate
	}
	return false
}

// payload is the claims of a token, which was verified.
func payload(token string) ([]byte, error) {
	_, rest, _ := strings.Cut(token, ".")
	middle, _, _ := strings.Cut(rest, ".")
	return base64.RawURLEncoding.DecodeString(middle)
}

// accessHash compares at_hash (OpenID Connect Core, section 3.1.3.6) where it is given
// and its hash is known.
func accessHash(alg, hash, token string) bool {
	if hash == "" || !strings.HasSuffix(alg, "256") {
		return true
	}
	sum := sha256.Sum256([]byte(token))
	return sameText(base64.RawURLEncoding.EncodeToString(sum[:16]), hash)
}

// upstreamTokens are those of the identity provider for a grant.
type upstreamTokens struct {
	Access  string    `json:"access"`
	Refresh string    `json:"refresh,omitempty"`
	Type    string    `json:"type,omitempty"`
	Scope   string    `json:"scope,omitempty"`
	Expires time.Time `json:"expires,omitzero"` // zero if it does not say
	// Dead: the identity provider wants a new login.
	Dead bool `json:"dead,omitempty"`
}

// UpstreamError says why there is no token of the identity provider. It holds no secrets.
type UpstreamError struct {
	Description string
	// Login: only a new login of the user helps.
	Login bool
	Cause error
}

func (e *UpstreamError) Error() string { return e.Description }

// Unwrap returns the cause.
func (e *UpstreamError) Unwrap() error { return e.Cause }

const (
	upstreamMargin = time.Minute      // before its end a token is refreshed
	leaseTime      = 30 * time.Second // a refresh takes less
	leaseWait      = 50 * time.Millisecond
)

// Upstream is the access token that the identity provider has granted for the user of an
// access token of ours, which must be good. It is refreshed when it is about to end, by one
// process at a time. Errors are of type *UpstreamError.
func (s *Server) Upstream(ctx context.Context, accessToken string) (*apim.Authorization, error) {
	t, err := s.examine(ctx, accessToken)
	if err != nil {
		return nil, &UpstreamError{Description: "the access token is not good", Cause: err}
	}
	grant := t.caller.Grant
	var up upstreamTokens
	if _, err := s.get(ctx, kindUpstream, grant, &up); gone(err) {
		return nil, &UpstreamError{Description: "the grant has no tokens of the identity provider: the user has to log in again", Login: true}
	} else if err != nil {
		return nil, &UpstreamError{Description: "the tokens of the identity provider cannot be read", Cause: err}
	}
	if !up.due(s.o.Now()) {
		return up.authorization(), nil
	}
	ch := s.refreshing.DoChan(grant, func() (any, error) { return s.renew(s.ctx, grant) })
	select {
	case got := <-ch:
		if got.Err != nil {
			return nil, got.Err
		}
		return got.Val.(*upstreamTokens).authorization(), nil
	case <-ctx.Done():
		return nil, &UpstreamError{Description: "the tokens of the identity provider were not refreshed in time", Cause: ctx.Err()}
	}
}

// due tells whether tokens are to be refreshed.
func (t *upstreamTokens) due(now time.Time) bool {
	return t.Dead || !t.Expires.IsZero() && !now.Add(upstreamMargin).Before(t.Expires)
}

// renew refreshes the tokens of a grant, or waits for who does.
func (s *Server) renew(ctx context.Context, grant string) (*upstreamTokens, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseTime)
	defer cancel()
	for {
		var up upstreamTokens
		r, err := s.get(ctx, kindUpstream, grant, &up)
		switch {
		case err != nil:
			return nil, &UpstreamError{Description: "the tokens of the identity provider cannot be read", Cause: err}
		case up.Dead:
			return nil, &UpstreamError{Description: "the identity provider does not renew the user's tokens: the user has to log in again", Login: true}
		case !up.due(s.o.Now()):
			return &up, nil
		case up.Refresh == "":
			if s.o.Now().Before(up.Expires) {
				return &up, nil
			}
			return nil, &UpstreamError{Description: "the user's token at the identity provider has ended, and there is none to renew it: the user has to log in again", Login: true}
		}
		err = s.create(ctx, kindLease, grant, "", leaseTime, struct{}{})
		if err == nil {
			return s.refreshUpstream(ctx, grant, r, &up)
		}
		if !errors.Is(err, records.ErrConflict) {
			return nil, &UpstreamError{Description: "the tokens of the identity provider cannot be renewed", Cause: err}
		}
		select {
		case <-time.After(leaseWait):
		case <-ctx.Done():
			return nil, &UpstreamError{Description: "the tokens of the identity provider were not refreshed in time", Cause: ctx.Err()}
		}
	}
}

// refreshUpstream refreshes tokens for who holds the lease.
func (s *Server) refreshUpstream(ctx context.Context, grant string, r *records.Record, up *upstreamTokens) (*upstreamTokens, error) {
	defer func() {
		if err := s.o.Store.Delete(context.WithoutCancel(ctx), kindLease, grant); err != nil {
			s.o.Log.Warn("the lease of a grant was not given back", "error", err.Error())
		}
	}()
	// Another may have finished between the look at the tokens and the lease.
	var now upstreamTokens
	if r2, err := s.get(ctx, kindUpstream, grant, &now); err == nil && r2.Version != r.Version {
		if r, up = r2, &now; !up.due(s.o.Now()) {
			return up, nil
		}
	}
	set := s.settings.Load()
	provider, err := set.provider.discover(ctx, s)
	var t *oauth.Token
	if err == nil {
		t, err = s.client.Refresh(ctx, provider.Provider, up.Refresh)
	}
	var e *oauth.Error
	switch {
	case err == nil:
		up = &upstreamTokens{Access: t.Access, Refresh: t.Refresh, Type: t.Type, Scope: t.Scope, Expires: t.Expires}
	case errors.As(err, &e) && e.Kind == oauth.InvalidGrant:
		up.Dead = true
	default:
		s.o.Log.Warn("the user's token at the identity provider was not renewed", "error", err.Error())
		if s.o.Now().Before(up.Expires) {
			return up, nil
		}
		return nil, &UpstreamError{Description: "the user's token at the identity provider cannot be renewed at the moment", Cause: err}
	}
	// What was granted is saved whatever becomes of the caller: the old token may be void.
	// Beside who holds the lease, only the end of the record is moved.
	for {
		e := s.put(context.WithoutCancel(ctx), r, up)
		if errors.Is(e, records.ErrConflict) {
			r, e = s.o.Store.Get(context.WithoutCancel(ctx), kindUpstream, grant)
			if e == nil {
				continue
			}
		}
		if e != nil {
			return nil, &UpstreamError{Description: "the renewed token of the identity provider cannot be kept", Cause: e}
		}
		break
	}
	if up.Dead {
		return nil, &UpstreamError{Description: "the identity provider does not renew the user's tokens: the user has to log in again", Login: true, Cause: err}
	}
	return up, nil
}

// authorization is what a policy gets.
func (t *upstreamTokens) authorization() *apim.Authorization {
	return &apim.Authorization{AccessToken: t.Access, Claims: members{{"scope", t.Scope}, {"token_type", t.Type}}}
}

// members are a few members of a token's answer; they implement apim.Variables.
type members []struct{ name, value string }

// Lookup implements apim.Variables.
func (m members) Lookup(name string) (any, bool) {
	for _, e := range m {
		if e.name == name {
			return e.value, true
		}
	}
	return nil, false
}

// Len implements apim.Variables.
func (m members) Len() int { return len(m) }

// Each implements apim.Variables.
func (m members) Each(f func(name string, value any) bool) {
	for _, e := range m {
		if !f(e.name, e.value) {
			return
		}
	}
}

var _ apim.Variables = members(nil)
