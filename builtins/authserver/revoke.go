package authserver

import "net/http"

// revoke is the revocation endpoint (RFC 7009). Whatever token of a grant it is given, the
// grant ends, with all its tokens. A token that is not good, or another client's, is none of
// the caller's business: that is answered as if it had been revoked.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	form, ok := s.clientForm(w, r)
	if !ok {
		return
	}
	c, e := s.authenticate(r, form)
	if e == nil && form.Get("token") == "" {
		e = invalid("invalid_request", "token is missing")
	}
	if e != nil {
		s.refuse(w, e)
		return
	}
	id, err := s.owned(r, c.ID, form.Get("token"))
	if err == nil && id != "" {
		err = s.end(r.Context(), id)
	}
	if err != nil {
		s.o.Log.Error("a token could not be revoked", "error", err.Error())
		s.refuse(w, &tokenError{http.StatusServiceUnavailable, "temporarily_unavailable", "the gateway could not do this"})
		return
	}
	w.WriteHeader(http.StatusOK)
}

// owned is the grant of a token of a client, "" if there is none.
func (s *Server) owned(r *http.Request, client, token string) (string, error) {
	if t, ok := s.readRefresh(token); ok {
		var g grant
		if _, err := s.get(r.Context(), kindGrant, t.grant, &g); gone(err) {
			return "", nil
		} else if err != nil {
			return "", err
		}
		if g.Client == client {
			return g.ID, nil
		}
		return "", nil
	}
	t, err := s.examine(r.Context(), token)
	if te, ok := err.(*TokenError); ok && te.Unavailable {
		return "", err
	}
	if err == nil && t.caller.ClientID == client {
		return t.caller.Grant, nil
	}
	return "", nil
}
