package credential

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
	"sekisho/engine/pipeline"
)

// Paths of the consent on the gateway's public listeners.
const (
	Prefix       = "/.sekisho/connections/"
	loginPath    = "login"
	callbackPath = "callback/"
)

// Public answers the requests of browsers below Prefix. It builds every URL from
// Settings.PublicURL, never from what the request says of itself.
func (m *Manager) Public() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Prefix+loginPath, m.showLogin)
	mux.HandleFunc("POST "+Prefix+loginPath, m.beginLogin)
	mux.HandleFunc("GET "+Prefix+callbackPath+"{provider}", m.callback)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// No form-action: browsers apply it to the redirects after the form, too, and
		// those lead to the provider and wherever it sends people to log in.
		h.Set("Content-Security-Policy", "default-src 'none'; style-src '"+styleHash+"'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		mux.ServeHTTP(w, r)
	})
}

// showLogin shows what a link is about. It changes nothing: links are opened by scanners
// and previews, too.
func (m *Manager) showLogin(w http.ResponseWriter, r *http.Request) {
	link := r.URL.Query().Get("link")
	l, c, p, ok := m.openLink(w, r, link)
	if !ok {
		return
	}
	browser := m.cookie(r, cookieStart)
	if browser == "" {
		var err error
		if browser, err = oauth.Random(m.o.Rand); err != nil {
			m.broken(w, err)
			return
		}
		m.setCookie(w, cookieStart, browser)
	}
	at, _ := url.Parse(p.AuthorizationURL) // as Resolve or Discover has checked it
	page := loginPage{
		Provider: oauth.Clean(c.name, 120), ProviderHost: at.Host, Connection: c.Key.String(),
		Link: link, Token: formToken(browser, link), Scopes: p.Scopes,
	}
	if l.Redirect != "" {
		if to, err := url.Parse(l.Redirect); err == nil {
			page.RedirectHost = to.Host
		}
	}
	if l.User.Subject != "" {
		page.User = oauth.Clean(l.User.Subject, 120)
	}
	m.page(w, http.StatusOK, "login", page)
}

// named is a connection with the name of its provider.
type named struct {
	*store.Connection
	name string
}

// openLink reads what a link is about, or answers why that is not possible.
func (m *Manager) openLink(w http.ResponseWriter, r *http.Request, link string) (*store.Login, *named, *oauth.Provider, bool) {
	l, err := m.login(r.Context(), kindLink, link)
	if err != nil {
		m.refuse(w, err, "This link")
		return nil, nil, nil, false
	}
	c, err := m.readable(r.Context(), l.Key)
	if err != nil {
		m.problem(w, http.StatusNotFound, "The connection is gone", "The connection that this link was made for does not exist any more.", "")
		return nil, nil, nil, false
	}
	n := &named{c, c.Provider}
	if rec, err := m.o.Store.Provider(r.Context(), c.Provider); err == nil && rec.DisplayName != "" {
		n.name = rec.DisplayName
	}
	p, err := m.client(r.Context(), c, true)
	if err != nil {
		m.o.Log.Warn("a consent cannot begin", "connection", c.Key.String(), "error", err.Error())
		m.problem(w, http.StatusBadGateway, "This connection cannot be made", "The provider cannot be asked at the moment, or its settings do not suffice. Whoever manages the gateway finds the reason in its log.", "")
		return nil, nil, nil, false
	}
	return l, n, p, true
}

// login reads a step of a consent without using it up.
func (m *Manager) login(ctx context.Context, kind, id string) (*store.Login, error) {
	if len(id) < 16 || len(id) > 512 {
		return nil, store.ErrNotFound
	}
	return m.o.Store.Login(ctx, kind, store.NewSecret(id))
}

