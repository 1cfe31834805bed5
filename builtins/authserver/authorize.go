package authserver

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sekisho/builtins/authserver/clients"
	"sekisho/builtins/credential/oauth"
)

// Bounds of an authorization request, in bytes.
const (
	maxQuery = 8 << 10
	maxState = 2 << 10
)

// request is what a client asks for, after everything about it was checked. It travels in
// the form of the consent page, sealed, and in the records of what follows.
type request struct {
	ID string `json:"id"` // of the page, or of the login that needs none

	Client string `json:"client"`
	// Redirect is where the answer goes; Given tells that the client has said so, and must
	// say it again for the code.
	Redirect string `json:"redirect"`
	Given    bool   `json:"given,omitempty"`
	State    string `json:"state,omitempty"`
	HasState bool   `json:"hasState,omitempty"`

	Scopes    []string `json:"scopes"`
	Audience  string   `json:"aud"` // the resource, as the client has written it
	Challenge string   `json:"challenge"`
	Prompt    []string `json:"prompt,omitempty"`

	// For is the user of the browser when the request was approved, "" if that was nobody.
	For string `json:"for,omitempty"`
	// Confirm is the record of the user who has logged in already.
	Confirm string `json:"confirm,omitempty"`
	Expires int64  `json:"exp"`
}

// failure is an error that a client is told of.
type failure struct{ code, text string }

func fail(code, text string) *failure { return &failure{code, text} }

// authorize is the authorization endpoint.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	set := s.settings.Load()
	if r.Method == http.MethodPost {
		// A GET of the same brings the cookies along that a POST from elsewhere does not.
		r.Body = http.MaxBytesReader(w, r.Body, maxQuery)
		if !isForm(r) || r.ParseForm() != nil || r.URL.RawQuery != "" {
			s.problem(w, http.StatusBadRequest, "This request cannot be read", "The application has sent a request for access that is damaged or too long.", "")
			return
		}
		seeOther(w, set.base+"authorize?"+r.PostForm.Encode())
		return
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > maxQuery {
		s.problem(w, http.StatusBadRequest, "This request cannot be read", "The application has sent a request for access that is damaged or too long.", "")
		return
	}
	client, redirect, ok := s.party(w, r, q)
	if !ok {
		return
	}
	req := &request{Client: client.ID, Redirect: redirect, Given: q.Has("redirect_uri")}
	if len(q["state"]) == 1 && len(q.Get("state")) <= maxState {
		req.State, req.HasState = q.Get("state"), true
	}
	if f := s.ask(set, req, q); f != nil {
		s.tell(w, set, req, f)
		return
	}
	if req.ID, err = s.random(); err != nil {
		s.broken(w, err)
		return
	}
	req.Expires = s.o.Now().Add(set.Login).Unix()
	session, err := s.session(r)
	if err != nil {
		s.broken(w, err)
		return
	}
	req.For = session.User
	silent := slices.Contains(req.Prompt, "none")
	approved := false
	if session.User != "" && !slices.Contains(req.Prompt, "consent") {
		if approved, err = s.consented(r.Context(), session.User, req); err != nil {
			s.broken(w, err)
			return
		}
	}
	switch {
	case approved:
		s.begin(w, r, set, req, true)
	case silent && session.User == "":
		s.tell(w, set, req, fail("login_required", "nobody has logged in with this browser"))
	case silent:
		s.tell(w, set, req, fail("consent_required", "the user has not approved this"))
	default:
		s.show(w, r, set, req, client, session)
	}
}

// party finds who asks and where the answer may go. What is wrong with these is for the
// user's eyes only: nobody is sent to a place that was not registered.
func (s *Server) party(w http.ResponseWriter, r *http.Request, q url.Values) (*clients.Client, string, bool) {
	for _, name := range []string{"client_id", "redirect_uri"} {
		if len(q[name]) > 1 {
			s.problem(w, http.StatusBadRequest, "This request cannot be trusted", "The application names itself, or where to go afterwards, twice.", "")
			return nil, "", false
		}
	}
	id := q.Get("client_id")
	if id == "" || len(id) > 2048 {
		s.problem(w, http.StatusBadRequest, "This request names no application", "The link that brought you here is not complete.", "")
		return nil, "", false
	}
	c, err := s.registry.Lookup(r.Context(), id)
	if err != nil {
		s.unknown(w, err)
		return nil, "", false
	}
	if q.Has("redirect_uri") && q.Get("redirect_uri") == "" {
		s.problem(w, http.StatusBadRequest, "This request cannot be trusted", "The application does not say where to go afterwards.", "")
		return nil, "", false
	}
	to, ok := c.Redirect(q.Get("redirect_uri"))
	if !ok {
		s.problem(w, http.StatusBadRequest, "This request cannot be trusted", "The application wants you to be sent to a place that it has not registered. Nothing has been granted.", q.Get("redirect_uri"))
		return nil, "", false
	}
	return c, to, true
}

// unknown answers for a client that there is not, or whose document is not good.
func (s *Server) unknown(w http.ResponseWriter, err error) {
	var doc *clients.DocumentError
	switch {
	case errors.Is(err, clients.ErrUnknown):
		s.problem(w, http.StatusBadRequest, "This application is not known here", "It was never registered, or its registration has ended. Remove the connection in the application and add it again.", "")
	case errors.As(err, &doc):
		s.problem(w, http.StatusBadRequest, "This application cannot be identified", "The document that says who it is cannot be used.", doc.Error())
	default:
		s.broken(w, err)
	}
}

