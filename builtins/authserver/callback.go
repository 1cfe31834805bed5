package authserver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"sekisho/builtins/credential/oauth"
)

// person is a user who has logged in, with what the identity provider granted.
type person struct {
	User   string                     `json:"user"`
	Name   string                     `json:"name,omitempty"` // for people
	Claims map[string]json.RawMessage `json:"claims,omitempty"`
	Tokens upstreamTokens             `json:"tokens"`
}

// callback is where the identity provider sends the browser back to.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	set := s.settings.Load()
	q := r.URL.Query()
	state := q.Get("state")
	if len(q["state"]) != 1 || len(state) != 43 {
		s.problem(w, http.StatusBadRequest, "This answer is not known", "It belongs to no login that is under way. Go back to the application and connect again.", "")
		return
	}
	var l login
	if _, err := s.get(r.Context(), kindLogin, state, &l); err != nil {
		s.noLogin(w, err)
		return
	}
	// Not used up before it is sure that this is the browser: else anybody who sees the
	// state could spoil the login of another.
	if browser := set.cookie(r, loginCookie+tag(state)); browser == "" || !sameText(browser, l.Browser) {
		s.o.Log.Warn("a login came back in another browser")
		s.problem(w, http.StatusForbidden, "This login was begun elsewhere", "A login can be finished only in the browser where it was begun. If you did not begin one, somebody may want you to act for them: nothing has been granted.", "")
		return
	}
	if err := s.take(r.Context(), kindLogin, state, &l); err != nil {
		s.noLogin(w, err)
		return
	}
	set.dropCookie(w, loginCookie+tag(state))
	req := l.Request
	p, f, err := s.redeem(r, set, &l)
	if err != nil {
		s.o.Log.Warn("a login failed", "client", req.Client, "error", err.Error())
		s.tell(w, set, req, f)
		return
	}
	now, err := s.session(r)
	if err == nil {
		err = s.logIn(w, r, set, p)
	}
	if err != nil {
		s.broken(w, err)
		return
	}
	if req.For != "" && req.For != p.User || now.User != "" && now.User != p.User {
		s.confirm(w, r, set, req, p)
		return
	}
	s.finish(w, r, set, req, p, !l.Remembered)
}

// noLogin answers for a state that is not, or not any more.
func (s *Server) noLogin(w http.ResponseWriter, err error) {
	if !gone(err) {
		s.broken(w, err)
		return
	}
	s.problem(w, http.StatusGone, "This login is over", "It has been finished already, or took too long. If the application is still waiting, connect again from there.", "")
}

// confirm asks a user who is another than the one that approved.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request, set *settings, req *request, p *person) {
	if slices.Contains(req.Prompt, "none") {
		s.tell(w, set, req, fail("interaction_required", "another user has logged in"))
		return
	}
	c, err := s.registry.Lookup(r.Context(), req.Client)
	if err != nil {
		s.unknown(w, err)
		return
	}
	again := *req
	again.For, again.Expires = p.User, s.o.Now().Add(set.Login).Unix()
	if again.ID, err = s.random(); err == nil {
		again.Confirm, err = s.random()
	}
	if err == nil {
		err = s.bound(r.Context(), kindConfirm, "", maxConfirms)
	}
	if err == nil {
		err = s.create(r.Context(), kindConfirm, again.Confirm, "", set.Login, p)
	}
	if err != nil {
		s.broken(w, err)
		return
	}
	s.show(w, r, set, &again, c, session{p.User, p.Name})
}

// finish gives the client its code.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, set *settings, req *request, p *person, asked bool) {
	ctx := r.Context()
	if asked {
		if err := s.remember(ctx, set, p.User, req); err != nil {
			s.broken(w, err)
			return
		}
	}
	id, err := s.random()
	if err == nil {
		err = s.bound(ctx, kindCode, "", maxCodes)
	}
	if err == nil {
		err = s.create(ctx, kindCode, id, "", set.Code, &code{Request: req, Person: p})
	}
	if err != nil {
		s.broken(w, err)
		return
	}
	s.reply(w, set, req, "code", id)
}

// redeem takes the identity provider's answer to a user, after everything about it was
// checked. On an error, the failure is what the client is told.
func (s *Server) redeem(r *http.Request, set *settings, l *login) (*person, *failure, error) {
	ctx := r.Context()
	provider, err := set.provider.discover(ctx, s)
	if err != nil {
		return nil, fail("temporarily_unavailable", "the identity provider cannot be reached"), err
	}
	issuer := provider.Issuer
	if strings.Contains(issuer, tenantTemplate) {
		issuer = "" // of many tenants, which the answer does not tell
	}
	code, err := provider.ParseCallback(r.URL.Query(), issuer)
	if err != nil {
		return nil, refusal(err, l.Request), err
	}
	t, err := s.client.Exchange(ctx, provider.Provider, code, set.base+"callback", l.Verifier)
	if err != nil {
		return nil, fail("server_error", "the identity provider has granted no tokens"), err
	}
	p, err := s.identify(ctx, set, provider, t, l.Nonce)
	if err != nil {
		return nil, fail("server_error", "the identity provider's answer cannot be trusted"), err
	}
	p.Tokens = upstreamTokens{Access: t.Access, Refresh: t.Refresh, Type: t.Type, Scope: t.Scope, Expires: t.Expires}
	return p, nil, nil
}