// beginLogin uses a link up and sends the browser to the provider.
func (m *Manager) beginLogin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		m.problem(w, http.StatusBadRequest, "That did not work", "The form could not be read.", "")
		return
	}
	link := r.PostForm.Get("link")
	browser := m.cookie(r, cookieStart)
	want := formToken(browser, link)
	if browser == "" || subtle.ConstantTimeCompare([]byte(want), []byte(r.PostForm.Get("token"))) != 1 || !m.ownOrigin(r) {
		m.problem(w, http.StatusForbidden, "Please open the link again", "This form does not belong to a page that this browser has opened, or cookies are switched off.", "")
		return
	}
	l, c, p, ok := m.openLink(w, r, link)
	if !ok {
		return
	}
	issuer, err := m.issuer(r.Context(), p)
	if err != nil {
		m.o.Log.Warn("a consent cannot begin", "connection", c.Key.String(), "error", err.Error())
		m.problem(w, http.StatusBadGateway, "This connection cannot be made", "The provider cannot be reached at the moment. Please try the link again later.", "")
		return
	}
	if _, err := m.o.Store.ConsumeLogin(r.Context(), kindLink, store.NewSecret(link)); err != nil {
		m.refuse(w, err, "This link")
		return
	}
	secrets := map[string]store.Secret{}
	value := map[string]string{}
	for _, name := range []string{"state", secretVerifier, secretNonce, secretBrowser} {
		if value[name], err = oauth.Random(m.o.Rand); err != nil {
			m.broken(w, err)
			return
		}
		if name != "state" {
			secrets[name] = store.NewSecret(value[name])
		}
	}
	secrets[secretConfirm], secrets[secretIssuer] = l.Secrets[secretConfirm], store.NewSecret(issuer)
	state := &store.Login{
		Kind: kindState, ID: store.NewSecret(value["state"]), Key: l.Key, User: l.User, Redirect: l.Redirect,
		Secrets: secrets, Expires: m.o.Now().Add(LinkLifetime),
	}
	if err := m.o.Store.CreateLogin(r.Context(), state, maxLinks); err != nil {
		m.broken(w, err)
		return
	}
	to, err := p.AuthorizeURL(oauth.Request{
		RedirectURI: m.redirectURI(l.Provider), State: value["state"], Verifier: value[secretVerifier], Nonce: value[secretNonce],
	})
	if err != nil {
		m.broken(w, err)
		return
	}
	m.setCookie(w, stateCookie(value["state"]), value[secretBrowser])
	seeOther(w, to)
}

// secretIssuer is what the provider's answer must name.
const secretIssuer = "issuer"

// callback is where a provider sends the browser back to.
func (m *Manager) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	state := q.Get("state")
	l, err := m.login(r.Context(), kindState, state)
	if err == nil && l.Provider != r.PathValue("provider") {
		err = store.ErrNotFound
	}
	if err != nil || len(q["state"]) != 1 {
		m.refuse(w, err, "This answer")
		return
	}
	// Not used up before it is sure that this is the browser: else anybody who sees the
	// state could spoil the consent of another.
	browser := m.cookie(r, stateCookie(state))
	if !l.Secrets[secretBrowser].Equal(store.NewSecret(browser)) || browser == "" {
		m.o.Log.Warn("a consent came back in another browser", "connection", l.Key.String())
		m.problem(w, http.StatusForbidden, "This consent was begun elsewhere", "A consent can be finished only in the browser where it was begun. If you did not begin one, somebody may want you to connect your account to theirs: nothing has been connected.", "")
		return
	}
	if l, err = m.o.Store.ConsumeLogin(r.Context(), kindState, store.NewSecret(state)); err != nil {
		m.refuse(w, err, "This answer")
		return
	}
	m.dropCookie(w, stateCookie(state))
	t, err := m.redeem(r.Context(), l, q)
	if err != nil {
		m.o.Log.Warn("a consent failed", "connection", l.Key.String(), "error", err.Error())
		var e *oauth.Error
		detail := ""
		if errors.As(err, &e) {
			detail = e.Code + ": " + e.Description
		} else if mine := (*Error)(nil); errors.As(err, &mine) {
			detail = mine.Message
		}
		m.problem(w, http.StatusBadRequest, "The connection was not made", "The provider did not grant access, or its answer could not be trusted. To try again, ask for a new link.", detail)
		return
	}
	m.finish(w, r, l, t)
}

// finish keeps what was granted and sends the browser on.
func (m *Manager) finish(w http.ResponseWriter, r *http.Request, l *store.Login, t *oauth.Token) {
	to := l.Redirect
	if l.Secrets[secretConfirm].IsZero() {
		if err := m.connect(r.Context(), l.Key, t); err != nil {
			m.broken(w, err)
			return
		}
	} else {
		code, err := m.setAside(r.Context(), l.Key, t)
		if err != nil {
			m.broken(w, err)
			return
		}
		to = withParam(to, "consentCode", code)
	}
	if to == "" {
		m.page(w, http.StatusOK, "done", donePage{Connection: l.Key.String()})
		return
	}
	// It was allowed when the link was made; the list may have changed.
	if !redirectAllowed(m.settings.Load().PostLoginRedirects, l.Redirect) {
		m.page(w, http.StatusOK, "done", donePage{Connection: l.Key.String()})
		return
	}
	seeOther(w, to)
}

