package credential

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// cookieStart ties the page of a link to the browser that has opened it.
const cookieStart = "start"

// stateCookie is the name of the cookie that ties a consent to its browser. Each consent
// has its own, so that two tabs do not get in each other's way.
func stateCookie(state string) string {
	sum := sha256.Sum256([]byte("cookie\x00" + state))
	return hex.EncodeToString(sum[:6])
}

// cookieName makes a cookie of https one that only this host can have set.
func (m *Manager) cookieName(name string) string {
	if m.secure() {
		return "__Host-sekisho-" + name
	}
	return "sekisho-" + name
}

func (m *Manager) secure() bool {
	return strings.HasPrefix(m.settings.Load().PublicURL, "https:")
}

func (m *Manager) setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, m.newCookie(name, value, int(LinkLifetime.Seconds())))
}

func (m *Manager) dropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, m.newCookie(name, "", -1))
}

// newCookie makes a cookie that comes along when the provider sends the browser back
// (Lax), and that no script reads.
func (m *Manager) newCookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: m.cookieName(name), Value: value, Path: "/", MaxAge: maxAge,
		Secure: m.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// cookie is the value of a cookie of ours, "" if there is none, or more than one of
// which another host may have set one.
func (m *Manager) cookie(r *http.Request, name string) string {
	all := r.CookiesNamed(m.cookieName(name))
	if len(all) != 1 || len(all[0].Value) != 43 {
		return ""
	}
	return all[0].Value
}

// formToken is what a form must repeat: it follows from the browser's cookie, which no
// other site can read, and belongs to one link.
func formToken(browser, link string) string {
	h := hmac.New(sha256.New, []byte(browser))
	h.Write([]byte("form\x00" + link))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// ownOrigin refuses a form that a browser says comes from elsewhere.
func (m *Manager) ownOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	from := r.Header.Get("Origin")
	if from == "" || from == "null" {
		// Referrer-Policy: no-referrer makes some browsers say null; the token in the
		// form stands against others.
		return true
	}
	u, err := url.Parse(m.settings.Load().PublicURL)
	return err == nil && from == u.Scheme+"://"+u.Host
}
