package authserver

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sekisho/builtins/credential/oauth"
)

// login is a login that has begun, after its approval.
type login struct {
	Request *request `json:"request"`
	// Browser is what the browser's cookie must be; Verifier and Nonce are what the
	// identity provider's answer must fit.
	Browser  string `json:"browser"`
	Verifier string `json:"verifier"`
	Nonce    string `json:"nonce"`
	// Remembered: no page was shown, as the user had approved the same before.
	Remembered bool `json:"remembered,omitempty"`
}

// begin sends the browser to the identity provider, after the user's approval. What is
// sent there comes from the operator and from us: nothing of the client's, the resource
// least of all, which some providers refuse.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, set *settings, req *request, remembered bool) {
	p, err := set.provider.discover(r.Context(), s)
	if err != nil {
		s.o.Log.Warn("no login can begin", "error", err.Error())
		s.tell(w, set, req, fail("temporarily_unavailable", "the identity provider cannot be reached"))
		return
	}
	l := &login{Request: req, Remembered: remembered}
	var state string
	for _, to := range []*string{&state, &l.Browser, &l.Verifier, &l.Nonce} {
		if *to, err = s.random(); err != nil {
			s.broken(w, err)
			return
		}
	}
	if err = s.bound(r.Context(), kindLogin, "", maxLogins); err == nil {
		err = s.create(r.Context(), kindLogin, state, "", set.Login, l)
	}
	if err != nil {
		s.broken(w, err)
		return
	}
	to, err := p.AuthorizeURL(oauth.Request{RedirectURI: set.base + "callback", State: state, Verifier: l.Verifier, Nonce: l.Nonce})
	if err != nil {
		s.broken(w, err)
		return
	}
	if prompt := set.prompt(req); prompt != "" {
		to += "&prompt=" + url.QueryEscape(prompt)
	}
	set.begun(w, r, loginCookie, state, l.Browser)
	seeOther(w, to)
}

// prompt is what the identity provider is to ask the user. Refresh tokens are given only
// after a consent there (OpenID Connect Core, section 11), but for Entra.
func (set *settings) prompt(req *request) string {
	if slices.Contains(req.Prompt, "none") {
		return "none"
	}
	var list []string
	for _, p := range req.Prompt {
		if p == "login" || p == "select_account" {
			list = append(list, p)
		}
	}
	if !set.Provider.Entra && slices.Contains(set.Provider.Scopes, offlineAccess) {
		list = append(list, "consent")
	}
	return strings.Join(list, " ")
}