func withParam(raw, name, value string) string {
	sep := "?"
	if strings.Contains(raw, "?") {
		sep = "&"
	}
	return raw + sep + name + "=" + url.QueryEscape(value)
}

// redeem takes the provider's answer to tokens, after everything about it was checked.
func (m *Manager) redeem(ctx context.Context, l *store.Login, q url.Values) (*oauth.Token, error) {
	c, err := m.readable(ctx, l.Key)
	if err != nil {
		return nil, err
	}
	p, err := m.client(ctx, c, false)
	if err != nil {
		return nil, err
	}
	code, err := p.ParseCallback(q, l.Secrets[secretIssuer].Reveal())
	if err != nil {
		return nil, err
	}
	t, err := m.o.Client.Exchange(ctx, p, code, m.redirectURI(l.Provider), l.Secrets[secretVerifier].Reveal())
	if err != nil {
		return nil, err
	}
	if err := m.identify(ctx, p, l, t); err != nil {
		m.undo(p, t)
		return nil, err
	}
	return t, nil
}

// undo gives back tokens that nobody may have.
func (m *Manager) undo(p *oauth.Provider, t *oauth.Token) {
	m.background(func(ctx context.Context) {
		if _, err := m.o.Client.Revoke(ctx, p, t.Access, t.Refresh); err != nil {
			m.o.Log.Warn("tokens that were refused could not be revoked", "error", err.Error())
		}
	})
}

// identify checks the id_token where there must be one: that it answers this request, and
// that it names the user whom the link is for.
func (m *Manager) identify(ctx context.Context, p *oauth.Provider, l *store.Login, t *oauth.Token) error {
	if !p.HasNonce() {
		if !l.User.IsZero() {
			return fail(CodeDenied, "the provider does not say who gave the consent")
		}
		return nil
	}
	if t.ID == "" {
		return fail(CodeDenied, "the provider's answer holds no id_token")
	}
	v, err := m.verify(ctx, t.ID, &pipeline.TokenKeys{OpenID: []string{p.OpenID}})
	if err != nil {
		return &Error{CodeDenied, "the provider's id_token is not good", err}
	}
	nonce := claim(v.Jwt, "nonce")
	azp := claim(v.Jwt, "azp")
	switch {
	case !slices.Contains(v.Jwt.Audiences, p.ClientID), azp != "" && azp != p.ClientID:
		return fail(CodeDenied, "the provider's id_token is for another client")
	case !l.Secrets[secretNonce].Equal(store.NewSecret(nonce)):
		return fail(CodeDenied, "the provider's id_token answers another request")
	case !accessHash(v.Jwt.Algorithm, claim(v.Jwt, "at_hash"), t.Access):
		return fail(CodeDenied, "the provider's id_token goes with another access token")
	case !l.User.IsZero() && (l.User.Issuer != v.Jwt.Issuer || l.User.Subject != v.Jwt.Subject):
		return fail(CodeDenied, "the consent was given by another user than the link is for")
	}
	return nil
}

// accessHash compares at_hash (OpenID Connect Core §3.1.3.6) where it is given and its
// hash is known.
func accessHash(alg, hash, token string) bool {
	if hash == "" || !strings.HasSuffix(alg, "256") {
		return true
	}
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:16])), []byte(hash)) == 1
}

// refuse answers for a step that is not, or not any more.
func (m *Manager) refuse(w http.ResponseWriter, err error, what string) {
	switch {
	case errors.Is(err, store.ErrUsed):
		m.problem(w, http.StatusGone, what+" has been used", what+" is good once only, and has been used already. Ask for a new link.", "")
	case errors.Is(err, store.ErrExpired):
		m.problem(w, http.StatusGone, what+" has expired", "A consent must be finished within ten minutes. Ask for a new link.", "")
	case err == nil || errors.Is(err, store.ErrNotFound):
		m.problem(w, http.StatusNotFound, what+" is not known", "It belongs to no consent that is under way. Ask for a new link.", "")
	default:
		m.broken(w, err)
	}
}

// broken answers for what is nobody's fault outside.
func (m *Manager) broken(w http.ResponseWriter, err error) {
	m.o.Log.Error("a consent failed inside the gateway", "error", err.Error())
	m.problem(w, http.StatusInternalServerError, "Something went wrong", "The gateway could not do this. Please try again later.", "")
}

func (m *Manager) problem(w http.ResponseWriter, status int, title, text, detail string) {
	m.page(w, status, "problem", problemPage{title, text, oauth.Clean(detail, 400)})
}

// seeOther redirects without a body; 303 makes a GET of it, so that no form goes along.
func seeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}
