package authserver

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"sekisho/builtins/authserver/clients"
	"sekisho/builtins/authserver/records"
	"sekisho/builtins/jose"
)

// maxTokenRequest bounds the body of a request to the token endpoint and its kin.
const maxTokenRequest = 64 << 10

// code is an authorization code; one that is spent tells which grant it has become.
type code struct {
	Request *request `json:"request"`
	Person  *person  `json:"person,omitempty"` // nil once it is spent
	Grant   string   `json:"grant,omitempty"`
	// Spent is when it was redeemed.
	Spent time.Time `json:"spent,omitzero"`
}

// codeGrace is for how long a code that comes again is merely refused: pages send it twice
// at once, and who does that must not lose what one of the two has won.
const codeGrace = 2 * time.Second

// grant is what a client may do for a user. All tokens of it end with it.
type grant struct {
	ID       string                     `json:"id"`
	User     string                     `json:"user"`
	Client   string                     `json:"client"`
	Audience string                     `json:"aud"`
	Scopes   []string                   `json:"scopes"`
	Claims   map[string]json.RawMessage `json:"claims,omitempty"`
	Family   *family                    `json:"family,omitempty"` // nil without refresh tokens
}

// tokenError is an error of the token endpoint (RFC 6749, section 5.2).
type tokenError struct {
	status     int
	code, text string
}

func invalid(code, text string) *tokenError { return &tokenError{http.StatusBadRequest, code, text} }

// tokenAnswer is what the token endpoint answers.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
}

// token is the token endpoint.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	form, ok := s.clientForm(w, r)
	if !ok {
		return
	}
	c, e := s.authenticate(r, form)
	if e != nil {
		s.refuse(w, e)
		return
	}
	set := s.settings.Load()
	var a *tokenAnswer
	var err error
	switch form.Get("grant_type") {
	case "":
		e = invalid("invalid_request", "grant_type is missing")
	case "authorization_code":
		a, e, err = s.exchange(r.Context(), set, c, form)
	case "refresh_token":
		a, e, err = s.refresh(r.Context(), set, c, form)
	default:
		e = invalid("unsupported_grant_type", "only authorization_code and refresh_token are supported")
	}
	switch {
	case err != nil:
		s.o.Log.Error("the token endpoint failed inside", "error", err.Error())
		s.refuse(w, &tokenError{http.StatusInternalServerError, "server_error", "the gateway could not do this"})
	case e != nil:
		s.refuse(w, e)
	default:
		s.json(w, http.StatusOK, a)
	}
}

// clientForm reads a form of a client, in which no parameter stands twice, and none in the
// query; or it answers why not.
func (s *Server) clientForm(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	form, ok := readForm(w, r, maxTokenRequest)
	if !ok || r.URL.RawQuery != "" {
		s.refuse(w, invalid("invalid_request", "parameters are expected in a body of the type application/x-www-form-urlencoded"))
		return nil, false
	}
	for name, values := range form {
		if len(values) > 1 {
			if name == "resource" {
				s.refuse(w, invalid("invalid_target", "a token is for one resource only"))
			} else {
				s.refuse(w, invalid("invalid_request", "a parameter stands twice"))
			}
			return nil, false
		}
	}
	return form, true
}

func (s *Server) json(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		s.o.Log.Error("an answer cannot be written", "error", err.Error())
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // to a client that has left
}

