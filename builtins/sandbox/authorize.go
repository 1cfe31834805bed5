package sandbox

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

func (s *Sandbox) discovery(w http.ResponseWriter, _ *http.Request) {
	k := s.known.Load()
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         k.issuer,
		"authorization_endpoint":                         k.issuer + "/authorize",
		"token_endpoint":                                 k.issuer + "/token",
		"revocation_endpoint":                            k.issuer + "/revoke",
		"jwks_uri":                                       k.issuer + "/keys",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token", "client_credentials"},
		"subject_types_supported":                        []string{"pairwise"},
		"id_token_signing_alg_values_supported":          []string{"RS256"},
		"scopes_supported":                               []string{"openid", "profile", "email", "offline_access"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post", "none"},
		"code_challenge_methods_supported":               []string{"S256"},
		"claims_supported":                               []string{"iss", "aud", "sub", "oid", "tid", "exp", "iat", "nbf", "nonce", "name", "preferred_username", "email"},
		"authorization_response_iss_parameter_supported": true,
	})
}

//go:embed page.html
var pages embed.FS

// page is the one page for people: a login with its consent, or a refusal.
var page = template.Must(template.ParseFS(pages, "page.html"))

type pageData struct {
	Refusal     string
	Application string
	Redirect    string
	Scopes      []string
	Users       []*User
	Login       string
}

func showPage(w http.ResponseWriter, status int, d pageData) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	// No form-action: browsers apply it to the redirect after the form, too, and that
	// goes to the application.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = page.Execute(w, d) // a browser that is gone
}

// loginCookie binds a login to the browser that it was begun in.
const loginCookie = "sekisho_sandbox_login"

// maxScopes bounds what one request may ask for.
const maxScopes = 64

// authorize shows who may log in, and what the application wants.
func (s *Sandbox) authorize(w http.ResponseWriter, r *http.Request) {
	k := s.known.Load()
	p, once := readParameters(r.URL.Query())
	if !once {
		showPage(w, http.StatusBadRequest, pageData{Refusal: "A parameter is there twice."})
		return
	}
	app := k.applications[p["client_id"]]
	if app == nil {
		showPage(w, http.StatusBadRequest, pageData{Refusal: "There is no such application."})
		return
	}
	redirect, named := p["redirect_uri"]
	if !named && len(app.RedirectURIs) == 1 {
		redirect = app.RedirectURIs[0]
	}
	// Compared character by character, and before anything is sent there.
	if !app.redirectsTo(redirect) {
		showPage(w, http.StatusBadRequest, pageData{Refusal: "The application may not be answered at that address."})
		return
	}
	a := authorization{
		client: app.ID, redirect: redirect, named: named, state: p["state"], nonce: p["nonce"],
		challenge: p["code_challenge"], resource: p["resource"], scopes: strings.Fields(p["scope"]),
	}
	method, ask := p["code_challenge_method"], ""
	switch {
	case p["response_type"] != "code":
		ask = "unsupported_response_type"
	case p["response_mode"] != "" && p["response_mode"] != "query",
		a.challenge == "" && (app.Secret == "" || method != ""),
		a.challenge != "" && (method != "S256" || len(a.challenge) != 43),
		p["request"] != "" || p["request_uri"] != "":
		ask = "invalid_request"
	case len(a.scopes) > maxScopes:
		ask = "invalid_scope"
	case p["prompt"] == "none":
		ask = "login_required"
	}
	if ask != "" {
		s.answer(w, r, k, a, "error", ask)
		return
	}
	id, browser := s.random(), s.random()
	now := s.now()
	if err := s.grants.addLogin(id, &login{hashOf(browser), a, now.Add(loginLife)}, now); err != nil {
		s.answer(w, r, k, a, "error", "temporarily_unavailable")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: loginCookie, Value: browser, Path: "/identity/authorize", HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(k.BaseURL, "https:"),
	})
	d := pageData{Application: app.ID, Redirect: redirect, Scopes: a.scopes, Login: id}
	for i := range k.Users {
		d.Users = append(d.Users, k.users[k.Users[i].ID])
	}
	showPage(w, http.StatusOK, d)
}

// consent takes what somebody has chosen on the page.
func (s *Sandbox) consent(w http.ResponseWriter, r *http.Request) {
	k := s.known.Load()
	if r.ParseForm() != nil {
		showPage(w, http.StatusBadRequest, pageData{Refusal: "The form cannot be read."})
		return
	}
	p, once := readParameters(r.PostForm)
	cookie, err := r.Cookie(loginCookie)
	if !once || err != nil {
		showPage(w, http.StatusBadRequest, pageData{Refusal: "This login was begun elsewhere."})
		return
	}
	now := s.now()
	a, ok := s.grants.takeLogin(p["login"], cookie.Value, now)
	if !ok {
		showPage(w, http.StatusBadRequest, pageData{Refusal: "This login is over, or was begun elsewhere."})
		return
	}
	app, user := k.applications[a.client], k.users[p["user"]]
	switch {
	case app == nil || !app.redirectsTo(a.redirect):
		showPage(w, http.StatusBadRequest, pageData{Refusal: "The application is gone."})
		return
	case user == nil:
		s.answer(w, r, k, a, "error", "access_denied")
		return
	}
	secret := s.random()
	grant := &consented{client: a.client, user: user.ID, audience: audienceOf(a.scopes, a.client), scopes: a.scopes}
	if a.resource != "" {
		grant.audience = a.resource
	}
	if err := s.grants.addCode(secret, &code{request: a, grant: grant, expire: now.Add(codeLife)}, now); err != nil {
		s.answer(w, r, k, a, "error", "temporarily_unavailable")
		return
	}
	s.answer(w, r, k, a, "code", secret)
}

// answer sends the browser back to the application, with one parameter and, as RFC 9207
// wants it, the issuer.
func (s *Sandbox) answer(w http.ResponseWriter, r *http.Request, k *known, a authorization, name, value string) {
	u, err := url.Parse(a.redirect)
	if err != nil {
		showPage(w, http.StatusBadRequest, pageData{Refusal: "The application may not be answered at that address."})
		return
	}
	q := u.Query()
	q.Set(name, value)
	q.Set("iss", k.issuer)
	if a.state != "" {
		q.Set("state", a.state)
	}
	u.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}
