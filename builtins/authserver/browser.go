package authserver

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// Cookies: sessionCookie names the user whose browser it is. What is under way has a
// cookie of its own each, for the page and for the login, so that tabs do not get in each
// other's way.
const (
	sessionCookie = "user"
	pageCookie    = "page-"
	loginCookie   = "login-"
)

// maxUnderWay is how many pages and logins a browser may have under way; more lose the
// first.
const maxUnderWay = 20

// tag is the end of the name of a cookie for what has an id.
func tag(id string) string {
	sum := sha256.Sum256([]byte("cookie\x00" + id))
	return hex.EncodeToString(sum[:8])
}

// cookieName makes a cookie of https one that only this host can have set.
func (set *settings) cookieName(name string) string {
	if set.secure {
		return "__Host-sekisho-oauth-" + name
	}
	return "sekisho-oauth-" + name
}

// setCookie sets a cookie that comes along when the identity provider sends the browser
// back (Lax), and that no script reads; maxAge is in seconds, negative to drop it.
func (set *settings) setCookie(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: set.cookieName(name), Value: value, Path: "/", MaxAge: maxAge,
		Secure: set.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (set *settings) dropCookie(w http.ResponseWriter, name string) { set.setCookie(w, name, "", -1) }

// cookie is the value of a cookie of ours, "" if there is none, or more than one of
// which another host may have set one.
func (set *settings) cookie(r *http.Request, name string) string {
	all := r.CookiesNamed(set.cookieName(name))
	if len(all) != 1 || len(all[0].Value) != 43 {
		return ""
	}
	return all[0].Value
}

// begun sets the cookie of one more page or login, and drops those of the first if there
// are too many.
func (set *settings) begun(w http.ResponseWriter, r *http.Request, kind, id, value string) {
	var names []string
	for _, c := range r.Cookies() {
		if name, ok := strings.CutPrefix(c.Name, set.cookieName("")); ok && strings.HasPrefix(name, kind) {
			names = append(names, name)
		}
	}
	for len(names) >= maxUnderWay {
		set.dropCookie(w, names[0])
		names = names[1:]
	}
	set.setCookie(w, kind+tag(id), value, int(set.Login.Seconds()))
}

// formToken is what a form must repeat: it follows from the cookie of the page, which no
// other site can read, and belongs to one request.
func formToken(cookie, id string) string {
	h := hmac.New(sha256.New, []byte(cookie))
	h.Write([]byte("form\x00" + id))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// sameText compares secrets.
func sameText(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// ownOrigin refuses a form that a browser says comes from elsewhere.
func (set *settings) ownOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	from := r.Header.Get("Origin")
	if from == "" || from == "null" {
		// Referrer-Policy: no-referrer makes some browsers say null; the token in the
		// form stands against others.
		return true
	}
	u, err := url.Parse(from)
	own, err2 := url.Parse(set.origin)
	return err == nil && err2 == nil && strings.EqualFold(u.Scheme, own.Scheme) && strings.EqualFold(u.Host, own.Host)
}

// session is whose browser it is; the zero session is nobody's.
type session struct {
	User string `json:"user"`
	Name string `json:"name,omitempty"` // for people
}

// session reads the session of a browser.
func (s *Server) session(r *http.Request) (session, error) {
	var v session
	id := s.settings.Load().cookie(r, sessionCookie)
	if id == "" {
		return v, nil
	}
	if _, err := s.get(r.Context(), kindSession, id, &v); err != nil {
		if gone(err) {
			return session{}, nil
		}
		return session{}, err
	}
	return v, nil
}

// logIn makes a browser a user's. A session of another user ends.
func (s *Server) logIn(w http.ResponseWriter, r *http.Request, set *settings, p *person) error {
	old := set.cookie(r, sessionCookie)
	if old != "" {
		if err := s.o.Store.Delete(r.Context(), kindSession, old); err != nil {
			return err
		}
	}
	id, err := s.random()
	if err != nil {
		return err
	}
	if err := s.bound(r.Context(), kindSession, "", maxSessions); err != nil {
		return err
	}
	if err := s.create(r.Context(), kindSession, id, "", set.Consent, session{p.User, p.Name}); err != nil {
		return err
	}
	set.setCookie(w, sessionCookie, id, int(set.Consent.Seconds()))
	return nil
}
