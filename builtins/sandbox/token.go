package sandbox

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// refusal is an OAuth error.
type refusal struct {
	status      int
	code        string
	description string
}

func (f *refusal) write(w http.ResponseWriter) {
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="sandbox"`)
	}
	writeJSON(w, f.status, map[string]any{"error": f.code, "error_description": f.description})
}

func refuse(code, description string) *refusal {
	return &refusal{http.StatusBadRequest, code, description}
}

var errUnavailable = &refusal{http.StatusServiceUnavailable, "temporarily_unavailable", "Too much is granted."}

// client is an application that has proved who it is, or is public.
type client struct {
	*Application
	// proof is "0" for none, "1" for a secret, "2" for an assertion.
	proof string
}

const (
	assertionType     = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	federatedAudience = "api://AzureADTokenExchange"
)

// authenticate finds out who calls the token endpoint.
func (s *Sandbox) authenticate(k *known, r *http.Request, p parameters) (client, *refusal) {
	wrong := &refusal{http.StatusUnauthorized, "invalid_client", "The application is not known, or did not prove who it is."}
	id, secret := p["client_id"], p["client_secret"]
	if user, password, ok := r.BasicAuth(); ok {
		name, err := url.QueryUnescape(user)
		pass, err2 := url.QueryUnescape(password)
		if err != nil || err2 != nil || id != "" && id != name || secret != "" {
			return client{}, wrong
		}
		id, secret = name, pass
	}
	app := k.applications[id]
	if app == nil {
		return client{}, wrong
	}
	if p["client_assertion"] != "" || p["client_assertion_type"] != "" {
		claims, err := s.verify(p["client_assertion"])
		if err != nil || secret != "" || p["client_assertion_type"] != assertionType ||
			claims["aud"] != federatedAudience || claims["sub"] != app.ID {
			return client{}, wrong
		}
		return client{app, "2"}, nil
	}
	want, got := sha256.Sum256([]byte(app.Secret)), sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
		return client{}, wrong
	}
	if app.Secret == "" {
		return client{app, "0"}, nil
	}
	return client{app, "1"}, nil
}

// tenantToken is the token endpoint at the path that it has at Microsoft Entra.
func (s *Sandbox) tenantToken(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("tenant") != s.known.Load().TenantID {
		refuse("invalid_request", "AADSTS90002: There is no such tenant.").write(w)
		return
	}
	s.token(w, r)
}

// token is the token endpoint.
func (s *Sandbox) token(w http.ResponseWriter, r *http.Request) {
	k := s.known.Load()
	if r.ParseForm() != nil {
		refuse("invalid_request", "The form cannot be read.").write(w)
		return
	}
	p, once := readParameters(r.PostForm)
	if !once {
		refuse("invalid_request", "A parameter is there twice.").write(w)
		return
	}
	c, no := s.authenticate(k, r, p)
	if no == nil {
		var answer map[string]any
		switch p["grant_type"] {
		case "client_credentials":
			answer, no = s.clientCredentials(k, c, p)
		case "authorization_code":
			answer, no = s.redeem(k, c, p)
		case "refresh_token":
			answer, no = s.refreshed(k, c, p)
		default:
			no = refuse("unsupported_grant_type", "That grant type is not known here.")
		}
		if no == nil {
			writeJSON(w, http.StatusOK, answer)
			return
		}
	}
	no.write(w)
}

// clientCredentials is a token of an application for itself.
func (s *Sandbox) clientCredentials(k *known, c client, p parameters) (map[string]any, *refusal) {
	if c.proof == "0" {
		return nil, refuse("unauthorized_client", "An application without a secret has no token of its own.")
	}
	scopes := strings.Fields(p["scope"])
	resource := p["resource"]
	if resource == "" {
		resource = audienceOf(scopes, "")
	}
	if resource == "" {
		return nil, refuse("invalid_scope", "The scope must be a resource followed by /.default.")
	}
	t, err := s.applicationToken(k, c.Application, resource, "2.0", c.proof)
	if err != nil {
		return nil, errUnavailable
	}
	return t.answer(), nil
}

// answer is what a token endpoint answers with a token.
func (t issued) answer() map[string]any {
	seconds := int64(t.expire.Sub(t.from) / time.Second)
	return map[string]any{"token_type": "Bearer", "access_token": t.token, "expires_in": seconds, "ext_expires_in": seconds}
}

// redeem is the token of a code.
func (s *Sandbox) redeem(k *known, c client, p parameters) (map[string]any, *refusal) {
	wrong := refuse("invalid_grant", "The code is not good, or not for this.")
	now := s.now()
	g, ok := s.grants.takeCode(p["code"], c.ID, now)
	if !ok {
		return nil, wrong
	}
	redirect, named := p["redirect_uri"]
	sum := sha256.Sum256([]byte(p["code_verifier"]))
	verifies := subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(g.request.challenge)) == 1
	if g.request.challenge == "" {
		verifies = p["code_verifier"] == ""
	}
	if !verifies || (named || g.request.named) && redirect != g.request.redirect {
		return nil, wrong
	}
	return s.granted(k, c, g.grant, g.grant.scopes, g.request.nonce, now)
}

// refreshed is the token of a refresh token, which is replaced.
func (s *Sandbox) refreshed(k *known, c client, p parameters) (map[string]any, *refusal) {
	now := s.now()
	g, ok := s.grants.takeRefresh(p["refresh_token"], c.ID, now)
	if !ok {
		return nil, refuse("invalid_grant", "The refresh token is not good.")
	}
	scopes := g.scopes
	if less := strings.Fields(p["scope"]); len(less) > 0 {
		for _, one := range less {
			if !slices.Contains(g.scopes, one) {
				return nil, refuse("invalid_scope", "That was not consented to.")
			}
		}
		scopes = less
	}
	return s.granted(k, c, g, scopes, "", now)
}

// granted is what comes of a consent: an access token, and what its scopes ask for.
func (s *Sandbox) granted(k *known, c client, g *consented, scopes []string, nonce string, now time.Time) (map[string]any, *refusal) {
	user := k.users[g.user]
	if user == nil {
		return nil, refuse("invalid_grant", "The user is gone.")
	}
	t, err := s.userToken(k, c.Application, user, g.audience, scopes)
	if err != nil {
		return nil, errUnavailable
	}
	answer := t.answer()
	answer["scope"] = strings.Join(scopes, " ")
	if slices.Contains(scopes, "openid") {
		id, err := s.idToken(k, c.Application, user, nonce)
		if err != nil {
			return nil, errUnavailable
		}
		answer["id_token"] = id.token
	}
	if slices.Contains(g.scopes, "offline_access") {
		secret := s.random()
		if s.grants.addRefresh(secret, g, now) != nil {
			return nil, errUnavailable
		}
		answer["refresh_token"] = secret
	}
	return answer, nil
}

// revoke ends a token as RFC 7009 says: one that is not known is ended already.
func (s *Sandbox) revoke(w http.ResponseWriter, r *http.Request) {
	k := s.known.Load()
	if r.ParseForm() != nil {
		refuse("invalid_request", "The form cannot be read.").write(w)
		return
	}
	p, once := readParameters(r.PostForm)
	if !once || p["token"] == "" {
		refuse("invalid_request", "The token is not there, or something is twice.").write(w)
		return
	}
	c, no := s.authenticate(k, r, p)
	if no != nil {
		no.write(w)
		return
	}
	if !s.grants.endRefresh(p["token"], c.ID) {
		claims, err := s.verify(p["token"])
		id, _ := claims["uti"].(string)
		if err == nil && id != "" && party(claims) == c.ID {
			exp, _ := claims["exp"].(float64)
			if s.grants.revokeToken(id, time.Unix(int64(exp), 0), s.now()) != nil {
				errUnavailable.write(w)
				return
			}
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

// party is the application that a token was given to.
func party(claims map[string]any) string {
	for _, name := range []string{"azp", "appid"} {
		if id, ok := claims[name].(string); ok {
			return id
		}
	}
	return ""
}
