package credential

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"sekisho/builtins/credential/store"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// skew is how far clocks may be apart.
const skew = 5 * time.Minute

// allowed says why the bearer of a token may not use a connection; nil if it may.
func (m *Manager) allowed(ctx context.Context, a *access, token string) error {
	s := m.settings.Load()
	if len(s.TokenIssuers) == 0 {
		return fail(CodeDenied, "no issuers are configured whose tokens say who asks")
	}
	if token == "" {
		return fail(CodeDenied, "there is no token that says who asks")
	}
	v, err := m.verify(ctx, token, s.keys)
	if err != nil {
		return err
	}
	if !slices.Contains(v.Jwt.Audiences, s.TokenAudience) {
		return fail(CodeDenied, "the caller's token is for another audience")
	}
	oid, tid := claim(v.Jwt, "oid"), claim(v.Jwt, "tid")
	if oid == "" || tid == "" {
		return fail(CodeDenied, "the caller's token has no oid or no tid")
	}
	// A token with too many groups names a place to ask instead: that is no membership.
	groups, _ := v.Jwt.Claims.Lookup("groups")
	app := claim(v.Jwt, "azp")
	if app == "" {
		app = claim(v.Jwt, "appid")
	}
	for _, p := range a.policies {
		if permits(p, tid, oid, app, groups) {
			return nil
		}
	}
	return fail(CodeDenied, "the caller has no access policy for the connection")
}

// permits tells whether a policy is about the bearer of a token. An id of the directory
// is the same in capitals.
func permits(p *store.AccessPolicy, tid, oid, app string, groups []string) bool {
	if p.TenantID == "" || p.ObjectID == "" || !strings.EqualFold(p.TenantID, tid) {
		return false
	}
	if len(p.AppIDs) > 0 && !slices.ContainsFunc(p.AppIDs, func(id string) bool { return app != "" && strings.EqualFold(id, app) }) {
		return false
	}
	isGroup := slices.ContainsFunc(groups, func(g string) bool { return strings.EqualFold(g, p.ObjectID) })
	isSelf := strings.EqualFold(p.ObjectID, oid)
	switch p.Kind {
	case store.Group:
		return isGroup
	case store.User, store.ServicePrincipal:
		return isSelf
	}
	return isSelf || isGroup
}

// verify checks what pipeline.Tokens leaves to its caller, but for the audience.
func (m *Manager) verify(ctx context.Context, token string, keys *pipeline.TokenKeys) (*pipeline.VerifiedToken, error) {
	if m.o.Tokens == nil {
		return nil, fail(CodeDenied, "tokens cannot be verified here")
	}
	v, err := m.o.Tokens.Verify(ctx, token, keys)
	if err != nil {
		var refused *pipeline.TokenError
		if errors.As(err, &refused) {
			return nil, &Error{CodeDenied, "the caller's token is refused: " + refused.Message, err}
		}
		return nil, err
	}
	now := m.o.Now()
	switch {
	case v.Jwt.ExpirationTime == nil:
		return nil, fail(CodeDenied, "the caller's token does not say when it ends")
	case now.After(v.Jwt.ExpirationTime.Time().Add(skew)):
		return nil, fail(CodeDenied, "the caller's token has expired")
	case v.Jwt.NotBefore != nil && now.Before(v.Jwt.NotBefore.Time().Add(-skew)):
		return nil, fail(CodeDenied, "the caller's token is not good yet")
	case !slices.ContainsFunc(v.Issuers, func(i string) bool { return issuerIs(i, v.Jwt) }):
		return nil, fail(CodeDenied, "the caller's token is of another issuer")
	}
	return v, nil
}

// issuerIs compares the issuer of a token with one as it is published. The one of an
// Entra application for many tenants leaves the tenant open.
func issuerIs(published string, t *apim.Jwt) bool {
	if published == "" || t.Issuer == "" {
		return false
	}
	const open = "{tenantid}"
	if i := strings.Index(strings.ToLower(published), open); i >= 0 {
		tid := claim(t, "tid")
		return tid != "" && published[:i]+tid+published[i+len(open):] == t.Issuer
	}
	return published == t.Issuer
}

// claim is the one value of a claim, "" if there are none or several.
func claim(t *apim.Jwt, name string) string {
	if v, ok := t.Claims.Lookup(name); ok && len(v) == 1 {
		return v[0]
	}
	return ""
}