// refusal is what a client is told when the identity provider says no.
func refusal(err error, req *request) *failure {
	var e *oauth.Error
	if !errors.As(err, &e) {
		return fail("server_error", "the identity provider's answer cannot be used")
	}
	text := "the identity provider says " + plainText(e.Code)
	if e.Description != "" {
		text += ": " + plainText(e.Description)
	}
	switch e.Code {
	case "access_denied", "temporarily_unavailable", "server_error":
		return fail(e.Code, text)
	case "login_required", "consent_required", "interaction_required", "account_selection_required":
		if slices.Contains(req.Prompt, "none") {
			return fail(e.Code, text)
		}
	case "wrong_issuer", "bad_response":
		return fail("server_error", "the identity provider's answer cannot be trusted")
	}
	return fail("server_error", text)
}

// plainText makes a text fit for error_description (RFC 6749, section 4.1.2.1).
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, oauth.Clean(s, 200))
}

// Claims of an id_token that are looked at.
type identity struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience json.RawMessage `json:"aud"`
	Party    string          `json:"azp"`
	Nonce    string          `json:"nonce"`
	Expires  *float64        `json:"exp"`
	NotUntil float64         `json:"nbf"`
	Hash     string          `json:"at_hash"`
	Tenant   string          `json:"tid"`
	Object   string          `json:"oid"`
	Email    string          `json:"email"`
	Known    string          `json:"preferred_username"`
	Name     string          `json:"name"`
}

// skew is by how much clocks may differ.
const skew = time.Minute

// identify checks an id_token (OpenID Connect Core, section 3.1.3.7) and takes it to the
// user.
func (s *Server) identify(ctx context.Context, set *settings, provider *foundProvider, t *oauth.Token, nonce string) (*person, error) {
	if t.ID == "" {
		return nil, errors.New("the identity provider's answer holds no id_token")
	}
	v, err := s.o.Tokens.Verify(ctx, t.ID, set.provider.verify)
	if err != nil {
		return nil, err
	}
	if typ := v.Jwt.Type; typ != "" && !strings.EqualFold(typ, "JWT") {
		return nil, errors.New("the id_token is a token of another kind")
	}
	if strings.HasPrefix(v.Jwt.Algorithm, "HS") {
		return nil, errors.New("the id_token is signed with a secret")
	}
	var id identity
	raw, err := payload(v.Jwt.Raw)
	if err != nil || json.Unmarshal(raw, &id) != nil {
		return nil, errors.New("the id_token has claims of other types")
	}
	now := s.o.Now()
	want := provider.Issuer
	if set.Provider.Entra {
		if !isID(id.Tenant) {
			return nil, errors.New("the id_token names no tenant")
		}
		want = strings.ReplaceAll(want, tenantTemplate, id.Tenant)
		if tenant := set.provider.tenant(); isID(tenant) && !strings.EqualFold(tenant, id.Tenant) {
			return nil, errors.New("the id_token is of another tenant")
		}
	}
	several := len(v.Jwt.Audiences) > 1
	switch {
	case id.Issuer == "" || strings.TrimSuffix(id.Issuer, "/") != strings.TrimSuffix(want, "/"):
		return nil, errors.New("the id_token is of another issuer")
	case !slices.Contains(v.Jwt.Audiences, provider.ClientID), id.Party != "" && id.Party != provider.ClientID, several && id.Party == "":
		return nil, errors.New("the id_token is for another client")
	case !sameText(id.Nonce, nonce):
		return nil, errors.New("the id_token answers another request")
	case id.Expires == nil || float64(now.Add(-skew).Unix()) >= *id.Expires:
		return nil, errors.New("the id_token has expired")
	case float64(now.Add(skew).Unix()) < id.NotUntil:
		return nil, errors.New("the id_token is not good yet")
	case !accessHash(v.Jwt.Algorithm, id.Hash, t.Access):
		return nil, errors.New("the id_token goes with another access token")
	case id.Subject == "" || len(id.Subject) > 1024:
		return nil, errors.New("the id_token names no user")
	}
	p := &person{Claims: s.carried(set, raw)}
	if set.Provider.Entra && id.Object != "" {
		p.User = userPrefix + digest("entra", strings.ToLower(id.Tenant), strings.ToLower(id.Object))
	} else {
		p.User = userPrefix + digest("openid", strings.TrimSuffix(id.Issuer, "/"), id.Subject)
	}
	for _, name := range []string{id.Email, id.Known, id.Name} {
		if p.Name == "" {
			p.Name = oauth.Clean(name, 120)
		}
	}
	return p, nil
}

// Bounds of claims that tokens carry on, in bytes: of one, and of all.
const (
	maxClaim  = 4 << 10
	maxClaims = 6 << 10
)

// carried are the claims of an id_token that access tokens carry on.
func (s *Server) carried(set *settings, raw []byte) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	if len(set.Claims) == 0 || json.Unmarshal(raw, &all) != nil {
		return nil
	}
	out := map[string]json.RawMessage{}
	size := 0
	for _, name := range set.Claims {
		v := all[name]
		if v == nil {
			continue
		}
		if size += len(v); len(v) > maxClaim || size > maxClaims {
			s.o.Log.Warn("a claim of a user is too large to be carried on", "claim", name, "bytes", len(v))
			size -= len(v)
			continue
		}
		out[name] = v
	}
	return out
}
