package authserver

import (
	"crypto/hmac"
	"net/http"
	"strings"
)

// introspection is what is said of a token (RFC 7662); Active alone of one that is not good.
type introspection struct {
	Active   bool     `json:"active"`
	Type     string   `json:"token_type,omitempty"`
	Scope    string   `json:"scope,omitempty"`
	Client   string   `json:"client_id,omitempty"`
	Subject  string   `json:"sub,omitempty"`
	Audience []string `json:"aud,omitempty"`
	Issuer   string   `json:"iss,omitempty"`
	Expires  int64    `json:"exp,omitempty"`
}

// introspect is the introspection endpoint. It answers clients that have a secret, of
// their own tokens.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	form, ok := s.clientForm(w, r)
	if !ok {
		return
	}
	c, e := s.authenticate(r, form)
	switch {
	case e != nil:
	case c.AuthMethod == "none":
		e = &tokenError{http.StatusUnauthorized, "invalid_client", "introspection wants a client with a secret"}
	case form.Get("token") == "":
		e = invalid("invalid_request", "token is missing")
	}
	if e != nil {
		s.refuse(w, e)
		return
	}
	i, err := s.look(r, c.ID, form.Get("token"))
	if err != nil {
		s.o.Log.Error("a token could not be looked at", "error", err.Error())
		s.refuse(w, &tokenError{http.StatusServiceUnavailable, "temporarily_unavailable", "the gateway could not do this"})
		return
	}
	s.json(w, http.StatusOK, i)
}

// look tells what a client may know of a token.
func (s *Server) look(r *http.Request, client, token string) (introspection, error) {
	set := s.settings.Load()
	if t, ok := s.readRefresh(token); ok {
		var g grant
		rec, err := s.get(r.Context(), kindGrant, t.grant, &g)
		if err != nil && !gone(err) {
			return introspection{}, err
		}
		if err != nil || g.Client != client || g.Family == nil || !hmac.Equal(g.Family.Hash, t.hash()) {
			return introspection{}, nil
		}
		return introspection{
			Active: true, Scope: strings.Join(g.Scopes, " "), Client: g.Client, Subject: g.User,
			Audience: []string{g.Audience}, Issuer: set.Issuer, Expires: rec.Expires.Unix(),
		}, nil
	}
	t, err := s.examine(r.Context(), token)
	if te, ok := err.(*TokenError); ok && te.Unavailable {
		return introspection{}, err
	}
	if err != nil || t.caller.ClientID != client {
		return introspection{}, nil
	}
	return introspection{
		Active: true, Type: "Bearer", Scope: strings.Join(t.caller.Scopes, " "), Client: t.caller.ClientID, Subject: t.caller.Subject,
		Audience: t.caller.Jwt.Audiences, Issuer: t.issuer, Expires: t.caller.Expires.Unix(),
	}, nil
}
