package credential

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
)

// Steps of a consent, as kinds of store.Login.
const (
	kindLink    = "link"    // handed out; its bearer may begin
	kindState   = "state"   // sent to the provider; one browser may come back
	kindConfirm = "confirm" // consented; the application may confirm
)

// LinkLifetime is how long each step of a consent may take.
const LinkLifetime = 10 * time.Minute

// maxLinks is how many logins of one connection and kind may be under way.
const maxLinks = 100

// LinkRequest asks for a login link.
type LinkRequest struct {
	// Redirect is where the browser goes in the end; "" is a page of the gateway's.
	Redirect string
	// User is who alone may give the consent, as the provider's id_token names it. Zero
	// is the owner of the connection, and anybody if that is nobody.
	User store.Subject
	// Confirm keeps the tokens aside until Confirm is called with the code that comes
	// to Redirect as the parameter consentCode.
	Confirm bool
}

// Secrets of a store.Login.
const (
	secretVerifier = "verifier"
	secretNonce    = "nonce"
	secretBrowser  = "browser"
	secretConfirm  = "confirm"
	secretTokens   = "tokens"
)

// Link makes a link by which a person can connect a connection.
func (m *Manager) Link(ctx context.Context, key store.Key, r LinkRequest) (string, error) {
	c, err := m.readable(ctx, key)
	if err != nil {
		return "", err
	}
	s := m.settings.Load()
	switch {
	case c.Grant == GrantClient:
		return "", fail(CodeInvalid, "the connection %s uses client credentials: there is nothing to consent to", key)
	case checkRedirect(s.PublicURL) != nil:
		return "", fail(CodeInvalid, "a consent needs the gateway's public URL, which must be https, or http to this machine: say it as gateway.publicUrl")
	case r.Redirect != "" && !redirectAllowed(s.PostLoginRedirects, r.Redirect):
		return "", fail(CodeInvalid, "the post-login redirect URL is not one that is allowed")
	case r.Confirm && r.Redirect == "":
		return "", fail(CodeInvalid, "a consent that is to be confirmed needs a post-login redirect URL")
	}
	if r.User.IsZero() {
		r.User = c.Owner
	}
	if !r.User.IsZero() {
		if err := m.canNameUsers(ctx, c); err != nil {
			return "", err
		}
	}
	id, err := oauth.Random(m.o.Rand)
	if err != nil {
		return "", err
	}
	l := &store.Login{Kind: kindLink, ID: store.NewSecret(id), Key: key, User: r.User, Redirect: r.Redirect, Expires: m.o.Now().Add(LinkLifetime)}
	if r.Confirm {
		l.Secrets = map[string]store.Secret{secretConfirm: store.NewSecret("yes")}
	}
	if err := m.o.Store.CreateLogin(ctx, l, maxLinks); err != nil {
		return "", wrap("login links of the connection "+key.String(), err)
	}
	return s.PublicURL + Prefix + loginPath + "?" + url.Values{"link": {id}}.Encode(), nil
}

// canNameUsers refuses a consent for one user where the provider does not say who gave it.
func (m *Manager) canNameUsers(ctx context.Context, c *store.Connection) error {
	config, err := m.config(ctx, c)
	if err != nil {
		return err
	}
	p, err := oauth.Resolve(config)
	if err != nil {
		return &Error{CodeInvalid, err.Error(), err}
	}
	if !p.Preset.Discovery && !p.HasNonce() {
		return fail(CodeInvalid, "the provider does not say who gives a consent: it needs an OpenID configuration and the scope openid")
	}
	return nil
}

// Confirm connects a connection with the tokens of a consent that was kept aside.
func (m *Manager) Confirm(ctx context.Context, key store.Key, code string) error {
	if code == "" || len(code) > 512 {
		return fail(CodeInvalid, "the consent code is not good")
	}
	l, err := m.o.Store.Login(ctx, kindConfirm, store.NewSecret(code))
	if err == nil && l.Key != key {
		err = store.ErrNotFound
	}
	if err == nil {
		l, err = m.o.Store.ConsumeLogin(ctx, kindConfirm, store.NewSecret(code))
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUsed) || errors.Is(err, store.ErrExpired) {
		return &Error{CodeInvalid, "the consent code is not good, or not any more", err}
	}
	if err != nil {
		return err
	}
	var k kept
	if err := json.Unmarshal([]byte(l.Secrets[secretTokens].Reveal()), &k); err != nil {
		return errors.New("the tokens that were kept aside are not readable")
	}
	return m.connect(ctx, key, &oauth.Token{
		Access: k.Access, Refresh: k.Refresh, Type: k.Type, Scope: k.Scope,
		Obtained: k.Obtained, Expires: k.Expires, Response: k.Response,
	})
}

// kept is a token that waits for its confirmation.
type kept struct {
	Access, Refresh, Type, Scope string
	Obtained, Expires            time.Time
	Response                     json.RawMessage
}

// setAside keeps tokens for Confirm, and returns its code.
func (m *Manager) setAside(ctx context.Context, key store.Key, t *oauth.Token) (string, error) {
	code, err := oauth.Random(m.o.Rand)
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(kept{t.Access, t.Refresh, t.Type, t.Scope, t.Obtained, t.Expires, t.Response})
	if err != nil {
		return "", errors.New("the tokens cannot be kept")
	}
	return code, m.o.Store.CreateLogin(ctx, &store.Login{
		Kind: kindConfirm, ID: store.NewSecret(code), Key: key, Expires: m.o.Now().Add(LinkLifetime),
		Secrets: map[string]store.Secret{secretTokens: store.NewSecret(string(data))},
	}, maxLinks)
}

// connect gives a connection the tokens of a consent, whatever it had before: a person has
// just said so.
func (m *Manager) connect(ctx context.Context, key store.Key, t *oauth.Token) error {
	for attempt := 0; ; attempt++ {
		c, err := m.o.Store.Connection(ctx, key)
		if err != nil {
			return wrap("the connection "+key.String(), err)
		}
		_, err = m.o.Store.SaveTokens(ctx, key, store.Guard{Version: c.Version}, record(t), store.Status{State: store.Connected, Reason: "consent"})
		if errors.Is(err, store.ErrConflict) && attempt < 10 {
			continue // a refresh of the old tokens came in between
		}
		if err == nil {
			m.forget(key)
			m.o.Log.Info("a connection is connected", "connection", key.String())
		}
		return wrap("the connection "+key.String(), err)
	}
}

// readable reads a connection that counts: that of a provider of gateway.yaml must be in
// there still.
func (m *Manager) readable(ctx context.Context, key store.Key) (*store.Connection, error) {
	if checkID("provider", key.Provider) != nil || checkID("connection", key.Connection) != nil {
		return nil, fail(CodeNotFound, "there is no connection of that name")
	}
	c, err := m.o.Store.Connection(ctx, key)
	if err != nil {
		return nil, wrap("the connection "+key.String(), err)
	}
	if d := m.settings.Load().declared[key.Provider]; d != nil && d.connections[key.Connection] == nil {
		return nil, fail(CodeNotFound, "the connection %s is not in gateway.yaml any more", key)
	}
	return c, nil
}
