package authserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"sekisho/builtins/authserver/clients"
	"sekisho/builtins/authserver/records"
	"sekisho/engine/pipeline"
)

// Options are what a Server needs of the world.
type Options struct {
	Store records.Store
	// Tokens checks the signatures of id_tokens and of the Server's own tokens.
	Tokens pipeline.Tokens
	Now    func() time.Time
	Rand   io.Reader // nil: the system's
	Log    *slog.Logger
	// Transport is the way to the identity provider; nil is one of its own.
	Transport http.RoundTripper
	// Dial opens connections to hosts of client metadata documents, below the check of
	// their addresses; nil is the system's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Config is what the operator says. Durations that are 0 stand for the defaults.
type Config struct {
	// Issuer is the identifier, to the letter; "" while the URL is not known yet: then
	// nothing is answered.
	Issuer   string
	Provider Provider
	Scopes   []Scope
	// DefaultScopes are those of a request that names none; nil is all.
	DefaultScopes []string
	// Claims are those of the id_token that access tokens carry on.
	Claims    []string
	Resources []Resource
	Clients   clients.Config

	AccessToken, RefreshToken, RefreshGrace, Code, Login, Consent time.Duration
}

// Provider is the identity provider that users log in at.
type Provider struct {
	// Entra is Microsoft Entra ID, whose users are told apart by tenant and object.
	Entra                          bool
	Issuer, ClientID, ClientSecret string
	// Scopes are what is asked for; nil is openid, profile, email and offline_access.
	Scopes []string
}

// Scope is a scope with what the consent page says of it.
type Scope struct{ Name, Text string }

// Resource is an MCP server that tokens are for.
type Resource struct {
	// ID is its identifier, Aliases are other URLs of it; a token's audience is the one
	// that was asked for.
	ID      string
	Aliases []string
	Name    string
	// Scopes are those that it asks callers for.
	Scopes []string
}

// The lifetimes of a Config that says none.
const (
	defaultAccessToken  = 10 * time.Minute
	defaultRefreshToken = 30 * 24 * time.Hour
	defaultRefreshGrace = 30 * time.Second
	defaultCode         = time.Minute
	defaultLogin        = 10 * time.Minute
	defaultConsent      = 30 * 24 * time.Hour
)

// Bounds of the lifetimes. What is revoked is remembered for maxAccessToken.
const (
	maxAccessToken = 24 * time.Hour
	maxCode        = 10 * time.Minute
	maxLogin       = time.Hour
	maxGrace       = 10 * time.Minute
)

// withDefaults is c with what it leaves out.
func (c Config) withDefaults() Config {
	for _, d := range []struct {
		of   *time.Duration
		none time.Duration
	}{
		{&c.AccessToken, defaultAccessToken}, {&c.RefreshToken, defaultRefreshToken}, {&c.RefreshGrace, defaultRefreshGrace},
		{&c.Code, defaultCode}, {&c.Login, defaultLogin}, {&c.Consent, defaultConsent},
	} {
		if *d.of == 0 {
			*d.of = d.none
		}
	}
	if c.Provider.Scopes == nil {
		c.Provider.Scopes = []string{"openid", "profile", "email", offlineAccess}
	}
	if c.DefaultScopes == nil {
		for _, s := range c.Scopes {
			c.DefaultScopes = append(c.DefaultScopes, s.Name)
		}
	}
	return c
}

// userPrefix begins the subject of every user; no client id may, so that no token of a
// user is ever taken for a client's.
const userPrefix = "user_"

// ownClaims are claims that say what the Server says; none is copied from an id_token.
var ownClaims = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "azp", "scope", "scp", "sid", "cnf", "act", "may_act",
	"typ", "nonce", "at_hash", "c_hash", "auth_time", "events",
}

// Check reports everything that is wrong with c.
func Check(c Config) []error {
	c = c.withDefaults()
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Issuer != "" {
		if err := checkIssuer(c.Issuer); err != nil {
			fault("the issuer: %w", err)
		}
	}
	if err := checkIssuer(strings.TrimSuffix(c.Provider.Issuer, "/")); err != nil {
		fault("the issuer of the identity provider: %w", err)
	}
	if c.Provider.ClientID == "" {
		fault("the identity provider needs a client id")
	}
	if !slices.Contains(c.Provider.Scopes, "openid") {
		fault("without the scope openid the identity provider does not say who has logged in")
	}
	known := map[string]bool{}
	for _, s := range c.Scopes {
		switch {
		case !isScope(s.Name):
			fault("%q cannot be a scope", clip(s.Name))
		case known[s.Name]:
			fault("the scope %q stands twice", s.Name)
		case slices.Contains(standardScopes, s.Name):
			fault("the scope %q has a meaning of its own and cannot be one of the gateway's", s.Name)
		}
		known[s.Name] = true
	}
	for _, s := range c.DefaultScopes {
		if !known[s] {
			fault("the default scope %q is not among the scopes", clip(s))
		}
	}
	for _, name := range c.Claims {
		if slices.Contains(ownClaims, name) || name == "" || len(name) > 100 {
			fault("the claim %q is not one that can be carried on", clip(name))
		}
	}
	urls := map[string]bool{}
	for _, r := range c.Resources {
		for _, id := range append([]string{r.ID}, r.Aliases...) {
			u, err := url.Parse(id)
			if err != nil || u.Host == "" || strings.Contains(id, "#") {
				fault("%q cannot identify a server: an absolute URL without a fragment", clip(id))
			}
			if urls[id] {
				fault("the URL %q is that of two servers", clip(id))
			}
			urls[id] = true
		}
		for _, s := range r.Scopes {
			if !isScope(s) {
				fault("%q cannot be a scope", clip(s))
			}
		}
	}
	errs = append(errs, c.Clients.Check()...)
	for _, s := range c.Clients.Static {
		if strings.HasPrefix(s.ID, userPrefix) {
			fault("a client id cannot begin with %s, as users do", userPrefix)
		}
	}
	for _, d := range []struct {
		name     string
		of, most time.Duration
	}{
		{"access tokens", c.AccessToken, maxAccessToken}, {"refresh tokens", c.RefreshToken, 10 * 365 * 24 * time.Hour},
		{"the grace of refresh tokens", c.RefreshGrace, maxGrace}, {"codes", c.Code, maxCode},
		{"logins", c.Login, maxLogin}, {"consents", c.Consent, 10 * 365 * 24 * time.Hour},
	} {
		if d.of < time.Second || d.of > d.most {
			fault("the lifetime of %s wants at least a second and at most %v", d.name, d.most)
		}
	}
	return errs
}

// checkIssuer refuses what cannot be an issuer's identifier.
func checkIssuer(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Host == "", u.Opaque != "", u.RawQuery != "", u.User != nil, strings.ContainsAny(s, "#?\\ \"<>"):
		return errors.New("it wants a URL without query and fragment")
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		return errors.New("it wants https, or http to this machine")
	case strings.HasSuffix(s, "/"):
		return errors.New("it may have no slash at its end: strict clients compare it")
	}
	return nil
}

// loopback tells names of this machine.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// isScope tells whether s is one scope (RFC 6749, section 3.3).
func isScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return s != "" && len(s) <= 200
}

// clip shortens what came from outside for a message.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
