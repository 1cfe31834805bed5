package authserver

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"sekisho/builtins/authserver/clients"
	"sekisho/builtins/authserver/records"
	"sekisho/builtins/credential/oauth"
)

// consent is what a user has approved of a client. Another redirect URI, down to its
// port, or another resource is another consent.
type consent struct {
	Scopes []string `json:"scopes"`
}

func consentID(user string, req *request) string {
	return digest("consent", user, req.Client, req.Redirect, req.Audience)
}

// digest is one text of several that cannot be made from others.
func digest(parts ...string) string {
	b, err := json.Marshal(parts)
	if err != nil {
		panic("authserver: internal error: texts that are no JSON: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// remember keeps what a user has approved, with what was approved before.
func (s *Server) remember(ctx context.Context, set *settings, user string, req *request) error {
	for {
		var c consent
		r, err := s.get(ctx, kindConsent, consentID(user, req), &c)
		switch {
		case gone(err):
			group := digest("user", user)
			if err := s.bound(ctx, kindConsent, group, maxConsents); err != nil {
				return err
			}
			r = &records.Record{Kind: kindConsent, ID: consentID(user, req), Group: group}
		case err != nil:
			return err
		}
		for _, scope := range req.Scopes {
			if !slices.Contains(c.Scopes, scope) {
				c.Scopes = append(c.Scopes, scope)
			}
		}
		if len(c.Scopes) > 1000 {
			c.Scopes = req.Scopes
		}
		r.Expires = s.o.Now().Add(set.Consent)
		if err := s.put(ctx, r, &c); !errors.Is(err, records.ErrConflict) {
			return err
		}
	}
}

// show shows the consent page of a request. It changes nothing: links are opened by
// scanners and previews, too.
func (s *Server) show(w http.ResponseWriter, r *http.Request, set *settings, req *request, c *clients.Client, who session) {
	cookie, err := s.random()
	if err != nil {
		s.broken(w, err)
		return
	}
	plain, err := json.Marshal(req)
	if err != nil {
		s.broken(w, errors.New("a request cannot be written"))
		return
	}
	set.begun(w, r, pageCookie, req.ID, cookie)
	data := consentPage{
		Client: oauth.Clean(c.Name, 80), Action: Prefix + "consent", User: oauth.Clean(who.Name, 120),
		RedirectHost: oauth.Clean(c.RedirectHost(req.Redirect), 300), RedirectURI: oauth.Clean(req.Redirect, 1000),
		Request: base64.RawURLEncoding.EncodeToString(s.keys.state.Load().form.seal(plain, "form")),
		Token:   formToken(cookie, req.ID),
	}
	if data.Client == "" {
		data.Client = oauth.Clean(c.ID, 80)
	}
	switch c.Kind {
	case clients.Document:
		if u, err := url.Parse(c.ID); err == nil {
			data.Host = oauth.Clean(u.Host, 300)
		}
		data.Loopback = c.LoopbackOnly()
	case clients.Dynamic:
		data.Itself = true
	}
	if res := set.resources[req.Audience]; res != nil {
		data.Server, data.ServerURL = oauth.Clean(res.Name, 120), req.Audience
	}
	for _, name := range req.Scopes {
		if name == offlineAccess {
			continue
		}
		data.Scopes = append(data.Scopes, scopeLine{name, set.texts[name]})
	}
	data.Stays = slices.Contains(c.GrantTypes, "refresh_token")
	s.page(w, http.StatusOK, "consent", data)
}

// Bound of the form of a consent page, in bytes: the request in it is sealed, in base64.
const maxForm = 64 << 10

// consent takes the answer of a consent page.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) {
	set := s.settings.Load()
	form, ok := readForm(w, r, maxForm)
	if !ok || len(form["request"]) != 1 || len(form["token"]) != 1 || len(form["answer"]) != 1 {
		s.problem(w, http.StatusBadRequest, "That did not work", "The form could not be read.", "")
		return
	}
	req, ok := s.reopen(form.Get("request"))
	if !ok {
		s.problem(w, http.StatusBadRequest, "That did not work", "This form is not one of this gateway.", "")
		return
	}
	cookie := set.cookie(r, pageCookie+tag(req.ID))
	if used, err := s.answered(r.Context(), req.ID); err != nil {
		s.broken(w, err)
		return
	} else if used {
		s.alreadyAnswered(w)
		return
	}
	if cookie == "" || !sameText(formToken(cookie, req.ID), form.Get("token")) || !set.ownOrigin(r) {
		s.problem(w, http.StatusForbidden, "Please start again", "This form does not belong to a page that this browser has opened, or cookies are switched off. Go back to the application and connect again.", "")
		return
	}
	if req.Expires <= s.o.Now().Unix() {
		s.problem(w, http.StatusGone, "This page has expired", "It was open for too long. Go back to the application and connect again.", "")
		return
	}
	answer := form.Get("answer")
	if answer != "approve" && answer != "deny" {
		s.problem(w, http.StatusBadRequest, "That did not work", "The form could not be read.", "")
		return
	}
	// The client may have gone, or have changed where it may be answered, since.
	c, err := s.registry.Lookup(r.Context(), req.Client)
	if err != nil {
		s.unknown(w, err)
		return
	}
	if to, ok := c.Redirect(req.Redirect); !ok || to != req.Redirect {
		s.problem(w, http.StatusBadRequest, "This request cannot be trusted", "The application wants you to be sent to a place that it has not registered. Nothing has been granted.", req.Redirect)
		return
	}
	err = s.bound(r.Context(), kindAnswered, "", maxAnswered)
	if err == nil {
		err = s.create(r.Context(), kindAnswered, req.ID, "", set.Login+maxCode, struct{}{})
	}
	switch {
	case errors.Is(err, records.ErrConflict):
		s.alreadyAnswered(w)
		return
	case err != nil:
		s.broken(w, err)
		return
	}
	set.dropCookie(w, pageCookie+tag(req.ID))
	if answer == "deny" {
		if req.Confirm != "" {
			if err := s.o.Store.Delete(r.Context(), kindConfirm, req.Confirm); err != nil {
				s.o.Log.Warn("a login that was not approved could not be forgotten", "error", err.Error())
			}
		}
		s.tell(w, set, req, fail("access_denied", "the user has refused"))
		return
	}
	if req.Confirm == "" {
		s.begin(w, r, set, req, false)
		return
	}
	var p person
	if err := s.take(r.Context(), kindConfirm, req.Confirm, &p); gone(err) || err == nil && p.User != req.For {
		s.problem(w, http.StatusGone, "This page has expired", "It was open for too long. Go back to the application and connect again.", "")
		return
	} else if err != nil {
		s.broken(w, err)
		return
	}
	s.finish(w, r, set, req, &p, true)
}

// reopen is the request in a form.
func (s *Server) reopen(sealed string) (*request, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return nil, false
	}
	plain, ok := s.keys.state.Load().form.open(b, "form")
	if !ok {
		return nil, false
	}
	req := &request{}
	return req, json.Unmarshal(plain, req) == nil
}

// answered tells whether a page was answered.
func (s *Server) answered(ctx context.Context, id string) (bool, error) {
	_, err := s.o.Store.Get(ctx, kindAnswered, id)
	if gone(err) {
		return false, nil
	}
	return err == nil, err
}

func (s *Server) alreadyAnswered(w http.ResponseWriter) {
	s.problem(w, http.StatusConflict, "Already answered", "This question was answered before, and the first answer counts. If the application is still waiting, connect again from there.", "")
}