// ask reads the rest of a request into req; a failure is for the client.
func (s *Server) ask(set *settings, req *request, q url.Values) *failure {
	for name, values := range q {
		if len(values) > 1 {
			if name == "resource" {
				return fail("invalid_target", "a token is for one resource only")
			}
			return fail("invalid_request", "a parameter stands twice")
		}
	}
	switch {
	case len(q.Get("state")) > maxState:
		return fail("invalid_request", "the state is too long")
	case q.Has("request"):
		return fail("request_not_supported", "request objects are not supported")
	case q.Has("request_uri"):
		return fail("request_uri_not_supported", "request objects are not supported")
	case q.Get("response_type") == "":
		return fail("invalid_request", "response_type is missing")
	case q.Get("response_type") != "code":
		return fail("unsupported_response_type", "only the response type code is supported")
	case q.Get("response_mode") != "" && q.Get("response_mode") != "query":
		return fail("invalid_request", "only the response mode query is supported")
	case q.Get("code_challenge") == "":
		return fail("invalid_request", "code_challenge is missing: PKCE is required")
	case q.Get("code_challenge_method") != "S256":
		return fail("invalid_request", "only the code_challenge_method S256 is supported")
	case !isChallenge(q.Get("code_challenge")):
		return fail("invalid_request", "code_challenge is not the SHA-256 of a verifier in base64url")
	}
	req.Challenge = q.Get("code_challenge")
	if q.Get("prompt") != "" {
		req.Prompt = strings.Fields(q.Get("prompt"))
		for _, p := range req.Prompt {
			if !slices.Contains([]string{"none", "login", "consent", "select_account"}, p) || p == "none" && len(req.Prompt) > 1 {
				return fail("invalid_request", "prompt has a value that is not supported")
			}
		}
	}
	var f *failure
	if req.Audience, f = set.target(q.Get("resource"), q.Has("resource")); f != nil {
		return f
	}
	req.Scopes, f = set.grantable(q.Get("scope"))
	return f
}

// isChallenge tells whether s can be a S256 challenge: 32 bytes in base64url.
func isChallenge(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == 32 && len(s) == 43
}

// target is the resource that a client means, as it is configured (RFC 8707).
func (set *settings) target(resource string, given bool) (string, *failure) {
	if !given {
		if len(set.Resources) == 1 {
			return set.Resources[0].ID, nil
		}
		return "", fail("invalid_target", "resource is missing, and there is more than one that it could be")
	}
	if set.resources[resource] != nil {
		return resource, nil
	}
	// What some clients make of a URL: a slash at its end, or capitals in its host.
	if u, err := url.Parse(resource); err == nil && u.Fragment == "" && u.User == nil {
		u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
		for _, same := range []string{u.String(), strings.TrimSuffix(u.String(), "/")} {
			if set.resources[same] != nil {
				return same, nil
			}
		}
	}
	return "", fail("invalid_target", "the resource is not one of this gateway")
}

// grantable are the scopes that a request may have: those that are known of it, the
// defaults if it names none, or only such as mean nothing here.
func (set *settings) grantable(asked string) ([]string, *failure) {
	var known []string
	offline, strange := false, false
	for _, name := range strings.Fields(asked) {
		switch {
		case !isScope(name):
			return nil, fail("invalid_scope", "a scope is malformed")
		case name == offlineAccess:
			offline = true
		case slices.Contains(standardScopes, name):
		case !slices.Contains(set.scopes, name):
			strange = true
		case !slices.Contains(known, name):
			known = append(known, name)
		}
	}
	if len(known) == 0 {
		if strange && len(set.scopes) > 0 {
			return nil, fail("invalid_scope", "none of the scopes is known here")
		}
		known = slices.Clone(set.DefaultScopes)
	}
	if offline {
		known = append(known, offlineAccess)
	}
	return known, nil
}

// tell sends the browser to the client with an error.
func (s *Server) tell(w http.ResponseWriter, set *settings, req *request, f *failure) {
	s.reply(w, set, req, "error", f.code, "error_description", f.text)
}

// reply sends the browser to the client with parameters, the state and who we are (RFC
// 9207).
func (s *Server) reply(w http.ResponseWriter, set *settings, req *request, params ...string) {
	params = append(params, "iss", set.Issuer)
	if req.HasState {
		params = append(params, "state", req.State)
	}
	var b strings.Builder
	b.WriteString(req.Redirect)
	for i := 0; i < len(params); i += 2 {
		switch {
		case i > 0 || strings.Contains(req.Redirect, "?") && !strings.HasSuffix(req.Redirect, "?"):
			b.WriteByte('&')
		case !strings.HasSuffix(req.Redirect, "?"):
			b.WriteByte('?')
		}
		b.WriteString(params[i] + "=" + url.QueryEscape(params[i+1]))
	}
	seeOther(w, b.String())
}

// random is a text that nobody can guess.
func (s *Server) random() (string, error) { return oauth.Random(s.o.Rand) }

// consented tells whether a user has approved what is asked for.
func (s *Server) consented(ctx context.Context, user string, req *request) (bool, error) {
	var c consent
	if _, err := s.get(ctx, kindConsent, consentID(user, req), &c); err != nil {
		if gone(err) {
			return false, nil
		}
		return false, err
	}
	for _, scope := range req.Scopes {
		if !slices.Contains(c.Scopes, scope) {
			return false, nil
		}
	}
	return true, nil
}

// isForm tells whether a request says that its body is a form.
func isForm(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded")
}

// readForm reads the form in a body, of which query parameters are no part.
func readForm(w http.ResponseWriter, r *http.Request, most int64) (url.Values, bool) {
	if !isForm(r) || len(r.Header.Values("Content-Type")) != 1 {
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return nil, false
	}
	form, err := url.ParseQuery(string(body))
	return form, err == nil
}