func (s *Server) refuse(w http.ResponseWriter, e *tokenError) {
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="sekisho", charset="UTF-8"`)
	}
	s.json(w, e.status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{e.code, plainText(e.text)})
}

// authenticate finds the client of a request and checks its secret, if it has one: by
// HTTP or in the form, not both.
func (s *Server) authenticate(r *http.Request, form url.Values) (*clients.Client, *tokenError) {
	unauthorized := func(text string) (*clients.Client, *tokenError) {
		return nil, &tokenError{http.StatusUnauthorized, "invalid_client", text}
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if headers := r.Header.Values("Authorization"); len(headers) > 0 {
		user, password, ok := r.BasicAuth()
		if len(headers) > 1 || !ok {
			return unauthorized("clients authenticate by Basic, or in the body")
		}
		// RFC 6749, section 2.3.1: both are encoded as in a form.
		name, err := url.QueryUnescape(user)
		word, err2 := url.QueryUnescape(password)
		if err != nil || err2 != nil {
			return unauthorized("the client's name or secret is not encoded as in a form")
		}
		if form.Has("client_secret") || id != "" && id != name {
			return nil, invalid("invalid_request", "the client authenticates in two ways")
		}
		id, secret = name, word
	}
	if id == "" || len(id) > 2048 || len(secret) > 2048 {
		return unauthorized("the client does not say who it is")
	}
	c, err := s.registry.Lookup(r.Context(), id)
	var doc *clients.DocumentError
	switch {
	case errors.Is(err, clients.ErrUnknown):
		return unauthorized("the client is not known, or not any more")
	case errors.As(err, &doc) && !doc.Unavailable:
		return unauthorized(doc.Error())
	case err != nil:
		if doc == nil {
			s.o.Log.Error("a client cannot be looked up", "error", err.Error())
		}
		return nil, &tokenError{http.StatusServiceUnavailable, "temporarily_unavailable", "who the client is cannot be found out at the moment"}
	}
	if c.AuthMethod == "none" {
		if secret != "" {
			return unauthorized("the client has no secret")
		}
		return c, nil
	}
	if !s.registry.Authenticate(r.Context(), c, secret) {
		return unauthorized("the client's secret is missing or wrong")
	}
	return c, nil
}

// isVerifier tells whether s can be a code verifier (RFC 7636, section 4.1).
func isVerifier(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0) {
			return false
		}
	}
	return len(s) >= 43 && len(s) <= 128
}

// exchange redeems a code. Whatever is wrong with the request of the client that it was
// made for, the code is spent.
func (s *Server) exchange(ctx context.Context, set *settings, c *clients.Client, form url.Values) (*tokenAnswer, *tokenError, error) {
	id := form.Get("code")
	if id == "" {
		return nil, invalid("invalid_request", "code is missing"), nil
	}
	dead := invalid("invalid_grant", "the code is not good, or not any more")
	if len(id) != 43 {
		return nil, dead, nil
	}
	var v code
	rec, err := s.get(ctx, kindCode, id, &v)
	if gone(err) || err == nil && v.Request.Client != c.ID {
		return nil, dead, nil
	} else if err != nil {
		return nil, nil, err
	}
	if v.Grant != "" && s.o.Now().Sub(v.Spent) < codeGrace {
		return nil, dead, nil
	}
	if v.Grant != "" {
		// Somebody has two of what there is one of.
		s.o.Log.Warn("a code was presented again: its grant is revoked", "client", c.ID)
		return nil, dead, s.end(ctx, v.Grant)
	}
	req, p := v.Request, v.Person
	v.Person, v.Spent = nil, s.o.Now()
	if v.Grant, err = s.newGrantID(); err != nil {
		return nil, nil, err
	}
	rec.Expires = s.o.Now().Add(maxAccessToken)
	if err := s.put(ctx, rec, &v); errors.Is(err, records.ErrConflict) {
		return nil, dead, nil // another request was faster
	} else if err != nil {
		return nil, nil, err
	}
	if e := checkCode(set, req, form); e != nil {
		return nil, e, nil
	}
	g := &grant{ID: v.Grant, User: p.User, Client: c.ID, Audience: req.Audience, Scopes: req.Scopes, Claims: p.Claims}
	var refresh string
	if slices.Contains(c.GrantTypes, "refresh_token") {
		if g.Family, refresh, err = s.newFamily(g.ID); err != nil {
			return nil, nil, err
		}
	}
	if err := s.keep(ctx, set, g, &p.Tokens); err != nil {
		return nil, nil, err
	}
	// If that took long, the code may have come again, and its grant have been revoked before
	// it was there.
	if _, err := s.o.Store.Get(ctx, kindRevoked, g.ID); err == nil {
		return nil, dead, s.end(ctx, g.ID)
	} else if !gone(err) {
		return nil, nil, err
	}
	s.registry.Used(ctx, c)
	a, err := s.answer(set, g, g.Scopes, refresh)
	return a, nil, err
}

// checkCode compares a request for tokens with the one that its code was given for.
func checkCode(set *settings, req *request, form url.Values) *tokenError {
	verifier := form.Get("code_verifier")
	sum := sha256.Sum256([]byte(verifier))
	switch {
	case verifier == "":
		return invalid("invalid_grant", "code_verifier is missing")
	case !isVerifier(verifier) || !sameText(base64.RawURLEncoding.EncodeToString(sum[:]), req.Challenge):
		return invalid("invalid_grant", "code_verifier is not the one of the code")
	case (req.Given || form.Has("redirect_uri")) && form.Get("redirect_uri") != req.Redirect:
		return invalid("invalid_grant", "redirect_uri is not the one of the code")
	}
	return sameTarget(set, req.Audience, form)
}

// sameTarget refuses a resource that is another than the one that was granted.
func sameTarget(set *settings, audience string, form url.Values) *tokenError {
	if !form.Has("resource") {
		return nil
	}
	if to, f := set.target(form.Get("resource"), true); f != nil || to != audience {
		return invalid("invalid_target", "the resource is not the one that was granted")
	}
	return nil
}

func (s *Server) newGrantID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(s.o.Rand, b[:]); err != nil {
		return "", errors.New("there is no randomness for a grant")
	}
	return hex.EncodeToString(b[:]), nil
}

// life is how long a grant lives that is not used.
func (set *settings) life(g *grant) time.Duration {
	if g.Family == nil {
		return set.AccessToken
	}
	return max(set.RefreshToken, set.AccessToken)
}

// keep keeps a new grant, and ends the oldest of the same client and user if there are
// too many.
func (s *Server) keep(ctx context.Context, set *settings, g *grant, up *upstreamTokens) error {
	group := digest("grant", g.Client, g.User)
	n, err := s.o.Store.Count(ctx, kindGrant, group)
	if err != nil {
		return err
	}
	if n >= maxGrants {
		old, err := s.o.Store.Oldest(ctx, kindGrant, group, n-maxGrants+1)
		if err != nil {
			return err
		}
		for _, r := range old {
			var o grant
			if err := decode(r, &o); err != nil {
				return err
			}
			if err := s.end(ctx, o.ID); err != nil {
				return err
			}
		}
	}
	if err := s.create(ctx, kindUpstream, g.ID, "", set.life(g), up); err != nil {
		return err
	}
	return s.create(ctx, kindGrant, g.ID, group, set.life(g), g)
}

// answer makes an access token of a grant for scopes, which are among the grant's.
func (s *Server) answer(set *settings, g *grant, scopes []string, refresh string) (*tokenAnswer, error) {
	jti, err := s.random()
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	claims := make(map[string]any, 9+len(g.Claims))
	for name, v := range g.Claims {
		claims[name] = v
	}
	useful := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == offlineAccess })
	for name, v := range map[string]any{
		"iss": set.Issuer, "sub": g.User, "aud": g.Audience, "client_id": g.Client, "scope": strings.Join(useful, " "),
		"iat": now.Unix(), "exp": now.Add(set.AccessToken).Unix(), "jti": jti, "sid": g.ID,
	} {
		claims[name] = v
	}
	key := s.keys.state.Load().signer(now)
	token, err := jose.Sign(claims, key.private, key.kid, "at+jwt")
	if err != nil {
		return nil, err
	}
	return &tokenAnswer{token, "Bearer", int64(set.AccessToken / time.Second), refresh, strings.Join(scopes, " ")}, nil
}
